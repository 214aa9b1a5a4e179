import { readdirSync, readFileSync } from 'node:fs';
import type { AnyBatch, Signal } from '@otelier/core';
import { parseRequest } from './request.js';

/** Transport by which a session was recorded. */
export type Protocol = 'http/protobuf' | 'http/json' | 'grpc';

/** One OTLP export request as Claude Code sent it: decompressed, without the gRPC frame. */
export interface CapturedRequest {
  readonly signal: Signal;
  readonly encoding: 'protobuf' | 'json';
  /** The body, read from disk on first use. Do not write to it. */
  readonly bytes: Buffer;
  /** File name inside the scenario's folder. */
  readonly file: string;
  /** Milliseconds since the recording began. */
  readonly atMs: number;
  /** HTTP path or gRPC method. */
  readonly path: string;
  /** Lower-case header names; for gRPC the metadata. */
  readonly headers: Readonly<Record<string, string>>;
  /** A fresh batch of the body, that owns nothing: edits copy. */
  batch(): AnyBatch;
}

/** What the scripted model API served while a session was recorded: the truth that telemetry must add up to. */
export interface Expected {
  readonly apiRequests: number;
  readonly apiErrors: number;
  /** Tokens by `model/type`, such as `claude-opus-5-5/cacheRead`. */
  readonly tokens: Readonly<Record<string, number>>;
  /** Cost in US dollars as the client reported it at exit. */
  readonly costUsd: number;
}

/** A recorded session, or several that ran side by side. */
export interface Capture {
  /** Version of Claude Code. */
  readonly version: string;
  readonly scenario: string;
  readonly protocol: Protocol;
  /** The variables that Claude Code was started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly requests: readonly CapturedRequest[];
  readonly expected: Expected;
}

/** Which captures to load; everything that is left out matches. */
export interface CaptureFilter {
  readonly version?: string;
  readonly scenario?: string;
  readonly protocol?: Protocol;
}

const folder = new URL('../../fixtures/claude-code/', import.meta.url);
const suffixes: Readonly<Record<string, Protocol>> = { json: 'http/json', grpc: 'grpc' };

/** Loads the recorded Claude Code sessions that match, ordered by version and scenario. */
export function captures(filter: CaptureFilter = {}): Capture[] {
  const found: Capture[] = [];
  for (const version of directories(folder)) {
    if (filter.version !== undefined && filter.version !== version) continue;
    for (const name of directories(new URL(`${version}/`, folder))) {
      const [scenario = name, suffix = ''] = name.split('@');
      const protocol = suffixes[suffix] ?? 'http/protobuf';
      if (filter.scenario !== undefined && filter.scenario !== scenario) continue;
      if (filter.protocol !== undefined && filter.protocol !== protocol) continue;
      found.push(load(new URL(`${version}/${name}/`, folder), version, scenario, protocol));
    }
  }
  return found;
}

/** Loads the one recorded session with this version, scenario and protocol. @throws {RangeError} when there is none. */
export function capture(version: string, scenario: string, protocol: Protocol = 'http/protobuf'): Capture {
  const [only] = captures({ version, scenario, protocol });
  if (only === undefined) throw new RangeError(`no capture of ${scenario} with ${version} over ${protocol}`);
  return only;
}

function directories(parent: URL): string[] {
  const entries = readdirSync(parent, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
}

/** The parts of `meta.json` that are read here. */
interface Meta {
  readonly env: Record<string, string>;
  readonly runs: readonly { readonly totalCostUsd?: number | null; readonly expected: Omit<Expected, 'costUsd'> }[];
  readonly requests: readonly {
    readonly signal: Signal;
    readonly encodingKind: string;
    readonly file: string;
    readonly tMs: number;
    readonly url: string;
    readonly headers: Record<string, string>;
  }[];
}

function load(at: URL, version: string, scenario: string, protocol: Protocol): Capture {
  const meta = JSON.parse(readFileSync(new URL('meta.json', at), 'utf8')) as Meta;
  const requests = meta.requests.map((request): CapturedRequest => {
    let body: Buffer | undefined;
    const encoding = request.file.endsWith('.json') ? 'json' : 'protobuf';
    return {
      signal: request.signal,
      encoding,
      file: request.file,
      atMs: request.tMs,
      path: request.url,
      headers: request.headers,
      get bytes() {
        return (body ??= readFileSync(new URL(request.file, at)));
      },
      batch() {
        return parseRequest(request.signal, this.bytes, encoding);
      },
    };
  });
  return { version, scenario, protocol, env: meta.env, requests, expected: add(meta.runs) };
}

function add(runs: Meta['runs']): Expected {
  const tokens: Record<string, number> = {};
  let [apiRequests, apiErrors, costUsd] = [0, 0, 0];
  for (const run of runs) {
    apiRequests += run.expected.apiRequests;
    apiErrors += run.expected.apiErrors;
    costUsd += run.totalCostUsd ?? 0;
    for (const [kind, count] of Object.entries(run.expected.tokens)) tokens[kind] = (tokens[kind] ?? 0) + count;
  }
  return { apiRequests, apiErrors, tokens, costUsd };
}
