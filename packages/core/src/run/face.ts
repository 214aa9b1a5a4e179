import type { Flow, Peer, RequestFlow } from '../flow.js';
import type { StateChange, StateStore } from '../store/state-store.js';
import type { Account } from './account.js';

const neverAborts: AbortSignal = new AbortController().signal;

/** One component's view of a flow: what it drops, refuses and adds is counted in its account. One per component and batch. */
export class Face implements Flow {
  declare readonly root: Root;
  declare account: Account | undefined;
  /** Items that came by this flow and that nobody has accounted for yet. */
  declare left: number;
  /** Items that came by this flow. */
  declare readonly size: number;
  /** The flows whose batches were merged into the one that travels by this flow. */
  declare readonly from: readonly Face[] | undefined;

  constructor(root: Root | undefined, account: Account | undefined, size: number, from?: readonly Face[]) {
    this.root = root ?? (this as unknown as Root);
    this.account = account;
    this.left = size;
    this.size = size;
    this.from = from;
  }

  get signal(): AbortSignal {
    return this.root.signal;
  }

  get peer(): Peer | undefined {
    return this.root.peer;
  }

  refuse(count: number, reason: string): void {
    this.account?.refuse(this, count, reason);
    this.root.tell(count, reason);
  }

  drop(count: number, reason: string): void {
    this.account?.drop(this, count, reason);
  }

  add(count: number, reason: string): void {
    this.account?.add(this, count, reason);
  }
}

/**
 * The right to take a batch over from an outbox: in the same commit in which a component keeps the batch, the outbox's record goes, or (beside
 * other targets, which may not have it yet) a mark is left that this one has it.
 */
export interface Ticket {
  /** The outbox's store; undefined when it is in memory. */
  readonly store: StateStore | undefined;
  /** Those that get the whole batch. */
  readonly targets: readonly Account[];
  /** Ids of targets that have taken it over. */
  readonly taken: Set<string>;
  /** What has to happen in the outbox's store when the target of this id takes it over. */
  change(id: string): StateChange;
}

/** Where a root flow takes its signal and its peer from. */
export interface Origin {
  readonly signal?: AbortSignal | undefined;
  readonly peer?: Peer | undefined;
}

/** Hears of refused items beside a flow that was made from it. */
type Parent = { refuse(count: number, reason: string): void } | Root;

// Reasons name kinds of mistakes; a sender gains nothing from more than a handful.
const maxToldReasons = 8;

/** The flow of a request, or of a batch that a component made: what is refused on the way is told to whoever reads it. */
export class Root extends Face implements RequestFlow {
  declare refused: number;
  declare private reasons: Map<string, number> | undefined;
  declare private readonly origin: Origin | undefined;
  declare private readonly parent: Parent | undefined;
  /** The pass through a pipeline's stateful section that this flow was made for. */
  declare pass: object | undefined;
  /** Of a batch in an outbox that its targets may take over from there. */
  declare ticket: Ticket | undefined;

  constructor(origin?: Origin, account?: Account, from?: readonly Face[], parent?: Parent) {
    super(undefined, account, 0, from);
    this.refused = 0;
    this.reasons = undefined;
    this.origin = origin;
    this.parent = parent;
    this.pass = undefined;
    this.ticket = undefined;
  }

  // An origin may make its signal when it is asked for one, which costs as much as the rest of a flow together.
  override get signal(): AbortSignal {
    return this.origin?.signal ?? neverAborts;
  }

  override get peer(): Peer | undefined {
    return this.origin?.peer;
  }

  get refusal(): string {
    if (this.reasons === undefined) return '';
    return [...this.reasons].map(([reason, count]) => `${reason} (${count})`).join('; ');
  }

  /** The latest pass that what travels by this flow, or one of its origins, belongs to. */
  passOf(): object | undefined {
    if (this.pass !== undefined) return this.pass;
    const inherited = this.parent instanceof Root ? this.parent.passOf() : undefined;
    if (inherited !== undefined || this.from === undefined) return inherited;
    for (const { root } of this.from) {
      const pass = root === this ? undefined : root.passOf();
      if (pass !== undefined) return pass;
    }
    return undefined;
  }

  /** Notes refused items for the sender, without counting them in an account. */
  tell(count: number, reason: string): void {
    this.refused += count;
    this.reasons ??= new Map();
    const known = this.reasons.get(reason);
    if (known !== undefined || this.reasons.size < maxToldReasons) this.reasons.set(reason, (known ?? 0) + count);
    if (this.parent instanceof Root) this.parent.tell(count, reason);
    else this.parent?.refuse(count, reason);
    if (this.from !== undefined) tellSenders(this.from, count, reason);
  }
}

// Who of the merged senders sent the refused items is not known; together they hear of exactly as many as were refused.
function tellSenders(from: readonly Face[], count: number, reason: string): void {
  let rest = count;
  for (const { root, size } of from) {
    const share = Math.min(rest, size);
    if (share > 0) root.tell(share, reason);
    rest -= share;
  }
}

/** The root of any flow, also of one that a component made itself by copying a flow and changing its signal. */
export function rootOf(flow: Flow): Root {
  const type = Object.getPrototypeOf(flow);
  if (type === Face.prototype || type === Root.prototype) return (flow as Face).root;
  const { root } = flow as Partial<Face>;
  const { signal } = flow;
  if (root !== undefined && (signal === undefined || signal === root.signal)) return root;
  return new Root({ signal, peer: flow.peer ?? root?.peer }, undefined, undefined, root ?? flow);
}

/** The face that `flow` is for `account`'s component, or a new one when it is another's. */
export function faceOf(flow: Flow, account: Account): Face {
  return flow instanceof Face && flow.account === account ? flow : new Face(rootOf(flow), account, 0);
}
