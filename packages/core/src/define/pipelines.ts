import type { PipelinesConfig } from '../config.js';
import { checkConfig } from '../run/check.js';

/**
 * Declares the pipelines of a collector; the default export of `pipeline.config.ts`.
 *
 * Wiring a component into a pipeline of a signal that it does not handle does not compile; what types cannot see is checked here.
 *
 * @throws {ConfigError} naming the pipeline and what was expected.
 */
export function definePipelines<const C extends PipelinesConfig>(config: C): C {
  checkConfig(config);
  return config;
}
