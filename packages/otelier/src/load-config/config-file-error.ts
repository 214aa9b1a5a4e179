import { relative } from 'node:path';
import type { Position } from './position.js';

/** A pipeline file that cannot be used; the message begins with `file:line:column` where that is known. */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError';
  readonly file: string;
  readonly position: Position | undefined;
  /** The message without the position. */
  readonly detail: string;

  constructor(file: string, position: Position | undefined, detail: string, options?: ErrorOptions) {
    const where = position === undefined ? short(file) : `${short(position.file)}:${position.line}:${position.column}`;
    super(`${where}: ${detail}`, options);
    this.file = file;
    this.position = position;
    this.detail = detail;
  }
}

/** The path as a person in the current folder would write it. */
export function short(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') || path === '' ? file : path;
}
