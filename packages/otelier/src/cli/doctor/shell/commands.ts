import { Blocks } from './blocks.js';
import { type Expanded, expand, withHome } from './expand.js';
import type { ShellNote, ShellReading, ShellVariable } from './shell.js';
import { type Piece, plainText, type Token } from './token.js';

type Word = Extract<Token, { kind: 'word' }>;
type Variable = { -readonly [K in keyof ShellVariable]: ShellVariable[K] };

const assignment = /^([A-Za-z_][A-Za-z0-9_]*)(\+?)=/;
const validName = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Programs that start another one with the environment they got. */
const wrappers = new Set(['exec', 'command', 'nohup', 'nice', 'time', 'npx', 'env', 'caffeinate', 'setsid']);

interface Assignment {
  readonly name: string;
  readonly append: boolean;
  readonly value: readonly Piece[];
  readonly line: number;
}

/** Follows simple commands one after another and keeps what they do to variables. */
export class CommandReader {
  readonly notes: ShellNote[] = [];
  private readonly environment: Readonly<Record<string, string | undefined>>;
  private readonly variables = new Map<string, Variable>();
  /** `A=b claude`: seen by that one program, and stronger than what is exported. */
  private readonly given = new Map<string, Variable>();
  private readonly unset = new Set<string>();
  /** Names that are exported before they have a value. */
  private readonly marked = new Set<string>();
  private readonly blocks = new Blocks();
  private words: Word[] = [];
  private exportsAll = false;
  private lastAssigned: string | undefined;

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.environment = environment;
  }

  take(token: Token): void {
    if (token.kind === 'operator') this.endCommand(token.text);
    else this.takeWord(token);
  }

  private takeWord(token: Word): void {
    const text = plainText(token.pieces);
    const [first] = this.words;
    if (first === undefined && this.blocks.keyword(text)) return;
    if (text === '{' && first !== undefined && plainText(first.pieces) === 'function') {
      this.words = [];
      this.blocks.keyword(text);
      return;
    }
    this.words.push(token);
  }

  /** A simple command ends with this operator. */
  endCommand(operator: string): void {
    const words = this.words;
    this.words = [];
    const isFunction = operator === '(' && words.length === 1;
    const always = words.length > 0 && !isFunction ? this.run(words) : false;
    this.blocks.after(operator, always, isFunction);
    if (operator !== ';' && operator !== '&') this.lastAssigned = undefined;
  }

  reading(): ShellReading {
    const variables = new Map<string, ShellVariable>(this.variables);
    for (const [name, variable] of this.given) variables.set(name, variable);
    for (const { name, exported, line } of variables.values())
      if (!exported) this.notes.push({ kind: 'not-exported', line, name });
    return { variables, unset: this.unset, notes: this.notes };
  }

  /** True when the command cannot fail. */
  private run(words: readonly Word[]): boolean {
    const { prefix, rest } = split(words);
    const [command, ...args] = rest;
    const before = this.lastAssigned;
    this.lastAssigned = undefined;
    if (command === undefined) {
      for (const each of prefix) this.assign(each, this.exportsAll);
      this.lastAssigned = prefix.at(-1)?.name;
      return true;
    }
    const name = plainText(command.pieces) ?? '';
    this.lookForSlips(command, args, before);
    switch (name) {
      case 'export':
      case 'declare':
      case 'typeset':
      case 'readonly':
        this.declare(name, args);
        return true;
      case 'unset':
        for (const arg of args) this.forget(plainText(arg.pieces) ?? '');
        return true;
      case 'set':
        this.setOptions(args.map((arg) => plainText(arg.pieces)));
        return true;
      case 'source':
      case '.':
      case 'eval':
        this.notes.push({ kind: 'not-read', line: command.line, what: name === '.' ? 'source' : name });
        return false;
      default:
        this.start(name, args, prefix);
        return false;
    }
  }

  private declare(command: string, args: readonly Word[]): void {
    let exported = command === 'export';
    let last: string | undefined;
    for (const { pieces, line } of args) {
      const text = plainText(pieces);
      if (text?.match(/^[-+]\w+$/)) {
        if (command !== 'export' && text.includes('x')) exported = text.startsWith('-');
        if (command === 'export' && text.includes('n')) exported = false;
        continue;
      }
      const found = assignmentOf(pieces, line);
      if (found !== undefined) {
        this.assign(found, exported || (this.variables.get(found.name)?.exported ?? this.exportsAll));
        last = found.name;
      } else if (text !== undefined && validName.test(text) && !last) this.exportExisting(text, exported, line);
      else if (last !== undefined) this.notes.push({ kind: 'cut-at-space', line, name: last });
      else if (text === undefined) this.notes.push({ kind: 'not-read', line, what: unknownOf(pieces) ?? command });
    }
    this.lastAssigned = last;
  }

  private exportExisting(name: string, exported: boolean, line: number): void {
    const variable = this.variables.get(name);
    if (variable !== undefined) variable.exported = exported;
    else if (this.environment[name] !== undefined && exported)
      this.put(name, { value: this.environment[name] }, true, line);
    else if (exported && !this.blocks.elsewhere) this.marked.add(name);
  }

  private assign({ name, append, value, line }: Assignment, exported: boolean): void {
    const expanded = this.expandValue(value);
    const before = append ? (this.lookUp(name) ?? { value: '' }) : { value: '' };
    const known = expanded.value !== undefined && before.value !== undefined;
    const whole = known
      ? { ...expanded, value: `${before.value}${expanded.value}` }
      : expanded.value === undefined
        ? expanded
        : before;
    const was = this.variables.get(name)?.exported ?? this.environment[name] !== undefined;
    this.put(name, whole, exported || was || this.marked.has(name), line);
  }

  private put(name: string, expanded: Expanded, exported: boolean, line: number): void {
    if (this.blocks.elsewhere) return;
    this.unset.delete(name);
    this.variables.set(name, { name, ...expanded, exported, line, conditional: this.blocks.conditional });
  }

  private forget(name: string): void {
    if (!validName.test(name) || this.blocks.elsewhere || this.blocks.conditional) return;
    this.variables.delete(name);
    this.marked.delete(name);
    this.unset.add(name);
  }

  private setOptions(options: readonly (string | undefined)[]): void {
    for (const [i, option = ''] of options.entries()) {
      const isAll = /^[-+]\w*a/.test(option) || (/^[-+]o$/.test(option) && options[i + 1] === 'allexport');
      if (isAll) this.exportsAll = option.startsWith('-');
    }
  }

  /** A program is started with variables of its own. */
  private start(name: string, args: readonly Word[], prefix: readonly Assignment[]): void {
    const inner = wrappers.has(name)
      ? split(args.filter(({ pieces }) => !plainText(pieces)?.startsWith('-')))
      : undefined;
    const own = [...prefix, ...(inner?.prefix ?? [])];
    const [next, ...rest] = inner?.rest ?? [];
    const program = next === undefined ? name : (plainText(next.pieces) ?? name);
    if (next !== undefined && wrappers.has(program)) {
      this.start(program, rest, own);
      return;
    }
    const isClaude = /^(?:.*\/)?claude$|^@anthropic-ai\/claude-code(?:@.*)?$/.test(program);
    // The rest of a value that a blank has cut off stands where a program should.
    const isCut = !isClaude && (looksLikePair(name) || args.some(({ pieces }) => plainText(pieces) === 'claude'));
    for (const { name: variable, value, line } of own) {
      const { conditional } = this.blocks;
      if (isClaude) {
        const expanded = this.expandValue(value);
        this.given.set(variable, { name: variable, ...expanded, exported: true, line, conditional });
      } else this.notes.push({ kind: isCut ? 'cut-at-space' : 'other-command', line, name: variable });
    }
  }

  /** `before`: the variable that the command before this one, on the same line, assigned last. */
  private lookForSlips({ pieces, line }: Word, args: readonly Word[], before: string | undefined): void {
    const name = plainText(pieces) ?? '';
    const first = args[0] && plainText(args[0].pieces);
    if (validName.test(name) && first?.startsWith('=')) this.notes.push({ kind: 'spaces-around-equals', line, name });
    if (name === 'export' && args.length > 1) {
      const second = args[1] && plainText(args[1].pieces);
      if (first !== undefined && validName.test(first) && second?.startsWith('='))
        this.notes.push({ kind: 'spaces-around-equals', line, name: first });
    }
    if (before !== undefined && looksLikePair(name)) this.notes.push({ kind: 'cut-at-separator', line, name: before });
  }

  private expandValue(value: readonly Piece[]): Expanded {
    return expand(withHome(value, this.lookUp('HOME')?.value), (name) => this.lookUp(name));
  }

  private lookUp(name: string): Expanded | undefined {
    const variable = this.variables.get(name);
    if (variable !== undefined)
      return variable.unknown ? { value: undefined, unknown: variable.unknown } : { value: variable.value };
    const value = this.unset.has(name) ? undefined : this.environment[name];
    return value === undefined ? undefined : { value };
  }
}

