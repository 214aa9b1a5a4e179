import {
  type AnyBatch,
  type Consume,
  type Host,
  type Processor,
  type Signal,
  type Signals,
  type Stage,
  stage,
} from '@otelier/core';
import { Findings } from './findings.js';
import { settings, type ValidateResourceOptions } from './options.js';
import { type ResourceReport, Validator } from './validator.js';

export { type Baggage, type BaggageMember, type BaggageMistake, checkBaggage, parseBaggage } from './baggage.js';
export { type BaggageFault, checkKey, checkValue, encodeKey, encodeValue } from './baggage-grammar.js';
export { sdkAttributes, type ValidateResourceOptions } from './options.js';
export {
  generationOfClaudeCode,
  type SdkGeneration,
  type SdkReading,
  sdkGenerations,
  simulateSdk,
} from './sdk-generations.js';
export type { ResourceFinding, ResourceReport } from './validator.js';

/**
 * Checks resource attributes against the W3C Baggage grammar of OTEL_RESOURCE_ATTRIBUTES, and that required ones are there.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function validateResource(options: ValidateResourceOptions = {}): Processor<Signal> {
  const all = settings(options);
  const validator = new Validator(all);
  const start = <S extends Signal>(next: Consume<Signals[S]>, host: Host): Stage<Signals[S]> => {
    const findings = new Findings(host);
    return {
      async consume(batch, flow) {
        const report = validator.check(batch);
        findings.note(report.findings);
        for (const { count, reason } of report.refused) flow.refuse(count, reason);
        if (report.refused.length === 0 || batch.count > 0) await next(batch, flow);
      },
    };
  };
  return stage(
    'validate-resource',
    { logs: start<'logs'>, metrics: start<'metrics'>, traces: start<'traces'> },
    { options: { ...all } },
  );
}

/**
 * Checks one batch, edits it as the options say and tells what was found: {@link validateResource} as a library call.
 *
 * @throws {ConfigError} when an option is not what was expected.
 */
export function validate(batch: AnyBatch, options: ValidateResourceOptions = {}): ResourceReport {
  return new Validator(settings(options)).check(batch);
}
