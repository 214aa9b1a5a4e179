/** A length of time with its unit: `'200ms'`, `'5s'`, `'1.5m'`, `'2h'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h'}`;

/** A size with its unit: `'512B'`, `'64KiB'`, `'64MiB'`, `'1GiB'`. */
export type Bytes = `${number}${'B' | 'KiB' | 'MiB' | 'GiB'}`;

const durations: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const sizes: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** Milliseconds of a {@link Duration}, or undefined when the text is not one. */
export function parseDuration(text: string): number | undefined {
  return parse(text, durations);
}

/** Bytes of a {@link Bytes}, rounded down, or undefined when the text is not one. */
export function parseBytes(text: string): number | undefined {
  const bytes = parse(text, sizes);
  return bytes === undefined ? undefined : Math.floor(bytes);
}

function parse(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : units[match[2]];
  const value = unit === undefined ? Number.NaN : Number(match?.[1]) * unit;
  return Number.isSafeInteger(Math.floor(value)) ? value : undefined;
}
