import type { Attributes } from '../attributes/attributes.js';
import type { Message, Resource, Scope } from '../view/common.js';
import { requestOf, Shape } from '../view/shape.js';
import { install, View } from '../view/view.js';
import { Walk } from '../view/walk.js';
import type { AnyValue } from '../wire/any-value.js';
import { anyValue } from '../wire/read-value.js';
import { putValue, valueBound } from '../wire/write-value.js';

/** The log records of one resource. */
export interface ResourceLogs extends Message {
  readonly resource: Resource;
  /** False when the resource is absent on the wire and nobody wrote to it. */
  readonly hasResource: boolean;
  readonly scopeLogs: Iterable<ScopeLogs>;
  readonly schemaUrl: string;
}

/** The log records of one instrumentation scope. */
export interface ScopeLogs extends Message {
  readonly scope: Scope;
  /** False when the scope is absent on the wire and nobody wrote to it. */
  readonly hasScope: boolean;
  readonly logRecords: Iterable<LogRecord>;
  readonly schemaUrl: string;
}

/** One log record: OTLP's LogRecord. Writing '' or undefined to a field deletes it. */
export interface LogRecord extends Message {
  readonly attributes: Attributes;
  body: AnyValue;
  severityText: string;
  /** 1 (TRACE) to 24 (FATAL4); 0 when unspecified. */
  severityNumber: number;
  eventName: string;
  /** Milliseconds since 1970, exact to a quarter of a microsecond; 0 when absent. */
  readonly timeMs: number;
  /** Milliseconds since 1970, exact to a quarter of a microsecond; 0 when absent. */
  readonly observedTimeMs: number;
  /** Nanoseconds since 1970, exact. */
  timeUnixNano: bigint;
  /** Nanoseconds since 1970, exact. */
  observedTimeUnixNano: bigint;
  /** Lower-case hex, '' when absent. */
  readonly traceId: string;
  /** Lower-case hex, '' when absent. */
  readonly spanId: string;
  readonly flags: number;
  readonly droppedAttributesCount: number;
  readonly resource: Resource;
  readonly scope: Scope;
}

export const LOG_RECORD: Shape = new Shape({
  role: 'item',
  attributes: 0x32,
  timeUnixNano: 0x09,
  traceId: 0x4a,
  spanId: 0x52,
  flags: 0x45,
  dropped: 0x38,
});

export const LOGS_REQUEST: Shape = requestOf(LOG_RECORD);

const OBSERVED_TIME = 0x59;
const BODY = 0x2a;

abstract class LogFace extends View {
  get scopeLogs(): Iterable<View> {
    return new Walk(this, 0x12, this.shape.child!);
  }

  get logRecords(): Iterable<View> {
    return new Walk(this, 0x12, this.shape.child!);
  }

  get body(): AnyValue {
    const range = this.range(BODY);
    return range === undefined ? undefined : anyValue(range.bytes, range.start, range.end);
  }
  set body(value: AnyValue) {
    if (value === undefined) {
      this.clear(BODY);
      return;
    }
    const log = this.root.edit(this);
    const bound = valueBound(value) + 16;
    const at = log.room(bound);
    const from = putValue(log.inserted, at + bound, BODY, value);
    const size = at + bound - from;
    log.inserted.copyWithin(at, from, at + bound);
    log.used += size;
    this.put(log, BODY, at, size);
  }

  get severityText(): string {
    return this.string(0x1a);
  }
  set severityText(value: string) {
    this.setString(0x1a, value);
  }

  get severityNumber(): number {
    return this.enumValue(0x10);
  }
  set severityNumber(value: number) {
    this.setUint(0x10, value);
  }

  get eventName(): string {
    return this.string(0x62);
  }
  set eventName(value: string) {
    this.setString(0x62, value);
  }

  get observedTimeMs(): number {
    return this.ms(OBSERVED_TIME);
  }

  get observedTimeUnixNano(): bigint {
    return this.fixed64(OBSERVED_TIME);
  }
  set observedTimeUnixNano(value: bigint) {
    this.setFixed64(OBSERVED_TIME, value);
  }
}

install(LogFace);
