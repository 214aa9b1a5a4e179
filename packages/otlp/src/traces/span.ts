import type { Attributes } from '../attributes/attributes.js';
import { id, type Message, type Resource, type Scope, WIDE_FLAGS } from '../view/common.js';
import { requestOf, Shape } from '../view/shape.js';
import { install, View } from '../view/view.js';
import { child, lastChild, Walk } from '../view/walk.js';

/** The spans of one resource. */
export interface ResourceSpans extends Message {
  readonly resource: Resource;
  /** False when the resource is absent on the wire and nobody wrote to it. */
  readonly hasResource: boolean;
  readonly scopeSpans: Iterable<ScopeSpans>;
  readonly schemaUrl: string;
}

/** The spans of one instrumentation scope. */
export interface ScopeSpans extends Message {
  readonly scope: Scope;
  /** False when the scope is absent on the wire and nobody wrote to it. */
  readonly hasScope: boolean;
  readonly spans: Iterable<Span>;
  readonly schemaUrl: string;
}

/** One span: OTLP's Span. */
export interface Span extends Message {
  readonly attributes: Attributes;
  /** Lower-case hex. */
  readonly traceId: string;
  /** Lower-case hex. */
  readonly spanId: string;
  /** Lower-case hex, '' for a root span. */
  readonly parentSpanId: string;
  traceState: string;
  name: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly flags: number;
  /** Nanoseconds since 1970, exact. */
  startTimeUnixNano: bigint;
  /** Nanoseconds since 1970, exact. */
  endTimeUnixNano: bigint;
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  readonly events: Iterable<SpanEvent>;
  readonly links: Iterable<SpanLink>;
  /** 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  statusMessage: string;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
  readonly resource: Resource;
  readonly scope: Scope;
}

/** Something that happened during a span. */
export interface SpanEvent extends Message {
  readonly attributes: Attributes;
  name: string;
  readonly timeUnixNano: bigint;
  readonly timeMs: number;
  readonly droppedAttributesCount: number;
}

/** A reference from a span to another. */
export interface SpanLink extends Message {
  readonly attributes: Attributes;
  readonly traceId: string;
  readonly spanId: string;
  traceState: string;
  readonly flags: number;
  readonly droppedAttributesCount: number;
}

export const SPAN: Shape = new Shape({
  role: 'item',
  name: 0x2a,
  attributes: 0x4a,
  startTimeUnixNano: 0x39,
  traceId: 0x0a,
  spanId: 0x12,
  flags: WIDE_FLAGS,
  dropped: 0x50,
});
const EVENT: Shape = new Shape({ role: 'part', name: 0x12, attributes: 0x1a, timeUnixNano: 0x09, dropped: 0x20 });
const LINK: Shape = new Shape({
  role: 'part',
  traceId: 0x0a,
  spanId: 0x12,
  attributes: 0x22,
  flags: 0x35,
  dropped: 0x28,
});
const STATUS: Shape = new Shape({ role: 'part' });

export const TRACES_REQUEST: Shape = requestOf(SPAN);

const END_TIME = 0x41;
const TRACE_STATE = 0x1a;
const PARENT_SPAN_ID = 0x22;
const STATUS_FIELD = 0x7a;

abstract class SpanFace extends View {
  get scopeSpans(): Iterable<View> {
    return new Walk(this, 0x12, this.shape.child!);
  }

  get spans(): Iterable<View> {
    return new Walk(this, 0x12, this.shape.child!);
  }

  get kind(): number {
    return this.enumValue(0x30);
  }

  get parentSpanId(): string {
    return id(this, PARENT_SPAN_ID);
  }

  get traceState(): string {
    return this.string(TRACE_STATE);
  }
  set traceState(value: string) {
    this.setString(TRACE_STATE, value);
  }

  get endTimeUnixNano(): bigint {
    return this.fixed64(END_TIME);
  }
  set endTimeUnixNano(value: bigint) {
    this.setFixed64(END_TIME, value);
  }

  get endTimeMs(): number {
    return this.ms(END_TIME);
  }

  get events(): Iterable<View> {
    return new Walk(this, 0x5a, EVENT);
  }

  get links(): Iterable<View> {
    return new Walk(this, 0x6a, LINK);
  }

  get statusCode(): number {
    return lastChild(this, STATUS_FIELD, STATUS)?.enumValue(0x18) ?? 0;
  }

  get statusMessage(): string {
    return child(this, STATUS_FIELD, STATUS).string(0x12);
  }
  set statusMessage(value: string) {
    child(this, STATUS_FIELD, STATUS).setString(0x12, value);
  }

  get droppedEventsCount(): number {
    return this.uint(0x60);
  }

  get droppedLinksCount(): number {
    return this.uint(0x70);
  }
}

install(SpanFace);
