import { expect } from 'vitest';
import {
  type AnyValue,
  type Attributes,
  type DataPoint,
  type Exemplar,
  type ExponentialHistogramDataPoint,
  type HistogramDataPoint,
  keySet,
  type LogRecord,
  type LogsBatch,
  type Metric,
  type MetricsBatch,
  type NumberDataPoint,
  type Resource,
  type Scope,
  type Span,
  type TracesBatch,
} from '../src/index.js';
import {
  entriesOf,
  logRecord,
  metric,
  type Plain,
  plainLogRecord,
  plainMetric,
  plainPoint,
  plainSpan,
  point,
  span,
} from './reading.js';

// Random edits, made through views and, in step, on the plain objects of the official decoder.

/** Plain data that may be written to. */
export type Model = Record<string, unknown>;

/** A source of choices: numbers that fast-check made and can shrink. */
export class Tape {
  private at = 0;
  private readonly numbers: readonly number[];

  constructor(numbers: readonly number[]) {
    this.numbers = numbers;
  }

  next(below: number): number {
    return this.numbers.length === 0 ? 0 : this.numbers[this.at++ % this.numbers.length]! % below;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.next(items.length)]!;
  }
}

const NAMES = ['a', 'b', 'session.id', 'é', 'k'.repeat(130), 'fresh', 'user.id', '__proto__'];
const VALUES: readonly [AnyValue, Model][] = [
  ['', { stringValue: '' }],
  ['short', { stringValue: 'short' }],
  ['ü€😀'.repeat(9), { stringValue: 'ü€😀'.repeat(9) }],
  ['z'.repeat(300), { stringValue: 'z'.repeat(300) }],
  [true, { boolValue: true }],
  [7, { intValue: '7' }],
  [-7, { intValue: '-7' }],
  [2 ** 40, { intValue: String(2 ** 40) }],
  [-(2n ** 63n), { intValue: String(-(2n ** 63n)) }],
  [2n ** 63n - 1n, { intValue: String(2n ** 63n - 1n) }],
  [0.1, { doubleValue: 0.1 }],
  [undefined, {}],
  [new Uint8Array([1, 2]), { bytesValue: 'AQI=' }],
  [['x', 1, []], { arrayValue: { values: [{ stringValue: 'x' }, { intValue: '1' }, { arrayValue: {} }] } }],
  [
    { x: { y: 1 } },
    {
      kvlistValue: {
        values: [{ key: 'x', value: { kvlistValue: { values: [{ key: 'y', value: { intValue: '1' } }] } } }],
      },
    },
  ],
];
const TEXTS = ['', 'warn', 'n'.repeat(127), 'm'.repeat(200), 'ü'];
const TIMES = [0n, 1n, 2n ** 64n - 1n, 1763805234000000001n];
const DOUBLES = [0, -0, 1.5, NaN, Infinity, 3];

const GONE = '$gone';
const attributesOf = (of: Model, field: string): Model[] => (of[field] ??= []) as Model[];
const gone = (of: Model): boolean => of[GONE] === true;
const here = (items: unknown): Model[] => ((items ?? []) as Model[]).filter((item) => !gone(item));

function editAttributes(tape: Tape, attributes: Attributes, of: Model, field = 'attributes'): void {
  const list = attributesOf(of, field);
  const name = tape.pick(NAMES);
  switch (tape.next(6)) {
    case 0:
    case 1:
    case 2: {
      const [value, plain] = tape.pick(VALUES);
      expect(attributes.set(name, value)).toBe(attributes);
      const first = list.find((a) => (a.key ?? '') === name);
      if (first === undefined) list.push({ key: name, value: structuredClone(plain) });
      else {
        first.value = structuredClone(plain);
        of[field] = list.filter((a) => a === first || (a.key ?? '') !== name);
      }
      expect(attributes.get(name)).toEqual(value);
      expect(attributes.is(name, 'short')).toBe(value === 'short');
      break;
    }
    case 3:
      expect(attributes.delete(name)).toBe(list.some((a) => (a.key ?? '') === name));
      of[field] = list.filter((a) => (a.key ?? '') !== name);
      expect(attributes.has(name)).toBe(false);
      break;
    case 4: {
      const names = [name, tape.pick(NAMES), tape.pick(NAMES)];
      expect(attributes.delete(keySet(...names))).toBe(list.some((a) => names.includes(a.key as string)));
      of[field] = list.filter((a) => !names.includes(a.key as string));
      break;
    }
    default: {
      if (tape.next(3) > 0) break;
      const names = [name, tape.pick(NAMES)];
      expect(attributes.keep(keySet(...names))).toBe(list.filter((a) => !names.includes(a.key as string)).length);
      of[field] = list.filter((a) => names.includes(a.key as string));
    }
  }
  expect([...attributes].map(([k, v]) => [k, v])).toEqual(entriesOf(of[field] as Plain).map(([k, v]) => [k, v]));
  const all = attributes.toObject();
  for (const [k] of attributes) expect(attributes.get(k)).toEqual(all[k]);
}

