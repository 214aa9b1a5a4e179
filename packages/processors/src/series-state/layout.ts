// What the 16 words of a series' row are. Words 4 to 13 are kept on disk; the converters give PEAK their own meaning.

/** The stream that the series is of; -1 in a row of no series. */
export const SLOT = 0;
/** The next series of the same stream, or -1. */
export const NEXT = 1;
/** The series' number, which it keeps for life: its low 32 bits. */
export const UID = 2;
export const FLAGS = 3;
/** 64 bits: an int, or a double of the same place in `doubles`. */
export const VALUE = 4;
/** A double: what rounding has kept back of a double value. */
export const RESIDUE = 6;
export const TIME = 8;
export const START = 10;
export const PEAK = 12;
/** When a point last arrived, in seconds. Not undone: it says nothing about totals. */
export const SEEN = 14;
/** Low 16 bits: the number of the metric's name. High 16 bits: those of the series' number. */
export const NAME = 15;

/** The series changed in this transaction. */
export const TOUCHED = 1;
/** The series was made in this transaction. */
export const NEW = 2;
/** VALUE is a double. */
export const IS_DOUBLE = 4;
/** PEAK is a double. */
export const PEAK_DOUBLE = 8;
/** The value fell and has not passed PEAK since. */
export const FELL = 16;
/** Several processes write this series. */
export const VIOLATED = 32;
/** Stands for series that began no later than START and were forgotten. */
export const TOMB = 64;
