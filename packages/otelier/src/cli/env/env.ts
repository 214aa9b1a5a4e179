import { UsageError } from '../fail.js';

/** What `otelier env` takes. */
export interface EnvOptions {
  readonly shell?: true;
  readonly json?: true;
  readonly endpoint?: string;
  readonly protocol?: string;
  readonly traces?: true;
}

/** Prints the variables that point Claude Code at a running Otelier. */
export function env(options: EnvOptions): void {
  process.stdout.write(render(options, process.env));
}

/** The text of `otelier env`; `current` is the environment of the shell that will read it. */
export function render(options: EnvOptions, current: Readonly<Record<string, string | undefined>>): string {
  const variables = claudeCodeVariables(options);
  const json = JSON.stringify({ env: variables }, undefined, 2);
  if (options.json === true) return `${json}\n`;
  const exports = Object.entries(variables).map(([name, value]) => `export ${name}=${value}`);
  // A variable of one signal beats the general one, so a forgotten one would send elsewhere.
  const inTheWay = Object.keys(current).filter((name) => perSignal.test(name) && current[name] !== '');
  const unset = inTheWay.sort().map((name) => `unset ${name}`);
  const shell = [...unset, ...exports].join('\n');
  if (options.shell === true) return `${shell}\n`;
  return `# Points Claude Code at Otelier on ${variables.OTEL_EXPORTER_OTLP_ENDPOINT}.
# For one shell:   eval "$(npx otelier env)" && claude
${shell}
# Metrics come once a minute, events every 5 seconds. To see metrics sooner while you try it out:
#   export OTEL_METRIC_EXPORT_INTERVAL=5000
#
# For every session, put this into ~/.claude/settings.json (alone: npx otelier env --json):
${json.replace(/^/gm, '#   ')}
`;
}

const perSignal = /^OTEL_EXPORTER_OTLP_(LOGS|METRICS|TRACES)_(ENDPOINT|PROTOCOL)$/;

function claudeCodeVariables({ protocol = 'http/protobuf', endpoint, traces }: EnvOptions): Record<string, string> {
  if (endpoint !== undefined && !/^https?:\/\/[^\s'"$`\\;&|<>()]+$/.test(endpoint)) {
    throw new UsageError(`--endpoint: expected a URL such as http://127.0.0.1:4318, got '${endpoint}'`);
  }
  return {
    CLAUDE_CODE_ENABLE_TELEMETRY: '1',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    ...(traces === true ? { CLAUDE_CODE_ENHANCED_TELEMETRY_BETA: '1', OTEL_TRACES_EXPORTER: 'otlp' } : {}),
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint ?? `http://127.0.0.1:${protocol === 'grpc' ? 4317 : 4318}`,
  };
}
