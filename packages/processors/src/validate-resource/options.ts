import { type Exporter, parseOptions, type Signal } from '@otelier/core';
import * as v from 'valibot';
import { isQuarantine, type Quarantine } from './quarantine.js';
import { type AttributeFault, invalidFaults, suspiciousFaults } from './resource-faults.js';

/**
 * What becomes of a bad attribute, or of its resource.
 *
 * - `'ignore'`: nothing
 * - `'report'`: it is counted and logged
 * - `'repair'`: also, quotes around a value come off and what must be percent-encoded is; an attribute without a name, or whose name is
 *   taken once encoded, is deleted
 * - `'drop'`: also, the attribute is deleted
 * - `'refuse'`: all items of the resource are refused, and the sender is told why in `partial_success`
 * - `quarantine(exporter)`: all items of the resource go to that exporter instead
 */
export type ResourcePolicy<S extends Signal = Signal> =
  | 'ignore'
  | 'report'
  | 'repair'
  | 'drop'
  | 'refuse'
  | Quarantine<S>;

/** What {@link validateResource} asks of resources and what becomes of those that lack it. */
export interface ValidateResourceOptions<S extends Signal = Signal> {
  /** Attributes that every resource must have, such as `['department', 'team.id']`. */
  readonly required?: readonly string[];
  /** What becomes of an attribute that the grammar does not allow. Default `'report'`. */
  readonly onInvalid?: ResourcePolicy<S>;
  /** What becomes of a resource that lacks a required attribute. Default `'report'`. */
  readonly onMissing?: Exclude<ResourcePolicy<S>, 'repair' | 'drop'>;
  /**
   * Other policies for single faults: `{ space: 'repair', 'non-ascii': 'ignore' }`. What the grammar allows (`escape`, `too-long`,
   * `unexpanded`) is only reported unless it is named here; of these, `escape` alone can be repaired: by decoding. It is ignored where
   * `onInvalid` is `'repair'`, which encodes.
   */
  readonly policies?: { readonly [F in AttributeFault]?: ResourcePolicy<S> };
  /** Attributes that are not checked; `host.*` stands for all that begin with `host.`. Default {@link sdkAttributes}. */
  readonly exempt?: readonly string[];
  /**
   * Whether to look at the copies of resource attributes that Claude Code puts on every item: an equal copy proves that a value was
   * percent-encoded and is valid, and repairs are made to copies too. Default true.
   */
  readonly copies?: boolean;
  /** Whether resources with findings get the attribute `otelier.resource_findings`, a list such as `['org.name space']`. Default false. */
  readonly annotate?: boolean;
}

/** Attributes that SDKs set by themselves, so that no user can have misspelt them: an `os.version` may well hold a blank. */
export const sdkAttributes: readonly string[] = [
  'service.*',
  'telemetry.*',
  'host.*',
  'os.*',
  'process.*',
  'device.*',
  'container.*',
  'k8s.*',
  'cloud.*',
  'wsl.*',
];

const names = v.array(v.pipe(v.string(), v.nonEmpty('a name')));

function policy<const W extends string>(words: readonly W[]): v.GenericSchema<W | Quarantine> {
  const expected = `${words.map((word) => `'${word}'`).join(', ')} or quarantine(exporter)`;
  return v.custom<W | Quarantine>(
    (input) => words.includes(input as W) || (isQuarantine(input) && input.quarantine?.kind === 'exporter'),
    expected,
  );
}

const [every, unrepairable] = [
  policy(['ignore', 'report', 'repair', 'drop', 'refuse']),
  policy(['ignore', 'report', 'drop', 'refuse']),
];
const missing = policy(['ignore', 'report', 'refuse']);
const faults = Object.fromEntries(
  [...invalidFaults, ...suspiciousFaults].map((fault) => [
    fault,
    v.optional(fault === 'too-long' || fault === 'unexpanded' ? unrepairable : every),
  ]),
) as { [F in AttributeFault]: v.OptionalSchema<typeof every, undefined> };

const schema = v.strictObject({
  required: v.optional(names, []),
  onInvalid: v.optional(every, 'report'),
  onMissing: v.optional(missing, 'report'),
  policies: v.optional(v.strictObject(faults), {}),
  exempt: v.optional(names, [...sdkAttributes]),
  copies: v.optional(v.boolean(), true),
  annotate: v.optional(v.boolean(), false),
});

/** The options with every default filled in. */
export interface ValidateResourceSettings {
  readonly required: readonly string[];
  readonly onInvalid: ResourcePolicy;
  readonly onMissing: ResourcePolicy;
  readonly policies: { readonly [F in AttributeFault]?: ResourcePolicy | undefined };
  readonly exempt: readonly string[];
  readonly copies: boolean;
  readonly annotate: boolean;
}

export function settings(options: ValidateResourceOptions<never>): ValidateResourceSettings {
  return parseOptions('validateResource', schema, options);
}

/** The policy of every fault. */
export function policyOf(all: ValidateResourceSettings): (fault: AttributeFault | 'missing') => ResourcePolicy {
  const policies = new Map<string, ResourcePolicy>([['missing', all.onMissing]]);
  for (const fault of invalidFaults) policies.set(fault, all.policies[fault] ?? all.onInvalid);
  for (const fault of suspiciousFaults) policies.set(fault, all.policies[fault] ?? 'report');
  // What has been repaired is percent-encoded, and not to be found fault with for that.
  if (all.policies.escape === undefined && all.onInvalid === 'repair') policies.set('escape', 'ignore');
  return (fault) => policies.get(fault)!;
}

/** The exporters that any policy quarantines to, each once. */
export function quarantineExporters(all: ValidateResourceSettings): readonly Exporter<Signal>[] {
  const policies = [all.onInvalid, all.onMissing, ...Object.values(all.policies)];
  return [...new Set(policies.flatMap((each) => (isQuarantine(each) ? [each.quarantine] : [])))];
}

/** The same options with other exporters to quarantine to. */
export function withExporters<S extends Signal>(
  options: ValidateResourceOptions<S>,
  by: (exporter: Exporter<S>) => Exporter<S>,
): ValidateResourceOptions<S> {
  const swapped = <P>(policy: P): P =>
    isQuarantine(policy) ? ({ quarantine: by(policy.quarantine as unknown as Exporter<S>) } as P) : policy;
  const { policies, ...rest } = options;
  const each = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, swapped(value)]));
  if (policies === undefined) return each;
  return { ...each, policies: Object.fromEntries(Object.entries(policies).map(([fault, of]) => [fault, swapped(of)])) };
}

/** The options for printing: exporters by name and with their own options, which have masked their secrets. */
export function shownOptions(all: ValidateResourceSettings): Readonly<Record<string, unknown>> {
  const shown = (each: ResourcePolicy | undefined): unknown => {
    if (!isQuarantine(each)) return each;
    const { name, options } = each.quarantine;
    return { quarantine: options === undefined ? name : { [name]: options } };
  };
  const policies = Object.fromEntries(Object.entries(all.policies).map(([fault, each]) => [fault, shown(each)]));
  return {
    ...all,
    ...{ onInvalid: shown(all.onInvalid), onMissing: shown(all.onMissing) },
    policies: Object.keys(policies).length === 0 ? undefined : policies,
  };
}

/** A test for names and for prefixes written as `host.*`. */
export function matcher(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  const prefixes = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  return (name) => exact.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
}
