import { createRequire } from 'node:module';
import type { Observable } from 'rxjs';

/** Calls its listeners with values; costs a comparison when nobody listens. */
export class Emitter<T> {
  readonly #listeners: Set<(value: T) => void> = new Set();
  readonly #onEnd: Set<() => void> = new Set();
  #ended = false;

  get observed(): boolean {
    return this.#listeners.size > 0;
  }

  emit(value: T): void {
    for (const listener of this.#listeners) listener(value);
  }

  /** Completes those who observe; later observers complete at once. */
  end(): void {
    this.#ended = true;
    for (const end of this.#onEnd) end();
    this.#listeners.clear();
    this.#onEnd.clear();
  }

  /** The values as an RxJS Observable; `first` gives each subscriber a value to begin with. */
  observable(first?: () => T): Observable<T> {
    return new (rxjs().Observable)<T>((subscriber) => {
      if (first !== undefined) subscriber.next(first());
      if (this.#ended) {
        subscriber.complete();
        return;
      }
      const listen = (value: T): void => subscriber.next(value);
      const end = (): void => subscriber.complete();
      this.#listeners.add(listen);
      this.#onEnd.add(end);
      subscriber.add(() => {
        this.#listeners.delete(listen);
        this.#onEnd.delete(end);
      });
    });
  }
}

const require = createRequire(import.meta.url);

/** RxJS, loaded when somebody first observes: a collector that nobody watches starts without it. */
export function rxjs(): typeof import('rxjs') {
  return require('rxjs') as typeof import('rxjs');
}
