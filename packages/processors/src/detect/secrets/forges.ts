import type { Detector } from '../detector.js';
import { hasBase62Checksum, looksRandom } from './checksums.js';
import { token } from './token.js';

/**
 * A checksum that is right settles it. One that is wrong does not: a token that was mistyped or cut is close to a real one, and
 * leaking is worse than masking too much. Then the rest must look drawn by lot.
 */
const checked = (random: string): boolean => hasBase62Checksum(random) || looksRandom(random);

/** Tokens of places that keep code and packages. */
export const forges: readonly Detector[] = [
  token('github-token', {
    prefixes: ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'],
    of: 'word',
    min: 36,
    // Installation tokens are `ghs_`, the application's number and a JWT since 2026.
    rest: '(?:\\.[A-Za-z0-9_-]{2,}){0,2}',
    whole: false,
    check: checked,
  }),
  token('github-fine-grained-token', { prefixes: ['github_pat_'], of: 'word', min: 36 }),
  token('gitlab-token', {
    prefixes: [
      'glpat-', // personal, project, group
      'gldt-', // deploy
      'glrt-', // runner
      'glrtr-', // runner registration
      'glcbt-', // job
      'glptt-', // trigger
      'glft-', // feed
      'glimt-', // incoming mail
      'glagent-', // Kubernetes agent
      'glsoat-', // SCIM
      'gloas-', // OAuth application
      'glffct-', // feature flags
      'GR1348941', // runner registration, before 16.0
    ],
    of: 'dotted',
    min: 18,
  }),
  token('bitbucket-token', { prefixes: ['ATBB'], of: 'base62', min: 28, max: 36, whole: true }),
  token('atlassian-token', { prefixes: ['ATATT3xFfG', 'ATCTT3xFfG', 'ATSTT3xFfG'], of: 'base64', min: 40 }),
  token('npm-token', { prefixes: ['npm_'], of: 'base62', min: 36, whole: true, check: checked }),
  // What all macaroons of pypi.org and of test.pypi.org begin with.
  token('pypi-token', { prefixes: ['pypi-AgEIcHlwaS5vcmc', 'pypi-AgENdGVzdC5weXBpLm9yZw'], of: 'url', min: 30 }),
  token('rubygems-token', { prefixes: ['rubygems_'], of: 'hex', min: 48 }),
  token('crates-token', { prefixes: ['cio'], of: 'base62', min: 32, max: 32, whole: true }),
  token('nuget-token', { prefixes: ['oy2'], of: 'base62', min: 43, max: 43, whole: true }),
  token('clojars-token', { prefixes: ['CLOJARS_'], of: 'base62', min: 40 }),
  token('docker-token', { prefixes: ['dckr_pat_', 'dckr_oat_'], of: 'url', min: 20 }),
  token('artifactory-token', { prefixes: ['AKCp', 'cmVmdGtu'], of: 'base62', min: 56, whole: true }),
];
