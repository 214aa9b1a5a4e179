/** `1,530`, `0.0172`, `1.25e+21`: exact when it is a whole number, else four significant digits behind the zeros. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-6)) return value.toExponential(2);
  if (Number.isInteger(value)) return thousands(String(value));
  const digits = size >= 1000 ? 0 : size >= 1 ? 2 : Math.min(8, 3 - Math.floor(Math.log10(size)));
  const [whole = '', fraction = ''] = value.toFixed(digits).split('.');
  const significant = fraction.replace(/0+$/, '');
  return thousands(whole) + (significant === '' ? '' : `.${significant}`);
}

function thousands(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `950`, `1.5k`, `120k`, `2.1M`. */
export function short(value: number): string {
  if (value < 999.5) return figure(Math.round(value));
  const [scaled, unit] = value < 999_500 ? [value / 1000, 'k'] : [value / 1e6, 'M'];
  return `${scaled < 99.95 ? scaled.toFixed(1).replace(/\.0$/, '') : Math.round(scaled)}${unit}`;
}

/** `<1ms`, `71ms`, `1.25s`, `42s`, `3m05s`, `2h07m`. */
export function duration(ms: number): string {
  if (ms < 1) return ms > 0 ? '<1ms' : '0ms';
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  const seconds = ms / 1000;
  if (seconds < 9.995) return `${seconds.toFixed(2)}s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
}

/** `$0.0172`, `$1.20`, `$120.00`: cents, or hundredths of them below a tenth of a dollar. */
export function dollars(value: number): string {
  if (value > 0 && value < 0.00005) return '<$.0001';
  return `$${value.toFixed(Math.abs(value) >= 0.1 || value === 0 ? 2 : 4)}`;
}

/** `34 B`, `1.2 KB`, `3.4 MB`. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_500 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Local time of day, `12:34:56`; dashes when the record has none. */
export function timeOfDay(ms: number): string {
  if (!(ms > 0)) return '--:--:--';
  const date = new Date(ms);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