function setText(tape: Tape, view: object, of: Model, name: string, plain = name): void {
  const text = tape.pick(TEXTS);
  (view as Model)[name] = text;
  if (text === '') delete of[plain];
  else of[plain] = text;
  expect((view as Model)[name]).toBe(text);
}

function setTime(tape: Tape, view: object, of: Model, name: string): void {
  const time = tape.pick(TIMES);
  (view as Model)[name] = time;
  of[name] = String(time);
  expect((view as Model)[name]).toBe(time);
}

function setOptional(tape: Tape, view: object, of: Model, name: string): void {
  const value = tape.next(4) === 0 ? undefined : tape.pick(DOUBLES);
  (view as Model)[name] = value;
  if (value === undefined) delete of[name];
  else of[name] = value;
  expect((view as Model)[name]).toBe(value);
}

function editParents(tape: Tape, resource: Resource, scope: Scope, holder: Model, scopeHolder: Model): void {
  const r = (holder.resource ?? {}) as Model;
  const s = (scopeHolder.scope ?? {}) as Model;
  switch (tape.next(4)) {
    case 0:
      editAttributes(tape, resource.attributes, r);
      break;
    case 1:
      editAttributes(tape, scope.attributes, s);
      break;
    case 2:
      setText(tape, scope, s, 'name');
      break;
    default:
      setText(tape, scope, s, 'version');
  }
  if (holder.resource !== undefined || wrote(r)) holder.resource = r;
  if (scopeHolder.scope !== undefined || wrote(s)) scopeHolder.scope = s;
}

/** An absent resource or scope enters the bytes with the first write. */
function wrote(of: Model): boolean {
  return Object.entries(of).some(([, v]) => !Array.isArray(v) || v.length > 0);
}

function editRecord(tape: Tape, r: LogRecord, of: Model): void {
  switch (tape.next(9)) {
    case 0:
      setText(tape, r, of, 'severityText');
      break;
    case 1:
      setText(tape, r, of, 'eventName');
      break;
    case 2: {
      const [value, plain] = tape.pick(VALUES);
      r.body = value;
      if (value === undefined) delete of.body;
      else of.body = structuredClone(plain);
      expect(r.body).toEqual(value);
      break;
    }
    case 3:
      of.severityNumber = r.severityNumber = tape.pick([1, 9, 24, 300]);
      break;
    case 4:
      setTime(tape, r, of, tape.pick(['timeUnixNano', 'observedTimeUnixNano']));
      break;
    default:
      editAttributes(tape, r.attributes, of);
  }
  expect(logRecord(r)).toEqual(plainLogRecord(of as unknown as Plain));
}

function editSpan(tape: Tape, s: Span, of: Model): void {
  switch (tape.next(9)) {
    case 0:
      setText(tape, s, of, 'name');
      break;
    case 1:
      setText(tape, s, of, 'traceState');
      break;
    case 2: {
      const status = (of.status ?? {}) as Model;
      const had = of.status !== undefined;
      setText(tape, s, status, 'statusMessage', 'message');
      if (had || wrote(status)) of.status = status;
      break;
    }
    case 3:
      setTime(tape, s, of, tape.pick(['startTimeUnixNano', 'endTimeUnixNano']));
      break;
    case 4: {
      const models = here(of.events);
      [...s.events].forEach((event, i) => {
        if (tape.next(2) === 0) editAttributes(tape, event.attributes, models[i]!);
        if (tape.next(3) === 0) setText(tape, event, models[i]!, 'name');
        if (tape.next(3) === 0) {
          event.remove();
          models[i]![GONE] = true;
        }
      });
      break;
    }
    case 5: {
      const models = here(of.links);
      [...s.links].forEach((link, i) => {
        if (tape.next(2) === 0) editAttributes(tape, link.attributes, models[i]!);
        if (tape.next(3) === 0) setText(tape, link, models[i]!, 'traceState');
        if (tape.next(3) === 0) {
          link.remove();
          models[i]![GONE] = true;
        }
      });
      break;
    }
    default:
      editAttributes(tape, s.attributes, of);
  }
  expect(span(s)).toEqual(plainSpan(settled(of) as Plain));
}

