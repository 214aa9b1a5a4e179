import { SIGNED32 } from './layout.js';

/** 1 when a 32-bit value of five bytes or more is not spelled as a writer would: too wide, or a negative cut short. */
export function overlong32(b: Uint8Array, from: number, to: number, action: number): number {
  if (to - from === 5) return b[from + 4]! > (action === SIGNED32 ? 7 : 15) ? 1 : 0;
  if (action !== SIGNED32 || to - from !== 10) return 1;
  // A negative int32 is sign-extended to ten bytes: f8 to ff, then ff ff ff ff, then 01.
  for (let i = from + 5; i < to - 1; i++) if (b[i] !== 255) return 1;
  return b[from + 4]! < 0xf8 ? 1 : 0;
}
