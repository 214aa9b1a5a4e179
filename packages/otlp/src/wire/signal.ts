/** One of the three kinds of telemetry that OTLP carries here. */
export type Signal = 'logs' | 'metrics' | 'traces';
