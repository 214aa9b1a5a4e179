/** A sample as a time series database keeps it. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly value: number;
}

/** What `increase(series[range])` answers at `end`, of samples in order of time; undefined when it has no answer. */
export type Increase = (samples: readonly Sample[], end: number, range: number) => number | undefined;

/**
 * Prometheus' `increase`: the rise within the window with resets undone, scaled up to what the samples do not cover
 * (`extrapolatedRate` in promql/functions.go of 2.42).
 */
export const prometheusIncrease: Increase = (samples, end, range) => {
  const start = end - range;
  const inside = samples.filter(({ at }) => at >= start && at <= end);
  const first = inside[0];
  const last = inside.at(-1);
  if (first === undefined || last === undefined || inside.length < 2) return undefined;
  let rise = last.value - first.value;
  for (let i = 1; i < inside.length; i++) {
    if (inside[i]!.value < inside[i - 1]!.value) rise += inside[i - 1]!.value;
  }
  const sampled = last.at - first.at;
  const average = sampled / (inside.length - 1);
  let toStart = first.at - start;
  // A counter cannot have been below zero: not further back than where the line through the samples meets it.
  if (rise > 0 && first.value >= 0) toStart = Math.min(toStart, (sampled * first.value) / rise);
  const toEnd = end - last.at;
  const threshold = average * 1.1;
  const covered = sampled + (toStart < threshold ? toStart : average / 2) + (toEnd < threshold ? toEnd : average / 2);
  return (rise * covered) / sampled;
};

/**
 * VictoriaMetrics' `increase`: from the sample before the window to the last one in it, nothing extrapolated; a first value that is not
 * much larger than the first rise is taken to have started from zero (`rollupDelta` in app/vmselect/promql/rollup.go).
 */
export const victoriaIncrease: Increase = (samples, end, range) => {
  const start = end - range;
  const values = withoutResets(samples);
  const inside = values.filter((_, i) => samples[i]!.at > start && samples[i]!.at <= end);
  if (inside.length === 0) return undefined;
  const before = values[samples.findLastIndex(({ at }) => at <= start)];
  if (before !== undefined) return inside.at(-1)! - before;
  const firstRise = inside.length > 1 ? inside[1]! - inside[0]! : 0;
  const fromZero = Math.abs(inside[0]!) < 10 * (Math.abs(firstRise) + 1);
  return inside.at(-1)! - (fromZero ? 0 : inside[0]!);
};

function withoutResets(samples: readonly Sample[]): number[] {
  let lost = 0;
  let before = 0;
  return samples.map(({ value }) => {
    // A fall of less than an eighth is taken for a counter that went back a little, not for one that began anew.
    if (value < before) lost += (before - value) * 8 < before ? before - value : before;
    before = value;
    return value + lost;
  });
}
