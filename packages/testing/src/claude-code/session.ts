/** Versions of the client whose shapes the builders know. */
export type ClientVersion = '2.1.9' | '2.1.330';

/** A value as OTLP/JSON writes it. */
export type JsonValue =
  | { readonly stringValue: string }
  | { readonly intValue: number }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean };

/** One OTLP/JSON key and value. */
export interface JsonKeyValue {
  readonly key: string;
  readonly value: JsonValue;
}

/** Who sends, from where and when; every builder takes these beside its own fields. */
export interface Session {
  /** Which client's shape to write. Default `2.1.330`; `2.1.9` writes every event attribute as a string. */
  readonly version?: ClientVersion;
  readonly sessionId?: string;
  /** 64 hexadecimal digits, the same for everything sent from one home directory. */
  readonly userId?: string;
  /** Given for signed-in users only, as are the next two. */
  readonly email?: string;
  readonly organizationId?: string;
  readonly accountUuid?: string;
  /** Default `non-interactive`, as under `claude -p`. */
  readonly terminalType?: string;
  /** What the user put into `OTEL_RESOURCE_ATTRIBUTES`: on the resource, and with `2.1.330` on every event and point too. */
  readonly resource?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970 of the first event or of the end of a metric's interval. */
  readonly at?: number;
}

/** The instant that builders use when none is given. */
export const defaultAt: number = Date.UTC(2026, 0, 15, 12);

/** A string attribute in OTLP/JSON. */
export function text(key: string, value: string): JsonKeyValue {
  return { key, value: { stringValue: value } };
}

/** The resource of a request, in the client's order: the user's own attributes first. */
export function resource(session: Session): object {
  const own = Object.entries(session.resource ?? {}).map(([key, value]) => text(key, value));
  const version = session.version ?? '2.1.330';
  const host = [text('host.arch', 'amd64'), text('os.type', 'linux'), text('os.version', '6.8.0')];
  const attributes = [...own, ...host, text('service.name', 'claude-code'), text('service.version', version)];
  return { attributes, droppedAttributesCount: 0 };
}

/** The attributes that every event and every data point begins with, in the client's order. */
export function common(session: Session): JsonKeyValue[] {
  const modern = session.version !== '2.1.9';
  const attributes = modern ? Object.entries(session.resource ?? {}).map(([key, value]) => text(key, value)) : [];
  attributes.push(text('user.id', session.userId ?? 'c0ffee00'.repeat(8)));
  attributes.push(text('session.id', session.sessionId ?? '00000000-0000-4000-8000-000000000001'));
  if (session.organizationId !== undefined) attributes.push(text('organization.id', session.organizationId));
  if (session.email !== undefined) attributes.push(text('user.email', session.email));
  if (session.accountUuid !== undefined) {
    attributes.push(text('user.account_uuid', session.accountUuid));
    if (modern) attributes.push(text('user.account_id', session.accountUuid));
  }
  if (modern) {
    attributes.push(text('anthropic.provider', 'firstParty'));
    attributes.push({ key: 'anthropic.custom_base_url', value: { boolValue: false } });
  }
  attributes.push(text('terminal.type', session.terminalType ?? 'non-interactive'));
  return attributes;
}
