import { type Bytes, bytes, parseOptions, type Receiver, receiver, type Signal, signals } from '@otelier/core';
import * as v from 'valibot';
import type { ReplaySettings } from './replay.js';

/** Options of {@link otlpFileReceiver}. */
export interface OtlpFileReceiverOptions {
  /** One or several files; `*` may stand in a file's name. Names that end in `.gz` are decompressed. */
  readonly path: string | readonly string[];
  /** `'as-fast'` as the pipelines take it, or a multiple of the recorded speed: `1` keeps the recorded intervals. Default `'as-fast'`. */
  readonly speed?: 'as-fast' | number;
  /** What to do at a line that is no export request: log and go on, or end the replay there. Default `'skip'`. */
  readonly onInvalid?: 'skip' | 'stop';
  /** Longest line. Default `64MiB`. */
  readonly maxLine?: Bytes;
}

const path = v.pipe(
  v.string(),
  v.check((text) => text !== '', 'the path of a file'),
);

const schema: v.GenericSchema<unknown, ReplaySettings> = v.strictObject({
  path: v.lazy((given) =>
    Array.isArray(given)
      ? v.pipe(
          v.array(path),
          v.check((paths: string[]) => paths.length > 0, 'at least one path'),
        )
      : v.pipe(
          path,
          v.transform((one) => [one]),
        ),
  ),
  speed: v.optional(
    v.lazy((given) =>
      typeof given === 'number'
        ? v.pipe(
            v.number(),
            v.check((factor: number) => factor > 0 && factor < Infinity, 'a number above 0'),
          )
        : v.literal('as-fast'),
    ),
    'as-fast',
  ),
  onInvalid: v.optional(v.picklist(['skip', 'stop']), 'skip'),
  maxLine: v.optional(bytes(), '64MiB'),
}) as v.GenericSchema<unknown, ReplaySettings>;

/**
 * Replays files of OTLP/JSON lines: each line one export request of logs, metrics or traces, as `fileExporter` and the Collector's file exporter write them.
 *
 * One request is under way at a time. A refusal that may pass is tried again with growing pauses; others are logged with file and line.
 * `done` of the running receiver resolves when everything has settled.
 *
 * @throws {ConfigError} when an option is wrong.
 */
export function otlpFileReceiver(options: OtlpFileReceiverOptions): Receiver<Signal> {
  const settings = parseOptions('otlpFileReceiver', schema, options);
  return receiver(
    'otlp-file',
    signals,
    async (out, host) => {
      // Loaded here: who replays no files starts without what reads them.
      const [{ findFiles }, { Replay }] = await Promise.all([import('./files.js'), import('./replay.js')]);
      const files = await findFiles(settings.path);
      const replay = new Replay(settings, out, host);
      const done = replay.run(files);
      // Whoever runs the receiver may not look at `done`; the reason is told here in any case.
      done.catch((error: unknown) => host.logger.error({ err: error }, 'the replay ended early'));
      return {
        done,
        stop: async () => replay.stop(),
        close: async () => {
          replay.stop();
          await done.catch(() => {});
        },
      };
    },
    { options: { ...settings } },
  );
}
