import { type AnyValue, type Attributes, Double, KeySet } from '@otelier/otlp';
import { contentAttributes, payloadAttributes } from './content-attributes.js';
import { type JsonRules, rewriteJson, type Treatment } from './json-text.js';
import { isLabel, isPlainName, isStatus, type Mask, maskScalar, maskText } from './mask.js';
import type { RedactPromptsSettings } from './options.js';

const payloads: ReadonlySet<string> = new Set(payloadAttributes);
// Quotation mark, brace or bracket first, blanks aside: text that may be JSON.
const maybeJson = /^\s*["{[]/;
const escaped = /\\u00([0-7][\dA-Fa-f])/g;

/** Masks attributes by name, and what hides inside values of other attributes under those names. */
export class Redactor implements JsonRules {
  declare private readonly mask: Mask;
  declare private readonly whole: boolean;
  declare private readonly maxDepth: number;
  declare private readonly listed: ReadonlySet<string>;
  declare private readonly kept: ReadonlySet<string>;
  declare private readonly labels: ReadonlySet<string>;
  declare private readonly keys: KeySet;
  declare private readonly mention: RegExp;
  declare private readonly replacement: (name: string, value: AnyValue) => AnyValue;

  constructor(settings: RedactPromptsSettings) {
    this.mask = settings.mask;
    this.whole = settings.payloads === 'whole';
    this.maxDepth = settings.maxDepth;
    this.kept = new Set(settings.keep);
    const listed = [...contentAttributes, ...settings.attributes].filter((name) => !this.kept.has(name));
    this.listed = new Set(listed);
    this.labels = new Set(settings.labels);
    this.keys = new KeySet(listed);
    // A listed name as a key in text that is not quite JSON: cut off, nested too deep, or printed by another language.
    this.mention = new RegExp(`["'](?:${listed.map(literal).join('|')})\\\\*["']\\s*:`);
    this.replacement = (name, value) => this.value(name, value);
  }

  /** Masks in place. */
  attributes(attributes: Attributes): void {
    attributes.replace(this.keys, this.replacement, true);
  }

  /** What to write in place of the value of one attribute: the value itself when nothing is to be hidden. */
  value(name: string, value: AnyValue): AnyValue {
    if (this.kept.has(name)) return value;
    if (!this.listed.has(name)) return this.searched(name, value, 0);
    return this.mask === 'remove' ? undefined : this.masked(name, value, 'mask', 0);
  }

  /** Masks every leaf of a value. */
  masked(name: string, value: AnyValue, treatment: 'mask' | 'label', depth: number): AnyValue {
    if (typeof value === 'string') return this.string(value, name, treatment, depth);
    if (!holdsOthers(value)) return treatment === 'label' && isNumber(value) ? value : maskScalar(this.mask, value);
    if (this.whole || depth >= this.maxDepth) return '[redacted]';
    if (Array.isArray(value)) return value.map((each) => this.masked(name, each, treatment, depth + 1));
    const out: { [key: string]: AnyValue } = Object.create(null);
    let replaced = 0;
    for (const key of Object.keys(value)) {
      const written = this.key(key, replaced);
      if (written !== key) replaced++;
      const member = this.member(key, treatment);
      if (member === 'keep') out[written] = value[key];
      else out[written] = this.masked(key, value[key], member as 'mask' | 'label', depth + 1);
    }
    return out;
  }

  /** Masks what stands under listed names inside a value. */
  searched(name: string, value: AnyValue, depth: number): AnyValue {
    if (typeof value === 'string') return this.string(value, name, 'search', depth);
    if (!holdsOthers(value)) return value;
    if (depth >= this.maxDepth) return '[redacted]';
    if (Array.isArray(value)) return value.map((each) => this.searched(name, each, depth + 1));
    const out: { [key: string]: AnyValue } = Object.create(null);
    for (const key of Object.keys(value)) {
      const member = this.member(key, 'search');
      if (member === 'keep') out[key] = value[key];
      else if (member === 'search') out[key] = this.searched(key, value[key], depth + 1);
      else if (this.mask !== 'remove') out[key] = this.masked(key, value[key], 'mask', depth + 1);
    }
    return out;
  }

  member(key: string, parent: Treatment): Treatment {
    if (parent === 'keep' || this.kept.has(key)) return 'keep';
    if (parent === 'search') return this.listed.has(key) ? 'mask' : 'search';
    return this.labels.has(key) ? 'label' : 'mask';
  }

  key(key: string, nth: number): string {
    if (isPlainName(key)) return key;
    const masked = maskText(this.mask, key, '') ?? '[redacted]';
    return nth === 0 ? masked : `${masked} #${nth + 1}`;
  }

  string(text: string, name: string, treatment: Treatment, depth: number): string | undefined {
    if (treatment === 'search') return this.searchedText(text, name, depth);
    if (treatment === 'label' && isLabel(text)) return text;
    if (!this.whole && payloads.has(name)) {
      const rewritten = rewriteJson(text, 'mask', name, this.maxDepth, depth + 1, this);
      // A payload that is itself a JSON string or number has been masked by the walk.
      if (rewritten !== undefined) return rewritten;
    }
    if (name === 'error' && isStatus(text)) return text;
    return maskText(this.mask, text, name);
  }

  number(): string | undefined {
    return maskScalar(this.mask, 0) as string | undefined;
  }

  private searchedText(text: string, name: string, depth: number): string | undefined {
    if (!maybeJson.test(text)) return text;
    const rewritten = rewriteJson(text, 'search', name, this.maxDepth, depth + 1, this);
    if (rewritten !== undefined) return rewritten;
    const plain = text.replace(escaped, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return this.mention.test(plain) ? maskText(this.mask, text, name) : text;
  }
}

function holdsOthers(value: AnyValue): value is AnyValue[] | { [key: string]: AnyValue } {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && !(value instanceof Double);
}

function isNumber(value: AnyValue): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Double;
}

function literal(name: string): string {
  return name.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
