/** A set of 64-bit fingerprints with open addressing: 8 bytes a place, at most half full, no object per entry. */
export class FingerprintSet {
  declare size: number;
  /** Pairs of words; two zeros are an empty place. */
  declare slots: Int32Array;
  declare private mask: number;

  constructor() {
    this.size = 0;
    this.slots = new Int32Array(2048);
    this.mask = 1023;
  }

  /** Makes room for `count` more, so that adding them moves nothing. */
  reserve(count: number): void {
    const need = (this.size + count) * 2;
    let places = this.mask + 1;
    if (need <= places) return;
    while (places < need) places *= 2;
    const { slots } = this;
    this.slots = new Int32Array(places * 2);
    this.mask = places - 1;
    this.size = 0;
    for (let i = 0; i < slots.length; i += 2)
      if (slots[i] !== 0 || slots[i + 1] !== 0) this.add(slots[i]!, slots[i + 1]!);
  }

  has(hash1: number, hash2: number): boolean {
    const { slots, mask } = this;
    for (let i = hash1 & mask; ; i = (i + 1) & mask) {
      const a = slots[i * 2]!;
      const b = slots[i * 2 + 1]!;
      if (a === hash1 && b === hash2) return true;
      if (a === 0 && b === 0) return false;
    }
  }

  /** Adds one, for which there must be room ({@link reserve}); its index in `slots`, or -1 when it is there already. */
  add(hash1: number, hash2: number): number {
    const { slots, mask } = this;
    for (let i = hash1 & mask; ; i = (i + 1) & mask) {
      const at = i * 2;
      const a = slots[at]!;
      const b = slots[at + 1]!;
      if (a === hash1 && b === hash2) return -1;
      if (a !== 0 || b !== 0) continue;
      slots[at] = hash1;
      slots[at + 1] = hash2;
      this.size++;
      return at;
    }
  }

  /** Takes back the latest addition that has not been taken back: others cannot have been placed around it. */
  removeLatest(at: number): void {
    this.slots[at] = 0;
    this.slots[at + 1] = 0;
    this.size--;
  }
}
