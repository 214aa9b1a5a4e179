import { answer, options } from './child.js';
import { GrpcLane, grpcRequests } from './grpc-lane.js';
import { HttpLane, httpRequests } from './http-lane.js';
import type { Lane, Listener } from './lane.js';
import { logsRequest } from './requests.js';

/** What the generator is asked to send. */
export interface Load {
  readonly seconds: number;
  readonly connections: number;
  /** Requests per second, sent on time whether or not others were answered; undefined: each connection sends the next when it has its answer. */
  readonly rate?: number;
}

/** What became of it. Latencies are in milliseconds, since the request was sent. */
export interface Sent {
  readonly seconds: number;
  /** Requests that were due. */
  readonly offered: number;
  /** Those that found all connections waiting for an answer, and were not sent. */
  readonly unsent: number;
  /** Numbers of the requests that were answered with 200, and of those that were sent and not answered. */
  readonly accepted: readonly number[];
  readonly unanswered: readonly number[];
  readonly acceptedMs: Float64Array;
  readonly refusedMs: Float64Array;
  /** Answers that are no honest refusal: their first lines, each once. */
  readonly problems: readonly string[];
}

const { port, records, door } = options<{ port: number; records: number; door: 'http' | 'grpc' }>();
const body = logsRequest(records);
const requests = door === 'grpc' ? grpcRequests(body) : httpRequests(body);
const lane = (listener: Listener): Lane =>
  door === 'grpc' ? new GrpcLane(port, requests, listener) : new HttpLane(port, requests, listener);
let next = 0;

async function run({ seconds, connections, rate }: Load): Promise<Sent> {
  const [accepted, acceptedMs, refusedMs]: number[][] = [[], [], []];
  const problems = new Set<string>();
  const idle: Lane[] = [];
  let isOver = false;
  const listener: Listener = {
    answered(of, what, ms) {
      if (what === 'accepted') {
        accepted!.push(of.number);
        acceptedMs!.push(ms);
      } else {
        refusedMs!.push(ms);
        if (what !== 'refused') problems.add(what.problem);
      }
      of.number = -1;
      if (rate === undefined && !isOver) of.send(next++);
      else idle.push(of);
    },
    problem: (what) => void problems.add(what),
  };
  const lanes = Array.from({ length: connections }, () => lane(listener));
  await Promise.all(lanes.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
  let [offered, unsent] = [0, 0];
  const start = performance.now();
  const past = (): number => (performance.now() - start) / 1000;
  if (rate === undefined) for (const each of lanes) each.send(next++);
  else idle.push(...lanes);
  while (past() < seconds) {
    for (const due = Math.floor(past() * (rate ?? 0)); offered < due; offered++) {
      // In turn: a connection on which nothing comes for ten seconds is closed.
      const free = idle.shift();
      if (free === undefined) unsent++;
      else free.send(next++);
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  isOver = true;
  const took = past();
  const busy = (): Lane[] => lanes.filter(({ number }) => number >= 0);
  while (busy().length > 0 && past() < took + 15) await new Promise((resolve) => setTimeout(resolve, 20));
  const unanswered = busy().map(({ number }) => number);
  if (unanswered.length > 0) problems.add(`${unanswered.length} requests had no answer within 15 s`);
  for (const each of lanes) {
    each.number = -1;
    each.socket.destroy();
  }
  return {
    ...{ seconds: took, unsent, unanswered, accepted: accepted!, problems: [...problems] },
    offered: rate === undefined ? accepted!.length + refusedMs!.length : offered,
    acceptedMs: Float64Array.from(acceptedMs!).sort(),
    refusedMs: Float64Array.from(refusedMs!).sort(),
  };
}

answer<Load>({}, run);
