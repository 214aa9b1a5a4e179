import {
  type AnyBatch,
  type Exporter,
  exporterStage,
  type Flow,
  type Host,
  PipelineError,
  Secret,
  type Signal,
  type Stage,
  type Traits,
} from '@otelier/core';
import { clearanceTrait } from '../clearance.js';
import { deliverParts } from '../parts.js';
import type { Endpoint } from './endpoint.js';
import { checkHeaders } from './header-session.js';
import type { HeaderSource } from './headers.js';
import { HeadersHelper } from './headers-helper.js';
import { Loop } from './loop.js';
import type { OtlpSettings } from './options.js';
import { PartialSuccessReport } from './partial-success.js';
import type { Transport, TransportOptions } from './transport.js';

/** An exporter for the signals that have an endpoint; the others' batches are dropped and counted. */
export function otlpStages(settings: OtlpSettings, to: { readonly [S in Signal]?: Endpoint }): Exporter<Signal> {
  const loop = new Loop(settings.name);
  const stages = {
    logs: (host: Host) => otlpStage('logs', to.logs, settings, host, loop),
    metrics: (host: Host) => otlpStage('metrics', to.metrics, settings, host, loop),
    traces: (host: Host) => otlpStage('traces', to.traces, settings, host, loop),
  };
  return exporterStage<Signal>(settings.name, stages, traits(settings, to));
}

function otlpStage(
  signal: Signal,
  endpoint: Endpoint | undefined,
  settings: OtlpSettings,
  host: Host,
  loop: Loop,
): Stage<AnyBatch> {
  if (endpoint === undefined) return unnamed(signal, host);
  const target = endpoint.label;
  const report = new PartialSuccessReport(host, target);
  let transport: Transport | undefined;

  const deliver = async (batch: AnyBatch, flow: Flow): Promise<void> => {
    if (transport === undefined) throw new Error(`${settings.name}: consume before start`);
    if (batch.size > settings.maxBytes)
      throw new PipelineError(
        'too-large',
        `one item for ${target} is larger than maxBytes (${settings.maxBytes} bytes)`,
      );
    const partial = await transport.send(batch, flow);
    if (partial !== undefined) report.take(partial, batch, flow);
  };
  return {
    async start() {
      checkHeaders(settings.headers, host.logger);
      transport = await open({ signal, endpoint, settings, host, via: (flow) => loop.headers(flow) });
    },
    async consume(batch, flow) {
      if (batch.count === 0) return;
      loop.check(flow, target);
      if (batch.size <= settings.maxBytes) return deliver(batch, flow);
      await deliverParts(partsOf(batch, settings.maxBytes), flow, (part) => deliver(part, flow), batch);
    },
    async close() {
      await transport?.close();
    },
  };
}

/** Parts that are within the limit, which a split by size keeps only about, and single items that are not. */
function partsOf(batch: AnyBatch, maxBytes: number): AnyBatch[] {
  const parts = batch.split({ maxBytes }) as AnyBatch[];
  return parts.flatMap((part) => {
    if (part.size <= maxBytes || part.count < 2) return [part];
    const halves = part.split({ maxCount: Math.ceil(part.count / 2) }) as AnyBatch[];
    return halves.flatMap((half) => partsOf(half, maxBytes));
  });
}

/** Heavy libraries load here, when a pipeline that uses them starts. */
async function open(options: TransportOptions): Promise<Transport> {
  if (options.settings.protocol === 'grpc') return (await import('./grpc.js')).openGrpc(options);
  return (await import('./http.js')).openHttp(options);
}

function unnamed(signal: Signal, host: Host): Stage<AnyBatch> {
  return {
    async start() {
      host.logger.info({ signal }, 'no OTLP endpoint is named for this signal: its data is not sent');
    },
    async consume(batch, flow) {
      if (batch.count > 0) flow.drop(batch.count, 'no endpoint');
    },
  };
}

function traits(settings: OtlpSettings, to: { readonly [S in Signal]?: Endpoint }): Traits {
  const labels = Object.fromEntries(Object.entries(to).map(([signal, { label }]) => [signal, label]));
  const { protocol, compression, timeoutMs, maxBytes, connections, headers } = settings;
  const options = {
    endpoints: labels,
    protocol,
    compression,
    timeoutMs,
    maxBytes,
    connections,
    headers: shownHeaders(headers),
  };
  const accepts = settings.temporality === undefined ? {} : { accepts: settings.temporality };
  return { options, ...accepts, ...clearanceTrait(settings.clearance) };
}

function shownHeaders(headers: HeaderSource): unknown {
  if (headers instanceof HeadersHelper) return headers.shown;
  if (typeof headers === 'function') return 'from a function';
  return Object.entries(headers).map(([name, value]) => `${name}: ${value instanceof Secret ? value : '***'}`);
}
