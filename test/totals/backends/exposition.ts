import type { SampleSeries } from '../day/samples.js';

const units: Readonly<Record<string, string>> = {
  'claude_code.token.usage': '_tokens',
  'claude_code.cost.usage': '_USD',
  'claude_code.active_time.total': '_seconds',
};

/** The name that a counter of Claude Code has in Prometheus. */
export function prometheusName(metric: string): string {
  const name = metric.replace(/\.total$/, '').replace(/[^A-Za-z0-9_]/g, '_');
  return `${name}${units[metric] ?? ''}_total`;
}

/**
 * Text exposition of counters with a timestamp on every sample: what `promtool tsdb create-blocks-from openmetrics` and VictoriaMetrics'
 * `/api/v1/import/prometheus` read. Samples of a metric stand together; `seconds` is OpenMetrics' unit of time, milliseconds are the older format's.
 */
export function* exposition(series: readonly SampleSeries[], time: 'seconds' | 'milliseconds'): Generator<string> {
  const constant = constantLabels(series);
  const byMetric = new Map<string, SampleSeries[]>();
  for (const each of series) {
    const siblings = byMetric.get(each.metric);
    if (siblings === undefined) byMetric.set(each.metric, [each]);
    else siblings.push(each);
  }
  for (const [metric, siblings] of byMetric) {
    const name = prometheusName(metric);
    if (time === 'seconds') yield `# TYPE ${name.slice(0, -'_total'.length)} counter\n`;
    for (const { labels, samples } of siblings) {
      const own = Object.entries(labels).filter(([label]) => !constant.has(label));
      const text = own.map(([label, value]) => `${label.replaceAll('.', '_')}=${JSON.stringify(value)}`);
      const head = `${name}{${text.join(',')}}`;
      for (const { at, value } of samples) yield `${head} ${value} ${time === 'seconds' ? at / 1000 : at}\n`;
    }
  }
  if (time === 'seconds') yield '# EOF\n';
}

/** Labels with the same value everywhere tell no series apart, and make the text several times as long. */
function constantLabels(series: readonly SampleSeries[]): Set<string> {
  const values = new Map<string, Set<string | undefined>>();
  const names = new Set(series.flatMap(({ labels }) => Object.keys(labels)));
  for (const name of names) values.set(name, new Set(series.map(({ labels }) => labels[name])));
  return new Set(
    [...values].filter(([name, different]) => name !== 'way' && different.size === 1).map(([name]) => name),
  );
}

/** The series with a label that says by which way they came, so that several ways fit into one database. */
export function onWay(series: readonly SampleSeries[], way: string): SampleSeries[] {
  return series.map((each) => ({ ...each, labels: { ...each.labels, way } }));
}
