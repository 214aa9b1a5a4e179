type Env = Readonly<Record<string, string | undefined>>;

const localHosts = new Set(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '[::]']);
const variable = /^OTEL_EXPORTER_OTLP_(?:(?:LOGS|METRICS|TRACES)_)?ENDPOINT$/;

/**
 * The environment without those `OTEL_EXPORTER_OTLP_*ENDPOINT` variables that name one of our own `doors` (`host:port`).
 *
 * The variables that point Claude Code at a pipeline are the same that name an exporter's endpoint; where both run in one
 * environment the pipeline would send to itself. Each variable that is left out is told once on standard error.
 */
export function elsewhere(doors: readonly string[], environment: Env = process.env): Env {
  const kept: Record<string, string | undefined> = { ...environment };
  for (const [name, value] of Object.entries(environment)) {
    if (!variable.test(name) || value === undefined) continue;
    const door = doors.find((each) => isDoor(value, each));
    if (door === undefined) continue;
    delete kept[name];
    console.warn(
      `${name} names this pipeline's own receiver (${door}): good for Claude Code, but nothing is exported there`,
    );
  }
  return kept;
}

function isDoor(endpoint: string, door: string): boolean {
  const withScheme = endpoint.includes('://') ? endpoint : `http://${endpoint}`;
  if (!URL.canParse(withScheme) || !URL.canParse(`http://${door}`)) return false;
  const [to, own] = [new URL(withScheme), new URL(`http://${door}`)];
  if (portOf(to) !== portOf(own)) return false;
  return to.hostname === own.hostname || (localHosts.has(to.hostname) && localHosts.has(own.hostname));
}

// URL drops a port that is its scheme's default.
function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}
