import { MetricsBatch } from '@otelier/otlp';
import { common, defaultAt, type JsonKeyValue, resource, type Session, text } from './session.js';

/** Tokens of `claude_code.token.usage`: four points by type, zeros included, as the client sends them. */
export interface TokenUsage {
  readonly model?: string;
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheCreation?: number;
}

/** US dollars of `claude_code.cost.usage`. */
export interface CostUsage {
  readonly model?: string;
  readonly usd?: number;
}

/** Lines of `claude_code.lines_of_code.count`: two points by type. */
export interface LinesOfCode {
  readonly model?: string;
  readonly added?: number;
  readonly removed?: number;
}

/** A decision counted by `claude_code.code_edit_tool.decision`. */
export interface CodeEditDecision {
  readonly tool?: 'Edit' | 'Write' | 'NotebookEdit';
  readonly decision?: 'accept' | 'reject';
  readonly source?: string;
  readonly language?: string;
}

/** Seconds of `claude_code.active_time.total`. */
export interface ActiveTime {
  readonly seconds?: number;
  readonly type?: 'user' | 'cli';
}

/** A counter without attributes of its own. */
export interface Count {
  readonly count?: number;
}

/** One metric of a request with several; see {@link metrics}. */
export type MetricInput =
  | ({ readonly metric: 'token.usage' } & TokenUsage)
  | ({ readonly metric: 'cost.usage' } & CostUsage)
  | ({ readonly metric: 'lines_of_code.count' } & LinesOfCode)
  | ({ readonly metric: 'code_edit_tool.decision' } & CodeEditDecision)
  | ({ readonly metric: 'active_time.total' } & ActiveTime)
  | ({ readonly metric: 'session.count' | 'commit.count' | 'pull_request.count' } & Count);

/** How the client counts and since when. */
export interface Interval {
  /** Default `delta`, as Claude Code does unless told otherwise. */
  readonly temporality?: 'delta' | 'cumulative';
  /** Milliseconds since 1970 at which the interval (delta) or the series (cumulative) began. Default a second before its end. */
  readonly startAt?: number;
}

/** Builds one metrics request with these metrics in the exact shape of the client: monotonic sums of doubles. */
export function metrics(inputs: readonly MetricInput[], session: Session & Interval = {}): MetricsBatch {
  const version = session.version ?? '2.1.330';
  const scope = { name: 'com.anthropic.claude_code', version };
  const built = inputs.map((input) => metric(input, session));
  return MetricsBatch.fromJson(
    JSON.stringify({ resourceMetrics: [{ resource: resource(session), scopeMetrics: [{ scope, metrics: built }] }] }),
  );
}

function metric(input: MetricInput, session: Session & Interval): object {
  const end = session.at ?? defaultAt;
  const startTimeUnixNano = `${session.startAt ?? end - 1000}000000`;
  const { description, unit, points } = shape(input, session.version !== '2.1.9');
  const dataPoints = points.map(({ own, value }) => ({
    attributes: [...common(session), ...own],
    startTimeUnixNano,
    timeUnixNano: `${end}000000`,
    asDouble: value,
  }));
  const aggregationTemporality = session.temporality === 'cumulative' ? 2 : 1;
  return {
    name: `claude_code.${input.metric}`,
    description,
    unit,
    sum: { dataPoints, aggregationTemporality, isMonotonic: true },
  };
}

interface Shape {
  readonly description: string;
  readonly unit: string;
  readonly points: readonly { readonly own: readonly JsonKeyValue[]; readonly value: number }[];
}

function shape(input: MetricInput, modern: boolean): Shape {
  switch (input.metric) {
    case 'token.usage': {
      const types = {
        input: input.input,
        output: input.output,
        cacheRead: input.cacheRead,
        cacheCreation: input.cacheCreation,
      };
      const model = text('model', input.model ?? 'claude-opus-5-5');
      const points = Object.entries(types).map(([name, value = 0]) => {
        const type = text('type', name);
        return { own: modern ? [model, ...source(), type] : [type, model], value };
      });
      return { description: 'Number of tokens used', unit: 'tokens', points };
    }
    case 'cost.usage': {
      const model = text('model', input.model ?? 'claude-opus-5-5');
      const own = modern ? [model, ...source()] : [model];
      return {
        description: 'Cost of the Claude Code session',
        unit: 'USD',
        points: [{ own, value: input.usd ?? 0.0012 }],
      };
    }
    case 'lines_of_code.count': {
      const model = modern ? [text('model', input.model ?? 'claude-opus-5-5')] : [];
      const of = (type: string, value = 0) => ({ own: [text('type', type), ...model], value });
      const points = [of('added', input.added), of('removed', input.removed)];
      return { description: 'Count of lines of code modified', unit: '', points };
    }
    case 'code_edit_tool.decision': {
      const own = [
        text('decision', input.decision ?? 'accept'),
        text('source', input.source ?? 'config'),
        text('tool_name', input.tool ?? 'Edit'),
        text('language', input.language ?? 'TypeScript'),
      ];
      return { description: 'Count of code editing tool permission decisions', unit: '', points: [{ own, value: 1 }] };
    }
    case 'active_time.total': {
      const own = [text('type', input.type ?? 'cli')];
      return { description: 'Total active time in seconds', unit: 's', points: [{ own, value: input.seconds ?? 1 }] };
    }
    case 'session.count': {
      const own = modern ? [text('start_type', 'fresh')] : [];
      return { description: 'Count of CLI sessions started', unit: '', points: [{ own, value: input.count ?? 1 }] };
    }
    default: {
      const what = input.metric === 'commit.count' ? 'git commits' : 'pull requests';
      return { description: `Number of ${what} created`, unit: '', points: [{ own: [], value: input.count ?? 1 }] };
    }
  }
}

function source(): JsonKeyValue[] {
  return [text('query_source', 'main'), text('effort', 'medium')];
}
