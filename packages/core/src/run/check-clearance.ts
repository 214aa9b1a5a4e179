import type { Traits } from '../component.js';
import type { Pipeline, PipelinesConfig } from '../config.js';
import { type ConnectorLink, linkOf } from '../define/connector.js';
import { type FieldClass, fieldClasses } from '../field-class.js';
import { ConfigError } from '../options.js';
import type { Signal } from '../signal.js';
import { streamOrder } from './check-connectors.js';

type Named = Traits & { readonly name: string };

/** Classes that can be somewhere, each with the components that it has come through. */
type Reaching = Map<FieldClass, readonly string[]>;

/** What every exporter may see is not followed. */
const guarded = ['secret', 'content', 'identity'] as const satisfies readonly FieldClass[];

const fixes = {
  secret: 'redactPrompts()',
  content: 'redactPrompts()',
  identity: 'redact(strict())',
} as const;

/**
 * Follows the classes of fields from the receivers through processors and connectors to every exporter that says what it is cleared for.
 *
 * Anything may come out of a receiver. What a processor or connector `removes` ends there. Labels may go anywhere.
 *
 * @throws {ConfigError} when a class can reach an exporter that is not cleared for it; names the way, the class and the line to add.
 */
export function checkClearance(config: PipelinesConfig): void {
  const behind = new Map<ConnectorLink, Reaching>();
  for (const place of streamOrder(config)) {
    const [signal, name] = place.split('.') as [Signal, string];
    // What is checked here is a pipeline of its signal.
    const pipeline = config[signal]?.[name] as unknown as Pipeline<Signal>;
    const { receivers, processors = [], exporters } = pipeline;
    let reaching: Reaching = new Map();
    for (const receiver of receivers) merge(reaching, entering(receiver, behind));
    for (const [index, processor] of processors.entries()) {
      const path = `${place}.processors[${index}]`;
      for (const exporter of processor.sideExits?.exporters ?? [])
        check(exporter, through(reaching, { name: processor.name }, path), path, processor.name);
      reaching = through(reaching, processor, path);
    }
    for (const [index, exporter] of exporters.entries()) {
      const path = `${place}.exporters[${index}]`;
      const link = linkOf(exporter);
      if (link === undefined) check(exporter, reaching, path);
      else behind.set(link, merge(behind.get(link) ?? new Map(), through(reaching, exporter, path)));
    }
  }
}

function entering(receiver: Named, behind: ReadonlyMap<ConnectorLink, Reaching>): Reaching {
  const link = linkOf(receiver);
  // Pipelines come in the order of the stream, so that what enters a connector is known when it comes out.
  if (link !== undefined) return behind.get(link) ?? new Map();
  return new Map(guarded.map((each) => [each, [receiver.name]]));
}

/** The first way that is found is the one that is told. */
function merge(into: Reaching, more: Reaching): Reaching {
  for (const [each, way] of more) if (!into.has(each)) into.set(each, way);
  return into;
}

function through(reaching: Reaching, component: Named, path: string): Reaching {
  const removes = classes(component, 'removes', path) ?? [];
  const left: Reaching = new Map();
  for (const [each, way] of reaching) if (!removes.includes(each)) left.set(each, [...way, component.name]);
  return left;
}

/** `before`: the component to put the fix before, where that is not the exporter itself. */
function check(exporter: Named, reaching: Reaching, path: string, before: string = exporter.name): void {
  const clearance = classes(exporter, 'clearance', path);
  if (clearance === undefined) return;
  const leaking = guarded.filter((each) => reaching.has(each) && !clearance.includes(each));
  const [worst] = leaking;
  if (worst === undefined) return;
  const way = [...(reaching.get(worst) ?? []), exporter.name].join(' -> ');
  throw new ConfigError(
    path,
    `only what ${exporter.name} is cleared for (${clearance.join(', ') || 'label'}), but ${leaking.join(' and ')} can reach it, by ${way}: add ${fixes[worst]} before ${before}`,
  );
}

/** The classes that a component declares, checked: components may be written in JavaScript. */
function classes(component: Named, trait: 'clearance' | 'removes', path: string): readonly FieldClass[] | undefined {
  const declared: unknown = component[trait];
  if (declared === undefined) return undefined;
  const known: readonly unknown[] = fieldClasses;
  if (Array.isArray(declared) && declared.every((each) => known.includes(each))) return declared as FieldClass[];
  throw new ConfigError(`${path}.${trait}`, `a list of ${fieldClasses.join(', ')}`);
}
