import type { PipelinesConfig } from '../config.js';
import { type ConnectorLink, linkOf } from '../define/connector.js';
import { ConfigError } from '../options.js';
import { signals } from '../signal.js';

/** One pipeline as a place in the graph. */
interface Place {
  readonly path: string;
  readonly receivers: readonly object[];
  readonly exporters: readonly object[];
}

/**
 * Checks that every connector is wired at both ends and that no data can run in a circle.
 *
 * @throws {ConfigError} naming the pipeline and the connector.
 */
export function checkConnectors(config: PipelinesConfig): void {
  streamOrder(config);
}

/** Paths of the pipelines (`logs.events`) so that a connector's input comes before its output. */
export function streamOrder(config: PipelinesConfig): readonly string[] {
  const places = signals.flatMap((signal) =>
    Object.entries(config[signal] ?? {}).map(
      ([name, { receivers, exporters }]): Place => ({ path: `${signal}.${name}`, receivers, exporters }),
    ),
  );
  const outputs = new Map<ConnectorLink, Place[]>();
  const inputs = new Set<ConnectorLink>();
  for (const place of places) {
    for (const link of links(place.receivers)) outputs.set(link, [...(outputs.get(link) ?? []), place]);
    for (const link of links(place.exporters)) inputs.add(link);
  }
  for (const place of places) {
    for (const link of links(place.exporters)) {
      if (!outputs.has(link)) {
        throw new ConfigError(
          `${place.path}.exporters`,
          `the output of the connector ${link.name} among the receivers of a pipeline`,
        );
      }
    }
    for (const link of links(place.receivers)) {
      if (!inputs.has(link)) {
        throw new ConfigError(
          `${place.path}.receivers`,
          `the input of the connector ${link.name} among the exporters of a pipeline`,
        );
      }
    }
  }
  return sorted(places, outputs);
}

function sorted(places: readonly Place[], outputs: ReadonlyMap<ConnectorLink, readonly Place[]>): readonly string[] {
  const done = new Set<Place>();
  const open: Place[] = [];
  const order: string[] = [];
  const visit = (place: Place): void => {
    if (done.has(place)) return;
    if (open.includes(place)) {
      const circle = [...open.slice(open.indexOf(place)), place].map(({ path }) => path).join(' -> ');
      throw new ConfigError(place.path, `connectors that do not lead back to where they start, got ${circle}`);
    }
    open.push(place);
    for (const link of links(place.exporters)) for (const after of outputs.get(link) ?? []) visit(after);
    open.pop();
    done.add(place);
    order.unshift(place.path);
  };
  // In reverse, so that pipelines without connectors keep the order of the file.
  for (const place of [...places].reverse()) visit(place);
  return order;
}

function links(components: readonly object[]): readonly ConnectorLink[] {
  return components.map(linkOf).filter((link) => link !== undefined);
}
