import type { Labels, Series, SeriesBook } from '@otelier/testing';
import type { Increase, Sample } from './increase.js';

/** A series as a time series database sees it: temporality and start time are gone. */
export interface SampleSeries {
  readonly metric: string;
  readonly labels: Labels;
  readonly samples: readonly Sample[];
}

/** The samples of every series in order of time; of two at one millisecond the later to come stays. */
export function samplesOf(book: SeriesBook): SampleSeries[] {
  return [...book.series.values()].map(({ metric, attributes, points }) => ({
    metric,
    labels: attributes,
    samples: ordered(points),
  }));
}

function ordered(points: Series['points']): Sample[] {
  const byTime = new Map<number, number>();
  for (const { timeUnixNano, value } of points) byTime.set(Number(timeUnixNano / 1_000_000n), Number(value));
  return [...byTime].map(([at, value]) => ({ at, value })).sort((a, b) => a.at - b.at);
}

/** The samples that a scrape every `interval` milliseconds sees, from the first sample to `end`: the latest value, again and again. */
export function scraped(series: readonly SampleSeries[], interval: number, end: number): SampleSeries[] {
  return series.map(({ samples, ...rest }) => {
    const seen: Sample[] = [];
    let next = 0;
    for (let at = samples[0]!.at; ; at = Math.min(at + interval, end)) {
      while (next < samples.length && samples[next]!.at <= at) next++;
      seen.push({ at, value: samples[next - 1]!.value });
      if (at >= end) return { ...rest, samples: seen };
    }
  });
}

/** `sum(increase(metric[range]))` at `end`. */
export function sumOfIncrease(
  series: readonly SampleSeries[],
  metric: string,
  increase: Increase,
  end: number,
  range: number,
): number {
  let sum = 0;
  for (const each of series) {
    if (each.metric === metric) sum += increase(each.samples, end, range) ?? 0;
  }
  return sum;
}
