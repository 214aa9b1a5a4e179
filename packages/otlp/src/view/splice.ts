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
 * All moves are copyWithin() inside one buffer, the cheapest range copy there is. `inPlace` bytes are edited where they are, up to where
 * writing would overtake reading; from there on (else from the beginning) the source is copied once behind head-room as large as the growth,
 * so that it cannot.
 */
export function splice(log: EditLog, source: Buffer, inPlace: boolean): Buffer {
  const growth = measure(log);
  edit = box = cut = 0;
  let done = 0;
  if (inPlace && log.boxesSorted) {
    done = write(log, source, 0, source, 0, source.length, true);
    if (edit === log.count * EDIT && box === log.boxCount * BOXED) return source.subarray(0, done);
  }
  const rest = source.length - cut;
  reserve(done + rest + growth);
  const out = reserved;
  const at = reservedAt;
  if (done > 0) out.set(source.subarray(0, done), at);
  const from = at + done;
  // A few edits in much text: each clean range goes straight to its place, instead of everything moving twice.
  const apart = (log.count + log.boxCount) * RANGE_COST < source.length;
  if (!apart) out.set(cut === 0 ? source : source.subarray(cut), from + growth);
  return take(write(log, out, from, apart ? source : out, apart ? 0 : from + growth - cut, source.length, false) - at);
}

// How far the edits have been written: the next edit and box, and the source before `cut`.
let edit = 0;
let box = 0;
let cut = 0;

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

/**
 * Moves the source from `cut` on, which lies at [base, base + length) of `origin`, to `out` from `w` on, edited; returns where that ends.
 * In place it stops, with `edit` or `box` before the last, where the next step would write over what has yet to be read.
 */
function write(
  log: EditLog,
  out: Buffer,
  w: number,
  origin: Buffer,
  base: number,
  length: number,
  inPlace: boolean,
): number {
  const { edits, inserted } = log;
  const boxes = log.boxesSorted ? log.boxes : inWireOrder(log);
  const editEnd = log.count * EDIT;
  const boxEnd = log.boxCount * BOXED;
  let done = cut;
  let e = edit;
  let x = box;
  while (e < editEnd || x < boxEnd) {
    const from = e < editEnd ? edits[e + FROM]! : NOTHING;
    const at = x < boxEnd ? boxes[x]! : NOTHING;
    if (at < from) {
      if (at >= done) {
        const gone = boxes[x + REMOVED] === 1;
        const to = gone ? at : at + 1;
        const size = boxes[x + SIZE]!;
        if (inPlace && !gone && w + to - done + width(size) > boxes[x + START]!) break;
        move(out, w, origin, base + done, base + to);
        w += to - done;
        if (gone) done = boxes[x + END]!;
        else {
          w = putVarint(out, w, size);
          done = boxes[x + START]!;
        }
      }
      x += BOXED;
    } else {
      const of = edits[e + BOX]!;
      if (from >= done && (of < 0 || log.boxes[of * BOXED + REMOVED] === 0)) {
        let s = edits[e + SRC]!;
        let n = edits[e + LEN]!;
        if (inPlace && w + from - done + n > edits[e + TO]!) break;
        if (from > done) {
          move(out, w, origin, base + done, base + from);
          w += from - done;
        }
        if (n < 64) for (; n > 0; n--) out[w++] = inserted[s++]!;
        else {
          out.set(inserted.subarray(s, s + n), w);
          w += n;
        }
        done = edits[e + TO]!;
      }
      e += EDIT;
    }
  }
  if (e >= editEnd && x >= boxEnd && done < length) {
    move(out, w, origin, base + done, base + length);
    w += length - done;
    done = length;
  }
  edit = e;
  box = x;
  cut = done;
  return w;
}

// Within one buffer bytes only ever move to the front, so going forward is safe.
function move(out: Buffer, w: number, origin: Buffer, from: number, to: number): void {
  if (to - from < 16) for (let p = from; p < to; p++) out[w++] = origin[p]!;
  else if (out !== origin) origin.copy(out, w, from, to);
  else if (w !== from) out.copyWithin(w, from, to);
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
