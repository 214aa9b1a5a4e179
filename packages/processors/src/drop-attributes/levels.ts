import type { StateEntries, Stateful, StateWriter } from '@otelier/core';
import {
  type DataPoint,
  type KeySet,
  MetricFields,
  MetricsBatch,
  type NumberDataPoint,
  PointFields,
  StreamTable,
} from '@otelier/otlp';
import { plus, rest, sum } from '../distribution/compensated.js';
import { high, low, ofDouble } from '../distribution/words.js';
import type { Outcomes } from '../series-state/outcomes.js';
import { cleanExemplars } from './exemplars.js';
import { identityWithout } from './merging.js';
import type { RemovalSettings } from './options.js';
import { type Item, SlotMap } from './slot-map.js';

const CUMULATIVE = 2;
const DOUBLE = 1;
const MILLISECOND = 1_000_000n;
const MEMBER = 1;
const GROUP = 0;

/** One series as it came, and what it said last. */
interface Member extends Item {
  value: number | bigint;
  time: bigint;
  /** When it said so, in milliseconds. */
  seen: number;
  group: number;
}

/** What members become together: the sum of what each said last. */
interface Group extends Item {
  ints: bigint;
  doubles: number;
  /** What rounding kept back of `doubles`. */
  rest: number;
  doubleMembers: number;
  members: number;
  start: bigint;
  time: bigint;
  seen: number;
}

/**
 * Cumulative sums that may fall, such as a number of open connections: what they become together is the sum of what each said last. One
 * that ends ("no recorded value"), begins anew or is silent for long leaves, and what it said goes with it.
 */
export class Levels implements Stateful {
  declare private readonly keys: KeySet;
  declare private readonly settings: RemovalSettings;
  declare private readonly outcomes: Outcomes;
  declare private readonly maxStale: number;
  declare private readonly maxStreams: number;
  declare private readonly memberTable: StreamTable;
  declare private readonly groupTable: StreamTable;
  declare private readonly members: SlotMap<Member>;
  declare private readonly groups: SlotMap<Group>;
  declare private readonly metric: MetricFields;
  declare private readonly fields: PointFields;
  /** The point of the batch that stands for each group. */
  declare private readonly shown: Map<number, DataPoint>;
  declare private sweptAt: number;

  constructor(keys: KeySet, settings: RemovalSettings, outcomes: Outcomes) {
    this.keys = keys;
    this.settings = settings;
    this.outcomes = outcomes;
    this.maxStale = settings.cumulative.maxStale;
    this.maxStreams = settings.cumulative.maxStreams;
    this.memberTable = new StreamTable();
    this.groupTable = new StreamTable(identityWithout(keys, settings));
    this.members = new SlotMap(this.memberTable, MEMBER, encodeMember);
    this.groups = new SlotMap(this.groupTable, GROUP, encodeGroup);
    this.metric = new MetricFields();
    this.fields = new PointFields();
    this.shown = new Map();
    this.sweptAt = 0;
  }

  /** Leaves one point per group in the batch, whose bytes must be its own. */
  merge(batch: MetricsBatch, now: number): void {
    this.sweep(now);
    for (const metric of batch.metrics()) {
      const { type, temporality, monotonic } = this.metric.read(metric);
      if (type !== 'sum' || temporality !== CUMULATIVE || monotonic) continue;
      for (const point of metric.numberPoints) this.take(point, now);
    }
    for (const [slot, point] of this.shown) this.show(slot, point as NumberDataPoint);
    this.shown.clear();
    this.memberTable.forgetBatch();
    this.groupTable.forgetBatch();
  }

  restore(entries: StateEntries): void {
    for (const [key, value] of entries) {
      const { kind, uid, request, fields } = SlotMap.read(key, value);
      for (const point of new MetricsBatch(request).points()) {
        const slot = this.groupTable.slot(point);
        if (kind === GROUP) this.groups.restore(slot, decodeGroup(uid, fields));
        else {
          const member = decodeMember(uid, fields, slot);
          this.members.restore(this.memberTable.slot(point), member);
          this.count(this.groups.get(slot) ?? this.openAgain(slot, member), member.value, 1);
        }
      }
    }
    this.memberTable.forgetBatch();
    this.groupTable.forgetBatch();
  }

  save(to: StateWriter | undefined): void {
    this.groups.save(to);
    this.members.save(to);
  }

  undo(): void {
    this.groups.undo();
    this.members.undo();
    this.shown.clear();
    this.sweptAt = 0;
  }

  snapshot(to: StateWriter): void {
    this.groups.snapshot(to);
    this.members.snapshot(to);
  }

  private take(point: NumberDataPoint, now: number): void {
    const { outcomes, members } = this;
    const slot = this.memberTable.slot(point);
    const isNew = this.memberTable.isNew;
    const known = members.get(slot);
    const why = this.whyNot(point, known);
    if (why !== undefined || (known === undefined && members.size >= this.maxStreams)) {
      if (isNew) this.memberTable.delete(slot);
      if (why === undefined) outcomes.refuse(point);
      else outcomes.drop(point, why);
      return;
    }
    const groupSlot = this.groupTable.slot(point);
    const group = this.groups.get(groupSlot) === undefined ? this.open(groupSlot, point) : this.groups.touch(groupSlot);
    group.seen = now;
    if (known !== undefined) this.count(group, known.value, -1);
    if (point.noRecordedValue) members.delete(slot);
    else {
      const value = point.isInt ? point.intValue : point.value;
      const said = { uid: 0, value, time: point.timeUnixNano, seen: now, group: groupSlot };
      if (known === undefined) members.add(slot, said);
      else Object.assign(members.touch(slot), { ...said, uid: known.uid });
      this.count(group, value, 1);
    }
    const time = point.timeUnixNano;
    if (!this.shown.has(groupSlot)) this.shown.set(groupSlot, point);
    else {
      const first = this.shown.get(groupSlot)!;
      if (first.timeUnixNano < time) first.timeUnixNano = time;
      outcomes.drop(point, 'merged');
    }
  }

