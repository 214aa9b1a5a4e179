import type { Finding } from '../finding.js';
import { shownUrl } from '../targets.js';
import type { Check, Checked } from './check.js';

const topic = 'metrics';
const temporality = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';

/** Is the temporality one, and does the backend take it? */
export const checkTemporality: Check = (of) => [...preference(of), ...backend(of)];

/** The temporality in which sums leave Claude Code; one that it does not know means cumulative (measured). */
export function sentTemporality({ variables }: Checked): 'delta' | 'cumulative' {
  const text = variables.get(temporality)?.toLowerCase() ?? 'delta';
  return text === 'delta' || text === 'lowmemory' ? 'delta' : 'cumulative';
}

function preference({ variables }: Checked): Finding[] {
  const text = variables.get(temporality);
  if (text === undefined || ['delta', 'cumulative', 'lowmemory'].includes(text.toLowerCase())) return [];
  const message = `'${text}' is no temporality. Claude Code then sends cumulative sums, where without the variable it sends deltas.`;
  return [
    {
      id: 'temporality-unknown',
      topic,
      severity: 'error',
      message,
      where: variables.where(temporality),
      fix: `export ${temporality}=delta`,
    },
  ];
}

/** Backends that are known by their path to take one temporality only. */
function backend(of: Checked): Finding[] {
  const url = of.targets.find(({ signal }) => signal === 'metrics')?.url;
  if (url === undefined) return [];
  const wants = takesOnly(url);
  if (wants === undefined || wants.temporality === sentTemporality(of)) return [];
  const message = `${wants.backend} at ${shownUrl(url)} takes ${wants.temporality} sums only, and Claude Code sends ${sentTemporality(of)} ones.`;
  return [
    {
      id: 'temporality-backend',
      topic,
      severity: 'error',
      message,
      where: of.variables.where(temporality),
      fix: `export ${temporality}=${wants.temporality}`,
    },
  ];
}

/** What a backend takes, by the path of its OTLP endpoint. */
export function takesOnly(
  url: URL,
): { readonly backend: string; readonly temporality: 'delta' | 'cumulative' } | undefined {
  if (url.pathname.startsWith('/api/v1/otlp')) return { backend: 'Prometheus', temporality: 'cumulative' };
  if (url.pathname.startsWith('/api/v2/otlp')) return { backend: 'Dynatrace', temporality: 'delta' };
  return undefined;
}