/** `team.id=x`: no assignment of a shell, so it was meant as part of a value. */
function looksLikePair(word: string): boolean {
  return /^[\w.-]+=/.test(word) && !assignment.test(word);
}

function split(words: readonly Word[]): { prefix: Assignment[]; rest: Word[] } {
  const prefix: Assignment[] = [];
  let at = 0;
  for (; at < words.length; at++) {
    const { pieces, line } = words[at] as Word;
    const found = assignmentOf(pieces, line);
    if (found === undefined) break;
    prefix.push(found);
  }
  return { prefix, rest: words.slice(at) };
}

/** `NAME=…` with an unquoted name and equals sign. */
function assignmentOf(pieces: readonly Piece[], line: number): Assignment | undefined {
  const [head, ...others] = pieces;
  if (head?.kind !== 'text' || head.quoted) return undefined;
  const found = assignment.exec(head.text);
  if (found === null) return undefined;
  const [all, name = '', plus] = found;
  const first: Piece = { kind: 'text', text: head.text.slice(all.length), quoted: false };
  return { name, append: plus === '+', value: first.text === '' ? others : [first, ...others], line };
}

function unknownOf(pieces: readonly Piece[]): string | undefined {
  const unknown = pieces.find((piece) => piece.kind === 'unknown');
  return unknown?.kind === 'unknown' ? unknown.what : undefined;
}
