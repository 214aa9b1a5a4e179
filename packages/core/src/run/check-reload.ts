import { isDeepStrictEqual } from 'node:util';
import type { PipelinesConfig } from '../config.js';
import { ConfigError } from '../options.js';

/**
 * Checks that a reload changes nothing that only a start can put in force: a file of which a part is ignored is not in force.
 *
 * @throws {ConfigError} naming what would have to be as before.
 */
export function checkReload(before: PipelinesConfig, after: PipelinesConfig): void {
  if (before.dataDir !== after.dataDir) {
    const was = before.dataDir === undefined ? 'no dataDir' : `'${before.dataDir}'`;
    throw new ConfigError('dataDir', `${was} as when the collector started; another one needs a restart`);
  }
  if (!isDeepStrictEqual(before.telemetry?.metrics, after.telemetry?.metrics))
    throw new ConfigError('telemetry.metrics', 'what it was when the collector started; a change needs a restart');
}
