import type { MetricsBatch } from '@otelier/otlp';
import { figure, timeOfDay } from './figures.js';
import { type Colors, Line, roomy, widths } from './line.js';
import { type MetricRow, metricRows } from './metric-rows.js';
import { columns } from './text.js';

const prefix = 'claude_code.';

/** A batch of metrics as a table: one line per metric and what tells its series apart, values under each other. */
export function metricTable(batch: MetricsBatch, width: number, colors: Colors): string {
  const rows = metricRows(batch);
  // A narrow terminal has better uses for the prefix that all of them share.
  const short = width < roomy && rows.every((row) => row.name.startsWith(prefix));
  const named = rows.map((row) => ({
    row,
    name: short ? row.name.slice(prefix.length) : row.name,
    value: shownValue(row),
  }));
  const widest = (of: (entry: (typeof named)[number]) => string, most: number) =>
    Math.min(
      most,
      named.reduce((max, entry) => Math.max(max, columns(of(entry))), 0),
    );
  const nameWidth = widest(({ name }) => name, Math.floor(width / 3));
  const valueWidth = widest(({ value }) => value, 18);
  const unitWidth = widest(({ row }) => row.unit, 8);
  let lines = '';
  let previous = '';
  for (const { row, name, value } of named) {
    const line = new Line(width)
      .cell(timeOfDay(row.timeMs), widths.time, colors.dim)
      .cell(kind(row), widths.who, colors.dim);
    // A name that repeats is written once, so that the eye finds the next.
    line.cell(name, nameWidth, name === previous ? colors.dim : colors.cyan);
    line.right(value, valueWidth, row.unit === 'USD' ? colors.yellow : colors.bold);
    line.cell(row.unit, unitWidth, colors.dim).word(row.label);
    if (row.total !== undefined && row.value > 0) line.word(`avg ${figure(row.total / row.value)}`, colors.dim);
    lines += line.end();
    previous = name;
  }
  return lines;
}

function kind(row: MetricRow): string {
  return row.kind.replace('cumulative', 'cumul.').slice(0, widths.who);
}

function shownValue(row: MetricRow): string {
  const distribution = row.total !== undefined;
  return distribution ? `${figure(row.value)}×` : figure(row.value);
}
