/**
 * The CSV kernels: a block of whole lines is copied in, its separators are indexed, and each column of numbers is read from
 * there. Numbers of 6 digits take a third of the time of src/data/csv/rows.ts, which gives the same bits.
 */
import { blockBytes, index, input, openKernels, rejects, slotCount, slots, values } from './memory.ts'

/** The largest double that is an int64. */
const largest = 2 ** 63 - 1024

interface Exports {
  indexSeparators(input: number, length: number, target: number): number
  isRegular(index: number, columns: number, rows: number, crlf: number): number
  countByte(input: number, length: number, byte: number): number
  readReals(index: number, columns: number, rows: number, cut: number, target: number, rejects: number): number
  readIntegers(
    index: number,
    columns: number,
    rows: number,
    cut: number,
    target: number,
    rejects: number,
    minimum: number,
    maximum: number,
  ): number
  readBooleans(index: number, columns: number, rows: number, cut: number, target: number, rejects: number): number
  findTexts(index: number, columns: number, rows: number, cut: number, target: number, rejects: number, slots: number): number
  keepText(slot: number, start: number, end: number): void
}

/** The kernels over their own memory: one block at a time, all calls for it without a pause. */
export interface CsvKernel {
  /** Most bytes of one block. */
  readonly blockBytes: number
  /**
   * Takes a block of whole lines.
   *
   * @returns its rows, or 0 where it is not regular: a line end within quotes, a stray quote, a blank line, too few or too many fields, mixed line ends
   */
  take(block: Uint8Array, columns: number): number
  /**
   * Reads the first `rows` fields of a column as doubles, to the beginning of `values`.
   *
   * @returns how many were not read, listed in `rejects`
   */
  readReals(column: number, rows: number): number
  /** The same as 64-bit integers from `minimum` to `maximum`; what is rejected, among it `-0`, is 0 in `values`. */
  readIntegers(column: number, rows: number, minimum: number, maximum: number): number
  /** The same for the words true and false in any case, as 64-bit integers 1 and 0. */
  readBooleans(column: number, rows: number): number
  /**
   * Looks up texts, quoted or not, among those kept: `found` has their places.
   *
   * @returns how many are not there, listed in `rejects`
   */
  findTexts(column: number, rows: number): number
  /** Longest text that is kept, in bytes. */
  readonly longestKept: number
  /** Keeps the text that stands at [start, end) of the block, of at most so many bytes, for a row that was rejected. */
  keepText(row: number, start: number, end: number, text: string, missing: boolean): void
  /** Of the last call of `findTexts`. */
  readonly found: Uint32Array
  /** The texts kept, by place, and whether each is a word for a missing value. Other scans of the process share them. */
  readonly texts: readonly string[]
  readonly missing: Uint8Array
  /** Where a field begins in the block. */
  start(column: number, row: number): number
  /** Where it ends. */
  end(column: number, row: number): number
  /** The rows not read by the last call. */
  readonly rejects: Uint32Array
  /** The results of the last call, 8 bytes each. */
  readonly values: Float64Array
}

let opened: CsvKernel | undefined

/** Gives the kernels, made on the first call; undefined where the engine has no SIMD. */
export function openCsvKernel(): CsvKernel | undefined {
  const shared = openKernels()
  if (shared !== undefined) opened ??= kernelOver(shared.buffer, shared.calls as Exports)
  return opened
}

function kernelOver(buffer: ArrayBuffer, calls: Exports): CsvKernel {
  const bytes = new Uint8Array(buffer, input, blockBytes + 64)
  const separators = new Uint32Array(buffer, index - 4, blockBytes + 65)
  separators[0] = input - 1
  const found = new Uint32Array(buffer, values, blockBytes + 64)
  const texts: string[] = Array.from({ length: slotCount }, () => '')
  const isUsed = new Uint8Array(slotCount)
  let turn = 0
  const missing = new Uint8Array(slotCount)
  let columns = 0
  let cut = 0
  // Only the last column has a carriage return behind it.
  const cutOf = (column: number) => (column === columns - 1 ? cut : 0)
  return {
    blockBytes,
    take(block, count) {
      const { length } = block
      bytes.set(block)
      bytes.fill(0, length, length + 64)
      columns = count
      const found = calls.indexSeparators(input, length, index)
      const rows = Math.floor(found / columns)
      if (found <= 0 || rows * columns !== found) return 0
      const firstLineFeed = separators[columns]! - input
      const returns = calls.countByte(input, length, 13)
      cut = block[firstLineFeed - 1] === 13 ? 1 : 0
      if (returns !== rows * cut || calls.isRegular(index, columns, rows, cut) === 0) return 0
      return rows
    },
    readReals: (column, count) => calls.readReals(index + column * 4, columns, count, cutOf(column), values, rejects),
    readIntegers: (column, count, minimum, maximum) =>
      calls.readIntegers(index + column * 4, columns, count, cutOf(column), values, rejects, minimum, Math.min(maximum, largest)),
    readBooleans: (column, count) => calls.readBooleans(index + column * 4, columns, count, cutOf(column), values, rejects),
    findTexts: (column, count) => calls.findTexts(index + column * 4, columns, count, cutOf(column), values, rejects, slots),
    keepText(row, start, end, text, isMissing) {
      const first = found[row]!
      // Of the four places the first that is free; else any will do.
      let slot = first ^ (turn++ & 3)
      for (let probe = 0; probe < 4; probe++) {
        const place = first ^ probe
        // Kept for a row before.
        if (isUsed[place] === 1 && texts[place] === text) return
        if (isUsed[place] === 1) continue
        slot = place
        break
      }
      calls.keepText(slots + slot * 64, input + start, input + end)
      isUsed[slot] = 1
      texts[slot] = text
      missing[slot] = isMissing ? 1 : 0
    },
    longestKept: 32,
    found,
    texts,
    missing,
    start: (column, row) => separators[row * columns + column]! + 1 - input,
    end: (column, row) => separators[row * columns + column + 1]! - cutOf(column) - input,
    rejects: new Uint32Array(buffer, rejects, blockBytes + 64),
    values: new Float64Array(buffer, values, blockBytes + 64),
  }
}
