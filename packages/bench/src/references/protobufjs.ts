import Long from 'long';
import protobuf from 'protobufjs';
import { referenceMessages } from './messages.js';

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

protobuf.util.Long = Long;
protobuf.configure();

// protobufjs generates code for each message when it is first used; as fast as its static code.
const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(referenceMessages).map(([name, { fields, oneof, choices }]) => [
      name,
      {
        fields: Object.fromEntries(
          fields.map(([id, field, type, rule]) => [field, rule === undefined ? { id, type } : { id, type, rule }]),
        ),
        ...(oneof === undefined ? {} : { oneofs: { [oneof]: { oneof: [...(choices ?? [])] } } }),
      },
    ]),
  ),
});
const codec = <T>(name: string): Codec<T> => root.lookupType(name).setup() as unknown as Codec<T>;
const logsCodec = codec<PlainLogs>('LogsRequest');
const metricsCodec = codec<PlainMetrics>('MetricsRequest');

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
