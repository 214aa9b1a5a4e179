const opening = new Set(['if', 'for', 'while', 'until', 'case', 'select']);
const closing = new Set(['fi', 'done', 'esac']);
const inBetween = new Set(['then', 'else', 'elif', 'do', '!', 'in']);

/** Follows the compound commands of a shell text as far as one must know whether a command runs at all. */
export class Blocks {
  private depth = 0;
  private subshells = 0;
  /** Open braces, true for those of functions. */
  private readonly braces: boolean[] = [];
  private functionComes = false;
  private behindCondition = false;
  private inPipe = false;

  /** It depends on something whether the command here runs. */
  get conditional(): boolean {
    return this.depth > 0 || this.behindCondition || this.braces.includes(true);
  }

  /** What the command here does to variables is gone when it ends: a subshell, a part of a pipe. */
  get elsewhere(): boolean {
    return this.subshells > 0 || this.inPipe;
  }

  /** Takes a word where a command begins; true when it belongs to a compound command. */
  keyword(word: string | undefined): boolean {
    if (word === undefined) return false;
    if (word === '{') this.braces.push(this.functionComes);
    else if (word === '}') this.braces.pop();
    else if (word === 'function') this.functionComes = true;
    else if (opening.has(word)) {
      this.depth++;
      // What follows are words to look at, not commands.
      return word === 'if' || word === 'while' || word === 'until';
    } else if (closing.has(word)) this.depth = Math.max(0, this.depth - 1);
    else return inBetween.has(word);
    if (word !== 'function') this.functionComes = false;
    return word !== 'function';
  }

  /** A command ended with this operator; `always`: it cannot fail. */
  after(operator: string, always: boolean, isFunction: boolean): void {
    if (operator === '(') {
      if (isFunction) this.functionComes = true;
      this.subshells++;
    } else if (operator === ')') {
      // A pattern of `case` closes a bracket that nobody opened.
      if (this.subshells > 0) this.subshells--;
    }
    this.behindCondition = operator === '||' || (operator === '&&' && (this.behindCondition || !always));
    this.inPipe = operator === '|';
  }
}
