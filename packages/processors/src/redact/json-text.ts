/** What to do with the values that a JSON text holds; `R` is what the rules know of one place. */
export interface JsonRules<R> {
  /** The rule for what stands under a key, given that of its parent. */
  member(key: string, parent: R): R;
  /** A key's replacement; the same key when it may stay. `nth` counts the keys that were replaced in this object. */
  key(key: string, parent: R, nth: number): string;
  /** A text's replacement, or undefined for `null`. `depth` counts from the root of the text given to {@link rewriteJson}. */
  string(text: string, key: string, rule: R, depth: number): string | undefined;
  /** A number's replacement, as a text; undefined for `null`, the same text when it may stay. */
  number(text: string, key: string, rule: R): string | undefined;
}

/**
 * Rewrites values inside a JSON text and copies everything else as it stands: blanks, order, repeated keys, big numbers.
 *
 * @returns undefined when the text is not JSON, `'too-deep'` under `fault` when it nests deeper than `maxDepth`.
 */
export function rewriteJson<R>(
  text: string,
  rule: R,
  name: string,
  maxDepth: number,
  depth: number,
  rules: JsonRules<R>,
): { readonly text: string } | { readonly text?: undefined; readonly fault: 'malformed-json' | 'too-deep' } {
  try {
    JSON.parse(text);
  } catch {
    return { fault: 'malformed-json' };
  }
  const rewriter = new Rewriter(text, maxDepth, rules);
  rewriter.value(name, rule, depth);
  return rewriter.tooDeep ? { fault: 'too-deep' } : { text: rewriter.done() };
}

const blank = /[\t\n\r ]*/y;
const scalar = /[-+.\w]+/y;

/** Walks a text that JSON.parse has accepted, so that no step has to be checked again. */
class Rewriter<R> {
  tooDeep = false;
  private readonly text: string;
  private readonly maxDepth: number;
  private readonly rules: JsonRules<R>;
  private at = 0;
  private copied = 0;
  private out = '';

  constructor(text: string, maxDepth: number, rules: JsonRules<R>) {
    this.text = text;
    this.maxDepth = maxDepth;
    this.rules = rules;
  }

  done(): string {
    return this.copied === 0 ? this.text : this.out + this.text.slice(this.copied);
  }

  value(key: string, rule: R, depth: number): void {
    if (depth > this.maxDepth) {
      this.tooDeep = true;
      return;
    }
    this.blanks();
    switch (this.text[this.at]) {
      case '{':
        this.object(rule, depth);
        break;
      case '[':
        this.array(key, rule, depth);
        break;
      case '"':
        this.string(key, rule, depth);
        break;
      default:
        this.scalar(key, rule);
    }
    this.blanks();
  }

  private object(rule: R, depth: number): void {
    let replaced = 0;
    this.at++;
    this.blanks();
    while (this.text[this.at] !== '}') {
      if (this.text[this.at] === ',') this.at++;
      this.blanks();
      const from = this.at;
      const key = this.quoted();
      const replacement = this.rules.key(key, rule, replaced);
      if (replacement !== key) {
        replaced++;
        this.replace(from, JSON.stringify(replacement));
      }
      this.blanks();
      this.at++; // the colon
      this.value(key, this.rules.member(key, rule), depth + 1);
      if (this.tooDeep) return;
    }
    this.at++;
  }

  private array(key: string, rule: R, depth: number): void {
    this.at++;
    this.blanks();
    while (this.text[this.at] !== ']') {
      if (this.text[this.at] === ',') this.at++;
      this.value(key, rule, depth + 1);
      if (this.tooDeep) return;
    }
    this.at++;
  }

  private string(key: string, rule: R, depth: number): void {
    const from = this.at;
    const text = this.quoted();
    const replacement = this.rules.string(text, key, rule, depth);
    if (replacement !== text) this.replace(from, replacement === undefined ? 'null' : JSON.stringify(replacement));
  }

  private scalar(key: string, rule: R): void {
    const from = this.at;
    scalar.lastIndex = from;
    scalar.test(this.text);
    this.at = scalar.lastIndex;
    const first = this.text.charCodeAt(from);
    const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39);
    if (!isNumber) return;
    const number = this.text.slice(from, this.at);
    const replacement = this.rules.number(number, key, rule);
    if (replacement !== number) this.replace(from, replacement === undefined ? 'null' : JSON.stringify(replacement));
  }

  /** Steps over a string and decodes it. */
  private quoted(): string {
    const from = this.at;
    let end = from + 1;
    let escaped = false;
    for (let c = this.text[end]; c !== '"'; c = this.text[end]) {
      if (c === '\\') {
        escaped = true;
        end++;
      }
      end++;
    }
    this.at = end + 1;
    return escaped ? (JSON.parse(this.text.slice(from, end + 1)) as string) : this.text.slice(from + 1, end);
  }

  private replace(from: number, replacement: string): void {
    this.out += this.text.slice(this.copied, from) + replacement;
    this.copied = this.at;
  }

  private blanks(): void {
    blank.lastIndex = this.at;
    blank.test(this.text);
    this.at = blank.lastIndex;
  }
}
