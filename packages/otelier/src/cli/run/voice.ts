import type { Collector, ShutdownReport } from '@otelier/core';
import { short } from '../../load-config/config-file-error.js';

/** Says what `otelier run` does: sentences for people, or one JSON object a line for machines. */
export interface Voice {
  ready(file: string, collector: Collector, ms: number): void;
  reloaded(file: string, collector: Collector): void;
  /** The new file is not used; the old one runs on. */
  keptOld(error: Error): void;
  draining(why: string, seconds: number): void;
  /** While draining: items that components still hold. */
  held(items: number): void;
  closing(): void;
  stopped(report: ShutdownReport): void;
}

/** Writes one JSON object a line, each with its `event`. */
export function jsonVoice(write: (line: string) => void): Voice {
  const say = (event: string, fields: object): void => write(`${JSON.stringify({ event, ...fields })}\n`);
  return {
    ready: (file, collector, ms) =>
      say('ready', {
        file,
        pid: process.pid,
        ms: Math.round(ms),
        endpoints: collector.endpoints(),
        health: collector.health().endpoint,
        pipelines: pipelines(collector),
      }),
    reloaded: (file, collector) =>
      say('reloaded', {
        file,
        endpoints: collector.endpoints(),
        health: collector.health().endpoint,
        pipelines: pipelines(collector),
      }),
    keptOld: (error) => say('reload-failed', { error: error.message }),
    draining: (why, seconds) => say('draining', { why, deadlineSeconds: seconds }),
    held: (items) => say('held', { items }),
    closing: () => say('closing', {}),
    stopped: (report) => say('stopped', report),
  };
}

/** Writes sentences. */
export function humanVoice(write: (text: string) => void): Voice {
  return {
    ready(file, collector, ms) {
      const doors = Object.values(collector.endpoints()).flat();
      const names = pipelines(collector);
      const health = collector.health().endpoint;
      const lines = [
        `otelier runs ${short(file)} (ready in ${(ms / 1000).toFixed(2)} s)`,
        `  pipelines  ${names.join(', ')}`,
        `  state      ${collector.config.dataDir === undefined ? 'in memory' : `in ${collector.config.dataDir}`}`,
        ...doors.map((door, i) => `  ${i === 0 ? 'listens on ' : '           '}${door}`),
        ...(health === undefined ? [] : [`  health     ${health}/readyz`]),
      ];
      if (doors.some((door) => door.includes('://'))) lines.push('', ...nextSteps(doors));
      write(`${lines.join('\n')}\n\n`);
    },
    reloaded: (file, collector) =>
      write(`otelier: ${short(file)} is loaded again and in force: ${pipelines(collector).join(', ')}\n`),
    keptOld: (error) => write(`otelier: the file as it is now is not used, the old one runs on:\n  ${error.message}\n`),
    draining: (why, seconds) =>
      write(`\notelier: ${why}, delivering what is in flight (at most ${seconds} s; Ctrl-C again closes now)\n`),
    held: (items) => write(`otelier: ${items} ${items === 1 ? 'item' : 'items'} still in flight\n`),
    closing: () => write('otelier: closing now\n'),
    stopped: (report) => write(`otelier: stopped, ${outcome(report)}\n`),
  };
}

function pipelines(collector: Collector): string[] {
  const { logs, metrics, traces } = collector.config;
  return Object.entries({ logs, metrics, traces }).flatMap(([signal, named]) =>
    Object.keys(named ?? {}).map((name) => `${signal}/${name}`),
  );
}

function nextSteps(doors: readonly string[]): string[] {
  const http = doors.find((door) => /^https?:/.test(door));
  const steps = [
    'Next, in another terminal, point Claude Code here:',
    `  eval "$(npx otelier env${envOptions(doors, http)})" && claude`,
  ];
  if (http !== undefined) steps.push('or watch recorded sessions arrive:', `  npx otelier demo --endpoint ${http}`);
  return [...steps, 'Ctrl-C stops, after what is in flight has been delivered.'];
}

/** What `otelier env` must be told to name one of these doors. */
function envOptions(doors: readonly string[], http: string | undefined): string {
  if (http !== undefined) return http.endsWith(':4318') ? '' : ` --endpoint ${http}`;
  const grpc = doors.find((door) => door.startsWith('grpc:'));
  if (grpc === undefined) return '';
  return ` --protocol grpc${grpc.endsWith(':4317') ? '' : ` --endpoint ${grpc.replace('grpc:', 'http:')}`}`;
}

function outcome({ delivered, dropped, refused, abandoned, lost, kept, errors, clean }: ShutdownReport): string {
  const counts = [`${delivered} delivered`, `${dropped} dropped on purpose`, `${refused} refused`];
  if (kept > 0) counts.push(`${kept} kept on disk for the next start`);
  if (clean) return `nothing was lost: ${counts.join(', ')}`;
  if (abandoned > 0) counts.push(`${abandoned} given back to their senders at the deadline`);
  if (lost > 0) counts.push(`${lost} LOST after they had been acknowledged`);
  return [`not everything was delivered: ${counts.join(', ')}`, ...errors.map((error) => `  ${error}`)].join('\n');
}
