import { connect, type Socket } from 'node:net';
import { answer, options } from './child.js';
import { RequestTemplate } from './requests.js';

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

const { port, records } = options<{ port: number; records: number }>();
const template = new RequestTemplate(records);
let next = 0;

/** One client: it sends, and waits for the answer. */
class Lane {
  number = -1;
  private since = 0;
  private heard = '';
  readonly socket: Socket;

  constructor(answered: (lane: Lane, head: string, ms: number) => void, problem: (what: string) => void) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', (error) => problem(`the connection broke: ${error.message}`));
    this.socket.on('close', () => this.number >= 0 && problem('the connection was closed before the answer'));
    this.socket.on('data', (chunk) => {
      this.heard += chunk.toString('latin1');
      const end = this.heard.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(this.heard)?.[1] ?? 0);
      if (this.heard.length < end + 4 + length) return;
      const head = this.heard;
      this.heard = '';
      answered(this, head, performance.now() - this.since);
    });
  }

  send(): void {
    this.number = next++;
    this.since = performance.now();
    // A socket may keep what it cannot send yet, so that it needs bytes of its own.
    this.socket.write(Buffer.from(template.of(this.number)));
  }
}

async function run({ seconds, connections, rate }: Load): Promise<Sent> {
  const [accepted, acceptedMs, refusedMs]: number[][] = [[], [], []];
  const problems = new Set<string>();
  const idle: Lane[] = [];
  let isOver = false;
  const answered = (lane: Lane, head: string, ms: number): void => {
    const status = head.slice(9, 12);
    if (status === '200') {
      accepted!.push(lane.number);
      acceptedMs!.push(ms);
    } else {
      refusedMs!.push(ms);
      const isHonest = (status === '429' || status === '503') && /\r\nretry-after: \d+\r\n/i.test(head);
      if (!isHonest) problems.add(head.split('\r\n', 1)[0] as string);
    }
    lane.number = -1;
    if (rate === undefined && !isOver) lane.send();
    else idle.push(lane);
  };
  const lanes = Array.from({ length: connections }, () => new Lane(answered, (what) => void problems.add(what)));
  await Promise.all(lanes.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
  let [offered, unsent] = [0, 0];
  const start = performance.now();
  const past = (): number => (performance.now() - start) / 1000;
  if (rate === undefined) for (const lane of lanes) lane.send();
  else idle.push(...lanes);
  while (past() < seconds) {
    for (const due = Math.floor(past() * (rate ?? 0)); offered < due; offered++) {
      // In turn: a connection on which nothing comes for ten seconds is closed.
      const lane = idle.shift();
      if (lane === undefined) unsent++;
      else lane.send();
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  isOver = true;
  const took = past();
  const busy = (): Lane[] => lanes.filter(({ number }) => number >= 0);
  while (busy().length > 0 && past() < took + 15) await new Promise((resolve) => setTimeout(resolve, 20));
  const unanswered = busy().map(({ number }) => number);
  if (unanswered.length > 0) problems.add(`${unanswered.length} requests had no answer within 15 s`);
  for (const lane of lanes) {
    lane.number = -1;
    lane.socket.destroy();
  }
  return {
    ...{ seconds: took, unsent, unanswered, accepted: accepted!, problems: [...problems] },
    offered: rate === undefined ? accepted!.length + refusedMs!.length : offered,
    acceptedMs: Float64Array.from(acceptedMs!).sort(),
    refusedMs: Float64Array.from(refusedMs!).sort(),
  };
}

answer<Load>({}, run);
