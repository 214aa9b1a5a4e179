import type { Logger } from '../host.js';
import type { Graph } from './graph.js';

/**
 * Says what stays in the data directory when a reload takes away the last stateful processor of a pipeline, or the pipeline: what its
 * outbox could not deliver by then waits for a section under the same name. Its account goes on counting it as held.
 */
export function tellLeftBehind(old: Graph, graph: Graph, logger: Logger): void {
  for (const { path, section, processors } of old.entries) {
    if (section === undefined || graph.entries.some((entry) => entry.path === path && entry.section !== undefined))
      continue;
    // What was in memory alone has been given up and told as lost.
    const items = processors.reduce((sum, { account }) => sum + account.kept, 0);
    if (items === 0) continue;
    logger.error(
      { pipeline: path, items },
      'the pipeline has no stateful processor any more: what its outbox held stays in the data directory, undelivered until it has one again',
    );
  }
}
