import { field } from '../wire/field.js';
import { skip } from '../wire/varint.js';

/** The identity of one stream as its wire fields: of resource and scope the schema URL and what else is ordered, then the attributes. */
export interface StreamParts {
  readonly resource: Uint8Array;
  readonly resourceOrdered: number;
  readonly scope: Uint8Array;
  readonly scopeOrdered: number;
  /** Name and unit. */
  readonly metric: Uint8Array;
  /** Tag of the field that holds the metric's data. */
  readonly type: number;
  readonly temporality: number;
  readonly monotonic: boolean;
  readonly point: Uint8Array;
}

const SCHEMA_URL = 0x1a;

/** The smallest metrics request with a point of that stream. */
export function streamRequest(of: StreamParts): Buffer {
  const data: Uint8Array[] = [field(0x0a, of.point)];
  if (of.temporality > 0) data.push(Uint8Array.of(0x10, of.temporality));
  if (of.monotonic) data.push(Uint8Array.of(0x18, 1));
  const metric = field(0x12, of.metric, field(of.type, ...data));
  const { scope, scopeOrdered } = of;
  // Among the ordered fields that tag is the schema URL; behind them it is an attribute of the scope.
  const url = scope[0] === SCHEMA_URL && scopeOrdered > 0 ? skip(scope, 1, SCHEMA_URL) : 0;
  const scopeMetrics = field(0x12, field(0x0a, scope.subarray(url)), metric, scope.subarray(0, url));
  const { resource, resourceOrdered } = of;
  const attributes = field(0x0a, resource.subarray(resourceOrdered));
  return field(0x0a, attributes, scopeMetrics, resource.subarray(0, resourceOrdered));
}
