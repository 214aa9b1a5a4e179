/** A set of 64-bit fingerprints with open addressing: 8 bytes a place, at most half full, no object per entry. */
export class FingerprintSet {
  declare private size: number;
  /** Pairs of words; two zeros are an empty place. */
  declare private slots: Int32Array;
  declare private mask: number;

  constructor() {
    this.size = 0;
    this.slots = new Int32Array(256);
    this.mask = 127;
  }

  /** Makes room for `count` more. */
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
    const at = this.place(hash1, hash2);
    return this.slots[at] !== 0 || this.slots[at + 1] !== 0;
  }

  /** Adds one, for which there must be room ({@link reserve}). */
  add(hash1: number, hash2: number): void {
    const { slots } = this;
    const at = this.place(hash1, hash2);
    if (slots[at] === 0 && slots[at + 1] === 0) this.size++;
    slots[at] = hash1;
    slots[at + 1] = hash2;
  }

  private place(hash1: number, hash2: number): number {
    const { slots, mask } = this;
    for (let i = hash1 & mask; ; i = (i + 1) & mask) {
      const at = i * 2;
      const a = slots[at]!;
      const b = slots[at + 1]!;
      if ((a === hash1 && b === hash2) || (a === 0 && b === 0)) return at;
    }
  }
}
