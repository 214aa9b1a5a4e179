import type { AnyValue, ValueKind } from '../wire/any-value.js';
import type { Key, KeySet } from '../wire/key.js';

/**
 * The attributes of one message, read from and written to its bytes. Like a Map, but in wire order and without its cost.
 *
 * A name that is sent twice: `get` reads the first, `set` and `delete` cover all.
 */
export interface Attributes extends Iterable<[string, AnyValue]> {
  /** The value, decoded; undefined when absent or empty. */
  get(name: string | Key): AnyValue;
  has(name: string | Key): boolean;
  /** `get(name) === text`, without decoding. */
  is(name: string | Key, text: string | Key): boolean;
  /** Which kind of value is there; undefined when the attribute is absent. */
  kindOf(name: string | Key): ValueKind | undefined;
  set(name: string | Key, value: AnyValue): this;
  /** Deletes one name, or all of a set in one scan. True when something was deleted. */
  delete(name: string | Key | KeySet): boolean;
  /** Deletes all but these names. Returns the number deleted. */
  keep(names: KeySet): number;
  /**
   * Calls `replacement` for every attribute with one of these names and writes what it returns: the same value changes nothing,
   * undefined deletes. One scan; a name that is sent twice is given twice. Returns the number changed.
   *
   * `deep`: also for attributes of other names that hold one of the names inside a map or list, or text that may be JSON.
   */
  replace(names: KeySet, replacement: (name: string, value: AnyValue) => AnyValue, deep?: boolean): number;
  /** All attributes, decoded. Of a name that is sent twice the first value counts. */
  toObject(): { [key: string]: AnyValue };
}
