import type { Logger } from '../host.js';
import type { Graph } from './graph.js';

/**
 * Says what stays in the data directory when a reload takes away the last stateful processor of a pipeline, or the pipeline, or a queue, or leads
 * a queue elsewhere: what could not be delivered by then waits for a section or a queue under the same name. Its account goes on counting it as held.
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
  for (const { id, account } of old.nodes) {
    if (account.kind !== 'exporter') continue;
    // What goes over to the new graph has been moved to its accounts.
    const items = account.kept + account.inner.reduce((sum, inner) => sum + inner.kept, 0);
    if (items === 0) continue;
    logger.error(
      { exporter: id, items },
      'the pipeline file has no queue any more that has these: what it held stays on disk, undelivered until it is back or otelier queue replay has sent it',
    );
  }
}
