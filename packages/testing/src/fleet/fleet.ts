import { AgentProcess, type CollectedPoint, type Developer } from './agent-process.js';
import type { Counter, Numbers } from './counter.js';
import { Exact } from './exact.js';
import { type Random, random } from './random.js';
import { type ProcessPlan, planProcesses } from './schedule.js';
import { addTo, type Labels, type SeriesTotals } from './series.js';

/** What a simulated fleet looks like; everything has a default. */
export interface FleetOptions {
  /** The same seed and options give the same requests, byte by byte. Default 1. */
  readonly seed?: number;
  /** Default 3. */
  readonly users?: number;
  /** Sessions of each user. Default 4. */
  readonly sessions?: number;
  /** Milliseconds since 1970 at which the day begins. Default 2026-01-15 00:00 UTC. */
  readonly startAt?: number;
  /** Length of the day in milliseconds. Default 24 hours. */
  readonly duration?: number;
  /** What clients were told; `mixed` draws it for each process. Default `delta`, as Claude Code does. */
  readonly temporality?: 'delta' | 'cumulative' | 'mixed';
  /** Default `double`, as Claude Code counts. */
  readonly numbers?: Numbers;
  /** Milliseconds between two exports of a process, drawn from this range. Default 10 to 60 seconds. */
  readonly exportInterval?: readonly [shortest: number, longest: number];
}

/** One export request of one process. */
export interface FleetRequest {
  /** Position in the order of time, from 0. */
  readonly index: number;
  /** Milliseconds since 1970 at which it was sent. */
  readonly at: number;
  /** Number of the process; a process waits for an answer before it sends its next request. */
  readonly process: number;
  readonly temporality: 'delta' | 'cumulative';
  /** OTLP protobuf, a body of `POST /v1/metrics`. Do not write to it. */
  readonly bytes: Buffer;
}

/** A fleet's day: what it sends, and what that adds up to. */
export interface Fleet {
  /** In order of time. */
  readonly requests: readonly FleetRequest[];
  /**
   * What was sent, summed per metric and attributes (the resource's included), without any rounding. It comes from the counters,
   * not from the requests. What a crashed process had counted but never sent is not in it: nobody can know it.
   */
  readonly truth: SeriesTotals;
  readonly startAt: number;
  /** Milliseconds since 1970; nothing is sent later. */
  readonly endAt: number;
  readonly processes: number;
  readonly points: number;
}

/**
 * Simulates a day of people who work with coding agents: sessions that start, stop, crash and are resumed under their old
 * `session.id`, run side by side, idle, use subagents, or live for one `-p` request and export once. Metrics have the shape of
 * Claude Code's.
 */
export function simulateFleet(options: FleetOptions = {}): Fleet {
  const { seed = 1, users = 3, sessions = 4, numbers = 'double', temporality = 'delta' } = options;
  const { startAt = Date.UTC(2026, 0, 15), duration = 86_400_000, exportInterval = [10_000, 60_000] } = options;
  const source = random(seed);
  const sent: Omit<FleetRequest, 'index'>[] = [];
  const truth: SeriesTotals = new Map();
  let processes = 0;
  let points = 0;
  for (let user = 0; user < users; user++) {
    const own = source.fork();
    const developer = newDeveloper(user, own);
    for (let session = 0; session < sessions; session++) {
      const sessionId = own.uuid();
      for (const plan of planProcesses(own, startAt, duration)) {
        const process = processes++;
        const drawn = temporality === 'mixed' ? own.pick(['delta', 'cumulative'] as const) : temporality;
        const settings = { temporality: drawn, numbers, version: '2.1.330' };
        const interval = own.between(...exportInterval);
        const agent = new AgentProcess(developer, sessionId, settings);
        const last = new Map<Counter, Exact>();
        for (const { at, bytes, collected } of run(agent, plan, interval, own)) {
          sent.push({ at, process, temporality: drawn, bytes });
          points += collected.length;
          for (const { counter, value } of collected) {
            const known = last.get(counter);
            if (drawn === 'cumulative' || known === undefined) last.set(counter, Exact.of(value));
            else known.add(value);
          }
        }
        for (const [counter, sum] of last) addTo(truth, counter.metric, labels(agent, counter), sum);
      }
    }
  }
  const requests = sent.sort((a, b) => a.at - b.at || a.process - b.process).map((each, index) => ({ ...each, index }));
  return { requests, truth, startAt, endAt: startAt + duration, processes, points };
}

function labels(agent: AgentProcess, counter: Counter): Labels {
  const all = Object.entries({ ...agent.resourceAttributes, ...counter.attributes });
  return Object.fromEntries(all.map(([name, value]) => [name, String(value)]));
}

function newDeveloper(index: number, source: Random): Developer {
  return {
    userId: source.hex(64),
    accountUuid: source.uuid(),
    email: `developer-${index}@example.com`,
    team: `team-${index % 5}`,
    organizationId: '00000000-0000-4000-8000-00000000000f',
    terminal: source.pick(['iTerm.app', 'vscode', 'tmux', 'non-interactive']),
  };
}

interface Export {
  readonly at: number;
  readonly bytes: Buffer;
  readonly collected: readonly CollectedPoint[];
}

/** Lets a process live: it counts when it works, exports on its timer, and at its end unless it crashes. */
function* run(agent: AgentProcess, plan: ProcessPlan, interval: number, source: Random): Generator<Export> {
  let nextExport = plan.startAt + interval;
  const exported = (at: number): Export[] => {
    const request = agent.collect(at);
    return request === undefined ? [] : [{ at, bytes: request.bytes, collected: request.points }];
  };
  if (plan.kind !== 'print') agent.started(plan.kind === 'resumed' ? 'resume' : 'fresh', plan.startAt);
  for (const { at, kind } of plan.work) {
    for (; nextExport <= at; nextExport += interval) yield* exported(nextExport);
    if (kind === 'subagent') agent.modelCall('subagent', 'claude-haiku-4-5-20251001', source, at);
    else if (kind === 'edit') agent.edit(plan.model, source, at);
    else if (kind === 'type') agent.active('user', source.between(1, 40_000) / 1000, at);
    else agent.modelCall('main', plan.model, source, at);
    if (kind !== 'type') agent.active('cli', source.between(200, 30_000) / 1000, at);
  }
  for (; nextExport < plan.endAt; nextExport += interval) yield* exported(nextExport);
  if (!plan.crashes) yield* exported(plan.endAt);
}
