// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell text
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readShell } from './shell.js';

/** What the environment would be, unknown values as undefined. */
const exported = (text: string, environment: Record<string, string> = {}) =>
  Object.fromEntries(
    [...readShell(text, environment).variables.values()]
      .filter((variable) => variable.exported)
      .map(({ name, value }) => [name, value]),
  );
const notes = (text: string) => readShell(text).notes.map(({ kind, name, what }) => [kind, name ?? what]);

describe('what a shell text exports', () => {
  test.each<[string, Record<string, string | undefined>]>([
    ['export A=b', { A: 'b' }],
    ['export A=b C="d e"', { A: 'b', C: 'd e' }],
    ['A=b; export A', { A: 'b' }],
    ['A=b', {}],
    ['export A\nA=b', { A: 'b' }],
    ['export A=a\nA=b', { A: 'b' }],
    ['set -a\nA=b\nset +a\nC=d', { A: 'b' }],
    ['set -o allexport; A=b', { A: 'b' }],
    ['declare -x A=b; typeset -x C=d; declare G=f', { A: 'b', C: 'd' }],
    ['export A=b; unset A', {}],
    ['export A=b; export -n A', {}],
    ['A=b claude', { A: 'b' }],
    ['export A=a\nA=b claude --print', { A: 'b' }],
    ['A=b C=d npx -y @anthropic-ai/claude-code', { A: 'b', C: 'd' }],
    ['env -i A=b exec claude', { A: 'b' }],
    ['A=b make', {}],
    ["export A='it'\"'\"'s'", { A: "it's" }],
    ['export A="x\\"y\\$z\\n"', { A: 'x"y$z\\n' }],
    ['export A=a\\ b\\,c', { A: 'a b,c' }],
    ["export A=$'tab\\tend\\x41\\u00e9\\101\\''", { A: "tab\tendA\u00e9A'" }],
    ['export A=x # comment', { A: 'x' }],
    ['export A=x#y', { A: 'x#y' }],
    ['export A="one \\\ntwo" B=three\\\nfour', { A: 'one two', B: 'threefour' }],
    ['export A=a\r\nexport B=b\r\n', { A: 'a', B: 'b' }],
    ['\ufeffexport A=a', { A: 'a' }],
    ['X=1\nexport A="$X-${X}2"', { A: '1-12' }],
    ['export A=${X:-fall back} B="${E:-x}" C=${E-x}', { A: 'fall back', B: 'x', C: '' }],
    ['export A=$HOME/x B=~/y C="~/z"', { A: '/home/u/x', B: '/home/u/y', C: '~/z' }],
    ['export A=$(cat token)', { A: undefined }],
    ['export A="Bearer `cat token`"', { A: undefined }],
    ['export A=$((1+1))', { A: undefined }],
    ['T=$(x)\nexport A=a$T', { A: undefined }],
    ['export A=${X%y}', { A: undefined }],
    ['export A=$1', { A: undefined }],
    ['export A=(a b)', { A: undefined }],
    ['export A=a; A+=b', { A: 'ab' }],
    ['export A=$', { A: '$' }],
    ['cat <<EOF\nexport A=no\nEOF\nexport B=yes', { B: 'yes' }],
    ["cat <<-'EOF' > f\nexport A=no\n\tEOF\nexport B=yes", { B: 'yes' }],
    ['export A=a >/dev/null 2>&1', { A: 'a' }],
    ['export A=a && export B=b || export C=c; export D=d', { A: 'a', B: 'b', C: 'c', D: 'd' }],
    ['(export A=a)\nexport B=b', { B: 'b' }],
    ['cat x | while read y; do export A=$y; done', { A: '' }],
    ['if [ -f x ]; then\n  export A=a\nfi', { A: 'a' }],
    ['case $x in\n a) export A=a ;;\n esac\nexport B=b', { A: 'a', B: 'b' }],
    ['f() { export A=a; }\nfunction g { export B=b; }\nexport C=c', { A: 'a', B: 'b', C: 'c' }],
    ['export E=inherited2', { E: 'inherited2' }],
    ['E=changed', { E: 'changed' }],
    ['"A"=b claude', {}],
    ['', {}],
  ])('%j', (text, expected) => {
    expect(exported(text, { HOME: '/home/u', E: '' })).toEqual(expected);
  });

  test('what may not run is marked', () => {
    const conditional = (text: string) =>
      [...readShell(text).variables.values()].flatMap(({ name, conditional }) => (conditional ? [name] : []));
    expect(conditional('if x; then export A=a; fi; export B=b')).toEqual(['A']);
    expect(conditional('test -f x && export A=a; export B=b && export C=c')).toEqual(['A']);
    expect(conditional('f() { export A=a; }\n{ export B=b; }')).toEqual(['A']);
    expect(conditional('function f {\n export A=a\n}\nexport B=b')).toEqual(['A']);
  });

  test('nothing is executed', () => {
    const dir = mkdtempSync(join(tmpdir(), 'otelier-shell-'));
    const mark = join(dir, 'mark');
    readShell(`export A=$(touch ${mark}) B=\`touch ${mark}\`; touch ${mark}; . ${mark}`);
    expect(() => execFileSync('ls', [mark], { stdio: 'ignore' })).toThrow();
    rmSync(dir, { recursive: true });
  });
});

