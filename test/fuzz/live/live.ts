import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../campaign.js';
import { mutateBytes } from '../mutate.js';
import { mutateFields } from '../mutate-protobuf.js';
import { Random } from '../random.js';
import { requestSeeds } from '../seeds.js';
import { expectTrue } from '../target.js';
import { converse, converseH2, inPieces } from './converse.js';
import { GrpcCaller, grpcCall, honestCall } from './grpc-bodies.js';
import { h2Bytes } from './h2-frames.js';
import { readAnswers } from './http-answers.js';
import { httpBytes, type Payload } from './http-requests.js';
import type { Health } from './victim.js';

/** What the live requests of one kind came to. */
export interface LiveResult {
  readonly name: string;
  requests: number;
  answered: number;
  /** Connections that were closed without an answer. */
  cut: number;
  /** Batches that the victim's pipelines got meanwhile. */
  taken: number;
  peakRss: number;
  /** How often which status came, in one line. */
  statuses: string;
  readonly findings: Omit<Finding, 'target'>[];
}

/** Sends one hostile request; resolves with the statuses that came back. */
type Shot = (
  body: Payload,
  random: Random,
) => { readonly input: Buffer; readonly outcome: Promise<readonly (number | string)[]> };

/** Longer than every time-out of the victim. */
const patienceMs = 10_000;
const atOnce = 16;
const askEvery = 256;
/** More than a receiver of 1 MiB requests, with its libraries and their caches, has any use for. */
const rssLimit = 512 * 1024 * 1024;
/** What the gRPC door may say to a bad client: OK, INVALID_ARGUMENT, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL (only grpc-js, of a broken frame). */
const grpcStatuses: ReadonlySet<string> = new Set(['0', '3', '4', '8', '12', '13', 'HTTP 415', 'reset']);

/** Half of the requests to the HTTP door, a quarter as HTTP/2 frames and a quarter as gRPC bodies to the gRPC door, all of one process. */
export async function liveRuns(whole: number, seed: number, progress: (done: number) => void): Promise<LiveResult[]> {
  const victim = await Victim.start();
  const caller = new GrpcCaller(victim.last.grpc);
  const shots: [string, number, Shot][] = [
    ['http/1.1', 0.5, (body, random) => shootHttp(victim.last.http, body, random)],
    ['h2 frames', 0.25, (body, random) => shootFrames(victim.last.grpc, body, random)],
    ['grpc bodies', 0.25, (body, random) => shootCall(caller, body, random)],
  ];
  const results: LiveResult[] = [];
  let before = 0;
  for (const [name, share, shot] of shots) {
    const runs = Math.ceil(whole * share);
    results.push(await barrage(name, runs, new Random(seed), shot, victim, (done) => progress(before + done)));
    before += runs;
  }
  caller.close();
  victim.stop();
  return results;
}

