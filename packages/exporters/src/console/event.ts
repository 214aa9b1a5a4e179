import type { Attributes, LogRecord } from '@otelier/otlp';
import { dollars, duration, short, size, timeOfDay } from './figures.js';
import { type Colors, Line, widths } from './line.js';
import { writeTokens } from './tokens.js';
import { first, number, shortModel, someAttributes, text } from './values.js';

/** One line for a log record: an event of Claude Code, an event of somebody else, or a plain log. */
export function logLine(record: LogRecord, width: number, colors: Colors): string {
  const { attributes } = record;
  const line = new Line(width).cell(timeOfDay(record.timeMs || record.observedTimeMs), widths.time, colors.dim);
  const event = first(attributes, 'event.name') ?? (record.eventName || undefined);
  if (event === undefined) return plainLog(record, line, colors);
  line.cell(
    (first(attributes, 'session.id') ?? first(record.resource.attributes, 'service.name') ?? '').slice(0, widths.who),
    widths.who,
    colors.dim,
  );
  const name = event.replace(/^claude_code\./, '');
  const write = events[name];
  if (write !== undefined) write(name, attributes, line, colors);
  else unknownEvent(name, record, line, colors);
  return line.end();
}

type Write = (name: string, attributes: Attributes, line: Line, colors: Colors) => void;

const events: Readonly<Record<string, Write>> = {
  user_prompt: said('prompt_length', 'prompt'),
  assistant_response: said('response_length', 'response'),
  api_request: apiRequest,
  api_error: apiError,
  api_retries_exhausted: apiError,
  tool_result: toolResult,
  tool_decision: toolDecision,
};

/** Who said something, and how much; never what. */
function said(lengthName: string, textName: string): Write {
  return (name, attributes, line, colors) => {
    const length = number(attributes.get(lengthName)) ?? text(attributes.get(textName))?.length;
    const prompt = textName === 'prompt';
    line.cell(prompt ? '>' : ' ', widths.mark, colors.cyan).cell(name, widths.what, prompt ? colors.cyan : undefined);
    line.cell(shortModel(first(attributes, 'model') ?? ''), widths.subject);
    if (length !== undefined) line.word(`${short(length)} ${length === 1 ? 'character' : 'characters'}`);
    line.word(first(attributes, 'command_name') ?? '', colors.dim);
  };
}

function apiRequest(name: string, attributes: Attributes, line: Line, colors: Colors): void {
  line.cell(' ', widths.mark).cell(name, widths.what, colors.magenta);
  line.cell(shortModel(first(attributes, 'model') ?? '?'), widths.subject);
  line.right(elapsed(attributes), widths.duration, colors.dim);
  const cost = number(attributes.get('cost_usd'));
  line.right(cost === undefined ? '' : dollars(cost), widths.cost, colors.yellow);
  writeTokens(attributes, line, colors);
}

function apiError(name: string, attributes: Attributes, line: Line, colors: Colors): void {
  line.cell('✗', widths.mark, colors.red).cell(name, widths.what, colors.red);
  line.cell(shortModel(first(attributes, 'model') ?? '?'), widths.subject);
  line.right(elapsed(attributes), widths.duration, colors.dim);
  const status = first(attributes, 'status_code');
  line.right(status === undefined || status === 'undefined' ? '' : status, widths.cost, colors.red);
  const attempts = number(attributes.get('total_attempts')) ?? number(attributes.get('attempt'));
  if (attempts !== undefined) line.word(`attempt ${attempts}`, colors.dim);
  line.word(first(attributes, 'error') ?? '');
}

function toolResult(name: string, attributes: Attributes, line: Line, colors: Colors): void {
  const success = text(attributes.get('success')) !== 'false';
  line.cell(success ? '✓' : '✗', widths.mark, success ? colors.green : colors.red).cell(name, widths.what, colors.blue);
  line
    .cell(first(attributes, 'tool_name') ?? '?', widths.subject)
    .right(elapsed(attributes), widths.duration, colors.dim);
  const bytes = number(attributes.get('tool_result_size_bytes'));
  line.right(bytes === undefined ? '' : size(bytes), widths.cost, colors.dim);
  if (!success) line.word(first(attributes, 'error_type', 'error') ?? 'failed', colors.red);
}

function toolDecision(name: string, attributes: Attributes, line: Line, colors: Colors): void {
  const decision = first(attributes, 'decision') ?? '?';
  const accepted = decision === 'accept';
  line.cell(accepted ? '·' : '✗', widths.mark, accepted ? colors.dim : colors.red).cell(name, widths.what, colors.dim);
  line.cell(first(attributes, 'tool_name') ?? '?', widths.subject);
  line.word(decision, accepted ? colors.dim : colors.red).word(first(attributes, 'source') ?? '', colors.dim);
}

function elapsed(attributes: Attributes): string {
  const ms = number(attributes.get('duration_ms')) ?? number(attributes.get('total_retry_duration_ms'));
  return ms === undefined ? '' : duration(ms);
}

function unknownEvent(name: string, record: LogRecord, line: Line, colors: Colors): void {
  const nameWidth = Math.min(widths.longest, Math.max(widths.what, name.length));
  line.cell(' ', widths.mark).cell(name, nameWidth, colors.dim);
  const body = text(record.body);
  // Claude Code repeats the event's name there.
  if (body !== undefined && body !== name && body !== `claude_code.${name}`) line.word(body);
  line.word(someAttributes(record.attributes, 6), colors.dim);
}

const severities = ['', 'TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

function plainLog(record: LogRecord, line: Line, colors: Colors): string {
  const level = Math.min(6, Math.ceil(record.severityNumber / 4));
  const paint = level >= 5 ? colors.red : level === 4 ? colors.yellow : level === 3 ? colors.green : colors.dim;
  line.cell(record.severityText || (severities[level] ?? ''), widths.who, paint);
  line.cell(level >= 5 ? '✗' : ' ', widths.mark, paint);
  line.cell(first(record.resource.attributes, 'service.name') ?? '', widths.what, colors.dim);
  line.word(text(record.body) ?? '').word(someAttributes(record.attributes, 6), colors.dim);
  return line.end();
}
