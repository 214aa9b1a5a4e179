import { type Host, tellRoom } from '@otelier/core';
import type { Room } from './room.js';

/** How delivery goes, in milliseconds since 1970. */
export interface Delivery {
  readonly oldestAt: number | undefined;
  readonly failingSince: number | undefined;
  readonly failingWhy: string | undefined;
}

/** Exports how full the queue is, under the Collector's names, and tells the collector's health of it; returns a function that stops it. */
export function observeQueue(host: Host, room: Room, delivery: () => Delivery): () => void {
  const attributes = { exporter: host.id, ...(host.signal && { 'otel.signal': host.signal }) };
  const batches = host.meter.createObservableGauge('otelcol_exporter_queue_size', {
    description: 'Batches in the queue or being sent from it',
    unit: '{batches}',
  });
  const bytes = host.meter.createObservableGauge('otelier_exporter_queue_bytes', {
    description: 'Protobuf bytes in the queue or being sent from it',
    unit: 'By',
  });
  const capacity = host.meter.createObservableGauge('otelier_exporter_queue_capacity_bytes', {
    description: 'Protobuf bytes that the queue may hold',
    unit: 'By',
  });
  const observe = (result: { observe(instrument: typeof bytes, value: number, attributes: object): void }) => {
    result.observe(batches, room.batches, attributes);
    result.observe(bytes, room.bytes, attributes);
    result.observe(capacity, room.maxBytes, attributes);
  };
  const instruments = [batches, bytes, capacity];
  host.meter.addBatchObservableCallback(observe as never, instruments);
  const stopTelling = tellRoom(host, () => ({
    ...{ bytes: room.bytes, maxBytes: room.maxBytes, batches: room.batches },
    maxBatches: Number.isFinite(room.maxBatches) ? room.maxBatches : undefined,
    ...delivery(),
  }));
  return () => {
    host.meter.removeBatchObservableCallback(observe as never, instruments);
    stopTelling();
  };
}
