import * as v from 'valibot';
import { parseBytes, parseDuration } from './units.js';

/** A mistake in a pipeline file, found before anything starts; names the component, the option's path and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** Where the mistake is: `otlpReceiver: http` or `logs.events.exporters`. */
  readonly path: string;
  readonly expected: string;

  constructor(path: string, expected: string, options?: ErrorOptions) {
    super(`${path}: expected ${expected}`, options);
    this.path = path;
    this.expected = expected;
  }
}

/**
 * Checks the options of a component's factory against a valibot schema and returns what the schema makes of them.
 *
 * @throws {ConfigError} naming every wrong option; received values are told by their type only, since they may be secrets.
 */
export function parseOptions<T extends v.GenericSchema>(
  component: string,
  schema: T,
  options: unknown,
): v.InferOutput<T> {
  const result = v.safeParse(schema, options);
  if (result.success) return result.output;
  const [first, ...more] = result.issues;
  const describe = (issue: v.BaseIssue<unknown>) => {
    const path = v.getDotPath(issue);
    return { path: path === null ? component : `${component}: ${path}`, expected: expectation(issue) };
  };
  const { path, expected } = describe(first);
  throw new ConfigError(
    path,
    expected + more.map((issue) => `\n${describe(issue).path}: expected ${describe(issue).expected}`).join(''),
  );
}

function expectation(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === 'schema' && issue.expected === 'never') return 'no such option (it is not known here)';
  const got =
    issue.input === undefined
      ? 'nothing'
      : issue.input === null
        ? 'null'
        : Array.isArray(issue.input)
          ? 'an array'
          : `a ${typeof issue.input}`;
  // Messages of our own checks already say what they expect; valibot's own would quote the value.
  const own = issue.kind === 'validation' && !issue.message.startsWith('Invalid');
  return own ? issue.message : `${issue.expected ?? issue.type}, got ${got}`;
}

/** Schema of a {@link Duration}; its output is milliseconds. */
export function duration(): v.GenericSchema<string, number> {
  return unit(parseDuration, "a length of time such as '200ms', '5s', '1m' or '2h'");
}

/** Schema of a {@link Bytes}; its output is a number of bytes. */
export function bytes(): v.GenericSchema<string, number> {
  return unit(parseBytes, "a size such as '512B', '64KiB', '64MiB' or '1GiB'");
}

function unit(parse: (text: string) => number | undefined, expected: string): v.GenericSchema<string, number> {
  return v.pipe(
    v.string(),
    v.check((text) => parse(text) !== undefined, expected),
    v.transform((text) => parse(text) as number),
  );
}
