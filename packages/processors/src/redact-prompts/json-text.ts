/** What to do with the values that a JSON text holds. */
export interface JsonRules {
  /** How to treat what stands under a key, given how its parent is treated. */
  member(key: string, parent: Treatment): Treatment;
  /** A key's replacement; the same key when it may stay. `nth` counts the keys that were replaced in this object. */
  key(key: string, nth: number): string;
  /** A text's replacement, or undefined for `null`. `depth` counts from the root of the text given to {@link rewriteJson}. */
  string(text: string, key: string, treatment: Treatment, depth: number): string | undefined;
  /** A number's replacement, as a text; undefined for `null`. */
  number(): string | undefined;
}

/** `search`: only listed keys are masked; `mask`: every leaf is; `label`: every leaf but numbers and names; `keep`: nothing is. */
export type Treatment = 'search' | 'mask' | 'label' | 'keep';

/**
 * Rewrites values inside a JSON text and copies everything else as it stands: blanks, order, repeated keys, big numbers.
 *
 * @returns undefined when the text is not JSON or nests deeper than `maxDepth`.
 */
export function rewriteJson(
  text: string,
  treatment: Treatment,
  name: string,
  maxDepth: number,
  depth: number,
  rules: JsonRules,
): string | undefined {
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  const rewriter = new Rewriter(text, maxDepth, rules);
  rewriter.value(name, treatment, depth);
  if (rewriter.tooDeep) return undefined;
  return rewriter.done();
}

const blank = /[\t\n\r ]*/y;
const scalar = /[-+.\w]+/y;

/** Walks a text that JSON.parse has accepted, so that no step has to be checked again. */
class Rewriter {
  tooDeep = false;
  private readonly text: string;
  private readonly maxDepth: number;
  private readonly rules: JsonRules;
  private at = 0;
  private copied = 0;
  private out = '';

  constructor(text: string, maxDepth: number, rules: JsonRules) {
    this.text = text;
    this.maxDepth = maxDepth;
    this.rules = rules;
  }

  done(): string {
    return this.copied === 0 ? this.text : this.out + this.text.slice(this.copied);
  }

  value(key: string, treatment: Treatment, depth: number): void {
    if (depth > this.maxDepth) {
      this.tooDeep = true;
      return;
    }
    this.blanks();
    switch (this.text[this.at]) {
      case '{':
        this.object(treatment, depth);
        break;
      case '[':
        this.array(key, treatment, depth);
        break;
      case '"':
        this.string(key, treatment, depth);
        break;
      default:
        this.scalar(treatment);
    }
    this.blanks();
  }

  private object(treatment: Treatment, depth: number): void {
    let replaced = 0;
    this.at++;
    this.blanks();
    while (this.text[this.at] !== '}') {
      if (this.text[this.at] === ',') this.at++;
      this.blanks();
      const from = this.at;
      const key = this.quoted();
      if (treatment === 'mask' || treatment === 'label') {
        const replacement = this.rules.key(key, replaced);
        if (replacement !== key) {
          replaced++;
          this.replace(from, JSON.stringify(replacement));
        }
      }
      this.blanks();
      this.at++; // the colon
      this.value(key, this.rules.member(key, treatment), depth + 1);
      if (this.tooDeep) return;
    }
    this.at++;
  }

  private array(key: string, treatment: Treatment, depth: number): void {
    this.at++;
    this.blanks();
    while (this.text[this.at] !== ']') {
      if (this.text[this.at] === ',') this.at++;
      this.value(key, treatment, depth + 1);
      if (this.tooDeep) return;
    }
    this.at++;
  }

  private string(key: string, treatment: Treatment, depth: number): void {
    const from = this.at;
    const text = this.quoted();
    if (treatment === 'keep') return;
    const replacement = this.rules.string(text, key, treatment, depth);
    if (replacement !== text) this.replace(from, replacement === undefined ? 'null' : JSON.stringify(replacement));
  }

  private scalar(treatment: Treatment): void {
    const from = this.at;
    scalar.lastIndex = from;
    scalar.test(this.text);
    this.at = scalar.lastIndex;
    const first = this.text.charCodeAt(from);
    const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39);
    if (!isNumber || treatment !== 'mask') return;
    const replacement = this.rules.number();
    this.replace(from, replacement === undefined ? 'null' : JSON.stringify(replacement));
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
