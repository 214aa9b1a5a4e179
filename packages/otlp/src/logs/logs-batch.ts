import { jsonToProtobuf } from '../json/parse.js';
import { concatenated, OtlpBatch } from '../view/batch.js';
import { Items } from '../view/items.js';
import { admitted, type ParseOptions } from '../view/parse-options.js';
import type { View } from '../view/view.js';
import { Walk } from '../view/walk.js';
import { LOGS_REQUEST, type LogRecord, type ResourceLogs } from './log-record.js';

/** One request of log records as its bytes; see {@link OtlpBatch}. */
export class LogsBatch extends OtlpBatch {
  override readonly signal = 'logs' as const;

  /** Trusts the bytes: they were validated or built by us. `owned`: nobody else reads or writes them, in-place edits are allowed. */
  constructor(bytes: Uint8Array, owned = false) {
    super(LOGS_REQUEST, bytes, owned);
  }

  /**
   * The door for protobuf: validates the framing once and normalises what is legal but odd. Canonical bytes stay the same memory.
   * Throws OtlpError.
   */
  static parse(bytes: Uint8Array, options: ParseOptions = {}): LogsBatch {
    const door = admitted('logs', bytes, options);
    return new LogsBatch(door.bytes, door.owned);
  }

  /** The door for OTLP/JSON. Throws OtlpError. */
  static fromJson(json: string | Uint8Array): LogsBatch {
    return new LogsBatch(jsonToProtobuf('logs', json), true);
  }

  /** All batches as one, in order. Splices their pending edits. */
  static merge(batches: readonly LogsBatch[]): LogsBatch {
    // One alone keeps its compressed form.
    if (batches.length === 1) return batches[0]!.fork();
    const { bytes, count } = concatenated(batches);
    const merged = new LogsBatch(bytes, true);
    merged.store.count = count;
    return merged;
  }

  /** Starts a traversal. */
  get resourceLogs(): Iterable<ResourceLogs> {
    return new Walk(this.top(), LOGS_REQUEST.children, LOGS_REQUEST.child!) as unknown as Iterable<ResourceLogs>;
  }

  /** All log records, whatever their resource and scope. Starts a traversal. */
  records(): Iterable<LogRecord> {
    return new Items(this.top(), 'item') as unknown as Iterable<LogRecord>;
  }

  /** Removes log records for which \`keep\` returns false, in one traversal. Returns the number removed. */
  filter(keep: (record: LogRecord) => boolean): number {
    return this.removeWhere(keep as unknown as (item: View) => boolean);
  }

  protected override like(bytes: Buffer, owned: boolean): this {
    return new LogsBatch(bytes, owned) as this;
  }
}
