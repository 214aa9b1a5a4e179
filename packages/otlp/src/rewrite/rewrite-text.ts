import { messages, requestKind } from '../schema/schema.js';
import type { OtlpBatch } from '../view/batch.js';
import { after, skip, varint } from '../wire/varint.js';
import { Edits } from './edits.js';
import { ATTRIBUTE, actionOf, actions, MESSAGE, owners, SKIP, TEXT, VALUE } from './table.js';

/** Judges every place of a request that can hold text, and replaces through {@link Edits} what shall not stay. */
export interface TextSink {
  /** A string or bytes field that is no attribute; `field` is its position in {@link textFields}, [at, to) all of it, [from, to) its content. */
  text(edits: Edits, field: number, at: number, from: number, to: number): void;
  /** An attribute of a message; `owner` is the message's position in {@link owners}, [from, to) the content of the KeyValue. */
  attribute(edits: Edits, owner: number, at: number, from: number, to: number): void;
  /** A log record's body, [from, to) the content of the AnyValue. */
  body(edits: Edits, at: number, from: number, to: number): void;
  /** A length-delimited field that the schema does not know: [at, to) is all of it. */
  unknown(edits: Edits, at: number, to: number): void;
  /** The walk goes into a message that has attributes; its content is [from, to). */
  enter(edits: Edits, owner: number, from: number, to: number): void;
  /** The walk is at the end of a message that has attributes: what is added here becomes part of it. */
  leave(edits: Edits, owner: number, to: number): void;
}

const ownerOf: Int32Array = Int32Array.from(messages, ({ name }) => owners.indexOf(name));
let idle: Edits | undefined = new Edits();

/**
 * Walks all text of a batch, edits it in place, and tells whether anything has changed. Views taken before are stale if so.
 *
 * The walk reads bytes and decodes nothing: a batch in which the sink replaces nothing stays the very bytes that it was.
 */
export function rewriteText(batch: OtlpBatch, sink: TextSink): boolean {
  const { store } = batch;
  const bytes = store.clean();
  // A sink may call functions of its user, which may come back here.
  const edits = idle ?? new Edits();
  idle = undefined;
  try {
    edits.reset(bytes);
    fields(requestKind[batch.signal], edits, sink, 0, bytes.length);
    if (edits.count === 0) return false;
    store.patched();
    store.adopt(edits.apply());
    return true;
  } finally {
    edits.reset(nothing);
    idle = edits;
  }
}

const nothing = new Uint8Array(0);

/** The fields of a message of this kind in [p, end). */
function fields(kind: number, edits: Edits, sink: TextSink, p: number, end: number): void {
  const b = edits.bytes;
  const base = kind << 8;
  while (p < end) {
    const at = p;
    const tag = b[p++]!;
    let action = actions[base | tag]!;
    let lengthAt = p;
    if (tag > 127) {
      const number = Math.floor(varint(b, at) / 8);
      lengthAt = after;
      action = actionOf(kind, number, tag & 7);
    }
    if (action === SKIP || (tag & 7) !== 2) {
      p = skip(b, p, tag);
      continue;
    }
    let n = b[lengthAt]!;
    let from = lengthAt + 1;
    if (n > 127) {
      n = varint(b, lengthAt);
      from = after;
    }
    p = from + n;
    const which = action >> 3;
    switch (action & 7) {
      case ATTRIBUTE:
        sink.attribute(edits, which, at, from, p);
        break;
      case TEXT:
        sink.text(edits, which, at, from, p);
        break;
      case VALUE:
        sink.body(edits, at, from, p);
        break;
      case MESSAGE: {
        const owner = ownerOf[which]!;
        edits.enter(lengthAt, from, p);
        if (owner >= 0) sink.enter(edits, owner, from, p);
        fields(which, edits, sink, from, p);
        if (owner >= 0) sink.leave(edits, owner, p);
        edits.leave();
        break;
      }
      default:
        sink.unknown(edits, at, p);
    }
  }
}
