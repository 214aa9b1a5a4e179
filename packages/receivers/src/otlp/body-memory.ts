const large = 16 * 1024;
let isKept = false;

/**
 * Memory for a body of this length, not zeroed.
 *
 * The first large one has the C library keep what is freed from then on: glibc gives the end of its heap back to the kernel as soon as
 * 128 KiB are free there, and taking its pages again for every body costs a third of the time of a large request. The limit follows the
 * largest block that was ever freed, so one block that is never touched, and costs address space only, is made and dropped.
 */
export function bodyMemory(length: number): Buffer {
  if (length > large && !isKept) {
    isKept = true;
    Buffer.allocUnsafeSlow(31 * 1024 * 1024);
  }
  return Buffer.allocUnsafe(length);
}
