import type { Check } from './check.js';
import { checkEndpoint } from './endpoint.js';
import { checkHeaders } from './headers.js';
import { checkIntervals } from './intervals.js';
import { checkLimits } from './limits.js';
import { checkPrecedence } from './precedence.js';
import { checkPrivacy } from './privacy.js';
import { checkProtocol } from './protocol.js';
import { checkResource } from './resource.js';
import { checkSeries } from './series.js';
import { checkTelemetry } from './telemetry.js';
import { checkTemporality } from './temporality.js';
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
  checkTemporality,
  checkIntervals,
  checkSeries,
  checkLimits,
  checkPrivacy,
];
