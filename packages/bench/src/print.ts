import type { Outcome } from './measure/case.js';
import type { MicroResult } from './measure/interleave.js';

type Row = Readonly<Record<string, string | number>>;

/** A table with aligned columns: numbers to the right, text to the left. */
export function printRows(title: string, rows: readonly Row[]): void {
  console.log(`\n${title}`);
  const first = rows[0];
  if (first === undefined) return;
  const columns = Object.keys(first);
  const cells = rows.map((row) => columns.map((column) => format(row[column])));
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((row) => (row[i] as string).length)));
  const line = (texts: readonly string[], values?: Row): string =>
    texts
      .map((text, i) =>
        values !== undefined && typeof values[columns[i] as string] === 'number'
          ? text.padStart(widths[i] as number)
          : text.padEnd(widths[i] as number),
      )
      .join('  ')
      .trimEnd();
  console.log(`  ${line(columns, first)}`);
  for (const [i, row] of cells.entries()) console.log(`  ${line(row, rows[i])}`);
}

/** The variants of one job on each payload. */
export function printMicro(title: string, results: readonly MicroResult[]): void {
  const base = results[0]?.variant ?? '';
  printRows(
    title,
    results.map(({ payload, variant, usPerOp, itemsPerSecond, timesFirst }) => ({
      payload,
      variant,
      'CPU µs': usPerOp,
      'items/s': Math.round(itemsPerSecond),
      [`times ${base}`]: timesFirst,
    })),
  );
}

/** Which targets hold. */
export function printTargets(targets: readonly Outcome[]): void {
  printRows(
    'targets',
    targets.map(({ name, measured, target, met, atMost }) => ({
      '': met ? 'met' : 'MISSED',
      target: name,
      measured,
      wanted: `${atMost ? '≤' : '≥'} ${format(target)}`,
    })),
  );
}

function format(value: string | number | undefined): string {
  if (typeof value !== 'number') return value ?? '';
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
