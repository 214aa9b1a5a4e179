const SLAB = 1 << 18;
const LARGE = 1 << 14;
let slab: Buffer = Buffer.alloc(0);
let slabUsed = 0;
let settled = false;

/**
 * Memory for `size` bytes of a request, not zeroed.
 *
 * Small ones are cut from a slab, which costs an eighth of a buffer of their own.
 */
export function allocate(size: number): Buffer {
  if (size > LARGE) {
    if (!settled) settle();
    return Buffer.allocUnsafe(size);
  }
  if (slabUsed + size > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB);
    slabUsed = 0;
  }
  const b = slab.subarray(slabUsed, slabUsed + size);
  slabUsed += (size + 7) & ~7;
  return b;
}

/**
 * Lets the C library keep freed memory. glibc gives the end of its heap back to the kernel as soon as 128 KiB are free there, and every
 * page that is taken again costs a fault: four times as much as redacting what stands in it. The limit follows the largest
 * block that was ever freed, so one block, never touched (it costs address space only) and left to the garbage collector, settles it.
 */
function settle(): void {
  settled = true;
  Buffer.allocUnsafeSlow(31 << 20);
}
