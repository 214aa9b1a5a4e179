// For people who wire pipelines
export { definePipelines } from './define/pipelines.js';
export type { Pipeline, PipelinesConfig } from './config.js';
export type { Bytes, Duration } from './units.js';
export { ConfigError } from './options.js';
// For people who write components
export { type BatchFunction, type ProcessorPorts, processor } from './define/processor.js';
export { stage } from './define/stage.js';
export { exporter, exporterStage } from './define/exporter.js';
export { type ReceiverTraits, receiver } from './define/receiver.js';
export type {
  Exporter,
  ExporterStage,
  Hook,
  Hooks,
  Outlets,
  Processor,
  ProcessorStage,
  Receiver,
  RunningReceiver,
  Traits,
} from './component.js';
export type { Consume, Stage } from './consume.js';
export type { Flow, Peer, RequestFlow } from './flow.js';
export type { Admission, Clock, Host, Lease, Logger } from './host.js';
export { PipelineError, type PipelineErrorCode, type PipelineErrorOptions } from './error.js';
export { bytes, duration, parseOptions } from './options.js';
export { parseBytes, parseDuration } from './units.js';
export { type AnyBatch, type Signal, type Signals, signals } from './signal.js';