async function barrage(
  name: string,
  runs: number,
  random: Random,
  shot: Shot,
  victim: Victim,
  progress: (done: number) => void,
): Promise<LiveResult> {
  const seeds = requestSeeds('logs', 'pb', random).filter(({ length }) => length < 4000);
  const json = requestSeeds('logs', 'json', random).filter(({ length }) => length < 4000);
  const result: LiveResult = {
    name,
    requests: 0,
    answered: 0,
    cut: 0,
    taken: 0,
    peakRss: 0,
    statuses: '',
    findings: [],
  };
  const statuses = new Map<number | string, number>();
  const takenBefore = victim.last.taken;
  const body = (): Payload => {
    const isJson = random.below(4) === 0;
    const seed = random.pick(isJson ? json : seeds);
    if (random.below(3) === 0) return { bytes: seed, isJson };
    const isFields = !isJson && random.below(2) === 0;
    return { bytes: isFields ? mutateFields('logs', seed, random) : mutateBytes(seed, seed, random), isJson };
  };
  const one = async () => {
    while (result.requests < runs && result.findings.length < 20) {
      const turn = ++result.requests;
      const { input, outcome } = shot(body(), random);
      try {
        const found = await outcome;
        if (found.length > 0) result.answered++;
        else result.cut++;
        for (const status of found) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      } catch (error) {
        result.findings.push({ input, what: error instanceof Error ? (error.stack ?? '') : String(error) });
      }
      if (turn % askEvery !== 0) continue;
      progress(turn);
      await expectHealthy(victim, result);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  let last = await expectHealthy(victim, result);
  // Node's HTTP/2 stops reading after a frame of a wrong size and does not notice that its client has gone: then the time-out of the request ends it.
  for (const until = Date.now() + patienceMs; last.inFlightBytes !== 0 && Date.now() < until; last = await victim.ask())
    await setTimeout(50);
  if (last.inFlightBytes !== 0)
    result.findings.push({ input: Buffer.alloc(0), what: `${last.inFlightBytes} bytes stay admitted` });
  result.taken = last.taken - takenBefore;
  result.statuses = [...statuses]
    .sort(([, a], [, b]) => b - a)
    .map(([status, count]) => `${status}: ${count}`)
    .join(', ');
  return result;
}

/** Whatever came before: memory is bounded, nothing failed inside, and an honest sender is served. */
async function expectHealthy(victim: Victim, result: LiveResult): Promise<Health> {
  const health = await victim.ask();
  result.peakRss = Math.max(result.peakRss, health.rss);
  for (const what of health.failures) result.findings.push({ input: Buffer.alloc(0), what });
  if (health.rss > rssLimit) result.findings.push({ input: Buffer.alloc(0), what: `${health.rss} bytes of memory` });
  const honest = 'POST /v1/logs HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
  const { bytes } = await converse(health.http, [Buffer.from(honest)]);
  if (!bytes.toString('latin1').startsWith('HTTP/1.1 200 ')) {
    result.findings.push({ input: Buffer.from(honest), what: 'an honest sender over HTTP is not served' });
  }
  const caller = new GrpcCaller(health.grpc);
  const status = await caller.call(honestCall);
  caller.close();
  if (status !== '0')
    result.findings.push({ input: honestCall.body, what: `an honest sender over gRPC is told ${status}` });
  return health;
}

const shootHttp = (port: number, body: Payload, random: Random): ReturnType<Shot> => {
  const input = httpBytes(body, random);
  const pieces = inPieces(input, [random.below(input.length), random.below(input.length)]);
  const outcome = converse(port, pieces).then(({ bytes, isHung }) => {
    expectTrue(!isHung, 'every connection comes to its end');
    return readAnswers(bytes, input.includes('HEAD'));
  });
  return { input, outcome };
};

const shootFrames = (port: number, body: Payload, random: Random): ReturnType<Shot> => {
  const input = h2Bytes(body.bytes, random);
  const pieces = inPieces(input, [random.below(input.length)]);
  const outcome = converseH2(port, pieces).then((end) => [end]);
  return { input, outcome };
};

const shootCall = (caller: GrpcCaller, body: Payload, random: Random): ReturnType<Shot> => {
  const call = grpcCall(body.bytes, random);
  const outcome = caller.call(call).then((status) => {
    expectTrue(grpcStatuses.has(status), `no call ends with ${status} (${JSON.stringify(call.headers)})`);
    return status === 'reset' ? [] : [status];
  });
  return { input: call.body, outcome };
};

/** The process that is shot at. */
class Victim {
  private readonly child: ChildProcess;
  private heard: (health: Health) => void = () => {};
  private gone: (error: Error) => void = () => {};
  last!: Health;

  private constructor(child: ChildProcess) {
    this.child = child;
    child.on('message', (health) => {
      this.last = health as Health;
      this.heard(this.last);
    });
    child.once('exit', (code, signal) => this.gone(new Error(`the receiver's process ended with ${signal ?? code}`)));
  }

  static async start(): Promise<Victim> {
    const child = fork(fileURLToPath(new URL('./victim.ts', import.meta.url)), {
      execArgv: ['--import', new URL('../typescript/register.mjs', import.meta.url).href, '--max-old-space-size=256'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const victim = new Victim(child);
    await victim.next();
    return victim;
  }

  ask(): Promise<Health> {
    const answer = this.next();
    this.child.send('how are you?', () => {});
    return answer;
  }

  stop(): void {
    this.gone = () => {};
    this.child.disconnect();
  }

  private next(): Promise<Health> {
    return new Promise((resolve, reject) => {
      this.heard = resolve;
      this.gone = reject;
    });
  }
}
