import type { Span } from '@otelier/otlp';
import { duration, timeOfDay } from './figures.js';
import { type Colors, Line, widths } from './line.js';
import { writeTokens } from './tokens.js';
import { first, number, shortModel, someAttributes } from './values.js';

const failed = 2;
const subjects = ['model', 'gen_ai.request.model', 'tool_name', 'gen_ai.tool.name'] as const;
const shownElsewhere: ReadonlySet<string> = new Set([
  ...subjects,
  'duration_ms',
  'span.type',
  'success',
  'tool_name_safe',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_creation_tokens',
]);

/** One line for a span: when it began, its trace, its name, how long it took and how it ended. */
export function spanLine(span: Span, width: number, colors: Colors): string {
  const { attributes } = span;
  const bad = span.statusCode === failed || attributes.get('success') === false || attributes.is('success', 'false');
  const line = new Line(width).cell(timeOfDay(span.startTimeMs), widths.time, colors.dim);
  line.cell(span.traceId.slice(0, widths.who), widths.who, colors.dim);
  line.cell(bad ? '✗' : span.statusCode === 1 ? '✓' : ' ', widths.mark, bad ? colors.red : colors.green);
  line.cell(span.name.replace(/^claude_code\./, ''), widths.longest, bad ? colors.red : colors.cyan);
  line.cell(shortModel(first(attributes, ...subjects) ?? ''), widths.subject);
  const took = span.endTimeMs > 0 ? span.endTimeMs - span.startTimeMs : number(attributes.get('duration_ms'));
  line.right(took === undefined ? '' : duration(took), widths.duration, colors.dim);
  if (bad) line.word(span.statusMessage || (first(attributes, 'error') ?? ''), colors.red);
  if (attributes.has('input_tokens')) writeTokens(attributes, line, colors);
  return line.word(someAttributes(attributes, 6, shownElsewhere), colors.dim).end();
}
