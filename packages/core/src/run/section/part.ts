import type { Stateful } from '../../state.js';
import type { Account } from '../account.js';

/** A stateful stage of a section. */
export interface Part {
  readonly id: string;
  readonly state: Stateful;
  readonly account: Account;
}
