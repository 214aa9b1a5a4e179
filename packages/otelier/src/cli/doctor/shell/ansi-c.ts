const simple: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', e: '\x1b', E: '\x1b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
  ...{ '\\': '\\', "'": "'", '"': '"', '?': '?' },
};
const numeric = /^(?:x([0-9a-f]{1,2})|u([0-9a-f]{1,4})|U([0-9a-f]{1,8})|([0-7]{1,3}))/i;

/** Reads what follows `$'` up to its closing quote (bash, "ANSI-C Quoting"); undefined when there is none. */
export function ansiC(source: string, from: number): { readonly text: string; readonly at: number } | undefined {
  let text = '';
  for (let at = from; at < source.length; at++) {
    const char = source[at] as string;
    if (char === "'") return { text, at: at + 1 };
    if (char !== '\\') {
      text += char;
      continue;
    }
    const next = source[at + 1] ?? '';
    const number = numeric.exec(source.slice(at + 1, at + 10));
    if (number !== null) {
      const [all, hex, short, long, octal] = number;
      const code = Number.parseInt(hex ?? short ?? long ?? octal ?? '', octal === undefined ? 16 : 8);
      text += code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
      at += all.length;
    } else {
      text += simple[next] ?? `\\${next}`;
      at++;
    }
  }
  return undefined;
}
