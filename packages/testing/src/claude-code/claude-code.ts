import type { LogsBatch, MetricsBatch } from '@otelier/otlp';
import {
  type ApiError,
  type ApiRequest,
  type AssistantResponse,
  logs,
  type ToolDecision,
  type ToolResult,
  type UserPrompt,
} from './events.js';
import {
  type ActiveTime,
  type CodeEditDecision,
  type CostUsage,
  type Count,
  type Interval,
  type LinesOfCode,
  metrics,
  type TokenUsage,
} from './metrics.js';
import type { Session } from './session.js';

type Log<F> = (fields?: F & Session) => LogsBatch;
type Metric<F> = (fields?: F & Session & Interval) => MetricsBatch;

/** Builders of Claude Code telemetry: each makes one export request as the client sends it. */
export interface ClaudeCodeBuilders {
  /** Several events in one request. */
  readonly logs: typeof logs;
  /** Several metrics in one request. */
  readonly metrics: typeof metrics;
  readonly userPrompt: Log<UserPrompt>;
  readonly apiRequest: Log<ApiRequest>;
  readonly apiError: Log<ApiError>;
  readonly toolResult: Log<ToolResult>;
  readonly toolDecision: Log<ToolDecision>;
  readonly assistantResponse: Log<AssistantResponse>;
  readonly tokenUsage: Metric<TokenUsage>;
  readonly costUsage: Metric<CostUsage>;
  readonly linesOfCode: Metric<LinesOfCode>;
  readonly codeEditDecision: Metric<CodeEditDecision>;
  readonly activeTime: Metric<ActiveTime>;
  readonly sessionCount: Metric<Count>;
  readonly commitCount: Metric<Count>;
  readonly pullRequestCount: Metric<Count>;
}

/**
 * Builders of Claude Code events and metrics: `claudeCode.userPrompt({ prompt: 'hello', sessionId: 's-1' })`.
 *
 * Order, names and types of the attributes are those of the recorded client; what is not given has a plausible value.
 */
export const claudeCode: ClaudeCodeBuilders = {
  logs,
  metrics,
  userPrompt: (fields = {}) => logs([{ event: 'user_prompt', ...fields }], fields),
  apiRequest: (fields = {}) => logs([{ event: 'api_request', ...fields }], fields),
  apiError: (fields = {}) => logs([{ event: 'api_error', ...fields }], fields),
  toolResult: (fields = {}) => logs([{ event: 'tool_result', ...fields }], fields),
  toolDecision: (fields = {}) => logs([{ event: 'tool_decision', ...fields }], fields),
  assistantResponse: (fields = {}) => logs([{ event: 'assistant_response', ...fields }], fields),
  tokenUsage: (fields = {}) => metrics([{ metric: 'token.usage', ...fields }], fields),
  costUsage: (fields = {}) => metrics([{ metric: 'cost.usage', ...fields }], fields),
  linesOfCode: (fields = {}) => metrics([{ metric: 'lines_of_code.count', ...fields }], fields),
  codeEditDecision: (fields = {}) => metrics([{ metric: 'code_edit_tool.decision', ...fields }], fields),
  activeTime: (fields = {}) => metrics([{ metric: 'active_time.total', ...fields }], fields),
  sessionCount: (fields = {}) => metrics([{ metric: 'session.count', ...fields }], fields),
  commitCount: (fields = {}) => metrics([{ metric: 'commit.count', ...fields }], fields),
  pullRequestCount: (fields = {}) => metrics([{ metric: 'pull_request.count', ...fields }], fields),
};
