interface Estate {
  readonly value: object;
  users: number;
}

/** What components of one id have in common while a reload replaces one by the other: made by the first, gone with the last. */
export class Estates {
  readonly #open: Map<string, Estate> = new Map();

  join<T extends object>(id: string, make: () => T): { readonly value: T; leave(): boolean } {
    const estate = this.#open.get(id) ?? { value: make(), users: 0 };
    this.#open.set(id, estate);
    estate.users++;
    let left = false;
    const leave = (): boolean => {
      if (!left) estate.users--;
      left = true;
      if (estate.users > 0) return false;
      if (this.#open.get(id) === estate) this.#open.delete(id);
      return true;
    };
    // One id, one kind of component: whoever joins asked for the same.
    return { value: estate.value as T, leave };
  }
}
