import type { QueueRoom } from '../health/rooms.js';
import type { Host } from '../host.js';
import { engineOf } from '../run/account-of.js';

/**
 * Tells the collector how full a component is that holds what it has acknowledged: when it is full, the collector is not ready. For queues.
 *
 * `read` is called when somebody asks for the collector's health, until the returned function is called.
 */
export function tellRoom(host: Host, read: () => QueueRoom): () => void {
  return engineOf(host)?.rooms.add(host.id, read) ?? (() => {});
}
