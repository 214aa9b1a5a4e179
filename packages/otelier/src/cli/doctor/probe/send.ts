import type { Signal } from '@otelier/core';
import type { Protocol } from '../targets.js';
import type { Answer } from './answer.js';
import { sendGrpc } from './send-grpc.js';
import { sendHttp } from './send-http.js';

/** One OTLP request. */
export interface Request {
  readonly signal: Signal;
  readonly protocol: Protocol;
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Protobuf or JSON, as the protocol says. */
  readonly body: Uint8Array;
  readonly tls: TlsFiles;
  readonly timeoutMs: number;
}

/** The contents of PEM files. */
export interface TlsFiles {
  readonly ca?: string;
  readonly key?: string;
  readonly cert?: string;
}

/** Sends one OTLP request on a connection of its own. Never rejects. */
export function send(request: Request): Promise<Answer> {
  return request.protocol === 'grpc' ? sendGrpc(request) : sendHttp(request);
}
