/** Characters drawn by lot, the same at every run: values of no provider, in the form of one. */
export class MadeUp {
  private state = 20_241_126;

  private next(below: number): number {
    this.state = (Math.imul(this.state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (this.state >>> 8) % below;
  }

  of(alphabet: string, length: number): string {
    return Array.from({ length }, () => alphabet[this.next(alphabet.length)]).join('');
  }

  hex = (length: number): string => this.of('0123456789abcdef', length);
  digits = (length: number): string => this.of('0123456789', length);
  upper = (length: number): string => this.of('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', length);
  base32 = (length: number): string => this.of('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', length);
  base62 = (length: number): string =>
    this.of('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', length);
  url = (length: number): string => this.of('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_', length);
  base64 = (length: number): string =>
    this.of('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/', length);
  uuid = (): string => [8, 4, 4, 4, 12].map((length) => this.hex(length)).join('-');
}
