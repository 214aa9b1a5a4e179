/** Lets in one after the other what gets ready in any order. */
export class Entrance {
  /** How many have their place and are not in yet. */
  coming: number = 0;
  #last: Promise<void> = Promise.resolve();

  /** Resolves when all who are coming now are in, or do not come. */
  get last(): Promise<void> {
    return this.#last;
  }

  /** Calls `enter` when `ready` has resolved and all before are in; rejects as `ready` does. */
  after<T>(ready: T | Promise<T>, enter: (what: T) => void): Promise<void> {
    this.coming++;
    const entered = this.#enter(ready, this.#last, enter);
    this.#last = entered.catch(() => {});
    return entered;
  }

  async #enter<T>(ready: T | Promise<T>, before: Promise<void>, enter: (what: T) => void): Promise<void> {
    try {
      const what = await ready;
      await before;
      enter(what);
    } finally {
      this.coming--;
    }
  }
}
