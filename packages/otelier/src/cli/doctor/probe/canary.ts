import { randomBytes } from 'node:crypto';
import type { AnyBatch, Signal } from '@otelier/core';
import { buildLogs, buildMetrics, buildTraces } from '@otelier/otlp';

/** One log record, one data point and one span that can be told from everything else. */
export interface Canary {
  /** Stands in the attribute `otelier.canary` of each. */
  readonly id: string;
  readonly batches: { readonly [S in Signal]: AnyBatch };
}

/** The attribute that marks a canary. */
export const canaryAttribute = 'otelier.canary';

/**
 * Makes a canary. It looks like Claude Code's telemetry to processors, with invented texts and persons, but has an event name, metric name
 * and service name of its own and the value 0, so that it changes no total of anybody.
 *
 * @param resource attributes that the user's own configuration puts on the resource.
 */
export function makeCanary(
  resource: Readonly<Record<string, string>>,
  temporality: 'delta' | 'cumulative',
  now: number = Date.now(),
): Canary {
  const id = `canary-${randomBytes(8).toString('hex')}`;
  const time = BigInt(now) * 1_000_000n;
  const from = { attributes: { ...resource, 'service.name': 'otelier-doctor' } };
  const scope = { name: 'otelier.doctor' };
  const common = {
    [canaryAttribute]: id,
    'session.id': '00000000-0000-4000-8000-000000000000',
    'user.id': '0'.repeat(64),
    'user.email': 'canary@example.invalid',
    'user.account_uuid': '00000000-0000-4000-8000-000000000001',
    'organization.id': '00000000-0000-4000-8000-000000000002',
    model: 'canary',
  };
  const logs = buildLogs([
    {
      resource: from,
      scope,
      records: [
        {
          timeUnixNano: time,
          observedTimeUnixNano: time,
          body: 'claude_code.otelier_canary',
          attributes: {
            ...common,
            'event.name': 'otelier_canary',
            prompt: 'the invented prompt of a canary',
            response: 'the invented reply to a canary',
            error: 'the invented error of a canary',
            tool_parameters: '{"bash_command":"echo","full_command":"echo canary"}',
            tool_name: 'Bash',
            success: 'true',
            duration_ms: '1',
          },
        },
      ],
    },
  ]);
  const points = [{ attributes: common, startTimeUnixNano: time - 1_000_000n, timeUnixNano: time, value: 0 }];
  const metrics = buildMetrics([
    { resource: from, scope, metrics: [{ name: 'otelier.canary', sum: { temporality, monotonic: true, points } }] },
  ]);
  const traces = buildTraces([
    {
      resource: from,
      scope,
      spans: [
        {
          traceId: randomBytes(16).toString('hex'),
          spanId: randomBytes(8).toString('hex'),
          name: 'otelier.canary',
          startTimeUnixNano: time - 1_000_000n,
          endTimeUnixNano: time,
          attributes: { ...common, user_prompt: 'the invented prompt of a canary', 'span.type': 'otelier_canary' },
        },
      ],
    },
  ]);
  return { id, batches: { logs, metrics, traces } };
}

/** The body of a request with a batch. */
export function bodyOf(batch: AnyBatch, protocol: string): Uint8Array {
  const copy = batch.fork();
  return protocol === 'http/json' ? Buffer.from(copy.toJson()) : copy.bytes();
}
