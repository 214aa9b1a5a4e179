import { ConfigError } from '@otelier/core';

/**
 * Reads an environment variable in a pipeline file; empty counts as not set.
 *
 * @throws {ConfigError} naming the variable when it is not set and there is no fallback.
 */
export function env(name: string, fallback?: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== '') return value;
  if (fallback !== undefined) return fallback;
  throw new ConfigError(
    `env('${name}')`,
    `the environment variable ${name} to be set, or a fallback: env('${name}', '…')`,
  );
}
