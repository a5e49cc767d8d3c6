/** What the JSON kernels and their callers agree on; apart, because the kernels are loaded late. */

// What a call that reads lists ends with, as in src/kernels/assembly/json.ts.

/** The outermost list has ended. */
export const listDone = 0
/** A value follows that the caller must read. */
export const listValue = 1
/** The block has ended; the next goes on behind its last comma. */
export const listMore = 2
/** This is no list of numbers of one shape. */
export const listWrong = 3

/** Most numbers that are printed at once: the text has room in the memory. */
export const printedAtOnce = 8192
