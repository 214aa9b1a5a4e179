// For people who wire pipelines

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
  SideExits,
  Traits,
} from './component.js';
export type { Pipeline, PipelinesConfig } from './config.js';
export type { Consume, Stage } from './consume.js';
export { type PemFiles, type PemSource, pemKey, pemSource, readPem, watchPem } from './credentials/pem-files.js';
export { revealed, Secret, type SecretMaker, secret } from './credentials/secret.js';
export { combineStates } from './define/combine-states.js';
export { commitFrom, hasTakenOver, takeOver } from './define/commit-from.js';
// For people who write components
export { type Connector, type ConnectorLink, connector, linkOf } from './define/connector.js';
export { exporter, exporterStage } from './define/exporter.js';
export { howFull } from './define/how-full.js';
export { type Estate, inherit } from './define/inherit.js';
export { innerStage } from './define/inner-stage.js';
export { type Kept, keep } from './define/keep.js';
export { type Operate, type OperatorOptions, operator } from './define/operator.js';
export { definePipelines } from './define/pipelines.js';
export { type BatchFunction, type ProcessorPorts, processor } from './define/processor.js';
export { derive, discard } from './define/receipt.js';
export { type ReceiverTraits, receiver } from './define/receiver.js';
export { stage } from './define/stage.js';
export { type StateCodec, StateMap } from './define/state-map.js';
export { tellRoom } from './define/tell-room.js';
export { type TurnedAway, turnedAway } from './define/turned-away.js';
export { PipelineError, type PipelineErrorCode, type PipelineErrorOptions } from './error.js';
export { type FieldClass, fieldClasses } from './field-class.js';
export type { Flow, Identity, Peer, RequestFlow } from './flow.js';
export type { DoorData } from './health/doors.js';
export type {
  DegradedQueue,
  HealthData,
  PipelineHealth,
  StalledComponent,
  StatusData,
} from './health/health-data.js';
export type { QueueRoom } from './health/rooms.js';
export type { Admission, Clock, FlowOptions, Host, Lease, Logger } from './host.js';
export { systemClock } from './observe/clock.js';
export type { CollectorEvent, CollectorState } from './observe/events.js';
export { createLogger, type LoggerOptions, type LogLevel } from './observe/logger.js';
export { writeToStandardError } from './observe/standard-error.js';
export { bytes, ConfigError, duration, parseOptions } from './options.js';
export type { AccountData, ComponentKind, CountsByReason } from './run/account-data.js';
export { type CheckHint, checkHints } from './run/check-hints.js';
// For people who run pipelines in their own service
export { type Collector, createCollector } from './run/collector.js';
export type { GraphData, GraphEdge, GraphNode } from './run/graph-data.js';
export type { CollectorOptions } from './run/options.js';
export type { ShutdownReport } from './run/report.js';
export { type AnyBatch, type Signal, type Signals, signals } from './signal.js';
export type { StateEntries, Stateful, StateWriter } from './state.js';
export { lookAtStore, openStore, readStore } from './store/open-store.js';
export { ownedBy } from './store/owned-store.js';
export { salvageStore } from './store/salvage.js';
export type { OnDamaged, StateChange, StateStore } from './store/state-store.js';
export type { ClaimedStore } from './store/stores.js';
export type { Bytes, Duration } from './units.js';
export { parseBytes, parseDuration } from './units.js';
