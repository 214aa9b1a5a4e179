import { byMetric, type Fleet } from '@otelier/testing';
import { seriesOf, simulateDay, variants } from './day/day.js';
import { prometheusIncrease, victoriaIncrease } from './day/increase.js';
import { samplesOf, scraped, sumOfIncrease } from './day/samples.js';
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
for (const variant of variants) {
  say(`${variant.name}: simulating ${users} users with ${sessions} sessions each`);
  const fleet = fleetOf(variant.temporality);
  const truth = byMetric(fleet.truth.values()).get(metric)!.toNumber();
  const book = await seriesOf(fleet, variant, (done, of) => say(`${variant.name}: ${done} of ${of} requests`));
  const series = samplesOf(book);
  const stored = byMetric(book.totals().values()).get(metric)!.toNumber();
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
say('');

if (json) console.log(JSON.stringify({ users, sessions, seed, metric, results }, null, 2));
else {
  const share = (of: number, truth: number): string => `${((of / truth) * 100).toFixed(2)} %`;
  const rows = results.map((each) => [
    each.variant,
    share(each.pulled, each.truth),
    share(each.prometheus, each.truth),
    share(each.victoria, each.truth),
    String(each.series),
  ]);
  const { truth } = results[0]!;
  console.log(`A day of ${users} users with ${sessions} sessions each: ${truth.toLocaleString('en-US')} tokens.`);
  console.log('What sum(increase(tokens)) over the day shows of them:\n');
  console.log(table(['', 'Prometheus, scraped', 'pushed', 'VictoriaMetrics', 'series'], rows));
}