const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

function editMetric(tape: Tape, m: Metric, of: Model): void {
  switch (tape.next(6)) {
    case 0:
      setText(tape, m, of, tape.pick(['name', 'description', 'unit']));
      break;
    case 1:
      editAttributes(tape, m.metadata, of, 'metadata');
      break;
    case 2: {
      const temporality = tape.next(3);
      const set = () => {
        m.temporality = (['unspecified', 'delta', 'cumulative'] as const)[temporality]!;
      };
      if (m.type === undefined || m.type === 'gauge' || m.type === 'summary') expect(set).toThrow(TypeError);
      else {
        set();
        (of[m.type] as Model).aggregationTemporality = temporality;
      }
    }
  }
  const type = DATA.find((name) => of[name] !== undefined);
  if (type !== undefined) {
    const models = here((of[type] as Model).dataPoints);
    [...m.dataPoints].forEach((p, i) => {
      for (let n = tape.next(4); n > 0; n--) editPoint(tape, p, models[i]!, type);
      if (tape.next(6) === 0) {
        p.remove();
        models[i]![GONE] = true;
      }
    });
  }
  expect(metric(m)).toEqual(plainMetric(settled(of) as Plain));
}

function editPoint(tape: Tape, p: DataPoint, of: Model, type: string): void {
  switch (tape.next(6)) {
    case 0:
      setTime(tape, p, of, tape.pick(['startTimeUnixNano', 'timeUnixNano']));
      break;
    case 1:
      of.flags = p.flags = tape.pick([0, 1, 127, 128, 2 ** 32 - 1]);
      break;
    case 2: {
      const models = here(of.exemplars);
      [...p.exemplars].forEach((e: Exemplar, i) => {
        if (tape.next(2) === 0) editAttributes(tape, e.filteredAttributes, models[i]!, 'filteredAttributes');
        if (tape.next(3) === 0) {
          e.remove();
          models[i]![GONE] = true;
        }
      });
      break;
    }
    case 3:
      if (type === 'gauge' || type === 'sum') editNumber(tape, p as NumberDataPoint, of);
      else if (type !== 'summary')
        editHistogram(tape, p as HistogramDataPoint & ExponentialHistogramDataPoint, of, type);
      break;
    default:
      editAttributes(tape, p.attributes, of);
  }
  expect(point(p)).toEqual(plainPoint(type, settled(of) as Plain));
}

function editNumber(tape: Tape, p: NumberDataPoint, of: Model): void {
  if (tape.next(2) === 0) {
    const value = tape.pick([0n, -(2n ** 63n), 2n ** 63n - 1n]);
    p.intValue = value;
    delete of.asDouble;
    of.asInt = String(value);
    return;
  }
  const value = tape.pick(DOUBLES);
  const stays = of.asInt !== undefined && Number.isSafeInteger(value);
  p.value = value;
  delete of.asInt;
  delete of.asDouble;
  if (stays) of.asInt = String(value);
  else of.asDouble = value;
}

