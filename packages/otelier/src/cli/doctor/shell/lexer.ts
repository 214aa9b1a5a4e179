import { ansiC } from './ansi-c.js';
import type { Piece, Token } from './token.js';

const operator = /&&|\|\||;;&?|;&|[;&|()\n]|\d*(?:<<<|<<-?|>>|<&|>&|&>>?|<>|>\||[<>])/y;
const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const wordEnd = /[\s;&|()<>]/;

/** A shell text that ends inside a quote or a bracket. */
export class UnterminatedError extends Error {
  readonly what: string;
  readonly line: number;

  constructor(what: string, line: number) {
    super(`${what} that begins in line ${line} does not end`);
    this.what = what;
    this.line = line;
  }
}

/**
 * Reads shell text into words and operators (POSIX.1-2017, Shell Command Language, 2.3; and `$'…'` of bash and zsh).
 * Executes nothing; here-documents and comments are skipped.
 */
export class Lexer {
  private readonly text: string;
  private at = 0;
  private line = 1;
  /** Delimiters of here-documents that begin after this line. */
  private readonly heredocs: { delimiter: string; indented: boolean }[] = [];

  constructor(text: string) {
    this.text = text;
  }

  /** The next token, or undefined at the end. @throws {UnterminatedError} */
  next(): Token | undefined {
    this.skipBlanks();
    if (this.at >= this.text.length) return undefined;
    const { line } = this;
    operator.lastIndex = this.at;
    const found = operator.exec(this.text)?.[0];
    if (found === undefined) return { kind: 'word', pieces: this.word(), line };
    this.move(found.length);
    if (found === '\n') this.skipHeredocs();
    if (!/[<>]/.test(found)) return { kind: 'operator', text: found, line };
    this.redirection(found);
    return this.next();
  }

  private skipBlanks(): void {
    for (;;) {
      const char = this.text[this.at];
      if (char === ' ' || char === '\t' || char === '\r') this.move(1);
      else if (char === '\\' && /^\\\r?\n/.test(this.text.slice(this.at, this.at + 3)))
        this.move(this.text[this.at + 1] === '\r' ? 3 : 2);
      else if (char === '#') this.move(lineEnd(this.text, this.at) - this.at);
      else return;
    }
  }

  private redirection(found: string): void {
    this.skipBlanks();
    if (this.at >= this.text.length || this.text[this.at] === '\n') return;
    const pieces = this.word();
    if (!/<<-?$/.test(found) || found.endsWith('<<<')) return;
    const delimiter = pieces.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('');
    this.heredocs.push({ delimiter, indented: found.endsWith('-') });
  }

  private skipHeredocs(): void {
    for (const { delimiter, indented } of this.heredocs.splice(0)) {
      while (this.at < this.text.length) {
        const end = lineEnd(this.text, this.at);
        const line = this.text.slice(this.at, end);
        this.move(end + 1 - this.at);
        if ((indented ? line.replace(/^\t+/, '') : line) === delimiter) break;
      }
    }
  }

  private word(): Piece[] {
    const pieces: Piece[] = [];
    while (this.at < this.text.length) {
      const char = this.text[this.at] as string;
      if (char === '(' && this.assigns(pieces)) {
        this.bracket('(', ')', 'an array');
        pieces.push({ kind: 'unknown', what: 'an array' });
      } else if (wordEnd.test(char)) break;
      else this.piece(char, pieces);
    }
    return pieces;
  }

  private assigns(pieces: readonly Piece[]): boolean {
    const last = pieces.at(-1);
    return pieces.length === 1 && last?.kind === 'text' && !last.quoted && /^\w+\+?=$/.test(last.text);
  }

