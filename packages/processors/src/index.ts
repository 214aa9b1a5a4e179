export { type AggregateOptions, aggregate } from './aggregate/aggregate.js';
export { apply } from './apply/apply.js';
export { type BatchOptions, batch, batched } from './batch/batch.js';
export { type CumulativeToDeltaOptions, cumulativeToDelta } from './cumulative-to-delta/cumulative-to-delta.js';
export { type DeltaToCumulativeOptions, deltaToCumulative } from './delta-to-cumulative/delta-to-cumulative.js';
export {
  type Clue,
  type Detection,
  type Detector,
  Detectors,
  type HighEntropyOptions,
  highEntropy,
  type Literal,
  type PatternOptions,
  pattern,
  piiDetectors,
  type Shape,
  secretDetectors,
  type Tail,
} from './detect/detect.js';
export { type DropAttributesOptions, dropAttributes } from './drop-attributes/drop-attributes.js';
export { type FilteredSignals, type FilterNames, type FilterOptions, filter, filtered } from './filter/filter.js';
export { type KeepAttributesOptions, keepAttributes } from './keep-attributes/keep-attributes.js';
export {
  contentAttributes,
  identityAttributes,
  type Mask,
  type MaskFunction,
  nameAttributes,
  payloadAttributes,
  payloadLabels,
  type RedactPromptsOptions,
  redact,
  redactPrompts,
} from './redact-prompts/redact-prompts.js';
export {
  type AttributeEdit,
  claudeCodeNumbers,
  copyAttribute,
  defaultAttribute,
  deleteAttributes,
  type Edits,
  type HasAttributes,
  normalizeClaudeCode,
  renameAttribute,
  setAttribute,
  type TransformedSignals,
  type TransformOptions,
  toBoolean,
  toDouble,
  toNumber,
  transform,
  transformed,
} from './transform/transform.js';
export {
  type Baggage,
  type BaggageFault,
  type BaggageMember,
  type BaggageMistake,
  checkBaggage,
  checkKey,
  checkValue,
  encodeKey,
  encodeValue,
  parseBaggage,
  type ResourceFinding,
  type ResourceReport,
  sdkAttributes,
  type ValidateResourceOptions,
  validate,
  validateResource,
} from './validate-resource/validate-resource.js';
