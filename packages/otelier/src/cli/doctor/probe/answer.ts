/** Why no OTLP answer came back. */
export type Silence =
  | 'nothing-listens'
  | 'no-such-host'
  | 'time-out'
  | 'certificate'
  | 'no-tls'
  | 'not-this-protocol'
  | 'not-sent'
  | 'connection-lost';

/** What became of one OTLP request. */
export type Answer =
  | { readonly kind: 'accepted' }
  /** 200 with `partial_success`. */
  | { readonly kind: 'partial'; readonly rejected: number; readonly message: string }
  /** An answer of the protocol that says no; `code` is `HTTP 503` or `UNAVAILABLE`. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** An HTTP server, but nothing of OTLP at this path. */
  | { readonly kind: 'foreign'; readonly code: string }
  | { readonly kind: 'silent'; readonly why: Silence };

const certificate =
  /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT|ERR_OSSL_X509|HOSTNAME_MISMATCH|ERR_SSL_(?:TLSV1_ALERT_UNKNOWN_CA|TLSV13_ALERT_CERTIFICATE_REQUIRED|SSLV3_ALERT_BAD_CERTIFICATE))/;

/** Sorts a connection's error. */
export function silenceOf(error: unknown): Silence {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'nothing-listens';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no-such-host';
  if (code === 'ETIMEDOUT') return 'time-out';
  if (certificate.test(code)) return 'certificate';
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return 'no-tls';
  if (code.startsWith('HPE_') || code.startsWith('ERR_HTTP2')) return 'not-this-protocol';
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_INVALID_HTTP_TOKEN') return 'not-sent';
  return 'connection-lost';
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  // A stream of HTTP/2 is cancelled because of what happened to its connection.
  if (error.cause instanceof Error) return codeOf(error.cause);
  const [first] = error instanceof AggregateError ? error.errors : [];
  if (first !== undefined) return codeOf(first);
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
