import type { Detector } from '../detector.js';
import { token } from './token.js';

/** Tokens of places that run language models. */
export const models: readonly Detector[] = [
  // api03, admin01, oat01, ort01, sid01: a kind and its version.
  token('anthropic-token', { prefixes: ['sk-ant-'], of: 'url', min: 20 }),
  token('openai-token', { prefixes: ['sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-None-'], of: 'url', min: 32 }),
  token('openai-key', {
    prefixes: ['T3BlbkFJ'],
    of: 'url',
    min: 18,
    before: 'sk-[A-Za-z0-9_-]{18,90}',
  }),
  token('openrouter-token', { prefixes: ['sk-or-v1-'], of: 'hex', min: 48 }),
  // What many others made of OpenAI's first form.
  token('sk-token', { prefixes: ['sk-'], of: 'base62', min: 32, whole: true }),
  token('hugging-face-token', { prefixes: ['hf_', 'api_org_'], of: 'base62', min: 30, whole: true }),
  token('groq-token', { prefixes: ['gsk_'], of: 'base62', min: 40, whole: true }),
  token('xai-token', { prefixes: ['xai-'], of: 'base62', min: 60, whole: true }),
  token('perplexity-token', { prefixes: ['pplx-'], of: 'base62', min: 40, whole: true }),
  token('replicate-token', { prefixes: ['r8_'], of: 'base62', min: 37, whole: true }),
  token('langsmith-token', { prefixes: ['lsv2_pt_', 'lsv2_sk_'], of: 'word', min: 40 }),
  token('tavily-token', { prefixes: ['tvly-'], of: 'url', min: 24, whole: true }),
];
