import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture } from '@otelier/testing';
import type { Client } from './client.js';

/** How far a replay is. */
export interface Progress {
  sent: number;
  failed: number;
  readonly total: number;
  /** Bytes of the bodies that were taken. */
  bytes: number;
  /** What the first failed request was told. */
  failure: string | undefined;
}

/**
 * Replays recorded sessions side by side, each request at its recorded moment divided by `speed`, in the session's order.
 * Resolves when every request was answered; failed ones are counted, not thrown.
 */
export async function replay(
  sessions: readonly Capture[],
  speed: number,
  clientFor: (session: Capture) => Client,
  progress: Progress,
): Promise<void> {
  const started = performance.now();
  const play = async (session: Capture): Promise<void> => {
    const client = clientFor(session);
    // The seconds before a session's first export are nothing to look at.
    const first = Math.min(...session.requests.map(({ atMs }) => atMs));
    for (const recorded of session.requests) {
      await sleep(Math.max(0, (recorded.atMs - first) / speed - (performance.now() - started)));
      try {
        await client.send(recorded);
        progress.sent++;
        progress.bytes += recorded.bytes.length;
      } catch (error) {
        progress.failed++;
        progress.failure ??= error instanceof Error ? error.message : String(error);
      }
    }
  };
  await Promise.all(sessions.map(play));
}
