import type { Detector } from '../detector.js';
import { token } from './token.js';

/** Keys of places that run computers. */
export const clouds: readonly Detector[] = [
  token('aws-access-key-id', {
    prefixes: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    of: 'upper',
    min: 16,
    max: 16,
    whole: true,
    check: (random) => /^[A-Z2-7]*$/.test(random) && new Set(random).size > 6,
  }),
  token('google-api-key', { prefixes: ['AIza'], of: 'url', min: 35, max: 35, whole: true }),
  token('google-oauth-token', { prefixes: ['ya29.'], of: 'url', min: 20, whole: true }),
  token('google-refresh-token', { prefixes: ['1//0'], of: 'url', min: 40, whole: true }),
  token('google-client-secret', { prefixes: ['GOCSPX-'], of: 'url', min: 24 }),
  token('azure-storage-key', { prefixes: ['AccountKey=', 'SharedAccessKey='], of: 'base64', min: 40 }),
  token('digitalocean-token', { prefixes: ['dop_v1_', 'doo_v1_', 'dor_v1_'], of: 'hex', min: 48 }),
  token('heroku-token', { prefixes: ['HRKU-'], of: 'url', min: 30 }),
  token('databricks-token', { prefixes: ['dapi'], of: 'hex', min: 32, whole: true }),
  token('vault-token', { prefixes: ['hvs.', 'hvb.', 'hvr.'], of: 'url', min: 24, whole: true }),
  token('doppler-token', {
    prefixes: ['dp.pt.', 'dp.st.', 'dp.ct.', 'dp.sa.', 'dp.scim.', 'dp.audit.'],
    of: 'dotted',
    min: 40,
    whole: true,
  }),
  token('pulumi-token', { prefixes: ['pul-'], of: 'hex', min: 40, max: 40, whole: true }),
  token('supabase-token', { prefixes: ['sbp_', 'sb_secret_'], of: 'word', min: 30, whole: true }),
  token('tailscale-token', { prefixes: ['tskey-'], of: 'url', min: 20, whole: true }),
  token('fly-token', { prefixes: ['fm1r_', 'fm1a_', 'fm2_', 'fo1_'], of: 'base64', min: 40, whole: true }),
  token('netlify-token', { prefixes: ['nfp_', 'nfc_', 'nfu_'], of: 'base62', min: 36, whole: true }),
  token('planetscale-token', { prefixes: ['pscale_tkn_', 'pscale_pw_', 'pscale_oauth_'], of: 'dotted', min: 32 }),
];
