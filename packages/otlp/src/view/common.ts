import { AttributeList } from '../attributes/attribute-list.js';
import type { Attributes } from '../attributes/attributes.js';
import { hex } from '../wire/text.js';
import { FieldCursor } from './field-cursor.js';
import { RESOURCE, type Role, SCOPE } from './shape.js';
import { install, View } from './view.js';
import { child, hasChild } from './walk.js';

/** A message of a batch. */
export interface Message {
  /** Takes this message out of its parent. Its views stay readable until the next traversal. */
  remove(): void;
}

/** Who produced the telemetry. Absent on the wire, it enters the bytes with the first write. */
export interface Resource {
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
}

/** Which instrumentation library produced the telemetry. Absent on the wire, it enters the bytes with the first write. */
export interface Scope {
  name: string;
  version: string;
  readonly attributes: Attributes;
  readonly droppedAttributesCount: number;
}

/**
 * The bytes of a resource as they lie in its batch, to know one again by; undefined while edits wait to be spliced into it. Valid until
 * the batch is edited: copy what is kept.
 */
export function resourceBytes(resource: Resource): Buffer | undefined {
  // Every resource is a View; the interface that users see does not show its bytes.
  const view = resource as unknown as View;
  return view.changes() === null ? view.bytes.subarray(view.start, view.end) : undefined;
}

/** Accessors of fields that several message types have; the kind knows where. */
abstract class CommonFace extends View {
  get attributes(): Attributes {
    return new AttributeList(this, this.shape.attributes);
  }

  get name(): string {
    return this.string(this.shape.name);
  }
  set name(value: string) {
    this.setString(this.shape.name, value);
  }

  /** Of a scope. */
  get version(): string {
    return this.string(0x12);
  }
  set version(value: string) {
    this.setString(0x12, value);
  }

  get schemaUrl(): string {
    return this.string(0x1a);
  }

  get droppedAttributesCount(): number {
    return this.uint(this.shape.dropped);
  }

  get timeUnixNano(): bigint {
    return this.fixed64(this.shape.timeUnixNano);
  }
  set timeUnixNano(value: bigint) {
    this.setFixed64(this.shape.timeUnixNano, value);
  }

  get timeMs(): number {
    return this.ms(this.shape.timeUnixNano);
  }

  get startTimeUnixNano(): bigint {
    return this.fixed64(this.shape.startTimeUnixNano);
  }
  set startTimeUnixNano(value: bigint) {
    this.setFixed64(this.shape.startTimeUnixNano, value);
  }

  get startTimeMs(): number {
    return this.ms(this.shape.startTimeUnixNano);
  }

  get traceId(): string {
    return id(this, this.shape.traceId);
  }

  get spanId(): string {
    return id(this, this.shape.spanId);
  }

  get flags(): number {
    const tag = this.shape.flags;
    if (tag === WIDE_FLAGS) return wideFlags(this);
    return (tag & 7) === 5 ? this.fixed32(tag) : this.uint(tag);
  }
  set flags(value: number) {
    this.setUint(this.shape.flags, value);
  }

  get resource(): Resource {
    const holder = climb(this, 'resource-holder');
    holder.memo ??= child(holder, 0x0a, RESOURCE);
    return holder.memo as unknown as Resource;
  }

  get hasResource(): boolean {
    return hasChild(climb(this, 'resource-holder'), 0x0a, RESOURCE);
  }

  get scope(): Scope {
    const holder = climb(this, 'scope-holder');
    holder.memo ??= child(holder, 0x0a, SCOPE);
    return holder.memo as unknown as Scope;
  }

  get hasScope(): boolean {
    return hasChild(climb(this, 'scope-holder'), 0x0a, SCOPE);
  }
}

/** Lower-case hex of a bytes field; '' when absent. */
export function id(view: View, tag: number): string {
  const range = view.range(tag);
  return range === undefined ? '' : hex(range.bytes, range.start, range.end);
}

/** The nearest message of this role, going up from `view`. */
export function climb(view: View, role: Role): View {
  let v = view;
  while (v.shape.role !== role) v = v.up!;
  return v;
}

/** Flags of a span: field 16, the only one whose tag takes two bytes. */
export const WIDE_FLAGS = 0x0185;

function wideFlags(span: View): number {
  const c = new FieldCursor().of(span, span.changes());
  let flags = 0;
  // Unknown fields may share the first byte.
  while (c.next()) if (c.tag === 0x85 && c.bytes[c.p] === 0x01) flags = c.bytes.readUInt32LE(c.p + 1);
  return flags;
}

install(CommonFace);