function editHistogram(
  tape: Tape,
  p: HistogramDataPoint & ExponentialHistogramDataPoint,
  of: Model,
  type: string,
): void {
  const counts = tape.pick([[], [0n], [1n, 2n ** 64n - 1n, 300n]]);
  switch (tape.next(6)) {
    case 0:
      setTime(tape, p, of, 'count');
      return;
    case 1:
      setOptional(tape, p, of, tape.pick(['sum', 'min', 'max']));
      return;
  }
  if (type === 'histogram') {
    if (tape.next(2) === 0) {
      p.bucketCounts = counts;
      of.bucketCounts = counts.map(String);
    } else {
      p.explicitBounds = DOUBLES;
      of.explicitBounds = DOUBLES;
    }
    return;
  }
  switch (tape.next(4)) {
    case 0:
      of.scale = p.scale = tape.pick([0, -1, 20, -(2 ** 31), 2 ** 31 - 1]);
      return;
    case 1:
      setTime(tape, p, of, 'zeroCount');
      return;
    case 2:
      of.zeroThreshold = p.zeroThreshold = tape.pick(DOUBLES);
      return;
    default: {
      const half = tape.pick(['positive', 'negative'] as const);
      const offset = tape.pick([0, -5, 2 ** 31 - 1]);
      p[half] = tape.next(4) === 0 ? undefined : { offset, bucketCounts: counts };
      if (p[half] === undefined) delete of[half];
      else of[half] = { offset, bucketCounts: counts.map(String) };
    }
  }
}

/** The model without what was removed and without empty lists. */
export function settled(of: unknown): unknown {
  if (Array.isArray(of)) return of.filter((item) => !gone(item as Model)).map(settled);
  if (typeof of !== 'object' || of === null) return of;
  return Object.fromEntries(
    Object.entries(of)
      .map(([name, value]) => [name, settled(value)] as const)
      .filter(([, value]) => !Array.isArray(value) || value.length > 0),
  );
}

/** One traversal with random edits. */
export function editLogs(tape: Tape, batch: LogsBatch, model: Model): void {
  const holders = here(model.resourceLogs);
  let r = 0;
  for (const rl of batch.resourceLogs) {
    const holder = holders[r++]!;
    const scopes = here(holder.scopeLogs);
    let s = 0;
    for (const sl of rl.scopeLogs) {
      const scope = scopes[s++]!;
      const items = here(scope.logRecords);
      let i = 0;
      for (const record of sl.logRecords) {
        const item = items[i++]!;
        for (let n = tape.next(4); n > 0; n--) editRecord(tape, record, item);
        if (tape.next(5) === 0) editParents(tape, record.resource, record.scope, holder, scope);
        if (tape.next(6) === 0) drop(record, item);
        if (tape.next(6) === 0) drop(record, item);
      }
      if (tape.next(4) === 0) editParents(tape, rl.resource, sl.scope, holder, scope);
      if (tape.next(9) === 0) drop(sl, scope);
    }
    if (tape.next(9) === 0) drop(rl, holder);
  }
}

export function editTraces(tape: Tape, batch: TracesBatch, model: Model): void {
  const holders = here(model.resourceSpans);
  let r = 0;
  for (const rs of batch.resourceSpans) {
    const holder = holders[r++]!;
    const scopes = here(holder.scopeSpans);
    let s = 0;
    for (const ss of rs.scopeSpans) {
      const scope = scopes[s++]!;
      const items = here(scope.spans);
      let i = 0;
      for (const each of ss.spans) {
        const item = items[i++]!;
        for (let n = tape.next(4); n > 0; n--) editSpan(tape, each, item);
        if (tape.next(5) === 0) editParents(tape, each.resource, each.scope, holder, scope);
        if (tape.next(6) === 0) drop(each, item);
      }
      if (tape.next(9) === 0) drop(ss, scope);
    }
    if (tape.next(9) === 0) drop(rs, holder);
  }
}

export function editMetrics(tape: Tape, batch: MetricsBatch, model: Model): void {
  const holders = here(model.resourceMetrics);
  let r = 0;
  for (const rm of batch.resourceMetrics) {
    const holder = holders[r++]!;
    const scopes = here(holder.scopeMetrics);
    let s = 0;
    for (const sm of rm.scopeMetrics) {
      const scope = scopes[s++]!;
      const items = here(scope.metrics);
      let i = 0;
      for (const each of sm.metrics) {
        const item = items[i++]!;
        if (tape.next(2) === 0) editMetric(tape, each, item);
        if (tape.next(5) === 0) editParents(tape, each.resource, each.scope, holder, scope);
        if (tape.next(8) === 0) drop(each, item);
      }
      if (tape.next(9) === 0) drop(sm, scope);
    }
    if (tape.next(9) === 0) drop(rm, holder);
  }
}

function drop(message: { remove(): void }, of: Model): void {
  message.remove();
  of[GONE] = true;
}
