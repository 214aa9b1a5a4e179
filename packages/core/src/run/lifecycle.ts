import { PipelineError } from '../error.js';
import type { Clock } from '../host.js';
import { within } from '../observe/clock.js';
import { untraced } from '../observe/open-telemetry.js';
import type { Graph } from './graph.js';
import type { Node } from './node.js';
import type { RunningSource } from './running-source.js';

// Closing files and sockets takes a moment even when the deadline for delivering is past.
const closingMs = 1000;

/** Starts exporters, then processors: from the end of the stream to its beginning. The first failure closes what was started. */
export async function startNodes(graph: Graph, onStarted: (id: string) => void): Promise<void> {
  const started: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    started.unshift(node);
    try {
      // Sending that goes on in the background begins here.
      await (node.component.kind === 'exporter' ? untraced(() => node.stage?.start?.()) : node.stage?.start?.());
    } catch (error) {
      await closeNodes(started);
      throw startError(node.id, error);
    }
    onStarted(node.id);
  }
}

/** Starts receivers, again after each failure that `makeRoom` has seen to; the first other failure stops those that were started. */
export async function startSources(
  sources: readonly RunningSource[],
  onStarted: (id: string) => void,
  makeRoom: (error: unknown) => Promise<boolean> = async () => false,
): Promise<void> {
  const start = async (source: RunningSource): Promise<void> => {
    try {
      await source.start();
    } catch (error) {
      if (!(await makeRoom(error))) throw error;
      await start(source);
    }
  };
  for (const [index, source] of sources.entries()) {
    try {
      await start(source);
    } catch (error) {
      await stopSources(sources.slice(0, index));
      await closeSources(sources.slice(0, index));
      throw startError(source.id, error);
    }
    onStarted(source.id);
  }
}

/** When draining has to be over; a second, more hurried request moves it forward. */
export class Deadline {
  readonly #clock: Clock;
  #at: number;
  #hurry: (() => void) | undefined;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#at = clock.now() + ms;
  }

  get leftMs(): number {
    return Math.max(this.#at - this.#clock.now(), 0);
  }

  /** Moves the deadline forward, never back. */
  within(ms: number): void {
    const at = this.#clock.now() + ms;
    if (at >= this.#at) return;
    this.#at = at;
    this.#hurry?.();
  }

  /** Waits for `work`, but not past the deadline. */
  async race(work: Promise<unknown>): Promise<'done' | 'late'> {
    for (;;) {
      const hurried = new Promise<void>((resolve) => {
        this.#hurry = resolve;
      });
      let first = 'hurried';
      const settled = work.then(
        () => (first = 'done'),
        () => (first = 'done'),
      );
      const outcome = await within(Promise.race([settled, hurried]), this.leftMs, this.#clock);
      if (outcome === 'late' || first === 'done') return first === 'done' ? 'done' : 'late';
    }
  }
}

/**
 * Empties and closes a graph: flushes its stages in stream order until nothing is in flight, gives back what is left at the deadline, and
 * closes everything in stream order. Resolves with the number of items given back and the failures on the way.
 */
export async function drainGraph(
  graph: Graph,
  sources: readonly RunningSource[],
  deadline: Deadline,
  clock: Clock,
): Promise<{ readonly abandoned: number; readonly errors: readonly string[] }> {
  const errors: string[] = [];
  const failed = (id: string, error: unknown): void => void errors.push(`${id}: ${message(error)}`);
  await deadline.race(stopSources(sources, failed));
  const flushed = graph.nodes.map((node) => node.drain().catch((error: unknown) => failed(node.id, error)));
  await deadline.race(settle(graph, flushed));
  const late = new PipelineError('unavailable', 'the collector stopped before this batch was delivered');
  let abandoned = 0;
  if (graph.traffic.inFlight > 0 || deadline.leftMs === 0) {
    for (const { account } of graph.nodes) abandoned += account.giveUp(late.code);
  }
  graph.traffic.giveUp(late);
  const closing = deadline.leftMs < closingMs ? new Deadline(clock, closingMs) : deadline;
  await closing.race(closeSources(sources, failed));
  await closeNodes(graph.nodes, failed, closing);
  for (const { account } of graph.nodes) abandoned += account.giveUp(late.code);
  return { abandoned, errors };
}

async function settle(graph: Graph, flushed: readonly Promise<void>[]): Promise<void> {
  await Promise.all(flushed);
  await graph.traffic.idle();
  // What arrived while others were flushing has started flushes of its own.
  await Promise.all(graph.nodes.map((node) => node.flushed.catch(() => {})));
  // What has waited in an exporter, or come out of a processor at its end, may have reached a queue inside only now.
  const holders = graph.nodes.filter(
    ({ component, account }) => component.kind === 'exporter' || account.inner.length > 0,
  );
  await Promise.all(holders.map((node) => node.drain().catch(() => {})));
}

type Failed = (id: string, error: unknown) => void;

async function stopSources(sources: readonly RunningSource[], failed: Failed = () => {}): Promise<void> {
  await Promise.all(sources.map(({ id, running }) => attempt(id, () => running?.stop(), failed)));
}

async function closeSources(sources: readonly RunningSource[], failed: Failed = () => {}): Promise<void> {
  await Promise.all(sources.map(({ id, running }) => attempt(id, () => running?.close(), failed)));
}

async function closeNodes(nodes: readonly Node[], failed: Failed = () => {}, deadline?: Deadline): Promise<void> {
  for (const { id, stage } of nodes) {
    const closing = attempt(id, () => stage?.close?.(), failed);
    if (deadline === undefined) await closing;
    else if ((await deadline.race(closing)) === 'late') failed(id, new Error('still closing at the deadline'));
  }
}

async function attempt(id: string, run: () => Promise<void> | undefined, failed: Failed): Promise<void> {
  try {
    await run();
  } catch (error) {
    failed(id, error);
  }
}

function startError(id: string, error: unknown): PipelineError {
  const { code } = PipelineError.from(error);
  return new PipelineError(code, `${id} did not start: ${message(error)}`, { cause: error });
}

// Starting and closing touch no telemetry, so the message of a foreign error is safe to tell.
function message(error: unknown): string {
  return error instanceof Error ? error.message.replace(/^\[[a-z-]+\] /, '') : typeof error;
}
