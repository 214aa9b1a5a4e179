import type { FleetRequest } from './fleet.js';
import { random } from './random.js';

/** What goes wrong on the way; each is a probability per request, by default 0. */
export interface TransportFaults {
  readonly seed?: number;
  /** The request was taken but its answer was lost, so that the client sends it again later. */
  readonly answerLost?: number;
  /** The request was refused, and is sent again later: perhaps behind younger ones of its process. */
  readonly refused?: number;
  /** The request arrives behind some that were sent after it. */
  readonly late?: number;
}

/** One arrival of a request. A request arrives at least once with the outcome `taken`. */
export interface Delivery {
  readonly request: FleetRequest;
  /** How often it came before. */
  readonly repeat: number;
  /**
   * What is to become of it: `refused` means that what stands behind the pipeline says no to it (the test has to see to that), and
   * that it comes again. `taken` is answered, though the client may not hear of it and come again.
   */
  readonly outcome: 'taken' | 'refused';
}

/** Puts requests on the way. Every one is delivered in the end, some more than once, and not all in order. */
export function deliver(requests: readonly FleetRequest[], faults: TransportFaults = {}): Delivery[] {
  const { seed = 1, answerLost = 0, refused = 0, late = 0 } = faults;
  const source = random(seed);
  const placed: { readonly place: number; readonly delivery: Delivery }[] = [];
  requests.forEach((request, index) => {
    let place = index;
    let repeat = 0;
    if (source.chance(late)) place += source.between(1, 8) + 0.5;
    const put = (outcome: Delivery['outcome']): void => {
      placed.push({ place, delivery: { request, repeat: repeat++, outcome } });
      place += source.between(0, 6) + 0.25;
    };
    while (source.chance(refused)) put('refused');
    put('taken');
    while (source.chance(answerLost)) put('taken');
  });
  // Sorting is stable: what has the same place keeps the order in which it was sent.
  return placed.sort((a, b) => a.place - b.place).map(({ delivery }) => delivery);
}
