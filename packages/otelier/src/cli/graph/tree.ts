import { type GraphData, type GraphNode, signals } from '@otelier/core';

/** The pipelines of a graph as text: one paragraph each, components from the top down with the options in force. */
export function tree({ nodes, edges }: GraphData): string {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const paragraphs: string[] = [];
  for (const signal of signals) {
    const pipelines = new Set(
      edges.flatMap((edge) => (edge.signal === signal && edge.pipeline ? [edge.pipeline] : [])),
    );
    for (const pipeline of pipelines) {
      const own = edges.filter((edge) => edge.signal === signal && edge.pipeline === pipeline);
      const ids = [...new Set(own.flatMap(({ from, to }) => [from, to]))];
      const members = ids.flatMap((id) => byId.get(id) ?? []);
      const lines = (['receiver', 'processor', 'exporter'] as const).flatMap((kind) =>
        members.filter((node) => node.kind === kind).map((node) => `  ${marks[kind]} ${describe(node)}`),
      );
      paragraphs.push([`${signal}/${pipeline}`, ...lines].join('\n'));
    }
  }
  return `${paragraphs.join('\n\n')}\n`;
}

const marks = { receiver: '→', processor: '·', exporter: '⇒' } as const;

const width = 120;
const lengths = [80, 60, 40, 30, 20];

/** One line: its longest values are cut until it fits, then options are left out from the end. */
function describe(node: GraphNode): string {
  const mark = 4;
  const lines = lengths.map((longest) => line(node, longest, Number.POSITIVE_INFINITY));
  const shortest = lengths[lengths.length - 1]!;
  for (let most = Object.keys(node.options).length - 1; most > 0; most--) lines.push(line(node, shortest, most));
  return lines.find((each) => each.length + mark <= width) ?? (lines[lines.length - 1] as string);
}

function line(node: GraphNode, longest: number, most: number): string {
  const { name, options, produces, accepts, clearance, removes } = node;
  const told = Object.entries(options).flatMap(([option, value]) =>
    isTold(value) ? [`${option}: ${cut(plain(value), longest)}`] : [],
  );
  if (told.length > most) told.splice(most, told.length, '…');
  const traits = [
    ...(produces ? [`makes ${produces}`] : []),
    ...(accepts ? [`takes ${accepts} only`] : []),
    ...(removes ? [`removes ${removes.join(' and ')}`] : []),
    ...(clearance ? [`cleared for ${clearance.join(' and ')}`] : []),
  ];
  const notes = traits.length === 0 ? '' : `  [${traits.join(', ')}]`;
  return `${name}${told.length === 0 ? '' : ` (${told.join(', ')})`}${notes}`;
}

function isTold(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value !== undefined;
  return Object.keys(value).length > 0;
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(plain).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).flatMap(([name, each]) =>
    each === undefined ? [] : [`${name}: ${plain(each)}`],
  );
  return `{${entries.join(', ')}}`;
}
