export { canaries } from './captures/canaries.js';
export {
  type Capture,
  type CapturedRequest,
  type CaptureFilter,
  capture,
  captures,
  type Expected,
  type Protocol,
} from './captures/captures.js';
export { parseRequest } from './captures/request.js';
export { type ClaudeCodeBuilders, claudeCode } from './claude-code/claude-code.js';
export type {
  ApiError,
  ApiRequest,
  AssistantResponse,
  Event,
  ToolDecision,
  ToolResult,
  UserPrompt,
} from './claude-code/events.js';
export type {
  ActiveTime,
  CodeEditDecision,
  CostUsage,
  Count,
  Interval,
  LinesOfCode,
  MetricInput,
  TokenUsage,
} from './claude-code/metrics.js';
export type { ClientVersion, Session } from './claude-code/session.js';
export { type Totals, totals } from './claude-code/totals.js';
export { type FakeClock, fakeClock } from './clock/fake-clock.js';
export { assertConservation, residual } from './contract/conservation.js';
export { type ExporterUnderTest, exporterContract } from './contract/exporter-contract.js';
export { type ProcessorContractOptions, processorContract } from './contract/processor-contract.js';
export { type ReceiverUnderTest, receiverContract } from './contract/receiver-contract.js';
export type { Numbers } from './fleet/counter.js';
export { Exact } from './fleet/exact.js';
export { type Fleet, type FleetOptions, type FleetRequest, simulateFleet } from './fleet/fleet.js';
export { type Random, random } from './fleet/random.js';
export {
  byMetric,
  type Labels,
  type Series,
  SeriesBook,
  type SeriesPoint,
  type SeriesTotal,
  type SeriesTotals,
  type SeriesViolation,
  totalKey,
  withoutAttributes,
} from './fleet/series.js';
export { type Delivery, deliver, type TransportFaults } from './fleet/transport.js';
export {
  type MemoryExporter,
  type MemoryExporterControls,
  memoryExporter,
  type Received,
} from './memory/memory-exporter.js';
export {
  type Answer,
  type MemoryReceiver,
  type MemoryReceiverControls,
  memoryReceiver,
  type SendOptions,
} from './memory/memory-receiver.js';
export { type MemoryStore, memoryStore } from './memory/memory-store.js';
export {
  type Testable,
  type TestPipeline,
  type TestPipelineOptions,
  testPipeline,
} from './test-pipeline/test-pipeline.js';
