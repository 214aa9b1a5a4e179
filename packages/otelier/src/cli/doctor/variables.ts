import { type Level, levels } from './settings/places.js';

/** One value that a source gives a variable. */
export interface Given {
  /** Undefined when only a running shell knows it. */
  readonly value: string | undefined;
  readonly level: Level;
  /** For people: `~/.zshrc:3`, `.claude/settings.json`, `the environment`. */
  readonly source: string;
}

/** A variable and all that give it a value, the one in force first. */
export interface Variable {
  readonly name: string;
  readonly given: readonly [Given, ...Given[]];
}

/** The variables that Claude Code would see, with where each came from. Empty values count as not set, as in the OpenTelemetry specification. */
export class Variables {
  private readonly byName = new Map<string, Given[]>();

  /** Adds what a source gives; among sources of one level the one added last wins. */
  add(name: string, given: Given): void {
    const all = this.byName.get(name) ?? [];
    const strength = levels.indexOf(given.level);
    const at = all.findIndex(({ level }) => levels.indexOf(level) <= strength);
    all.splice(at < 0 ? all.length : at, 0, given);
    this.byName.set(name, all);
  }

  /** Takes away what weaker sources gave, as `unset` in a shell does. */
  remove(name: string, level: Level): void {
    const strength = levels.indexOf(level);
    const left = (this.byName.get(name) ?? []).filter((given) => levels.indexOf(given.level) > strength);
    if (left.length === 0) this.byName.delete(name);
    else this.byName.set(name, left);
  }

  /** The value in force without blanks around it; undefined when not set, empty, or not known. */
  get(name: string): string | undefined {
    return this.raw(name)?.trim() || undefined;
  }

  /** The value in force as it stands. */
  raw(name: string): string | undefined {
    return this.byName.get(name)?.[0]?.value;
  }

  /** It is set, but only a running shell knows to what. */
  isUnknown(name: string): boolean {
    const [first] = this.byName.get(name) ?? [];
    return first !== undefined && first.value === undefined;
  }

  /** `NAME in ~/.zshrc:3`, for findings. */
  where(name: string): string {
    const [first] = this.byName.get(name) ?? [];
    return first === undefined ? name : `${name} in ${first.source}`;
  }

  /** The first of these names that has a value. */
  first(...names: readonly string[]): { readonly name: string; readonly value: string } | undefined {
    for (const name of names) {
      const value = this.get(name);
      if (value !== undefined) return { name, value };
    }
    return undefined;
  }

  all(): Variable[] {
    return [...this.byName]
      .map(([name, given]) => ({ name, given: given as [Given, ...Given[]] }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

/** Whether Claude Code takes a switch to be on. */
export function isOn(value: string | undefined): boolean {
  return value !== undefined && ['1', 'true', 'yes', 'on'].includes(value.trim().toLowerCase());
}
