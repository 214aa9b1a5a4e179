import { type Edits, Entry, Fields, owners } from '@otelier/otlp';
import type { Report } from './report.js';

/** Name of the attribute that says what was hidden on a log record or a span. */
export const REPORT_ATTRIBUTE = 'otelier.redacted';

const key: Buffer = Buffer.from(REPORT_ATTRIBUTE);
// Points have none: an attribute more would make another series of them.
const tags: readonly number[] = owners.map((owner) => (owner === 'LogRecord' ? 0x32 : owner === 'Span' ? 0x4a : 0));

/** Writes what was hidden on a log record or a span into an attribute of it, with what a processor before has written there. */
export class RecordReport {
  declare private readonly report: Report;
  /** Where the attribute stands that is there already, and before which edit; -1: nowhere. */
  declare private at: number;
  declare private to: number;
  declare private nth: number;
  declare private said: readonly string[];

  constructor(report: Report) {
    this.report = report;
    this.at = this.to = this.nth = -1;
    this.said = [];
  }

  enter(owner: number): void {
    if (tags[owner] === 0) return;
    // What was found on the resource and the scope is not this record's.
    this.report.takeRecord();
    this.nth = -1;
  }

  /** True when the attribute [at, to) with the key [from, end) is a report, which stays unless there is something to add. */
  isReport(edits: Edits, from: number, end: number, at: number, to: number): boolean {
    if (end - from !== key.length || key.compare(edits.bytes, from, end) !== 0) return false;
    const said = earlier(edits.bytes as Buffer, at, to);
    if (said === undefined || this.nth >= 0) {
      this.report.field = 'other';
      this.report.add('malformed');
      edits.remove(at, to);
    } else {
      this.said = said;
      this.at = at;
      this.to = to;
      this.nth = edits.count;
    }
    return true;
  }

  leave(edits: Edits, owner: number, end: number): void {
    const tag = tags[owner]!;
    if (tag === 0) return;
    let found = this.report.takeRecord();
    if (found.length === 0) return;
    if (this.nth >= 0) {
      found = [...new Set([...this.said, ...found])].sort();
      edits.removeEarlier(this.nth, this.at, this.to);
    }
    const list = found.map((each) => delimited(0x0a, delimited(0x0a, Buffer.from(each))));
    const value = delimited(0x12, delimited(0x2a, Buffer.concat(list)));
    edits.raw(end, end, delimited(tag, Buffer.concat([delimited(0x0a, key), value])));
  }
}

function delimited(tag: number, content: Uint8Array): Buffer {
  const head: number[] = [tag];
  let n = content.length;
  for (; n > 127; n >>>= 7) head.push((n & 127) | 128);
  return Buffer.concat([Buffer.from([...head, n]), content]);
}

const finding = /^[\w.-]{1,64}:[\w-]{1,64}$/;

/** What the report [at, to) says; undefined when it says what no report would. */
function earlier(b: Buffer, at: number, to: number): string[] | undefined {
  const entry = new Entry();
  const field = new Fields(b, at, to);
  if (!field.next() || !entry.read(b, field.from, field.to) || !isList(entry)) return undefined;
  const found: string[] = [];
  const list = new Fields(b, entry.contentFrom, entry.valueTo);
  while (list.next()) {
    const text = entry.value(b, list.from, list.to) ? b.toString('utf8', entry.contentFrom, entry.valueTo) : '';
    if (!finding.test(text)) return undefined;
    found.push(text);
  }
  return found;
}

function isList(entry: Entry): boolean {
  return entry.kind === 0x2a;
}
