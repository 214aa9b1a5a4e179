import { accessSync, constants } from 'node:fs';
import type { Finding } from '../finding.js';
import { otlpVariables } from '../targets.js';
import type { Check } from './check.js';
import { distinct } from './protocol.js';

/** Can the files for TLS be read, and do they come in pairs? */
export const checkTlsFiles: Check = ({ variables, targets }) =>
  targets
    .flatMap(({ signal, url }) => {
      const findings: Finding[] = [];
      const [ca, key, certificate] = ['CERTIFICATE', 'CLIENT_KEY', 'CLIENT_CERTIFICATE'].map((name) =>
        variables.first(...otlpVariables(signal, name)),
      );
      for (const file of [ca, key, certificate]) {
        if (file === undefined || isReadable(file.value)) continue;
        const message = 'The file cannot be read, so no connection comes about.';
        findings.push({
          id: 'tls-file',
          topic: 'endpoints',
          severity: 'error',
          message,
          where: variables.where(file.name),
          fix: `export ${file.name}=/path/to/file.pem`,
        });
      }
      if ((key === undefined) !== (certificate === undefined)) {
        const lacking = key === undefined ? 'CLIENT_KEY' : 'CLIENT_CERTIFICATE';
        const has = (key ?? certificate) as { name: string };
        const message = 'A client certificate and its key only work together.';
        const fix = `export ${has.name.replace(/CLIENT_(?:KEY|CERTIFICATE)$/, lacking)}=/path/to/file.pem`;
        findings.push({
          id: 'tls-pair',
          topic: 'endpoints',
          severity: 'error',
          message,
          where: variables.where(has.name),
          fix,
        });
      }
      const any = ca ?? key ?? certificate;
      if (any !== undefined && url?.protocol === 'http:') {
        const message = `There are files for TLS, but the endpoint of ${signal} begins with http://: nothing is encrypted.`;
        findings.push({
          id: 'tls-unused',
          topic: 'endpoints',
          severity: 'warning',
          message,
          where: variables.where(any.name),
          fix: 'https:// in the endpoint',
        });
      }
      return findings;
    })
    .filter(distinct());

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
