/** Path of byte `at` of a JSON text that is sound up to there, such as `$.resourceLogs[0].scopeLogs`. */
export function pathAt(bytes: Uint8Array, at: number): string {
  // One entry per open bracket: the index in an array, the last name in an object.
  const open: (number | string)[] = [];
  let name = '';
  for (let p = 0; p < at; p++) {
    const top = open.length - 1;
    switch (bytes[p]) {
      case 0x22: {
        const from = p + 1;
        while (++p < at && bytes[p] !== 0x22) if (bytes[p] === 0x5c) p++;
        name = Buffer.from(bytes.subarray(from, Math.min(p, from + 40))).toString();
        break;
      }
      case 0x3a:
        if (typeof open[top] === 'string') open[top] = name;
        break;
      case 0x7b:
        open.push('');
        break;
      case 0x5b:
        open.push(0);
        break;
      case 0x7d:
      case 0x5d:
        open.pop();
        break;
      case 0x2c: {
        const index = open[top];
        open[top] = typeof index === 'number' ? index + 1 : '';
        break;
      }
    }
  }
  let path = '$';
  for (const step of open) path += typeof step === 'number' ? `[${step}]` : step === '' ? '' : `.${step}`;
  return path;
}
