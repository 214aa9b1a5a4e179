import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogsBatch } from '@otelier/otlp';
import type { Ledger } from './ledger.js';

/** Writes what a file exporter has left in a folder into the ledger. A line that is no request is a problem. */
export function readFiles(folder: string, ledger: Ledger): void {
  for (const name of readdirSync(folder)) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n');
    if (lines.pop() !== '') ledger.problems.add('the file exporter left an unfinished line');
    for (const line of lines) {
      try {
        ledger.arrived(Array.from(LogsBatch.fromJson(Buffer.from(line)).records(), (record) => String(record.body)));
      } catch (error) {
        ledger.problems.add(`the file exporter wrote a line that nobody can read: ${String(error)}`);
      }
    }
  }
}
