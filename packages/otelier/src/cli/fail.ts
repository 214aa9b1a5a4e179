/** Exit code for a mistake of the person who typed or wrote something: a wrong option, a wrong pipeline file. */
export const exitMistake = 2;

/** Exit code when something was lost or could not run. */
export const exitFailure = 1;

/**
 * Prints why a command failed and sets the exit code. Mistakes are told in a sentence, without a stack; everything else
 * is a defect of ours or of a component, and its stack helps.
 */
export async function fail(error: unknown): Promise<void> {
  if (!(error instanceof Error)) {
    process.stderr.write(`otelier: ${String(error)}\n`);
    process.exitCode = exitFailure;
    return;
  }
  const isMistake = error.name === 'ConfigFileError' || error.name === 'ConfigError' || error.name === 'UsageError';
  const isKnown = isMistake || error.name === 'PipelineError';
  process.stderr.write(`otelier: ${isKnown ? error.message : (error.stack ?? error.message)}\n`);
  process.exitCode = isMistake ? exitMistake : exitFailure;
}

/** A command that was used wrongly; told without a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
