import type { Meter } from '@opentelemetry/api';
import {
  type Collector,
  createCollector,
  createLogger,
  type Logger,
  type LogLevel,
  type PipelinesConfig,
  parseDuration,
  type ShutdownReport,
  writeToStandardError,
} from '@otelier/core';
import { type LoadedConfig, loadConfig } from '../../load-config/load-config.js';
import { exitFailure } from '../fail.js';
import { onHangUp, onStopSignals } from './signals.js';
import { textLogger } from './text-logger.js';
import { tellUnclaimed } from './unclaimed.js';
import { humanVoice, jsonVoice, type Voice } from './voice.js';
import type { SourceWatch } from './watch.js';

/** What `otelier run` takes. */
export interface RunOptions {
  readonly watch?: true;
  readonly json?: true;
}

/** Runs the pipelines of a file until a signal comes, or until receivers that end by themselves have ended. */
export async function run(path: string, options: RunOptions): Promise<void> {
  // What otelier says goes to standard error, so that standard output holds what exporters write and nothing else.
  const write = writeToStandardError;
  const voice = options.json === true ? jsonVoice(write) : humanVoice(write);
  let stop = (_why: string): void => {};
  const stopping = new Promise<string>((resolve) => {
    stop = resolve;
  });
  let started = (_reload: () => Promise<void>): void => {};
  const running = new Promise<() => Promise<void>>((resolve) => {
    started = resolve;
  });
  // From the beginning: a reload that is asked for too early comes late, and does not end the process.
  const unlistenHangUp = onHangUp(async () => (await running)(), stop);
  const loaded = await loadConfig(path);
  // A reload may change it, so that a fault can be looked at while it is there.
  let inForce = loaded.config;
  const level = (): LogLevel => inForce.telemetry?.logLevel ?? 'warn';
  const logger = options.json === true ? createLogger({ level }) : textLogger(level, write);
  const own = await ownMetrics(loaded.config, logger);
  const collector = createCollector(loaded.config, {
    logger,
    onStores: (stores) => tellUnclaimed(stores, loaded.config.dataDir, logger),
    ...(own && { meter: own.meter }),
  });

  let failed = false;
  const unlisten = onStopSignals(stop, () => {
    voice.closing();
    void collector.shutdown({ deadline: '0ms' });
  });
  // A receiver without sockets must not let the process end by itself.
  const alive = setInterval(() => {}, 2 ** 30);
  let watcher: SourceWatch | undefined;
  try {
    await collector.start();
    voice.ready(loaded.file, collector, performance.now());
    const reload = reloads(loaded.file, collector, voice, (config) => {
      inForce = config;
    });
    started(reload);
    if (options.watch === true) watcher = await reloadOnChange(loaded, reload);
    void collector.done.then(
      () => {
        if (!hasServers(collector)) stop('everything was read');
      },
      () => {
        failed = true;
        stop('a receiver failed');
      },
    );
    const why = await stopping;
    watcher?.close();
    const report = await drain(collector, voice, why);
    process.exitCode = report.clean && !failed ? 0 : exitFailure;
  } finally {
    clearInterval(alive);
    unlisten();
    watcher?.close();
    await own?.shutdown();
    unlistenHangUp();
  }
}

/** Receivers of files say what they read, servers say a URL. */
function hasServers(collector: Collector): boolean {
  return Object.values(collector.endpoints()).some((places) => places.some((place) => place.includes('://')));
}

async function drain(collector: Collector, voice: Voice, why: string): Promise<ShutdownReport> {
  const seconds = (parseDuration(collector.config.limits?.drain ?? '30s') ?? 30_000) / 1000;
  voice.draining(why, seconds);
  const progress = setInterval(() => voice.held(heldItems(collector)), 1000);
  try {
    const report = await collector.shutdown();
    voice.stopped(report);
    return report;
  } finally {
    clearInterval(progress);
  }
}

function heldItems(collector: Collector): number {
  // Not the sum of the accounts: what a wrapper holds is in the account of what it wraps as well.
  let items = 0;
  for (const { held } of Object.values(collector.health().pipelines)) items += held;
  return items;
}

/** What puts the file in force as it is now, one reload after another; whatever is wrong with it, the old one runs on. */
function reloads(
  file: string,
  collector: Collector,
  voice: Voice,
  taken: (config: PipelinesConfig) => void,
): () => Promise<void> {
  const reload = async (): Promise<void> => {
    if (collector.state !== 'running') return;
    try {
      const { config } = await loadConfig(file);
      await collector.reload(config);
      taken(config);
      // A reload that a shutdown has cut short is in force for nobody.
      if (collector.state === 'running') voice.reloaded(file, collector);
    } catch (error) {
      voice.keptOld(error instanceof Error ? error : new Error(String(error)));
    }
  };
  let reloading = Promise.resolve();
  return () => {
    reloading = reloading.then(reload);
    return reloading;
  };
}

async function reloadOnChange({ file, source }: LoadedConfig, reload: () => Promise<void>): Promise<SourceWatch> {
  const { watchSource } = await import('./watch.js');
  return watchSource(file, source, reload);
}

/** The SDK that exports the collector's own metrics is large, and loaded only for those who ask for it. */
async function ownMetrics(
  config: PipelinesConfig,
  logger: Logger,
): Promise<{ meter: Meter; shutdown(): Promise<void> } | undefined> {
  const options = config.telemetry?.metrics;
  if (options === undefined) return undefined;
  const { selfTelemetry } = await import('@otelier/sdk');
  return selfTelemetry(options, logger);
}
