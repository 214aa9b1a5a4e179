import type { Pipeline, PipelinesConfig } from '../config.js';
import { isLocal, parseHealthAddress } from '../health/address.js';
import { logLevels } from '../observe/logger.js';
import { ConfigError } from '../options.js';
import { type Signal, signals } from '../signal.js';
import { parseBytes, parseDuration } from '../units.js';
import { checkClearance } from './check-clearance.js';
import { checkConnectors } from './check-connectors.js';
import { checkTemporality } from './check-temporality.js';

const configKeys = ['logs', 'metrics', 'traces', 'limits', 'dataDir', 'health', 'telemetry'];
const pipelineKeys = ['receivers', 'processors', 'exporters'];
const namePattern = /^[a-z][a-z0-9-]*$/;

const kinds = { receivers: 'receiver', processors: 'processor', exporters: 'exporter' } as const;

/**
 * Checks what types cannot see: that every pipeline has both ends, that values are components of the right kind and signal (for
 * JavaScript users), names, limits, where health is served, connectors without an end or in a circle, the temporality
 * that components ask for, and the classes of fields that exporters are cleared for.
 *
 * @throws {ConfigError} with a path such as `logs.events.processors[1]`.
 */
export function checkConfig(config: PipelinesConfig): void {
  record(config, 'pipeline file', 'an object with pipelines under logs, metrics or traces');
  onlyKeys(config, configKeys, '');
  let count = 0;
  for (const signal of signals) {
    const pipelines: unknown = config[signal];
    if (pipelines === undefined) continue;
    record(pipelines, signal, 'an object of pipelines by name');
    for (const [name, pipeline] of Object.entries(pipelines)) {
      checkPipeline(signal, name, pipeline);
      count++;
    }
  }
  if (count === 0) throw new ConfigError('pipeline file', 'at least one pipeline under logs, metrics or traces');
  checkLimits(config);
  checkHealth(config);
  checkTelemetry(config);
  checkConnectors(config);
  checkTemporality(config);
  checkClearance(config);
}

function checkPipeline(signal: Signal, name: string, pipeline: unknown): void {
  const path = `${signal}.${name}`;
  if (!namePattern.test(name))
    throw new ConfigError(path, 'a name of lower-case letters, digits and dashes, a letter first');
  record(pipeline, path, 'an object with receivers, processors and exporters');
  onlyKeys(pipeline, pipelineKeys, `${path}.`);
  const { receivers, processors, exporters } = pipeline as unknown as Pipeline<Signal>;
  checkList(receivers, signal, 'receivers', path);
  if (processors !== undefined) checkList(processors, signal, 'processors', path);
  checkList(exporters, signal, 'exporters', path);
  if (receivers.length === 0) throw new ConfigError(`${path}.receivers`, 'at least one receiver');
  if (exporters.length === 0) throw new ConfigError(`${path}.exporters`, 'at least one exporter');
}

function checkList(list: unknown, signal: Signal, key: keyof typeof kinds, pipeline: string): void {
  const path = `${pipeline}.${key}`;
  if (!Array.isArray(list)) throw new ConfigError(path, `an array of ${key}`);
  for (const [index, value] of list.entries()) {
    checkComponent(value, signal, kinds[key], `${path}[${index}]`);
    if (key !== 'processors' && list.indexOf(value) !== index) {
      throw new ConfigError(
        `${path}[${index}]`,
        `each ${kinds[key]} once; this one is already ${key}[${list.indexOf(value)}]`,
      );
    }
  }
}

function checkComponent(value: unknown, signal: Signal, kind: string, path: string): void {
  if (typeof value === 'function')
    throw new ConfigError(path, `${article(kind)}; this is a function, call it: ${value.name || kind}()`);
  if (typeof value !== 'object' || value === null || !('kind' in value)) throw new ConfigError(path, article(kind));
  const component = value as { kind: unknown; name?: unknown; emits?: Record<string, unknown> } & Record<
    string,
    unknown
  >;
  const { name } = component;
  if (component.kind !== kind) throw new ConfigError(path, `${article(kind)}, got the ${component.kind} ${name}`);
  if (typeof name !== 'string' || !namePattern.test(name)) {
    throw new ConfigError(path, 'a component whose name has lower-case letters, digits and dashes, a letter first');
  }
  const handles = kind === 'receiver' ? component.emits?.[signal] === true : typeof component[signal] === 'function';
  if (!handles) throw new ConfigError(path, `${article(kind)} for ${signal}; ${name} is not one`);
}

