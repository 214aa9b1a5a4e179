/**
 * A value of an attribute or of a log body, as JavaScript holds it.
 *
 * Written: a safe integer as `int_value`, any other number as `double_value`, a bigint as `int_value`; {@link double} forces a double.
 * Read: `int_value` as number when safe, else as bigint; a key-value list as a plain object; an empty AnyValue as undefined.
 */
export type AnyValue =
  | string
  | number
  | bigint
  | boolean
  | Uint8Array
  | Double
  | AnyValue[]
  | { [key: string]: AnyValue }
  | undefined;

/** Which field of AnyValue is set on the wire. */
export type ValueKind = 'string' | 'bool' | 'int' | 'double' | 'array' | 'kvlist' | 'bytes' | 'empty';

/** A number that is written as `double_value` even when it is whole. */
export class Double {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** `double(3)` writes the double 3 where a plain `3` would write an integer. */
export function double(value: number): Double {
  return new Double(value);
}
