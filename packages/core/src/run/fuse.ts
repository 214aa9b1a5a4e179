import type { Hooks, ProcessorStage } from '../component.js';
import type { Consume } from '../consume.js';
import { PipelineError } from '../error.js';
import type { Flow } from '../flow.js';
import type { AnyBatch, Signal, Signals } from '../signal.js';
import type { Account } from './account.js';
import { accountOf } from './account-of.js';
import { markAccounted } from './accounted.js';
import { Face, rootOf } from './face.js';
import { Progress, walker } from './walk.js';

/** A processor's hooks and the account of the component that they belong to. */
export interface HookPart {
  readonly hooks: Hooks;
  readonly account: Account | undefined;
}

const settled: Promise<void> = Promise.resolve();

/** The stage of a processor that has only hooks. */
export function hookStage<S extends Signal>(signal: S, hooks: Hooks): ProcessorStage<S> {
  return markAccounted((next, host) => ({ consume: fuse(signal, [{ hooks, account: accountOf(host) }], next) }));
}

/** Whether `after` may run in the traversal of `before`: its resource hook must not run ahead of their item hooks. */
export function fusible(before: readonly Hooks[], after: Hooks): boolean {
  return after.resource === undefined || before.every((hooks) => !hasItemHook(hooks));
}

function hasItemHook(hooks: Hooks): boolean {
  return (hooks.logRecord ?? hooks.dataPoint ?? hooks.span) !== undefined;
}

/** Runs the hooks of neighbouring processors in one traversal of the batch, each under its own account. */
export function fuse<S extends Signal>(
  signal: S,
  parts: readonly HookPart[],
  next: Consume<Signals[S]>,
): Consume<Signals[S]> {
  const walk = walker(
    signal,
    parts.map(({ hooks }) => hooks),
  );
  return (batch: AnyBatch, flow: Flow) => {
    const count = batch.count;
    const faces = open(parts, flow, count);
    const progress = new Progress(faces);
    const timed = parts[0]?.account?.timer !== undefined;
    const since = timed ? performance.now() : 0;
    try {
      walk(batch, progress);
    } catch (thrown) {
      const error = PipelineError.from(thrown);
      accountForFailure(parts, faces, progress, count, error.code);
      return Promise.reject(error);
    }
    // Neighbours share their traversal, and each tells of all of it.
    if (timed) for (const { account } of parts) account?.timed(since);
    const left = accountForSuccess(parts, faces, progress.removed, count);
    if (left < count) {
      if (left === 0) return settled;
      batch.prune();
    }
    // The batch is of `signal`, as is `next`; the walker was chosen by it.
    return next(batch as never, faces[faces.length - 1] ?? flow);
  };
}

function open(parts: readonly HookPart[], flow: Flow, count: number): readonly Flow[] {
  const root = rootOf(flow);
  const faces: Flow[] = [];
  for (const { account } of parts) faces.push(account === undefined ? flow : new Face(root, account, count));
  for (const { account } of parts) {
    // How many items reach the later ones is only known afterwards.
    if (account !== undefined && !account.closed) account.held += count;
  }
  return faces;
}

function accountForSuccess(
  parts: readonly HookPart[],
  faces: readonly Flow[],
  removed: readonly number[],
  count: number,
): number {
  let reached = count;
  for (let i = 0; i < parts.length; i++) {
    const passed = reached - removed[i]!;
    const account = parts[i]!.account;
    if (account !== undefined) {
      reach(account, faces[i] as Face, count, reached);
      account.pass(faces[i] as Face, passed);
    }
    reached = passed;
  }
  return reached;
}

// The batch is refused by the processor that threw. Items that later ones had already dropped count as passed on to them.
function accountForFailure(
  parts: readonly HookPart[],
  faces: readonly Flow[],
  progress: Progress,
  count: number,
  code: string,
): void {
  const { removed, at } = progress;
  let passedOn = 0;
  for (let i = parts.length - 1; i > at; i--) {
    const account = parts[i]!.account;
    const face = faces[i] as Face;
    const gone = Math.max(removed[i]!, account === undefined ? 0 : count - face.left);
    if (account !== undefined) {
      reach(account, face, count, gone + passedOn);
      account.pass(face, passedOn);
    }
    passedOn += gone;
  }
  let reached = count;
  for (let i = 0; i < at; i++) {
    const account = parts[i]!.account;
    if (account !== undefined) {
      reach(account, faces[i] as Face, count, reached);
      account.pass(faces[i] as Face, reached - removed[i]!);
    }
    reached -= removed[i]!;
  }
  const account = parts[at]?.account;
  if (account === undefined) return;
  const face = faces[at] as Face;
  reach(account, face, count, reached);
  if (passedOn > 0) account.emit(face, passedOn);
  account.fail(face, code);
}

/** Corrects what `open` assumed, now that it is known how many items reached the component. */
function reach(account: Account, face: Face, assumed: number, reached: number): void {
  if (account.closed) return;
  account.in += reached;
  account.held -= assumed - reached;
  face.left -= assumed - reached;
}
