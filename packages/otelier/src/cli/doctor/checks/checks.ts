import type { Check } from './check.js';
import { checkEndpoint } from './endpoint.js';
import { checkHeaders } from './headers.js';
import { checkMetrics } from './metrics.js';
import { checkPrecedence } from './precedence.js';
import { checkPrivacy } from './privacy.js';
import { checkProtocol } from './protocol.js';
import { checkResource } from './resource.js';
import { checkTelemetry } from './telemetry.js';
import { checkTlsFiles } from './tls-files.js';

/** Everything that is checked without sending or running anything. */
export const checks: readonly Check[] = [
  checkPrecedence,
  checkTelemetry,
  checkProtocol,
  checkEndpoint,
  checkTlsFiles,
  checkHeaders,
  checkResource,
  checkMetrics,
  checkPrivacy,
];
