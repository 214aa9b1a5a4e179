import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileExporter, otlpExporter } from '@otelier/exporters';
import { MetricsBatch } from '@otelier/otlp';
import { byMetric, SeriesBook } from '@otelier/testing';
import { seriesOf, simulateDay, throughPipeline, variants } from '../day/day.js';
import { type Increase, prometheusIncrease, victoriaIncrease } from '../day/increase.js';
import { samplesOf, scraped, sumOfIncrease } from '../day/samples.js';
import { table } from '../table.js';
import { exposition, onWay, prometheusName } from './exposition.js';
import { debianProgram, newestVictoriaMetrics, type Program } from './programs.js';
import { type Database, startPrometheus, startVictoriaMetrics } from './servers.js';

// A simulated day through the pipeline into real databases: does sum(increase(...)) answer the true total?
const tolerance = 0.001;
const day = 86_400_000;
const startAt = Math.floor(Date.now() / day) * day - day;
const range = 25 * 3_600_000;
const end = startAt + range;
const folder = mkdtempSync(join(tmpdir(), 'otelier-backends-'));
const sub = (name: string): string => {
  mkdirSync(join(folder, name));
  return join(folder, name);
};
const running: Database[] = [];
const started = Date.now();
const say = (text: string): void => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`);
const [prometheus, promtool, oldVictoria] = await Promise.all([
  debianProgram('prometheus', 'prometheus'),
  debianProgram('promtool', 'prometheus'),
  debianProgram('victoria-metrics', 'victoria-metrics'),
]);
const newVictoria = await newestVictoriaMetrics(say);
const found = (program: Program): program is Extract<Program, { path: string }> => {
  if ('path' in program) return true;
  say(`SKIPPED: ${program.missing}`);
  return false;
};

let failures = 0;
/** Compares a database's answers for every metric with the truth, or with what our own `increase` says it answers. */
async function compare(
  title: string,
  database: Database,
  selector: (metric: string) => string,
  expected: ReadonlyMap<string, number>,
): Promise<void> {
  const rows: string[][] = [];
  for (const [metric, truth] of expected) {
    const answer = await database.query(`sum(increase(${selector(metric)}[25h]))`, end);
    const off = answer === truth ? 0 : Math.abs(answer - truth) / truth;
    if (!(off <= tolerance)) failures++;
    rows.push([
      metric,
      String(truth),
      String(answer),
      `${(100 + (off === 0 ? 0 : answer / truth - 1) * 100).toFixed(3)} %`,
      off <= tolerance ? '' : 'WRONG',
    ]);
  }
  say(title);
  console.log(table(['metric', 'expected', 'sum(increase())', '', ''], rows));
}

const chosen = (way: string) => (metric: string) => `${prometheusName(metric)}{way="${way}"}`;
const dotted = (metric: string) => `{__name__="${metric}"}`;

async function linesOf(dir: string): Promise<SeriesBook> {
  const book = new SeriesBook();
  for (const name of readdirSync(dir).filter((each) => each.startsWith('metrics'))) {
    const file = await open(join(dir, name));
    for await (const line of file.readLines()) book.add(MetricsBatch.fromJson(line));
  }
  return book;
}

try {
  say('simulating a day of 50 users with 12 sessions each');
  const fleet = simulateDay(50, 12, 'delta', 1, startAt);
  const truth = new Map([...byMetric(fleet.truth.values())].map(([metric, sum]) => [metric, sum.toNumber()]));
  const ours = variants.find(({ exact, temporality }) => exact && temporality === 'delta')!;
  const raw = variants[0]!;

  const out = sub('out');
  const exporters = [fileExporter({ dir: out })];
  const withOtlp = found(newVictoria) ? await startVictoriaMetrics(newVictoria.path, sub('new')) : undefined;
  if (withOtlp !== undefined) {
    running.push(withOtlp);
    exporters.push(otlpExporter({ endpoint: `${withOtlp.url}/opentelemetry` }) as never);
  }
  await throughPipeline(fleet, ours.processors(), exporters);
  const pushed = samplesOf(await linesOf(out));
  const stored = samplesOf(await seriesOf(fleet, raw));
  say(
    `${fleet.requests.length} requests, ${fleet.points} points of ${stored.length} series became ${pushed.length} series`,
  );
  // A naive way beside ours, to see that our own `increase` answers as the databases do.
  const naive = (increase: Increase) =>
    new Map([...truth.keys()].map((metric) => [metric, sumOfIncrease(stored, metric, increase, end, range)]));

  if (withOtlp !== undefined && found(newVictoria)) {
    await withOtlp.flush();
    await compare(`VictoriaMetrics (${newVictoria.from}), OTLP from our exporter`, withOtlp, dotted, truth);
  }
  if (found(oldVictoria)) {
    const database = await startVictoriaMetrics(oldVictoria.path, sub('old'));
    running.push(database);
    await database.importText(exposition(onWay(pushed, 'ours'), 'milliseconds'));
    await database.importText(exposition(onWay(stored, 'raw'), 'milliseconds'));
    await compare(`VictoriaMetrics (${oldVictoria.from}), imported as text`, database, chosen('ours'), truth);
    await compare(
      '  and deltas as they were sent, against our own increase()',
      database,
      chosen('raw'),
      naive(victoriaIncrease),
    );
  }
  if (found(prometheus) && found(promtool)) {
    const once = await startPrometheus(
      prometheus.path,
      promtool.path,
      exposition(onWay(scraped(pushed, 300_000, end), 'ours'), 'seconds'),
      sub('scraped'),
    );
    running.push(once);
    await compare(`Prometheus (${prometheus.from}), scraped every five minutes`, once, chosen('ours'), truth);
    const raws = await startPrometheus(
      prometheus.path,
      promtool.path,
      exposition(onWay(stored, 'raw'), 'seconds'),
      sub('raw'),
    );
    running.push(raws);
    await compare(
      '  and deltas as they were sent, against our own increase()',
      raws,
      chosen('raw'),
      naive(prometheusIncrease),
    );
  }
} finally {
  await Promise.all(running.map((database) => database.stop()));
  rmSync(folder, { recursive: true, force: true });
}
say(failures === 0 ? 'every answer is within 0.1 % of the truth' : `${failures} answers are wrong`);
process.exitCode = failures === 0 ? 0 : 1;
