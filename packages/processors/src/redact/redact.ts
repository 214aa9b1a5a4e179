import {
  type AnyBatch,
  type Consume,
  type FieldClass,
  fieldClasses,
  type Host,
  type Processor,
  type Signal,
  type Signals,
  type Stage,
  stage,
} from '@otelier/core';
import { rewriteText } from '@otelier/otlp';
import { Counts } from './counts.js';
import { type RedactOptions, type RedactSettings, settings } from './options.js';
import { Redactor } from './redactor.js';
import type { Redaction } from './report.js';

export { type Action, type MaskFunction, type TruncateAction, truncate } from './actions.js';
export { type HashAction, type HashKey, type HashOptions, hash } from './keyed-hash.js';
export {
  contentAttributes,
  identityAttributes,
  nameAttributes,
  payloadAttributes,
  payloadLabels,
} from './known-fields.js';
export type { FieldRule, RedactOptions } from './options.js';
export type { Redaction } from './report.js';
export { strict } from './strict.js';

/**
 * Takes content and secrets out of every place of logs, metrics and traces that can hold text, by the class of each field.
 *
 * Labels and identities stay, of content the length, and of JSON payloads the keys; detectors look into all that stays. What cannot be
 * understood is masked whole, and no batch is refused for what it holds. A batch of which everything may stay leaves as the bytes that came.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function redact(options: RedactOptions = {}): Processor<Signal> {
  return redactProcessor('redact', settings(options));
}

/** {@link redact} under another name, for presets. */
export function redactProcessor(name: string, all: RedactSettings): Processor<Signal> {
  const start = <S extends Signal>(next: Consume<Signals[S]>, host: Host): Stage<Signals[S]> => {
    const redactor = new Redactor(all, () => host.clock.now());
    const counts = new Counts(host);
    return {
      async consume(batch, flow) {
        run(batch, redactor);
        counts.add(redactor.report.take());
        await next(batch, flow);
      },
    };
  };
  return stage(
    name,
    { logs: start<'logs'>, metrics: start<'metrics'>, traces: start<'traces'> },
    { options: printable(all), removes: removed(all) },
  );
}

const engines = new WeakMap<RedactOptions, Redactor>();
const defaults: RedactOptions = {};

/**
 * Redacts one batch in place and returns it: {@link redact} as a library call, without a pipeline. `found` is told what was done.
 *
 * Give the same options object again and again: what is made of it is kept.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function redactBatch<B extends AnyBatch>(
  batch: B,
  options: RedactOptions = defaults,
  found?: (redactions: readonly Redaction[]) => void,
): B {
  let redactor = engines.get(options);
  if (redactor === undefined) {
    redactor = new Redactor(settings(options), Date.now);
    engines.set(options, redactor);
  }
  run(batch, redactor);
  const redactions = redactor.report.take();
  if (redactions.length > 0) found?.(redactions);
  return batch;
}

function run(batch: AnyBatch, redactor: Redactor): void {
  redactor.begin();
  rewriteText(batch, redactor);
}

/** The classes that do not leave: those of which no field stays, as far as options tell. */
function removed({ actions, fields, body, detectors, unknown }: RedactSettings): FieldClass[] {
  const opened = new Set<FieldClass>();
  for (const given of Object.values(fields)) {
    if (typeof given === 'object' && given.action !== undefined && !hides(given.action))
      opened.add(given.class ?? 'content');
  }
  if (body === 'keep' || unknown === 'label' || unknown === 'identity') opened.add('content');
  // Without detectors a secret may stand in any label.
  if (detectors.length === 0) opened.add('secret');
  return fieldClasses.filter((each) => each !== 'label' && hides(actions[each]) && !opened.has(each));
}

function hides(action: RedactSettings['actions'][FieldClass]): boolean {
  return (
    action === 'drop' ||
    action === 'mask' ||
    action === 'length' ||
    (typeof action === 'object' && action.kind === 'hash')
  );
}

/** The options as `otelier check` prints them: without functions, keys and data. */
function printable(all: RedactSettings): Record<string, unknown> {
  const word = (action: unknown): unknown =>
    typeof action === 'function'
      ? 'a function'
      : typeof action === 'object' && action !== null
        ? (action as { kind: string }).kind
        : action;
  const { fields, actions, catalogue, detectors, ...rest } = all;
  return {
    ...Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, word(action)])),
    catalogue: catalogue === false ? false : `${catalogue.name} ${catalogue.version}`,
    detectors: detectors.length,
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, given]) => [
        name,
        typeof given === 'string' ? given : { ...given, ...(given.action && { action: word(given.action) }) },
      ]),
    ),
    ...rest,
  };
}
