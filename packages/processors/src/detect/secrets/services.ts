import type { Detector } from '../detector.js';
import { token } from './token.js';

/** Tokens of other services that are called over HTTP. */
export const services: readonly Detector[] = [
  token('slack-token', {
    prefixes: ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxo-', 'xoxc-', 'xoxd-', 'xoxe-', 'xoxe.', 'xapp-'],
    of: 'dotted',
    min: 16,
    rest: '[A-Za-z0-9%._-]{0,600}',
  }),
  token('slack-webhook', {
    prefixes: ['hooks.slack.com/services/', 'hooks.slack.com/workflows/', 'hooks.slack.com/triggers/'],
    of: 'base62',
    min: 6,
    rest: '[A-Za-z0-9/]{8,200}',
  }),
  token('discord-webhook', {
    prefixes: ['/api/webhooks/'],
    of: 'digit',
    min: 16,
    max: 22,
    rest: '/[A-Za-z0-9_-]{40,120}',
    whole: false,
  }),
  token('telegram-token', { prefixes: [':AA'], of: 'url', min: 32, max: 34 }),
  token('stripe-key', {
    prefixes: ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'sk_org_', 'whsec_'],
    of: 'base62',
    min: 20,
    whole: true,
  }),
  token('sendgrid-token', { prefixes: ['SG.'], of: 'url', min: 16, max: 32, rest: '\\.[A-Za-z0-9_-]{32,64}' }),
  token('mailgun-key', { prefixes: ['key-'], of: 'hex', min: 32, max: 32, whole: true }),
  token('new-relic-key', { prefixes: ['NRAK-', 'NRII-', 'NRRA-', 'NRSP-', 'NRJS-'], of: 'url', min: 19, whole: true }),
  token('grafana-token', { prefixes: ['glsa_', 'glc_'], of: 'base64', min: 32, whole: true }),
  token('linear-token', { prefixes: ['lin_api_', 'lin_oauth_', 'lin_wh_'], of: 'base62', min: 32 }),
  token('notion-token', { prefixes: ['ntn_', 'secret_'], of: 'base62', min: 40, whole: true }),
  token('shopify-token', {
    prefixes: ['shpat_', 'shpca_', 'shppa_', 'shpss_', 'shptka_', 'shpua_'],
    of: 'base62',
    min: 32,
  }),
  token('square-token', { prefixes: ['sq0atp-', 'sq0csp-', 'sq0idp-'], of: 'url', min: 22, whole: true }),
  token('square-access-token', { prefixes: ['EAAA'], of: 'url', min: 56, max: 64, whole: true }),
  token('postman-token', { prefixes: ['PMAK-'], of: 'url', min: 40 }),
  token('sentry-token', { prefixes: ['sntrys_', 'sntryu_'], of: 'base64', min: 40 }),
];
