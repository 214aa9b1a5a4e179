import type { Meter } from '@opentelemetry/api';

const instrument = { add() {}, record() {}, addCallback() {}, removeCallback() {} };
const make = (): typeof instrument => instrument;

/** The meter of a program that observes nothing; the OpenTelemetry API has one too, but loads 45 modules for it. */
export const silentMeter: Meter = {
  createGauge: make,
  createHistogram: make,
  createCounter: make,
  createUpDownCounter: make,
  createObservableGauge: make,
  createObservableCounter: make,
  createObservableUpDownCounter: make,
  addBatchObservableCallback() {},
  removeBatchObservableCallback() {},
};