function checkLimits(config: PipelinesConfig): void {
  const { limits, dataDir } = config;
  if (dataDir !== undefined && (typeof dataDir !== 'string' || dataDir === '')) {
    throw new ConfigError('dataDir', 'the path of a directory');
  }
  if (limits === undefined) return;
  record(limits, 'limits', 'an object');
  onlyKeys(limits, ['inFlight', 'memory', 'priority', 'drain', 'retryWindow', 'outbox'], 'limits.');
  if (limits.inFlight !== undefined && !((parseBytes(String(limits.inFlight)) ?? 0) > 0)) {
    throw new ConfigError('limits.inFlight', "a size above 0 such as '256MiB'");
  }
  if (limits.memory !== undefined && !((parseBytes(String(limits.memory)) ?? 0) > 0)) {
    throw new ConfigError('limits.memory', "a size above 0 such as '512MiB'");
  }
  checkPriority(limits.priority);
  if (limits.drain !== undefined && parseDuration(String(limits.drain)) === undefined) {
    throw new ConfigError('limits.drain', "a length of time such as '30s'");
  }
  if (limits.retryWindow !== undefined && !((parseDuration(String(limits.retryWindow)) ?? 0) > 0)) {
    throw new ConfigError('limits.retryWindow', "a length of time above 0 such as '1h'");
  }
  if (limits.outbox !== undefined && !((parseBytes(String(limits.outbox)) ?? 0) > 0)) {
    throw new ConfigError('limits.outbox', "a size above 0 such as '256MiB'");
  }
}

function checkPriority(priority: unknown): void {
  if (priority === undefined) return;
  const isList = Array.isArray(priority) && priority.length > 0 && new Set(priority).size === priority.length;
  if (!isList || !priority.every((each) => (signals as readonly unknown[]).includes(each))) {
    throw new ConfigError(
      'limits.priority',
      'an array of logs, metrics and traces, each at most once, most important first',
    );
  }
}

function checkHealth({ health }: PipelinesConfig): void {
  if (health === undefined) return;
  record(health, 'health', 'an object');
  onlyKeys(health, ['endpoint', 'allowRemote', 'stalledAfter'], 'health.');
  const { endpoint, allowRemote, stalledAfter } = health;
  if (allowRemote !== undefined && typeof allowRemote !== 'boolean') {
    throw new ConfigError('health.allowRemote', 'true or false');
  }
  if (stalledAfter !== undefined && !((parseDuration(String(stalledAfter)) ?? 0) > 0)) {
    throw new ConfigError('health.stalledAfter', "a length of time above 0 such as '30s'");
  }
  if (endpoint === undefined) return;
  const address = parseHealthAddress(String(endpoint));
  if (address === undefined) {
    throw new ConfigError('health.endpoint', "host:port such as '127.0.0.1:13133' or '[::1]:13133'");
  }
  if (allowRemote !== true && !isLocal(address)) {
    throw new ConfigError('health.endpoint', 'an address of this machine only, or health.allowRemote: true');
  }
}

function checkTelemetry({ telemetry }: PipelinesConfig): void {
  if (telemetry === undefined) return;
  record(telemetry, 'telemetry', 'an object');
  onlyKeys(telemetry, ['logLevel', 'metrics'], 'telemetry.');
  const { logLevel, metrics } = telemetry;
  if (logLevel !== undefined && !logLevels.includes(logLevel)) {
    throw new ConfigError('telemetry.logLevel', `one of ${logLevels.join(', ')}`);
  }
  if (metrics === undefined) return;
  record(metrics, 'telemetry.metrics', 'an object with an endpoint');
  onlyKeys(metrics, ['endpoint', 'interval', 'headers'], 'telemetry.metrics.');
  if (!URL.canParse(String(metrics.endpoint))) {
    throw new ConfigError('telemetry.metrics.endpoint', "an address such as 'http://127.0.0.1:4318/v1/metrics'");
  }
  if (metrics.interval !== undefined && !((parseDuration(String(metrics.interval)) ?? 0) > 0)) {
    throw new ConfigError('telemetry.metrics.interval', "a length of time above 0 such as '60s'");
  }
}

function record(value: unknown, path: string, expected: string): asserts value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ConfigError(path, expected);
}

function onlyKeys(value: object, known: readonly string[], prefix: string): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new ConfigError(`${prefix}${key}`, `one of ${known.join(', ')}`);
  }
}

function article(kind: string): string {
  return kind === 'exporter' ? 'an exporter' : `a ${kind}`;
}
