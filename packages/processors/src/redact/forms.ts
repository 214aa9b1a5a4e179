/** A short name without blanks or slashes. */
const label = /^[A-Za-z0-9_.:@-]{1,64}$/;
/** What a label that is known by its name may look like beside that: `anthropic/claude-3`, `claude-opus-5[1m]`. */
const knownLabel = /^(?=[A-Za-z0-9_:@<-])[A-Za-z0-9_.:@+,()[\]<>/-]{1,128}$/;
const shortLine = /^[^\p{Cc}\u2028\u2029]{1,64}$/u;
const identifier = /^[^\s\p{Cc}]{1,128}$/u;
const status = /^(?:undefined|true|false|[1-5]\d\d|[A-Z][A-Za-z]{0,60}(?:Error|Exception|Timeout))$/;
const plainName = /^-{0,2}[A-Za-z_][A-Za-z0-9_]{0,39}$/;
const attributeName = /^[A-Za-z0-9_.:/@-]{1,128}$/;
const eventName = /^[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+$/;
const secretName =
  /(?:passw(?:or)?d|passphrase|secret|api[._-]?key|access[._-]?key|private[._-]?key|signing[._-]?key|(?:auth|access|refresh|bearer|session)[._-]?token|credentials?|authorization|cookie|(?:^|[._-])(?:token|pwd))$/i;

/** True for a short name without blanks or slashes. */
export function isLabel(text: string): boolean {
  return label.test(text);
}

/** True for what a field that is known to be a label may hold. */
export function isKnownLabel(text: string): boolean {
  return knownLabel.test(text);
}

/** True for one line of at most 64 characters. */
export function isShortLine(text: string): boolean {
  return shortLine.test(text);
}

/** True for what tells who somebody is: an id, an address, a short name. */
export function isIdentifier(text: string): boolean {
  return identifier.test(text) || shortLine.test(text);
}

/** True for text that tells how something failed but not with what: `undefined`, `true`, `429`, `ShellError`. */
export function isStatus(text: string): boolean {
  return text === '' || status.test(text);
}

/** True for a key that a schema would have; maps keyed by questions, paths or addresses have other keys. */
export function isPlainName(key: string): boolean {
  return plainName.test(key);
}

/** True for what instrumentation calls its attributes. */
export function isAttributeName(key: string): boolean {
  return attributeName.test(key);
}

/** True for names such as `claude_code.user_prompt`. */
export function isEventName(text: string): boolean {
  return eventName.test(text);
}

/** True for a name that says that a secret follows: `db_password`, `apiKey`. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/** A test of what a field of OTLP itself may hold. */
export type Grammar = (text: string) => boolean;

const pattern =
  (regex: RegExp): Grammar =>
  (text) =>
    regex.test(text);

const name: Grammar = (text) => attributeName.test(text) || shortLine.test(text);
const schemaUrl = pattern(/^https?:\/\/[A-Za-z0-9.-]{1,128}(?::\d{1,5})?(?:\/[A-Za-z0-9._/-]{0,128})?$/);

/**
 * Grammars of OTLP's own text fields, by message and field; `undefined` for those that hold free text. A field that is not listed
 * holds free text.
 */
export const grammars: { readonly [field: string]: Grammar | undefined } = {
  'instrumentation_scope.name': name,
  'instrumentation_scope.version': isShortLine,
  'entity_ref.schema_url': schemaUrl,
  'entity_ref.type': isAttributeName,
  'entity_ref.id_keys': isAttributeName,
  'entity_ref.description_keys': isAttributeName,
  'resource_logs.schema_url': schemaUrl,
  'scope_logs.schema_url': schemaUrl,
  'resource_metrics.schema_url': schemaUrl,
  'scope_metrics.schema_url': schemaUrl,
  'resource_spans.schema_url': schemaUrl,
  'scope_spans.schema_url': schemaUrl,
  'log_record.severity_text': pattern(/^[A-Za-z][A-Za-z0-9_ .-]{0,31}$/),
  'log_record.event_name': name,
  // Instruments may have names of 255 characters; none has, and encoded prose would fit.
  'metric.name': (text) => /^[A-Za-z][A-Za-z0-9_./-]{0,127}$/.test(text) || shortLine.test(text),
  'metric.description': isShortLine,
  'metric.unit': pattern(/^[!-~]{1,63}$/),
  'span.name': name,
  'span_event.name': name,
  // W3C trace state, without the blanks that it allows in values.
  'span.trace_state': isTraceState,
  'span_link.trace_state': isTraceState,
  'span_status.message': isStatus,
};

function isTraceState(text: string): boolean {
  return text.length <= 256 && /^(?:[a-z0-9][a-z0-9_*/@-]{0,255}=[!-+\--<>-~]{0,256}(?:,|$))+$/.test(text);
}

// Bits for bytes: of a label; of a label known by its name; of one line; of an id; of an attribute's name.
const LABEL = 1;
const KNOWN = 2;
const LINE = 4;
const ID = 8;
const NAME = 16;
const forms = new Uint8Array(256);
for (let c = 0; c < 256; c++) {
  const text = String.fromCharCode(c);
  if (label.test(text)) forms[c]! |= LABEL;
  if (/[A-Za-z0-9_.:@+,()[\]<>/-]/.test(text)) forms[c]! |= KNOWN;
  // Letters beyond ASCII are judged as text, in the slow path: some of them break lines.
  if (c >= 0x20 && c < 0x7f) forms[c]! |= LINE;
  if (c > 0x20 && c < 0x7f) forms[c]! |= ID;
  if (c < 0x7f && attributeName.test(text)) forms[c]! |= NAME;
}

function all(b: Uint8Array, from: number, to: number, bit: number): boolean {
  for (let p = from; p < to; p++) if ((forms[b[p]!]! & bit) === 0) return false;
  return true;
}

// Quotation mark, bracket, brace.
function beginsJson(c: number): boolean {
  return c === 0x22 || c === 0x5b || c === 0x7b;
}

/** {@link isAttributeName} on bytes, or the empty text. */
export function attributeNameBytes(b: Uint8Array, from: number, to: number): boolean {
  return to - from <= 128 && all(b, from, to, NAME);
}

/** {@link isLabel} on bytes, or the empty text. */
export function labelBytes(b: Uint8Array, from: number, to: number): boolean {
  return to - from <= 64 && all(b, from, to, LABEL);
}

/** True on bytes only if {@link isKnownLabel}, or the text is empty. */
export function knownLabelBytes(b: Uint8Array, from: number, to: number): boolean {
  if (to - from > 128) return false;
  const first = b[from]!;
  return from === to || (first !== 0x2f && first !== 0x2e && (forms[first]! & LABEL) !== 0 && all(b, from, to, KNOWN));
}

/** True on bytes only if {@link isShortLine} and not JSON, or the text is empty. */
export function shortLineBytes(b: Uint8Array, from: number, to: number): boolean {
  const first = b[from]!;
  return from === to || (to - from <= 64 && !beginsJson(first) && first !== 0x20 && all(b, from, to, LINE));
}

/** True on bytes only if {@link isIdentifier} and not JSON, or the text is empty. */
export function identifierBytes(b: Uint8Array, from: number, to: number): boolean {
  const first = b[from]!;
  return from === to || (to - from <= 128 && !beginsJson(first) && all(b, from, to, ID));
}
