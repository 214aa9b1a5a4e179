import { reserve, reserved, reservedAt, take } from '../wire/allocate.js';
import { putVarint, width } from '../wire/varint.js';
import {
  AT,
  BOX,
  BOXED,
  DELTA,
  EDIT,
  type EditLog,
  END,
  FROM,
  LEN,
  PARENT,
  REMOVED,
  SIZE,
  SRC,
  START,
  TO,
} from './edit-log.js';

const NOTHING = 0x7fffffff;

/**
 * The bytes with all edits applied: one walk forward over edits and touched length prefixes; every clean range moves whole.
 *
 * All moves are copyWithin() inside one buffer, the cheapest range copy there is. `inPlace` bytes that shrink before they grow are edited
 * where they are; else the source is copied once behind head-room as large as the growth, so that writing never overtakes reading.
 */
export function splice(log: EditLog, source: Buffer, inPlace: boolean): Buffer {
  const growth = measure(log);
  if (inPlace && (growth === 0 || neverAhead(log)))
    return source.subarray(0, write(log, source, 0, source, 0, source.length));
  reserve(source.length + growth);
  const out = reserved;
  const at = reservedAt;
  // A few edits in much text: each clean range goes straight to its place, instead of everything moving twice.
  const apart = (log.count + log.boxCount) * RANGE_COST < source.length;
  if (!apart) out.set(source, at + growth);
  return take(write(log, out, at, apart ? source : out, apart ? 0 : at + growth, source.length) - at);
}

/** Bytes that move in the time which a copy from another buffer takes beyond one within the same. */
const RANGE_COST = 2048;

/** Fills in DELTA, SIZE and REMOVED of every box, inner ones first; returns the sum of all growth. */
function measure(log: EditLog): number {
  const { edits, boxes, count, boxCount } = log;
  let growth = 0;
  // What is inside a removed message is removed. Parents have smaller indexes.
  for (let o = 0, end = boxCount * BOXED; o < end; o += BOXED) {
    const up = boxes[o + PARENT]!;
    if (up >= 0 && boxes[up * BOXED + REMOVED] === 1) boxes[o + REMOVED] = 1;
  }
  for (let o = 0, end = count * EDIT; o < end; o += EDIT) {
    const delta = edits[o + LEN]! - edits[o + TO]! + edits[o]!;
    const box = edits[o + BOX]!;
    if (box >= 0) boxes[box * BOXED + DELTA]! += delta;
    if (delta > 0) growth += delta;
  }
  for (let o = (boxCount - 1) * BOXED; o >= 0; o -= BOXED) {
    const size = boxes[o + END]! - boxes[o + START]! + boxes[o + DELTA]!;
    boxes[o + SIZE] = size;
    let delta = boxes[o + AT]! - boxes[o + END]!;
    if (boxes[o + REMOVED] === 0) {
      const wider = width(size) + 1 - (boxes[o + START]! - boxes[o + AT]!);
      if (wider > 0) growth += wider;
      delta = boxes[o + DELTA]! + wider;
    }
    const up = boxes[o + PARENT]!;
    if (up >= 0) boxes[up * BOXED + DELTA]! += delta;
  }
  return growth;
}

/** True when writing in place never overtakes reading: at every point, what came before shrank by at least what it grew. */
function neverAhead(log: EditLog): boolean {
  if (!log.boxesSorted) return false;
  const { edits, boxes } = log;
  const editEnd = log.count * EDIT;
  const boxEnd = log.boxCount * BOXED;
  let lead = 0;
  let cut = 0;
  let e = 0;
  let x = 0;
  while (e < editEnd || x < boxEnd) {
    const from = e < editEnd ? edits[e + FROM]! : NOTHING;
    const at = x < boxEnd ? boxes[x + AT]! : NOTHING;
    if (at < from) {
      if (at >= cut) {
        if (boxes[x + REMOVED] === 1) {
          lead -= boxes[x + END]! - at;
          cut = boxes[x + END]!;
        } else {
          cut = boxes[x + START]!;
          lead += width(boxes[x + SIZE]!) + 1 - (cut - at);
        }
      }
      x += BOXED;
    } else {
      const box = edits[e + BOX]!;
      if (from >= cut && (box < 0 || boxes[box * BOXED + REMOVED] === 0)) {
        cut = edits[e + TO]!;
        lead += edits[e + LEN]! - (cut - from);
      }
      e += EDIT;
    }
    if (lead > 0) return false;
  }
  return true;
}

/** Moves the source, which lies at [base, base + length) of `origin`, to `out` from `w` on, edited; returns where that ends. */
function write(log: EditLog, out: Buffer, w: number, origin: Buffer, base: number, length: number): number {
  const { edits, inserted } = log;
  const boxes = log.boxesSorted ? log.boxes : inWireOrder(log);
  const editEnd = log.count * EDIT;
  const boxEnd = log.boxCount * BOXED;
  let cut = 0; // the source before `cut` is done
  let e = 0;
  let x = 0;
  while (e < editEnd || x < boxEnd) {
    const from = e < editEnd ? edits[e + FROM]! : NOTHING;
    const at = x < boxEnd ? boxes[x]! : NOTHING;
    if (at < from) {
      if (at >= cut) {
        const gone = boxes[x + REMOVED] === 1;
        const to = gone ? at : at + 1;
        move(out, w, origin, base + cut, base + to);
        w += to - cut;
        if (gone) cut = boxes[x + END]!;
        else {
          w = putVarint(out, w, boxes[x + SIZE]!);
          cut = boxes[x + START]!;
        }
      }
      x += BOXED;
    } else {
      const box = edits[e + BOX]!;
      if (from >= cut && (box < 0 || log.boxes[box * BOXED + REMOVED] === 0)) {
        if (from > cut) {
          move(out, w, origin, base + cut, base + from);
          w += from - cut;
        }
        let s = edits[e + SRC]!;
        let n = edits[e + LEN]!;
        if (n < 64) for (; n > 0; n--) out[w++] = inserted[s++]!;
        else {
          out.set(inserted.subarray(s, s + n), w);
          w += n;
        }
        cut = edits[e + TO]!;
      }
      e += EDIT;
    }
  }
  if (cut < length) {
    move(out, w, origin, base + cut, base + length);
    w += length - cut;
  }
  return w;
}

function move(out: Buffer, w: number, origin: Buffer, from: number, to: number): void {
  if (out === origin) {
    if (w !== from) out.copyWithin(w, from, to);
  } else if (to - from < 16) for (let p = from; p < to; p++) out[w++] = origin[p]!;
  else origin.copy(out, w, from, to);
}

/** Boxes that were made out of wire order, sorted; edits keep naming them by their old index. */
function inWireOrder(log: EditLog): Int32Array {
  const { boxes, boxCount } = log;
  const order = Array.from({ length: boxCount }, (_, i) => i).sort((a, b) => boxes[a * BOXED]! - boxes[b * BOXED]!);
  const sorted = new Int32Array(boxCount * BOXED);
  order.forEach((from, to) => {
    sorted.set(boxes.subarray(from * BOXED, from * BOXED + BOXED), to * BOXED);
  });
  return sorted;
}