  private piece(char: string, pieces: Piece[]): void {
    if (char === "'") pieces.push(quoted(this.single()));
    else if (char === '"') this.double(pieces);
    else if (char === '$') this.dollar(pieces, false);
    else if (char === '`') this.backticks(pieces);
    else if (char === '\\') {
      if (this.text[this.at + 1] !== '\n') pieces.push(quoted(this.text[this.at + 1] ?? '\\'));
      this.move(2);
    } else {
      const from = this.at;
      while (this.at < this.text.length && !/[\s;&|()<>'"$`\\]/.test(this.text[this.at] as string)) this.move(1);
      pieces.push({ kind: 'text', text: this.text.slice(from, this.at), quoted: false });
    }
  }

  private single(): string {
    const { line, at } = this;
    const end = this.text.indexOf("'", at + 1);
    if (end < 0) throw new UnterminatedError('a single quote', line);
    this.move(end + 1 - at);
    return this.text.slice(at + 1, end);
  }

  private double(pieces: Piece[]): void {
    const { line } = this;
    this.move(1);
    let text = '';
    const flush = (): void => {
      pieces.push(quoted(text));
      text = '';
    };
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) throw new UnterminatedError('a double quote', line);
      if (char === '"') break;
      if (char === '\\' && /[$`"\\\n]/.test(this.text[this.at + 1] ?? '')) {
        if (this.text[this.at + 1] !== '\n') text += this.text[this.at + 1];
        this.move(2);
      } else if (char === '$' || char === '`') {
        flush();
        if (char === '$') this.dollar(pieces, true);
        else this.backticks(pieces);
      } else {
        text += char;
        this.move(1);
      }
    }
    this.move(1);
    flush();
  }

  private dollar(pieces: Piece[], inQuotes: boolean): void {
    const next = this.text[this.at + 1];
    if (next === "'" && !inQuotes) {
      const { line } = this;
      const end = ansiC(this.text, this.at + 2);
      if (end === undefined) throw new UnterminatedError("a $' quote", line);
      this.move(end.at - this.at);
      pieces.push(quoted(end.text));
    } else if (next === '"' && !inQuotes) this.move(1);
    else if (next === '(') {
      this.move(1);
      this.bracket('(', ')', '$(…)');
      pieces.push({ kind: 'unknown', what: '$(…)' });
    } else if (next === '{') this.braces(pieces);
    else {
      name.lastIndex = this.at + 1;
      const found = name.exec(this.text)?.[0];
      if (found !== undefined) {
        this.move(1 + found.length);
        pieces.push({ kind: 'variable', name: found });
      } else if (next !== undefined && /[0-9@*#?$!-]/.test(next)) {
        this.move(2);
        pieces.push({ kind: 'unknown', what: `$${next}` });
      } else {
        this.move(1);
        pieces.push(quoted('$'));
      }
    }
  }

  private braces(pieces: Piece[]): void {
    const from = this.at + 2;
    this.move(1);
    this.bracket('{', '}', 'a brace expansion');
    const inside = this.text.slice(from, this.at - 1);
    const found = /^([A-Za-z_]\w*)(?:(:?)-(.*))?$/s.exec(inside);
    if (found === null) return void pieces.push({ kind: 'unknown', what: 'a brace expansion' });
    const [, variable = '', colon, rest] = found;
    if (rest === undefined) return void pieces.push({ kind: 'variable', name: variable });
    const fallback: Piece[] = [];
    const inner = new Lexer(rest);
    inner.line = this.line;
    while (inner.at < rest.length) {
      const char = rest[inner.at] as string;
      // Blanks and operators are text inside the braces.
      if (wordEnd.test(char)) {
        fallback.push(quoted(char));
        inner.move(1);
      } else inner.piece(char, fallback);
    }
    pieces.push({ kind: 'variable', name: variable, fallback, ifEmpty: colon === ':' });
  }

  private backticks(pieces: Piece[]): void {
    const { line } = this;
    this.move(1);
    while (this.text[this.at] !== '`') {
      if (this.at >= this.text.length) throw new UnterminatedError('a backtick', line);
      this.move(this.text[this.at] === '\\' ? 2 : 1);
    }
    this.move(1);
    pieces.push({ kind: 'unknown', what: '`…`' });
  }

  /** Moves behind the bracket that closes the one here; quotes inside are respected. */
  private bracket(open: string, close: string, what: string): void {
    const { line } = this;
    let depth = 0;
    do {
      const char = this.text[this.at];
      if (char === undefined) throw new UnterminatedError(what, line);
      if (char === "'" && open === '(') this.single();
      else if (char === '"') this.double([]);
      else {
        if (char === open) depth++;
        else if (char === close) depth--;
        this.move(char === '\\' ? 2 : 1);
      }
    } while (depth > 0);
  }

  private move(by: number): void {
    const end = Math.min(this.text.length, this.at + by);
    for (; this.at < end; this.at++) if (this.text[this.at] === '\n') this.line++;
  }
}

function quoted(text: string): Piece {
  return { kind: 'text', text, quoted: true };
}

function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}
