/** Where a JSON text stops being JSON, and what was expected there; never quotes the text, which may hold secrets. */
export interface JsonMistake {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

const space = /[ \t\r\n]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids exactly these in a text
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)(?![\w.])/y;
const maxDepth = 200;

/** Finds the first mistake of a JSON text (RFC 8259), or undefined when there is none. */
export function jsonMistake(text: string): JsonMistake | undefined {
  const scanner = new Scanner(text);
  try {
    scanner.value(0);
    scanner.end();
    return undefined;
  } catch (error) {
    if (error !== scanner) throw error;
    const before = text.slice(0, scanner.at).split('\n');
    return { line: before.length, column: (before.at(-1) ?? '').length + 1, expected: scanner.expected };
  }
}

class Scanner {
  at = 0;
  expected = '';
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): void {
    this.skip(space);
    const char = this.text[this.at];
    if (depth > maxDepth) this.fail(`at most ${maxDepth} levels`);
    if (char === '{') this.members('}', depth);
    else if (char === '[') this.members(']', depth);
    else if (char === '"') this.string();
    else if (!this.skip(scalar)) this.fail(this.comment() ?? 'a value');
    this.skip(space);
  }

  end(): void {
    if (this.at < this.text.length) this.fail(this.comment() ?? 'nothing more');
  }

  private members(close: '}' | ']', depth: number): void {
    this.at++;
    this.skip(space);
    if (this.text[this.at] === close) {
      this.at++;
      return;
    }
    for (;;) {
      this.skip(space);
      if (this.text[this.at] === close) this.fail(`no comma before '${close}'`);
      if (close === '}') this.name();
      this.value(depth + 1);
      const char = this.text[this.at];
      if (char === close) break;
      if (char !== ',') this.fail(this.comment() ?? `',' or '${close}'`);
      this.at++;
    }
    this.at++;
  }

  private name(): void {
    if (this.text[this.at] !== '"') this.fail(this.comment() ?? 'a name in double quotes');
    this.string();
    this.skip(space);
    if (this.text[this.at] !== ':') this.fail("':'");
    this.at++;
  }

  private string(): void {
    if (!this.skip(string)) this.fail('a text that ends with a double quote in the same line, its backslashes doubled');
  }

  private comment(): string | undefined {
    return /^(?:\/[/*]|#)/.test(this.text.slice(this.at, this.at + 2)) ? 'no comment (JSON has none)' : undefined;
  }

  private skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.text)) return false;
    this.at = pattern.lastIndex;
    return true;
  }

  private fail(expected: string): never {
    this.expected = expected;
    throw this;
  }
}