  private whyNot(point: NumberDataPoint, known: Member | undefined): string | undefined {
    if (point.noRecordedValue) return known === undefined ? 'no_recorded_value' : undefined;
    if (!point.hasValue) return 'no_recorded_value';
    if (!point.isInt && !Number.isFinite(point.value)) return 'not_a_number';
    if (known === undefined || point.timeUnixNano > known.time) return undefined;
    if (point.timeUnixNano < known.time) return 'out_of_order';
    return known.value === (point.isInt ? point.intValue : point.value) ? 'duplicate' : 'conflict';
  }

  private open(slot: number, point: DataPoint): Group {
    const { startTimeUnixNano: start, timeUnixNano: time } = point;
    // Unknown, or not before the point: a series that starts with its first point would say nothing.
    const since = start > 0n && start < time ? start : time > MILLISECOND ? time - MILLISECOND : 1n;
    const none = { ints: 0n, doubles: 0, rest: 0, doubleMembers: 0, members: 0 };
    return this.groups.add(slot, { uid: 0, ...none, start: since, time: since, seen: 0 });
  }

  /** The group of a member that is known where what was kept of the group is damaged. */
  private openAgain(slot: number, { time, seen }: Member): Group {
    const none = { ints: 0n, doubles: 0, rest: 0, doubleMembers: 0, members: 0 };
    return this.groups.add(slot, { uid: 0, ...none, start: time > MILLISECOND ? time - MILLISECOND : 1n, time, seen });
  }

  private count(group: Group, value: number | bigint, by: 1 | -1): void {
    group.members += by;
    if (typeof value === 'bigint') {
      group.ints += by === 1 ? value : -value;
      return;
    }
    group.doubleMembers += by;
    plus(group.doubles, group.rest, by * value);
    group.doubles = group.doubleMembers === 0 ? 0 : sum;
    group.rest = group.doubleMembers === 0 ? 0 : rest;
  }

  private show(slot: number, point: NumberDataPoint): void {
    const group = this.groups.touch(slot);
    const { keys } = this;
    cleanExemplars(point, keys, this.settings.exemplarAttributes === 'keep');
    point.attributes.delete(keys);
    if (point.timeUnixNano <= group.time) point.timeUnixNano = group.time + MILLISECOND;
    point.startTimeUnixNano = group.start;
    group.time = point.timeUnixNano;
    if (group.members === 0) {
      // All have ended, and so has what they were together.
      if (!point.noRecordedValue) point.flags |= 1;
      return;
    }
    if (point.noRecordedValue) point.flags &= ~1;
    if (group.doubleMembers === 0 && BigInt.asIntN(64, group.ints) === group.ints) point.intValue = group.ints;
    else {
      plus(group.doubles, group.rest, Number(group.ints));
      ofDouble(sum);
      const value = this.fields.read(point);
      value.setValue(point, DOUBLE, low, high);
    }
  }

  /** Lets those leave that have been silent for long. */
  private sweep(now: number): void {
    if (now - this.sweptAt < this.maxStale / 8) return;
    this.sweptAt = now;
    for (const [slot, { seen, group, value }] of this.members) {
      if (now - seen <= this.maxStale) continue;
      this.outcomes.note('stale');
      this.members.delete(slot);
      this.count(this.groups.touch(group), value, -1);
    }
    for (const [slot, { seen, members }] of this.groups)
      if (members === 0 && now - seen > this.maxStale) this.groups.delete(slot);
  }
}

function encodeMember({ value, time, seen }: Member): Buffer {
  const b = Buffer.alloc(25);
  if (typeof value === 'bigint') b.writeBigInt64LE(value, 1);
  else {
    b[0] = DOUBLE;
    b.writeDoubleLE(value, 1);
  }
  b.writeBigUInt64LE(time, 9);
  b.writeDoubleLE(seen, 17);
  return b;
}

function decodeMember(uid: number, b: Buffer, group: number): Member {
  const value = b[0] === DOUBLE ? b.readDoubleLE(1) : b.readBigInt64LE(1);
  return { uid, value, time: b.readBigUInt64LE(9), seen: b.readDoubleLE(17), group };
}

function encodeGroup({ start, time, seen }: Group): Buffer {
  const b = Buffer.alloc(24);
  b.writeBigUInt64LE(start, 0);
  b.writeBigUInt64LE(time, 8);
  b.writeDoubleLE(seen, 16);
  return b;
}

/** Its members bring the rest. */
function decodeGroup(uid: number, b: Buffer): Group {
  const none = { ints: 0n, doubles: 0, rest: 0, doubleMembers: 0, members: 0 };
  return { uid, ...none, start: b.readBigUInt64LE(0), time: b.readBigUInt64LE(8), seen: b.readDoubleLE(16) };
}
