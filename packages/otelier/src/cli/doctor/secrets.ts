/** Values that must not be printed, and texts from outside without them. */
export class Secrets {
  private readonly values = new Set<string>();

  /** Adds what a URL holds beside its address: user, password, query. */
  addUrl(url: URL): void {
    for (const value of [url.username, url.password, ...url.searchParams.values()]) this.add(value);
  }

  /** Adds the value of a header: as it stands, decoded, and its parts, such as that behind `Bearer`. */
  add(value: string): void {
    for (const each of [value, decode(value)]) {
      // Clients and servers trim what stands around a value.
      for (const whole of [each, each.trim()]) if (whole.length >= shortest) this.values.add(whole);
      for (const part of each.split(/[\s"'“”\\,;]+/))
        if (part.length >= shortest && !schemes.test(part)) this.values.add(part);
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

/** Hiding shorter ones would leave nothing of any sentence. */
const shortest = 3;
const schemes = /^(?:bearer|basic|token|apikey|api-key)$/i;
const longest = 160;

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
