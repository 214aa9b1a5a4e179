import type { Admission, Lease } from '../host.js';

/** The byte budget of a collector: first come, first served, nothing waits. */
export function createAdmission(limitBytes: number): Admission {
  let inFlightBytes = 0;
  const fits = (bytes: number): boolean => {
    if (inFlightBytes + bytes > limitBytes) return false;
    inFlightBytes += bytes;
    return true;
  };
  return {
    limitBytes,
    get inFlightBytes() {
      return inFlightBytes;
    },
    acquire(bytes): Lease | undefined {
      if (!fits(bytes)) return undefined;
      let leased = bytes;
      let released = false;
      return {
        grow(more) {
          if (released || !fits(more)) return false;
          leased += more;
          return true;
        },
        release() {
          if (released) return;
          released = true;
          inFlightBytes -= leased;
        },
      };
    },
  };
}
