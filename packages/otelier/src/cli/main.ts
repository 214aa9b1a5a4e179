import { createRequire } from 'node:module';
import { fail } from './fail.js';
import { version } from './version.js';

const require = createRequire(import.meta.url);
// A CommonJS package loads faster with require than with import, which parses it for its exports first.
const { Command, CommanderError, Option } = require('commander') as typeof import('commander');

// Each command's own modules load when it runs: `otelier run` must be ready in a fraction of a second.

const program = new Command('otelier')
  .description('Runs OpenTelemetry pipelines written in TypeScript, made first for Claude Code telemetry.')
  .version(version(), '-v, --version')
  .showHelpAfterError('(otelier --help lists the commands)')
  .exitOverride();

const fileArgument = ['[config]', 'the pipeline file', 'pipeline.config.ts'] as const;

program
  .command('run')
  .description('run the pipelines of a file until told to stop')
  .argument(...fileArgument)
  .option('-w, --watch', 'load the file again when it or a file it imports changes; a broken file changes nothing')
  .option('--json', 'say what happens as one JSON object a line')
  .action(async (file: string, options: object) => {
    // A pipeline file imports what the index has: reading both at once is quicker than one after the other.
    const [, { run }] = await Promise.all([import('../index.js'), import('./run/run.js')]);
    await run(file, options);
  });

program
  .command('check')
  .description('load a file, check everything that can be checked without starting it, and show the graph')
  .argument(...fileArgument)
  .option('--json', 'print the graph as JSON')
  .action(async (file: string, options: object) => (await import('./graph/graph.js')).check(file, options));

program
  .command('graph')
  .description('draw the pipelines of a file')
  .argument(...fileArgument)
  .option('--json', 'as JSON')
  .option('--mermaid', 'as a Mermaid flowchart')
  .action(async (file: string, options: object) => (await import('./graph/graph.js')).graph(file, options));

program
  .command('status')
  .description(
    'ask a running collector how it does: exit code 0 when it is ready, 1 when it is not, 2 when nothing answers',
  )
  .option(
    '--endpoint <address>',
    'where its health is served (default: what OTELIER_HEALTH says, or the port of the reference pipeline)',
  )
  .option('--json', 'print the whole status as JSON')
  .action(async (options: object) => (await import('./status/status.js')).status(options));

program
  .command('drill')
  .description(
    'send made-up secrets, identities and private texts through the pipelines of a file and show what would leak',
  )
  .argument(...fileArgument)
  .option('--sessions <count>', 'sessions to send, each with other canaries', '1')
  .option('--seed <number>', 'the same seed plants the same canaries')
  .option('--json', 'print the whole report as JSON')
  .action(async (file: string, options: object) => (await import('./drill/drill.js')).drill(file, options));

const queues = program
  .command('queue')
  .description('look into the queues of a pipeline file that are on disk, and get what is in them out');
const ofQueues = (name: string, description: string) =>
  queues
    .command(name)
    .description(description)
    .argument(...fileArgument)
    .option('--dir <folder>', 'the data directory, instead of those that the pipeline file names')
    .option(
      '--from <folder>',
      'a damaged store that was moved aside: what can still be read of it; nothing is written there',
    )
    .option('--queue <id>', 'only this one, such as logs/events/queue');

ofQueues('inspect', 'list the queues: what they hold, since when, and for whom; also while the pipelines run')
  .option('--json', 'print it as JSON')
  .action(async (file: string, options: object) => (await import('./queue/inspect.js')).inspect(file, options));

ofQueues('export', 'write what the queues hold to files, and leave it there')
  .requiredOption('--out <folder>', 'where the files go, one for each queue')
  .addOption(
    new Option('--format <format>', 'OTLP JSON lines, or OTLP protobuf with a length of four bytes before each request')
      .choices(['jsonl', 'pb'])
      .default('jsonl'),
  )
  .action(async (file: string, options: object) =>
    (await import('./queue/export.js')).exportQueues(file, options as never),
  );

ofQueues('replay', 'send what the queues hold to an OTLP endpoint, and remove what it has accepted')
  .requiredOption('--endpoint <url>', 'where to; OTEL_EXPORTER_OTLP_* variables set headers, protocol and TLS')
  .option('--keep', 'remove nothing')
  .action(async (file: string, options: object) => (await import('./queue/replay.js')).replay(file, options as never));

program
  .command('env')
  .description('print the settings that point Claude Code at a running Otelier')
  .option('--shell', 'only the shell exports')
  .option('--json', 'only the "env" block for .claude/settings.json')
  .option('--endpoint <url>', 'where Otelier listens (default: its standard port on this machine)')
  .addOption(
    new Option('--protocol <protocol>', 'OTLP transport')
      .choices(['http/protobuf', 'http/json', 'grpc'])
      .default('http/protobuf'),
  )
  .option('--traces', 'also send traces (a beta feature of Claude Code)')
  .action(async (options: object) => (await import('./env/env.js')).env(options));

program
  .command('demo')
  .description('replay recorded Claude Code sessions through running receivers and show that nothing is lost')
  .option('--endpoint <url>', 'send to a running Otelier (OTLP over HTTP) instead of starting one')
  .option('--speed <factor>', 'how many times faster than the sessions were recorded', '10')
  .option('--scenario <name>', 'only this recorded scenario, such as tools or multi-turn')
  .option('--json', 'print the result as JSON')
  .action(async (options: object) => (await import('./demo/demo.js')).demo(options));

program
  .command('doctor')
  .description('find out why telemetry of Claude Code does not arrive, or arrives otherwise than meant')
  .option('--shell <file...>', 'shell files that set variables, such as ~/.zshrc; nothing in them is run')
  .option('--settings <file...>', 'settings files of Claude Code (default: those that it would read here)')
  .option('--config <file>', 'the pipeline file (default: pipeline.config.ts, if there is one)')
  .option('--no-probe', 'send nothing')
  .option('--run-headers-helper', 'run the program of otelHeadersHelper, and send what it prints')
  .option('--json', 'print everything as JSON')
  .action(async (options: object) => (await import('./doctor/doctor.js')).doctor(options));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else await fail(error);
}
