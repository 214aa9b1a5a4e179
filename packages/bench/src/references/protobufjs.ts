import { createRequire } from 'node:module';

/** An attribute as protobufjs reads and writes it. */
export interface PlainAttribute {
  key: string;
  value: { stringValue?: string; intValue?: number; doubleValue?: number; boolValue?: boolean };
}
interface PlainResource {
  resource: { attributes: PlainAttribute[] };
}
export interface PlainLogRecord {
  attributes: PlainAttribute[];
}
export interface PlainLogs {
  resourceLogs: (PlainResource & { scopeLogs: { logRecords: PlainLogRecord[] }[] })[];
}
/** 64-bit integers come as Long; the benchmarks only carry them along. */
export interface PlainPoint {
  attributes: PlainAttribute[];
  startTimeUnixNano: unknown;
  timeUnixNano: unknown;
  asDouble: number;
}
export interface PlainMetrics {
  resourceMetrics: (PlainResource & {
    scopeMetrics: {
      metrics: { name: string; unit: string; sum: { aggregationTemporality: number; dataPoints: PlainPoint[] } }[];
    }[];
  })[];
}

interface Codec<T> {
  decode(bytes: Uint8Array): T;
  encode(message: T): { finish(): Buffer };
  fromObject(plain: object): T;
  toObject(message: T, options: object): object;
}

// Static code that protobufjs generated for OTLP, from the last release of the SDK that shipped it.
const root = createRequire(import.meta.url)('otlp-transformer-208/build/src/generated/root.js');
const { logs, metrics } = root.opentelemetry.proto.collector;
const logsCodec = logs.v1.ExportLogsServiceRequest as Codec<PlainLogs>;
const metricsCodec = metrics.v1.ExportMetricsServiceRequest as Codec<PlainMetrics>;

const finish = <T>(codec: Codec<T>, message: T): Buffer => Buffer.from(codec.encode(message).finish());
// fromObject takes 64-bit integers as decimal text exactly; numbers and BigInt it does not.
const exact = (plain: object): object =>
  JSON.parse(JSON.stringify(plain, (_, value) => (typeof value === 'bigint' ? String(value) : value)));

const everything = { longs: String, defaults: true };
/** What a request says, with defaults filled in: equal for every spelling of the same content. */
export const readLogs = (bytes: Uint8Array): object => logsCodec.toObject(logsCodec.decode(bytes), everything);
export const readMetrics = (bytes: Uint8Array): object => metricsCodec.toObject(metricsCodec.decode(bytes), everything);
export const decodeLogs = (bytes: Uint8Array): PlainLogs => logsCodec.decode(bytes);
export const reencodeLogs = (message: PlainLogs): Uint8Array => logsCodec.encode(message).finish();
export const encodeLogs = (plain: object): Buffer => finish(logsCodec, logsCodec.fromObject(exact(plain)));
export const logsFromObject = (plain: object): PlainLogs => logsCodec.fromObject(plain);
export const decodeMetrics = (bytes: Uint8Array): PlainMetrics => metricsCodec.decode(bytes);
export const reencodeMetrics = (message: PlainMetrics): Uint8Array => metricsCodec.encode(message).finish();
export const encodeMetrics = (plain: object): Buffer => finish(metricsCodec, metricsCodec.fromObject(exact(plain)));
