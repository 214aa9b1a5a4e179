/** Values that must not be printed, and texts from outside without them. */
export class Secrets {
  private readonly values = new Set<string>();

  /** Adds the value of a header: as it stands, decoded, and the part behind the scheme (`Bearer …`). */
  add(value: string): void {
    for (const each of [value, decode(value)]) {
      for (const part of [each, ...each.split(/\s+/)]) if (part.length >= shortest) this.values.add(part);
    }
  }

  /** A text of a server or program, cut to one short line, without any of the values. */
  hide(text: string): string {
    let clean = text;
    for (const value of [...this.values].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(value, '…');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what would move a terminal's cursor or colour it
    clean = clean.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
    return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean;
  }
}

/** Shorter ones are words such as Bearer or 1, and would hide half of every sentence. */
const shortest = 7;
const longest = 160;

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
