import type { Traits } from '../component.js';
import type { PipelinesConfig } from '../config.js';
import { ConfigError } from '../options.js';

type Temporality = 'delta' | 'cumulative';
const converters = { delta: 'cumulativeToDelta()', cumulative: 'deltaToCumulative()' } as const;

/**
 * Follows the temporality of sums and histograms along every metrics pipeline.
 *
 * @throws {ConfigError} when a component takes only one temporality and nothing before it guarantees that; names the line to add.
 */
export function checkTemporality(config: PipelinesConfig): void {
  for (const [name, pipeline] of Object.entries(config.metrics ?? {})) {
    const path = `metrics.${name}`;
    let known = common(pipeline.receivers);
    for (const [index, processor] of (pipeline.processors ?? []).entries()) {
      const at = `${path}.processors[${index}]`;
      check(processor, known, at);
      for (const exporter of processor.sideExits?.exporters ?? []) check(exporter, known, at);
      known = processor.produces ?? known;
    }
    for (const [index, exporter] of pipeline.exporters.entries()) check(exporter, known, `${path}.exporters[${index}]`);
  }
}

/** What all the receivers guarantee; undefined when one of them guarantees nothing or something else. */
function common(receivers: readonly Traits[]): Temporality | undefined {
  const first = receivers[0]?.produces;
  return receivers.every(({ produces }) => produces === first) ? first : undefined;
}

function check(component: Traits & { readonly name: string }, known: Temporality | undefined, path: string): void {
  const { accepts, name } = component;
  if (accepts === undefined || accepts === known) return;
  const factory = `${name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())}()`;
  throw new ConfigError(
    path,
    `${accepts} temporality, which nothing before it guarantees: add ${converters[accepts]} before ${factory}`,
  );
}
