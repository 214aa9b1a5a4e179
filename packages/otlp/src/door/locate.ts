import { messages } from '../schema/schema.js';
import { Fields } from './fields.js';

/**
 * Path of the field that holds byte `at`, such as `resource_logs[0].scope_logs[0].log_records[3]`; '' at top level.
 * Follows fields that fit only, so it may be asked about broken bytes.
 */
export function locate(kind: number, bytes: Uint8Array, at: number): string {
  let path = '';
  let start = 0;
  let end = bytes.length;
  for (let inside = kind; ; ) {
    const fields = new Fields(bytes, start, end);
    const message = messages[inside]!;
    const seen = new Map<string, number>();
    let next = -1;
    while (next < 0 && fields.next()) {
      const field = message.fields.find((each) => each.number === fields.number);
      if (field === undefined) continue;
      const index = seen.get(field.name) ?? 0;
      seen.set(field.name, index + 1);
      if (field.type !== 'message' || fields.wireType !== 2 || at < fields.from || at >= fields.to) continue;
      path += `${path === '' ? '' : '.'}${field.name}${field.repeated ? `[${index}]` : ''}`;
      start = fields.from;
      end = fields.to;
      next = messages.findIndex((each) => each.name === field.message);
    }
    if (next < 0) return path;
    inside = next;
  }
}
