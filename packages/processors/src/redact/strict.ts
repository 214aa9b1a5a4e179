import type { HashOptions } from './keyed-hash.js';
import { hash } from './keyed-hash.js';
import type { RedactOptions } from './options.js';

/**
 * Options of {@link redact} under which nobody can be told from what leaves: identities are hashed under a key, or deleted without one.
 *
 * `redact(strict({ keys: [{ id: '2026a', env: 'REDACT_KEY' }] }))`. Spread it to change more: `redact({ ...strict(), body: 'mask' })`.
 *
 * @throws {ConfigError} when a key is missing or too short.
 */
export function strict(identity?: HashOptions): RedactOptions {
  return {
    actions: { identity: identity === undefined ? 'drop' : hash(identity), content: 'length', secret: 'mask' },
  };
}