describe('slips', () => {
  test.each<[string, [string, string][]]>([
    ['export A = b', [['spaces-around-equals', 'A']]],
    ['A = b', [['spaces-around-equals', 'A']]],
    ['export A=org.name=My Company', [['cut-at-space', 'A']]],
    ['A=Authorization=Bearer org.name=x claude', [['cut-at-space', 'A']]],
    ['export A=a=1;team.id=2', [['cut-at-separator', 'A']]],
    ['A=b', [['not-exported', 'A']]],
    ['A=Authorization=Bearer token claude', [['cut-at-space', 'A']]],
    ['A=b make', [['other-command', 'A']]],
    ['export A="b', [['unterminated', 'a double quote']]],
    ["export A='b", [['unterminated', 'a single quote']]],
    ['source ~/.telemetry', [['not-read', 'source']]],
    [
      '. ./.env; eval "$(x)"',
      [
        ['not-read', 'source'],
        ['not-read', 'eval'],
      ],
    ],
    ['export $(cat .env)', [['not-read', '$(…)']]],
    ['export A=b C=d', []],
    ['export A; export -p; claude', []],
    ['export A="x y" && claude', []],
  ])('%j', (text, expected) => {
    expect(notes(text)).toEqual(expected);
  });
});

describe('a real shell', () => {
  const char = fc.oneof(
    fc.constantFrom(...' \'"\\$`#~=,;&|<>()!*?[]{}:-%/@\t\n'),
    fc.constantFrom(...'abcAB019_.'),
    fc.constantFrom('ü', '日', '😀'),
  );
  const text = fc.string({ unit: char, maxLength: 12 });
  const single = text.map((value) => `'${value.replaceAll("'", "'\\''")}'`);
  const double = text.map((value) => `"${value.replace(/[\\"$`]/g, '\\$&')}"`);
  const loose = fc.string({ unit: fc.constantFrom(...'abc019_.,%/@+-:='), maxLength: 8 });
  const escaped = fc
    .string({ unit: fc.constantFrom(...' \'"\\$`#;&|<>()*?~'), maxLength: 4 })
    .map((value) => value.replace(/./g, '\\$&'));
  const variable = fc.constantFrom('$V0', '${V0}', '"$V0"', '${NONE:-x y}', '"${NONE-x}"', '${V0:-z}');
  const value = fc
    .array(fc.oneof(single, double, loose, escaped, variable), { maxLength: 5 })
    .map((parts) => parts.join(''));
  const form = fc.constantFrom<(name: string, value: string) => string>(
    (name, value) => `${name}=${value}\nexport ${name}`,
    (name, value) => `${name}=${value}; export ${name} # ${value.replace(/\n/g, ' ')}`,
    (name, value) => `set -a\n${name}=${value}\nset +a`,
    (name, value) => `export ${name}; ${name}=${value}`,
  );

  test('reads the same as what is read here', () => {
    const dir = mkdtempSync(join(tmpdir(), 'otelier-shell-'));
    const file = join(dir, 'rc');
    fc.assert(
      fc.property(fc.array(fc.tuple(value, form), { minLength: 20, maxLength: 40 }), (lines) => {
        const script = lines.map(([value, form], i) => form(`V${i}`, value)).join('\n');
        writeFileSync(file, `${script}\n`);
        const print = 'process.stdout.write(JSON.stringify(process.env))';
        const real = JSON.parse(
          execFileSync('sh', ['-c', `. "${file}"; exec "${process.execPath}" -e '${print}'`], {
            env: { HOME: '/home/u' },
            encoding: 'utf8',
          }),
        ) as Record<string, string>;
        const own = exported(script, { HOME: '/home/u' });
        for (const name of lines.map((_, i) => `V${i}`)) expect([name, own[name]]).toEqual([name, real[name]]);
      }),
      { numRuns: 25 },
    );
    rmSync(dir, { recursive: true });
  }, 60_000);

  test('any text at all is read to an end', () => {
    const words = fc.constantFrom(
      'export ',
      'A=',
      'if ',
      'fi',
      '\n',
      '; ',
      '${',
      '}',
      '$(',
      ')',
      '(',
      '"',
      "'",
      '`',
      '<<E',
      '\\',
      '{ ',
      'case ',
      '#',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, text)), (parts) => {
        readShell(parts.join(''));
      }),
      { numRuns: 1000 },
    );
  });
});
