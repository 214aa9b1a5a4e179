import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byMetric, type Fleet } from '@otelier/testing';
import { exposition, onWay, prometheusName } from './backends/exposition.js';
import { installed } from './backends/programs.js';
import { type Database, startPrometheus, startVictoriaMetrics } from './backends/servers.js';
import { seriesOf, simulateDay, variants } from './day/day.js';
import { prometheusIncrease, victoriaIncrease } from './day/increase.js';
import { type SampleSeries, samplesOf, scraped, sumOfIncrease } from './day/samples.js';
import { table } from './table.js';

// `npm run demo:totals`: what share of the true tokens a dashboard shows, by the way the telemetry took. Options: --json, --users, --sessions, --seed.
const args = process.argv.slice(2);
const option = (name: string, otherwise: number): number => {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(args[at + 1]);
};
const json = args.includes('--json');
const [users, sessions, seed] = [option('users', 50), option('sessions', 12), option('seed', 1)];
const startAt = Date.UTC(2026, 0, 15);
const range = 25 * 3_600_000;
const end = startAt + range;
const metric = 'claude_code.token.usage';
const say = (text: string): void => {
  if (!json && process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
};

const fleets = new Map<string, Fleet>();
const fleetOf = (temporality: 'delta' | 'cumulative'): Fleet => {
  const fleet = fleets.get(temporality) ?? simulateDay(users, sessions, temporality, seed, startAt);
  fleets.set(temporality, fleet);
  return fleet;
};
const results = [];
const ways: SampleSeries[][] = [];
for (const variant of variants) {
  say(`${variant.name}: simulating ${users} users with ${sessions} sessions each`);
  const fleet = fleetOf(variant.temporality);
  const truth = byMetric(fleet.truth.values()).get(metric)!.toNumber();
  const book = await seriesOf(fleet, variant, (done, of) => say(`${variant.name}: ${done} of ${of} requests`));
  const series = samplesOf(book);
  const stored = byMetric(book.totals().values()).get(metric)!.toNumber();
  ways.push(
    onWay(
      series.filter((each) => each.metric === metric),
      String(ways.length),
    ),
  );
  const pulled = sumOfIncrease(scraped(series, 60_000, end), metric, prometheusIncrease, end, range);
  const prometheus = sumOfIncrease(series, metric, prometheusIncrease, end, range);
  const victoria = sumOfIncrease(series, metric, victoriaIncrease, end, range);
  results.push({
    variant: variant.name,
    exact: variant.exact,
    truth,
    stored,
    pulled,
    prometheus,
    victoria,
    series: series.length,
  });
}
const measured = await askDatabases();
say('');

/** What databases that are installed here answer, of the very samples that our own functions were asked about. */
async function askDatabases(): Promise<{ readonly name: string; readonly answers: readonly number[] }[]> {
  const folder = mkdtempSync(join(tmpdir(), 'otelier-totals-'));
  const databases: { readonly name: string; readonly database: Database }[] = [];
  try {
    const [victoria, prometheus, promtool] = ['victoria-metrics', 'prometheus', 'promtool'].map(installed);
    if (victoria !== undefined) {
      say('asking the VictoriaMetrics that is installed');
      const database = await startVictoriaMetrics(victoria, folder);
      databases.push({ name: 'VictoriaMetrics', database });
      for (const series of ways) await database.importText(exposition(series, 'milliseconds'));
    }
    if (prometheus !== undefined && promtool !== undefined) {
      say('asking the Prometheus that is installed');
      const text = exposition(ways.flat(), 'seconds');
      databases.push({ name: 'Prometheus', database: await startPrometheus(prometheus, promtool, text, folder) });
    }
    return await Promise.all(
      databases.map(async ({ name, database }) => {
        const ask = (_: unknown, way: number): Promise<number> =>
          database.query(`sum(increase(${prometheusName(metric)}{way="${way}"}[25h]))`, end);
        return { name, answers: await Promise.all(variants.map(ask)) };
      }),
    );
  } finally {
    await Promise.all(databases.map(({ database }) => database.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

if (json) console.log(JSON.stringify({ users, sessions, seed, metric, results, measured }, null, 2));
else {
  const share = (of: number, truth: number): string => `${((of / truth) * 100).toFixed(2)} %`;
  const rows = results.map((each, way) => [
    each.variant,
    share(each.pulled, each.truth),
    share(each.prometheus, each.truth),
    share(each.victoria, each.truth),
    ...measured.map(({ answers }) => share(answers[way]!, each.truth)),
    String(each.series),
  ]);
  const { truth } = results[0]!;
  console.log(`A day of ${users} users with ${sessions} sessions each: ${truth.toLocaleString('en-US')} tokens.`);
  console.log('What sum(increase(tokens)) over the day shows of them:\n');
  const heading = [
    '',
    'Prometheus, scraped',
    'pushed',
    'VictoriaMetrics',
    ...measured.map(({ name }) => `${name} here`),
    'series',
  ];
  console.log(table(heading, rows));
}
