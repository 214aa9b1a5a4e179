import type { Signal } from '@otelier/core';
import { otlpVariables, type Protocol } from './targets.js';
import type { Variables } from './variables.js';

/** What is wrong with one pair of a header list; never tells a value. */
export interface HeaderMistake {
  readonly kind: 'no-equals' | 'colon' | 'name' | 'control' | 'not-ascii' | 'quotes' | 'empty';
  /** Position in the list, from 1. */
  readonly pair: number;
  /** The header's name, where it is one. */
  readonly name?: string;
}

/** Headers of a list such as `name=value,other=value`, as sent and as decoded. */
export interface HeaderList {
  readonly headers: readonly { readonly name: string; readonly value: string; readonly decoded: string }[];
  readonly mistakes: readonly HeaderMistake[];
}

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads the value of `OTEL_EXPORTER_OTLP_HEADERS` (OTLP exporter specification: W3C baggage without its properties). */
export function parseHeaders(text: string): HeaderList {
  const headers: HeaderList['headers'][number][] = [];
  const mistakes: HeaderMistake[] = [];
  for (const [i, each] of text.split(',').entries()) {
    const pair = each.trim();
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, equals)).trim();
    const value = pair.slice(equals + 1).trim();
    const at = i + 1;
    const mistake = (kind: HeaderMistake['kind']): void =>
      void mistakes.push({ kind, pair: at, ...(token.test(name) && { name }) });
    const colon = /^([\w-]+)\s*:/.exec(pair)?.[1];
    if (colon !== undefined && !token.test(name)) {
      mistakes.push({ kind: 'colon', pair: at, name: colon });
      continue;
    }
    if (equals < 0) mistake('no-equals');
    else if (!token.test(name)) mistake('name');
    else {
      if (value === '') mistake('empty');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) mistake('control');
      else if (/[^\t -~]/.test(value)) mistake('not-ascii');
      if (/^(["'“”‘’]).*["'“”‘’]$/.test(value)) mistake('quotes');
      headers.push({ name, value, decoded: decode(value) });
    }
  }
  return { headers, mistakes };
}

/** The headers that a signal's requests carry: HTTP sends values as they stand, gRPC decodes them (measured with Claude Code 2.1.330). */
export function headersOf(variables: Variables, signal: Signal, protocol: Protocol): Record<string, string> {
  const [own, common] = otlpVariables(signal, 'HEADERS');
  const sent: Record<string, string> = {};
  for (const name of [common, own]) {
    for (const header of parseHeaders(variables.get(name) ?? '').headers)
      sent[header.name.toLowerCase()] = protocol === 'grpc' ? header.decoded : header.value;
  }
  return sent;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
