import type { GraphData, GraphNode } from '@otelier/core';

/** A graph as a Mermaid flowchart. */
export function mermaid({ nodes, edges }: GraphData): string {
  const keys = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const lines = nodes.map((node) => `  ${keys.get(node.id)}${box(node)}`);
  for (const { from, to, signal, pipeline } of edges) {
    const label = pipeline === undefined ? signal : `${signal}/${pipeline}`;
    lines.push(`  ${keys.get(from)} -->|${label}| ${keys.get(to)}`);
  }
  return `flowchart LR\n${lines.join('\n')}`;
}

function box({ kind, name }: GraphNode): string {
  if (kind === 'receiver') return `(["${name}"])`;
  return kind === 'exporter' ? `[/"${name}"/]` : `["${name}"]`;
}
