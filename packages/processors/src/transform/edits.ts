import { type AnyValue, type Attributes, double, type Key, KeySet, key } from '@otelier/otlp';

/** Anything with attributes: a resource, log record, data point or span. */
export interface HasAttributes {
  readonly attributes: Attributes;
}

/** An edit of attributes, made by one of the functions below or called by hand on any item. */
export interface AttributeEdit {
  (item: HasAttributes): void;
  /** What it is called in error messages, such as `rename("use_id")`. */
  readonly title: string;
  /** Whether it may make two metric series equal, which {@link transform} does not let happen to data points. */
  readonly merges: boolean;
}

/** Writes an attribute, whatever was there. */
export function setAttribute(name: string, value: AnyValue): AttributeEdit {
  const k = key(name);
  return edit(`setAttribute("${name}")`, true, ({ attributes }) => void attributes.set(k, value));
}

/** Writes an attribute where there is none. */
export function defaultAttribute(name: string, value: AnyValue): AttributeEdit {
  const k = key(name);
  return edit(`defaultAttribute("${name}")`, false, ({ attributes }) => {
    if (!attributes.has(k)) attributes.set(k, value);
  });
}

/** Gives an attribute another name, unless the other is there already. */
export function renameAttribute(from: string, to: string): AttributeEdit {
  const [source, target] = [key(from), key(to)];
  return edit(`renameAttribute("${from}")`, true, ({ attributes }) => {
    if (copy(attributes, source, target)) attributes.delete(source);
  });
}

/** Writes an attribute's value under another name too, unless the other is there already. */
export function copyAttribute(from: string, to: string): AttributeEdit {
  const [source, target] = [key(from), key(to)];
  return edit(`copyAttribute("${from}")`, false, ({ attributes }) => void copy(attributes, source, target));
}

/** Deletes attributes. */
export function deleteAttributes(...names: string[]): AttributeEdit {
  const set = new KeySet(names);
  return edit(`deleteAttributes("${names.join('", "')}")`, true, ({ attributes }) => void attributes.delete(set));
}

const numeric = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;
const whole = /^-?\d+$/;

/** Turns text that is a number into one: an int when it is whole, else a double. Other text stays. */
export function toNumber(...names: string[]): AttributeEdit {
  return convert('toNumber', names, (text) => {
    if (!numeric.test(text)) return text;
    if (!whole.test(text)) return double(Number(text));
    const number = Number(text);
    if (Number.isSafeInteger(number)) return number;
    const exact = BigInt(text);
    return BigInt.asIntN(64, exact) === exact ? exact : double(number);
  });
}

/** Turns text that is a number into a double, whole or not. Other text stays. */
export function toDouble(...names: string[]): AttributeEdit {
  return convert('toDouble', names, (text) => (numeric.test(text) ? double(Number(text)) : text));
}

/** Turns the texts `true` and `false` into booleans. Other text stays. */
export function toBoolean(...names: string[]): AttributeEdit {
  return convert('toBoolean', names, (text) => (text === 'true' ? true : text === 'false' ? false : text));
}

function convert(title: string, names: string[], from: (text: string) => AnyValue): AttributeEdit {
  const set = new KeySet(names);
  const replacement = (_: string, value: AnyValue) => (typeof value === 'string' ? from(value) : value);
  return edit(`${title}("${names.join('", "')}")`, true, ({ attributes }) => void attributes.replace(set, replacement));
}

function copy(attributes: Attributes, from: Key, to: Key): boolean {
  if (attributes.has(to)) return false;
  const kind = attributes.kindOf(from);
  if (kind === undefined) return false;
  const value = attributes.get(from);
  attributes.set(to, kind === 'double' ? double(value as number) : value);
  return true;
}

function edit(title: string, merges: boolean, run: (item: HasAttributes) => void): AttributeEdit {
  return Object.defineProperties(run, { title: { value: title }, merges: { value: merges } }) as AttributeEdit;
}
