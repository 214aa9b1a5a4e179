import { encodeMetrics, type PlainAttribute } from '../references/protobufjs.js';
import { id, random, resetRandom } from './random.js';

/** How many points and resources; points are spread over eight metrics. */
export interface MetricsShape {
  readonly points: number;
  readonly resources: number;
  /** 1 delta, 2 cumulative. */
  readonly temporality: 1 | 2;
}

export const metricsShapes: Readonly<Record<'met16' | 'met100' | 'met1000', MetricsShape>> = {
  met16: { points: 16, resources: 1, temporality: 2 },
  met100: { points: 104, resources: 1, temporality: 2 },
  met1000: { points: 1040, resources: 10, temporality: 2 },
};

const names = [
  ['claude_code.token.usage', 'tokens'],
  ['claude_code.cost.usage', 'USD'],
  ['claude_code.session.count', ''],
  ['claude_code.lines_of_code.count', ''],
  ['claude_code.commit.count', ''],
  ['claude_code.pull_request.count', ''],
  ['claude_code.code_edit_tool.decision', ''],
  ['claude_code.active_time.total', 's'],
] as const;

const text = (key: string, stringValue: string): PlainAttribute => ({ key, value: { stringValue } });

/**
 * An export request of Claude-Code-like monotonic double sums, about 344 attribute bytes a point.
 *
 * `tick` moves time and values on, so that a stateful processor meets the same series again and again.
 */
export function metricsRequest({ points, resources, temporality }: MetricsShape, tick = 0): Buffer {
  resetRandom();
  const perMetric = Math.ceil(points / resources / names.length);
  const resourceMetrics = Array.from({ length: resources }, (_, r) => {
    const user = [
      text('user.id', id(64)),
      text('session.id', id(36)),
      text('organization.id', id(36)),
      text('user.email', `developer${r}@example.com`),
      text('user.account_uuid', id(36)),
      text('terminal.type', 'vscode'),
    ];
    const metrics = names.map(([name, unit]) => ({
      name,
      description: 'as the client sends it',
      unit,
      sum: {
        aggregationTemporality: temporality,
        isMonotonic: true,
        dataPoints: Array.from({ length: perMetric }, (_, p) => ({
          attributes: [
            ...user,
            text('model', `claude-model-${p % 4}`),
            text('type', `kind-${Math.floor(p / 4)}`),
            ...(p % 2 === 0 ? [text('effort', 'high')] : []),
          ],
          startTimeUnixNano: 1_763_800_000_000_000_000n,
          timeUnixNano: 1_763_800_060_000_000_000n + BigInt(tick) * 60_000_000_000n,
          asDouble: Math.floor(random() * 1000) / 8 + tick * 2.5,
        })),
      },
    }));
    return {
      resource: {
        attributes: [
          text('team.id', `team-${r}`),
          text('service.name', 'claude-code'),
          text('service.version', '2.1.330'),
        ],
        droppedAttributesCount: 0,
      },
      scopeMetrics: [{ scope: { name: 'com.anthropic.claude_code', version: '2.1.330' }, metrics }],
    };
  });
  return encodeMetrics({ resourceMetrics });
}
