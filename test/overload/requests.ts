import { buildLogs } from '@otelier/otlp';

/** Stands in front of every record's number, in an attribute that no redaction touches. */
export const mark = 'ledger:';
/** Digits of a request's number, and of a record's within it. */
const requestDigits = 9;
const recordDigits = 2;
export const idLength = requestDigits + 1 + recordDigits;

/** The bytes of the request of this number; the same memory every time. */
export type Numbered = (number: number) => Buffer;

/** An export request of events like Claude Code's, whose records can be told apart. */
export function logsRequest(records: number): Buffer {
  const id = (i: number): string => `${mark}${'0'.repeat(requestDigits)}-${String(i).padStart(recordDigits, '0')}`;
  const attributes = (i: number) => ({ 'prompt.id': id(i), ...event(i) });
  return buildLogs([
    {
      resource: { attributes: { 'service.name': 'claude-code', 'os.type': 'linux', 'team.id': 'platform' } },
      records: Array.from({ length: records }, (_, i) => ({
        ...{ timeUnixNano: 1n, body: 'claude_code.event', attributes: attributes(i) },
      })),
    },
  ]).bytes();
}

/** Writes numbers into bytes that have a {@link logsRequest} in them, in place. */
export function numbered(bytes: Buffer): Numbered {
  const places: number[] = [];
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1)) places.push(at + mark.length);
  return (number) => {
    const digits = String(number).padStart(requestDigits, '0');
    for (const at of places) bytes.write(digits, at, 'latin1');
    return bytes;
  };
}

/** The names of the records of a request. */
export function idsOf(request: number, records: number): string[] {
  const digits = String(request).padStart(requestDigits, '0');
  return Array.from({ length: records }, (_, i) => `${digits}-${String(i).padStart(recordDigits, '0')}`);
}

function event(i: number): Record<string, string | number> {
  const session = {
    'user.id': '8f2c1d3e4b5a69788f2c1d3e4b5a6978',
    'session.id': 'f6a7c5de-0000-4000-8000-1d3e4b5a6978',
    'app.version': '2.1.330',
    'terminal.type': 'vscode',
    'event.timestamp': '2026-11-22T08:03:42.584Z',
  };
  if (i % 5 === 2) {
    const prompt = 'fix the login bug in session handling and write a test '.repeat(3);
    return { ...session, 'event.name': 'user_prompt', prompt, prompt_length: prompt.length };
  }
  const api = { model: 'claude-sonnet', cost_usd: 0.0123, duration_ms: 1234, input_tokens: 4321, output_tokens: 210 };
  return { ...session, 'event.name': 'api_request', ...api };
}
