import { checkHints, createCollector } from '@otelier/core';
import { short } from '../../load-config/config-file-error.js';
import { loadConfig } from '../../load-config/load-config.js';
import { mermaid } from './mermaid.js';
import { tree } from './tree.js';

/** What `otelier check` and `otelier graph` take. */
export interface GraphOptions {
  readonly json?: true;
  readonly mermaid?: true;
}

/** Checks a pipeline file without starting anything, and shows the graph that came of it. */
export async function check(path: string, options: GraphOptions): Promise<void> {
  const { file, config } = await loadConfig(path);
  const data = createCollector(config).graph();
  const hints = checkHints(config);
  if (options.json === true) return print(JSON.stringify({ file, ok: true, hints, ...data }, undefined, 2));
  const count = [config.logs, config.metrics, config.traces].reduce(
    (sum, named) => sum + Object.keys(named ?? {}).length,
    0,
  );
  print(
    `${tree(data)}\n${short(file)} is right: ${count} ${count === 1 ? 'pipeline' : 'pipelines'}, ${data.nodes.length} components`,
  );
  for (const { path: at, message } of hints) print(`hint: ${at}: ${message}`);
}

/** Draws the pipelines of a file. */
export async function graph(path: string, options: GraphOptions): Promise<void> {
  const { config } = await loadConfig(path);
  const data = createCollector(config).graph();
  if (options.json === true) print(JSON.stringify(data, undefined, 2));
  else print(options.mermaid === true ? mermaid(data) : tree(data).trimEnd());
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
