import { exitFailure, exitMistake } from '../fail.js';
import { ask, statusUrl } from './ask.js';
import { statusText } from './text.js';

/** What `otelier status` takes. */
export interface StatusOptions {
  readonly endpoint?: string;
  readonly json?: true;
}

/** Where the reference pipeline serves its health. */
const usualEndpoint = '127.0.0.1:13133';

/** Asks a running collector how it does: exit code 0 when it is ready, 1 when it is not, 2 when nothing answers. */
export async function status({ endpoint, json }: StatusOptions): Promise<void> {
  const url = statusUrl(endpoint ?? (process.env.OTELIER_HEALTH || usualEndpoint));
  const answer = await ask(url);
  if (typeof answer === 'string') {
    process.stderr.write(
      `otelier: no collector answers at ${url.host} (${answer})\n` +
        "  a pipeline file serves its health with health: { endpoint: '127.0.0.1:13133' }\n",
    );
    process.exitCode = exitMistake;
    return;
  }
  process.stdout.write(json === true ? `${JSON.stringify(answer, undefined, 2)}\n` : statusText(answer, url.host));
  process.exitCode = answer.ready ? 0 : exitFailure;
}
