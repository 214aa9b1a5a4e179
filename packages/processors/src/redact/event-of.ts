import { Entry, Fields } from '@otelier/otlp';

const key: Buffer = Buffer.from('event.name');
const ATTRIBUTE = 6;
const EVENT_NAME = 12;

/**
 * Tells of which event a log record is, by its `event_name` and its attribute `event.name`, wherever they stand in it.
 *
 * Looks at the record only when asked, and then once: few fields depend on it.
 */
export class EventOf {
  /** Before the names of events in some clients: `claude_code.`. */
  declare private readonly prefix: string;
  declare private readonly entry: Entry;
  declare private from: number;
  declare private to: number;
  declare private asked: boolean;
  declare private name: string | undefined;

  constructor(prefix: string) {
    this.prefix = prefix;
    this.entry = new Entry();
    this.from = this.to = 0;
    this.asked = true;
    this.name = undefined;
  }

  /** The record that is walked is [from, to). */
  enter(from: number, to: number): void {
    this.from = from;
    this.to = to;
    this.asked = false;
  }

  /** The name without its prefix; undefined when the record has none, or says two things. */
  in(b: Uint8Array): string | undefined {
    if (this.asked) return this.name;
    this.asked = true;
    this.name = undefined;
    const fields = new Fields(b, this.from, this.to);
    while (fields.next()) {
      if (fields.wireType !== 2) continue;
      let said: string | undefined;
      if (fields.number === EVENT_NAME) said = this.text(b, fields.from, fields.to);
      else if (fields.number === ATTRIBUTE && this.isName(b, fields.from, fields.to)) {
        const { kind, contentFrom, valueTo } = this.entry;
        said = kind === 0x0a ? this.text(b, contentFrom, valueTo) : '';
      }
      if (said === undefined) continue;
      if (this.name !== undefined && this.name !== said) return (this.name = undefined);
      this.name = said;
    }
    return this.name;
  }

  private isName(b: Uint8Array, from: number, to: number): boolean {
    const { entry } = this;
    return (
      entry.read(b, from, to) &&
      entry.keyTo - entry.keyFrom === key.length &&
      key.compare(b, entry.keyFrom, entry.keyTo) === 0
    );
  }

  private text(b: Uint8Array, from: number, to: number): string {
    const text = (b as Buffer).toString('utf8', from, to);
    return text.startsWith(this.prefix) ? text.slice(this.prefix.length) : text;
  }
}
