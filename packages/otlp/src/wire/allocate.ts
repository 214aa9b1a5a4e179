const SLAB = 1 << 18;
const LARGE = 1 << 14;
let slab: Buffer = Buffer.alloc(0);
let slabUsed = 0;
let settled = false;

/** Where {@link reserve} found room: from {@link reservedAt} on in this buffer. */
export let reserved: Buffer = slab;
export let reservedAt = 0;

/**
 * Memory for `size` bytes of a request, not zeroed.
 *
 * Small ones are cut from a slab, which costs an eighth of a buffer of their own.
 */
export function allocate(size: number): Buffer {
  reserve(size);
  return take(size);
}

/** Room for at most `size` bytes, for whoever knows only afterwards how many are needed; {@link take} comes next. */
export function reserve(size: number): void {
  if (!settled) settle();
  if (size > LARGE) {
    reserved = Buffer.allocUnsafe(size);
    reservedAt = 0;
    return;
  }
  if (slabUsed + size > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB);
    slabUsed = 0;
  }
  reserved = slab;
  reservedAt = slabUsed;
}

/** The first `size` bytes of what was reserved. */
export function take(size: number): Buffer {
  const from = reserved;
  const at = reservedAt;
  if (from === slab) slabUsed = at + ((size + 7) & ~7);
  else reserved = slab;
  return at === 0 && size === from.length ? from : from.subarray(at, at + size);
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
