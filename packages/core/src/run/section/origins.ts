/** Where the latest stretch of each origin is: open addressing over 32-bit origins, 8 bytes a place, at most half full. Two origins that are equal are one. */
export class Origins {
  declare private size: number;
  /** Pairs of an origin and its stretch plus one, which is 0 where the place is empty. */
  declare private slots: Int32Array;
  declare private mask: number;
  /** What {@link warm} read: nobody asks for it, but without it the reads would be left out. */
  declare private read: number;

  constructor() {
    this.size = 0;
    this.slots = new Int32Array(1024);
    this.mask = 511;
    this.read = 0;
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
    for (let i = 0; i < slots.length; i += 2) {
      if (slots[i + 1] === 0) continue;
      const at = this.place(slots[i]!);
      this.slots[at] = slots[i]!;
      this.slots[at + 1] = slots[i + 1]!;
    }
  }

  /** The latest stretch of an origin, or -1. */
  get(origin: number): number {
    return this.slots[this.place(origin) + 1]! - 1;
  }

  /** Says which stretch is the latest, for which there must be room ({@link reserve}); answers the one before, or -1. */
  put(origin: number, stretch: number): number {
    const { slots } = this;
    const at = this.place(origin);
    const before = slots[at + 1]! - 1;
    if (before < 0) this.size++;
    slots[at] = origin;
    slots[at + 1] = stretch + 1;
    return before;
  }

  /** Takes back the latest {@link put} that has not been taken back: `before` is what it answered. */
  takeBack(origin: number, before: number): void {
    const at = this.place(origin);
    this.slots[at + 1] = before + 1;
    // Others cannot have been placed behind it, so that an empty place cuts nothing off.
    if (before < 0) this.size--;
  }

  /**
   * Reads the places of many origins, `step` words apart, before they are asked for one by one: reads that do not wait for each other are in
   * cold memory at the same time.
   */
  warm(words: Int32Array, from: number, to: number, step: number): void {
    const { slots, mask } = this;
    let read = 0;
    for (let i = from; i < to; i += step) read ^= slots[(words[i]! & mask) * 2]!;
    this.read = read;
  }

  private place(origin: number): number {
    const { slots, mask } = this;
    let i = origin & mask;
    while (slots[i * 2 + 1] !== 0 && slots[i * 2] !== origin) i = (i + 1) & mask;
    return i * 2;
  }
}
