import {
  type AnyBatch,
  type Consume,
  type Exporter,
  type Flow,
  type Host,
  type PipelineError,
  type Processor,
  type ProcessorStage,
  type Signal,
  type Signals,
  type Stage,
  signals,
  stage,
} from '@otelier/core';
import { Findings } from './findings.js';
import { quarantineExporters, settings, shownOptions, type ValidateResourceOptions, withExporters } from './options.js';
import { QuarantineStages } from './quarantine.js';
import { type ResourceReport, Validator } from './validator.js';

export {
  type Baggage,
  type BaggageMember,
  type BaggageMistake,
  checkBaggage,
  formatBaggage,
  parseBaggage,
} from './baggage.js';
export { type BaggageFault, checkKey, checkValue, encodeKey, encodeValue } from './baggage-grammar.js';
export type { ResourceFinding } from './inspector.js';
export { type ResourcePolicy, sdkAttributes, type ValidateResourceOptions } from './options.js';
export { type Quarantine, quarantine } from './quarantine.js';
export {
  formatResourceAttributes,
  parseResourceAttributes,
  type ResourceAttributesMistake,
  type ResourceAttributesSpec,
  type ResourceAttributesText,
} from './resource-attributes.js';
export type { AttributeFault, ResourceFault } from './resource-faults.js';
export {
  generationOfClaudeCode,
  type SdkGeneration,
  type SdkReading,
  sdkGenerations,
  simulateSdk,
} from './sdk-generations.js';
export type { ResourceReport } from './validator.js';

/**
 * Checks resource attributes against the W3C Baggage grammar of OTEL_RESOURCE_ATTRIBUTES, and that required ones are there.
 *
 * With a policy `quarantine(exporter)` it handles the signals that the exporter takes.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function validateResource<S extends Signal = Signal>(options: ValidateResourceOptions<S> = {}): Processor<S> {
  const all = settings(options);
  const validator = new Validator(all);
  // What the options call exporters of S are checked against each pipeline's signal by the collector.
  const exporters = quarantineExporters(all) as unknown as readonly Exporter<S>[];
  const handled = signals.filter((signal) => exporters.every((exporter) => signal in exporter)) as S[];
  const build = (signal: S) => (next: Consume<Signals[S]>, host: Host) =>
    new ValidateStage(validator, new QuarantineStages(exporters, signal, host), next, host);
  const stages = Object.fromEntries(handled.map((signal) => [signal, build(signal)]));
  return stage('validate-resource', stages as unknown as { readonly [K in S]: ProcessorStage<K> }, {
    options: shownOptions(all),
    ...(exporters.length > 0 && {
      sideExits: { exporters, replaced: (by) => validateResource(withExporters(options, by)) },
    }),
  });
}

class ValidateStage<S extends Signal> implements Stage<Signals[S]> {
  readonly #validator: Validator;
  readonly #quarantine: QuarantineStages<S>;
  readonly #next: Consume<Signals[S]>;
  readonly #findings: Findings;

  constructor(validator: Validator, quarantine: QuarantineStages<S>, next: Consume<Signals[S]>, host: Host) {
    this.#validator = validator;
    this.#quarantine = quarantine;
    this.#next = next;
    this.#findings = new Findings(host);
  }

  consume(batch: Signals[S], flow: Flow): Promise<void> {
    const report = this.#validator.check(batch);
    return report.findings.length === 0 ? this.#next(batch, flow) : this.#answer(batch, report, flow);
  }

  async #answer(batch: Signals[S], { findings, refused, quarantined }: ResourceReport, flow: Flow): Promise<void> {
    this.#findings.note(findings);
    for (const { count, reason } of refused) flow.refuse(count, reason);
    let failure: PipelineError | undefined;
    for (const { to, batch: bad } of quarantined)
      failure ??= await this.#quarantine.deliver(to.quarantine as unknown as Exporter<S>, bad, flow);
    const isTouched = refused.length > 0 || quarantined.length > 0;
    if (!isTouched || batch.count > 0) await this.#next(batch, flow);
    // What is right was delivered all the same; a failure there, which may pass, has been told instead.
    if (failure !== undefined) throw failure;
  }

  start(): Promise<void> {
    return this.#quarantine.start();
  }

  flush(): Promise<void> {
    return this.#quarantine.flush();
  }

  close(): Promise<void> {
    return this.#quarantine.close();
  }
}

/**
 * Checks one batch, edits it as the options say and tells what was found: {@link validateResource} as a library call.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function validate(batch: AnyBatch, options: ValidateResourceOptions = {}): ResourceReport {
  return new Validator(settings(options)).check(batch);
}
