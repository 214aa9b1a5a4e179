import { AttributeList } from '../attributes/attribute-list.js';
import type { Attributes } from '../attributes/attributes.js';
import type { Message, Resource, Scope } from '../view/common.js';
import { type MetricType, requestOf, Shape } from '../view/shape.js';
import { install, View } from '../view/view.js';
import { children, variant, Walk } from '../view/walk.js';
import {
  type DataPoint,
  EXPONENTIAL_POINT,
  type ExponentialHistogramDataPoint,
  HISTOGRAM_POINT,
  type HistogramDataPoint,
  NUMBER_POINT,
  type NumberDataPoint,
  SUM_POINT,
  SUMMARY_POINT,
  type SummaryDataPoint,
} from './data-point.js';

export type { DataPoint } from './data-point.js';

/** Whether points count from a fixed start ('cumulative') or since the point before ('delta'). */
export type Temporality = 'unspecified' | 'delta' | 'cumulative';

/** The metrics of one resource. */
export interface ResourceMetrics extends Message {
  readonly resource: Resource;
  /** False when the resource is absent on the wire and nobody wrote to it. */
  readonly hasResource: boolean;
  readonly scopeMetrics: Iterable<ScopeMetrics>;
  readonly schemaUrl: string;
}

/** The metrics of one instrumentation scope. */
export interface ScopeMetrics extends Message {
  readonly scope: Scope;
  /** False when the scope is absent on the wire and nobody wrote to it. */
  readonly hasScope: boolean;
  readonly metrics: Iterable<Metric>;
  readonly schemaUrl: string;
}

/** One metric: a name, and data points of one type. */
export interface Metric extends Message {
  name: string;
  description: string;
  unit: string;
  /** undefined when the metric has no data. */
  readonly type: MetricType | undefined;
  /** Of sums and histograms; 'unspecified' for a gauge or summary, where writing it throws. */
  temporality: Temporality;
  /** Of sums: true when the value never falls. */
  readonly monotonic: boolean;
  readonly metadata: Attributes;
  /** All data points, of the class that `type` says. */
  readonly dataPoints: Iterable<DataPoint>;
  /** The data points of a gauge or sum; none for other types. */
  readonly numberPoints: Iterable<NumberDataPoint>;
  /** The data points of a histogram; none for other types. */
  readonly histogramPoints: Iterable<HistogramDataPoint>;
  /** The data points of an exponential histogram; none for other types. */
  readonly exponentialPoints: Iterable<ExponentialHistogramDataPoint>;
  /** The data points of a summary; none for other types. */
  readonly summaryPoints: Iterable<SummaryDataPoint>;
  readonly resource: Resource;
  readonly scope: Scope;
}

function data(type: MetricType, child: Shape): Shape {
  return new Shape({ role: 'data', type, children: 0x0a, child });
}

const variants: (Shape | undefined)[] = new Array(256).fill(undefined);
variants[0x2a] = data('gauge', NUMBER_POINT);
variants[0x3a] = data('sum', SUM_POINT);
variants[0x4a] = data('histogram', HISTOGRAM_POINT);
variants[0x52] = data('exponentialHistogram', EXPONENTIAL_POINT);
variants[0x5a] = data('summary', SUMMARY_POINT);

export const METRIC: Shape = new Shape({ role: 'metric', name: 0x0a, attributes: 0x62, variants });

export const METRICS_REQUEST: Shape = requestOf(METRIC);

const TEMPORALITIES: readonly Temporality[] = ['unspecified', 'delta', 'cumulative'];
const NO_POINTS: Iterable<View> = [];

abstract class MetricFace extends View {
  get scopeMetrics(): Iterable<View> {
    return new Walk(this, 0x12, this.shape.child!);
  }

  get metrics(): Iterable<View> {
    return new Walk(this, 0x12, this.shape.child!);
  }

  get description(): string {
    return this.string(0x12);
  }
  set description(value: string) {
    this.setString(0x12, value);
  }

  get unit(): string {
    return this.string(0x1a);
  }
  set unit(value: string) {
    this.setString(0x1a, value);
  }

  /** Of a metric and of a data point. */
  get type(): MetricType | undefined {
    return this.shape.variants === undefined ? this.shape.type : variant(this)?.shape.type;
  }

  get temporality(): Temporality {
    const data = variant(this);
    if (data === null || !hasTemporality(data)) return 'unspecified';
    return TEMPORALITIES[data.uint(0x10)] ?? 'unspecified';
  }
  set temporality(value: Temporality) {
    const number = TEMPORALITIES.indexOf(value);
    if (number < 0) throw new RangeError("temporality: expected 'unspecified', 'delta' or 'cumulative'");
    const data = variant(this);
    if (data === null || !hasTemporality(data))
      throw new TypeError(`temporality: a ${data === null ? 'metric without data' : data.shape.type} has none`);
    data.setUint(0x10, number);
  }

  get monotonic(): boolean {
    const data = variant(this);
    return data !== null && data.shape.type === 'sum' && data.uint(0x18) !== 0;
  }

  get metadata(): Attributes {
    return new AttributeList(this, 0x62);
  }

  get dataPoints(): Iterable<View> {
    return children(this) ?? NO_POINTS;
  }

  get numberPoints(): Iterable<View> {
    const type = this.type;
    return type === 'gauge' || type === 'sum' ? this.dataPoints : NO_POINTS;
  }

  get histogramPoints(): Iterable<View> {
    return this.type === 'histogram' ? this.dataPoints : NO_POINTS;
  }

  get exponentialPoints(): Iterable<View> {
    return this.type === 'exponentialHistogram' ? this.dataPoints : NO_POINTS;
  }

  get summaryPoints(): Iterable<View> {
    return this.type === 'summary' ? this.dataPoints : NO_POINTS;
  }
}

function hasTemporality(data: View): boolean {
  return data.shape.type !== 'gauge' && data.shape.type !== 'summary';
}

install(MetricFace);
