import type { StateWriter } from '@otelier/core';
import type { DataPoint } from '@otelier/otlp';
import type { Cell, Way } from './cell.js';
import { cellFromBytes, cellToBytes, type Place, readRow, rowToBytes } from './kept-cell.js';
import { CELL, keyOf, ROW } from './keys.js';

/** Keeps cells under numbers of their own: each as a whole once, then only what changes. */
export class KeptCells {
  declare private nextKey: number;

  constructor() {
    this.nextKey = 1;
  }

  write(cell: Cell, to: StateWriter): void {
    if (cell.keptPoint !== undefined && cell.keptPoint === cell.value.point) {
      cell.hasRow = true;
      to.put(keyOf(ROW, cell.key), rowToBytes(cell));
      return;
    }
    this.writeWhole(cell, to);
    cell.keptPoint = cell.value.point;
    if (cell.hasRow) to.delete(keyOf(ROW, cell.key));
    cell.hasRow = false;
  }

  /** For a snapshot: nothing else of it is there. */
  writeWhole(cell: Cell, to: StateWriter): void {
    if (cell.key === 0) cell.key = this.nextKey++;
    to.put(keyOf(CELL, cell.key), cellToBytes(cell));
  }

  erase(cell: Cell, to: StateWriter): void {
    if (cell.key === 0) return;
    to.delete(keyOf(CELL, cell.key));
    if (cell.hasRow) to.delete(keyOf(ROW, cell.key));
  }

  /** Reads one entry, of wholes before rows; `cells` are those so far, by number. False when it is not one of these. */
  restore(
    tag: number,
    number: number,
    value: Uint8Array,
    cells: Map<number, Cell>,
    placeOf: (point: DataPoint, way: Way) => Place,
  ): boolean {
    if (tag === ROW) {
      const cell = cells.get(number);
      if (cell !== undefined) readRow(cell, value);
      return true;
    }
    if (tag !== CELL) return false;
    const cell = cellFromBytes(value, placeOf);
    this.nextKey = Math.max(this.nextKey, number + 1);
    if (cell === undefined || cell.slot < 0) return true;
    cell.key = number;
    // After a hand-over the store may have a row of its predecessor.
    cell.hasRow = true;
    cells.set(number, cell);
    return true;
  }
}
