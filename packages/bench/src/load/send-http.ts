import { Pool } from 'undici';
import type { Send } from './generator.js';

/** Sends the body over kept-alive HTTP/1.1 connections. */
export function httpSender(port: number, body: Buffer, protocol: string): { send: Send; close(): Promise<void> } {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 64, pipelining: 1 });
  const headers = { 'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf' };
  return {
    async send() {
      const response = await pool.request({ method: 'POST', path: '/v1/logs', headers, body });
      await response.body.dump();
      if (response.statusCode !== 200) throw new Error(`expected 200, got ${response.statusCode}`);
    },
    close: () => pool.close(),
  };
}
