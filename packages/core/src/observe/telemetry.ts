import type { Attributes, BatchObservableResult, Observable } from '@opentelemetry/api';
import type { Account } from '../run/account.js';
import type { Engine } from '../run/host.js';
import type { Count, Tally } from '../run/tally.js';
import type { Signal } from '../signal.js';

const itemsOf: Readonly<Record<Signal, string>> = { logs: 'log_records', metrics: 'metric_points', traces: 'spans' };

/**
 * Observes a collector's accounts with its meter, under the OpenTelemetry Collector's names where it has one and under `otelier.*` otherwise.
 * Data is read when the meter collects; batches only pay for the duration of calls. The returned function ends that with the next collection.
 */
export function observeAccounts(engine: Engine, restarts: Tally): () => void {
  const { meter, ledger, admission, pressure } = engine;
  const observables: Observable[] = [];
  const counter = (name: string, description: string, unit = '{item}'): Observable => {
    const made = meter.createObservableCounter(name, { description, unit });
    observables.push(made);
    return made;
  };
  const perSignal = (name: string, description: string): Readonly<Record<Signal, Observable>> => ({
    logs: counter(`${name}_${itemsOf.logs}`, description),
    metrics: counter(`${name}_${itemsOf.metrics}`, description),
    traces: counter(`${name}_${itemsOf.traces}`, description),
  });
  const accepted = perSignal('otelcol_receiver_accepted', 'Items that the pipelines took to their end.');
  const refusedAtDoor = perSignal('otelcol_receiver_refused', 'Items whose sender was told of a failure.');
  const sent = perSignal('otelcol_exporter_sent', 'Items that were delivered.');
  const sendFailed = perSignal('otelcol_exporter_send_failed', 'Items that could not be delivered.');
  const incoming = counter('otelcol_processor_incoming_items', 'Items that came in.');
  const outgoing = counter('otelcol_processor_outgoing_items', 'Items that were passed on.');
  const added = counter('otelier.component.added', 'Items that a component made.');
  const dropped = counter('otelier.component.dropped', 'Items that ended in a component on purpose.');
  const refused = counter('otelier.component.refused', 'Items that a component refused.');
  const noted = counter('otelier.component.noted', 'What happened to items that stayed: resets, gaps, overlaps.');
  const restarted = counter('otelier.operator.restarts', 'Times that an operator failed and began anew.', '{restart}');
  const turnedAway = counter(
    'otelier.admission.refused',
    'Requests that were refused before their body was read, since too many bytes were in flight.',
    '{request}',
  );
  const held = meter.createObservableUpDownCounter('otelier.component.held', {
    description: 'Items inside.',
    unit: '{item}',
  });
  const inFlight = meter.createObservableUpDownCounter('otelier.in_flight.size', {
    description: 'Bytes between receivers and exporters.',
    unit: 'By',
  });
  const memory = meter.createObservableUpDownCounter('otelier.process.memory', {
    description: 'Bytes of memory that the process uses, as compared with limits.memory.',
    unit: 'By',
  });
  observables.push(held, inFlight, memory);

  const byReason = (observed: BatchObservableResult, into: Observable, account: Account, tally: Tally): void => {
    for (const [reason, count] of tally.counts) {
      observed.observe(into, count.value, (count.attributes ??= { ...account.attributes, reason }));
    }
  };
  const observe = (observed: BatchObservableResult): void => {
    for (const account of ledger.summed()) {
      const { kind, signal, attributes } = account;
      if (kind === 'receiver') {
        const failed = account.failed.total;
        observed.observe(accepted[signal], account.out - failed, attributes);
        observed.observe(refusedAtDoor[signal], failed + account.refused.total, attributes);
      } else if (kind === 'processor') {
        observed.observe(incoming, account.in, attributes);
        observed.observe(outgoing, account.out, attributes);
      } else {
        observed.observe(sent[signal], account.out, attributes);
        observed.observe(sendFailed[signal], account.refused.total, attributes);
      }
      observed.observe(held, account.held, attributes);
      byReason(observed, added, account, account.added);
      byReason(observed, dropped, account, account.dropped);
      byReason(observed, refused, account, account.refused);
      byReason(observed, noted, account, account.noted);
    }
    for (const [component, count] of restarts.counts)
      observed.observe(restarted, count.value, restartAttributes(component, count));
    for (const [reason, count] of admission.refused.counts)
      observed.observe(turnedAway, count.value, (count.attributes ??= { reason }));
    observed.observe(inFlight, admission.inFlightBytes);
    observed.observe(memory, pressure.memoryBytes);
    // What happened between the last collection and the end is still told.
    if (stopped) meter.removeBatchObservableCallback(observe, observables);
  };
  let stopped = false;
  meter.addBatchObservableCallback(observe, observables);
  ledger.time(
    meter.createHistogram('otelier.component.duration', {
      description:
        'Time until a call of a component was settled; of processors with hooks or batch functions, their own work.',
      unit: 's',
    }),
  );
  return () => {
    stopped = true;
    ledger.time(undefined);
  };
}

function restartAttributes(component: string, count: Count): Attributes {
  return (count.attributes ??= { component });
}
