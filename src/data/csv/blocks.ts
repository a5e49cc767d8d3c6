/**
 * Blocks of regular text by the SIMD kernels: the same number of fields in each line, no line end within quotes. Numbers are
 * the kernels', texts and what the kernels reject are read one by one. Whatever is not so is left in the window, and the row
 * loop reads it: both give the same frames and the same errors.
 */
import { realResult, scanReal } from '../../decimal.ts'
import type { CsvKernel } from '../../kernels/csv.ts'
import { decode, hashOf, storeCell, textAt } from './cell.ts'
import { kindClassify, kindInteger, kindReal, kindSkip, kindText, type Store } from './column.ts'
import { findField } from './field.ts'
import { isSettled, type Tally } from './infer.ts'
import { openMisfits } from './misfits.ts'
import { booleanWord, isMissing } from './missing.ts'
import { roomForMore } from './rows.ts'
import type { Scan } from './scan.ts'

export interface Blocks {
  readonly kernel: CsvKernel
  /** Of the last block, so that little more is indexed than the frame has room for. */
  bytesPerRow: number
  /** Calls to leave to the row loop, because the last blocks were not regular; and how many after the next such block. */
  pause: number
  nextPause: number
}

const longestPause = 64
const quote = 34

export function openBlocks(kernel: CsvKernel): Blocks {
  return { kernel, bytesPerRow: 0, pause: 0, nextPause: 1 }
}

/**
 * Reads what the kernels can of the window's whole lines, up to `most` rows in the frame.
 *
 * @throws CSV_TABLE_LIMIT
 */
export function scanBlocks(blocks: Blocks, scan: Scan, most: number): void {
  if (blocks.pause > 0) {
    blocks.pause--
    return
  }
  const { window, columns, kinds, context, limits } = scan
  const { blockBytes } = blocks.kernel
  // No cell of a block can then be too long. A line of nothing is no row where there is one column only.
  if (context.fieldBytes < blockBytes || (columns.length === 1 && kinds[0] !== kindReal && kinds[0] !== kindInteger)) return
  // The line feed that the window puts behind the last byte: a blank line, and then the last block would not be regular.
  const end = window.final && window.bytes[window.end - 2] === 10 ? window.end - 1 : window.end
  while (scan.rows < most && window.start < end) {
    const wanted = blocks.bytesPerRow === 0 ? blockBytes : Math.ceil((most - scan.rows) * blocks.bytesPerRow * 1.05) + 256
    const reach = window.start + Math.min(blockBytes, wanted)
    const piece = window.bytes.subarray(window.start, Math.min(end, reach))
    const length = piece.lastIndexOf(10) + 1
    if (length === 0) return
    const rows = blocks.kernel.take(piece.subarray(0, length), columns.length)
    const taken = Math.min(rows, most - scan.rows)
    // The row loop knows at which row the limit is passed, and whether an error comes before.
    if (Math.max(64, 2 * (scan.rows + taken)) * columns.length * 8 > limits.arrayBytes) return
    if (rows === 0 || !readColumns(blocks.kernel, scan, taken, storeFor(scan, scan.rows + taken, most))) {
      blocks.pause = blocks.nextPause
      blocks.nextPause = Math.min(longestPause, blocks.nextPause * 2)
      return
    }
    blocks.nextPause = 1
    blocks.bytesPerRow = length / rows
    window.start += taken === rows ? length : piece.indexOf(10, blocks.kernel.end(columns.length - 1, taken - 1)) + 1
    scan.rows += taken
    context.line += taken
  }
}

function storeFor(scan: Scan, rows: number, most: number): Store {
  while (scan.store.capacity < rows) roomForMore(scan, scan.store.capacity, most)
  return scan.store
}

/** Stores the first `rows` rows of the block behind the frame's rows; false where the row loop has to look. */
function readColumns(kernel: CsvKernel, scan: Scan, rows: number, store: Store): boolean {
  const { columns, kinds } = scan
  for (let column = 0; column < columns.length; column++) {
    const kind = kinds[column]
    const { slot, minimum, maximum, spelling, reading } = columns[column]!
    if (kind === kindSkip) continue
    if (kind === kindClassify) {
      if (!tallyColumn(kernel, scan, column, rows)) return false
    } else if (kind === kindText) {
      if (!readTexts(kernel, scan, column, rows)) return false
    } else if (kind === kindReal || (kind === kindInteger && spelling === 'numbers')) {
      const rejected = kind === kindReal ? kernel.readReals(column, rows) : kernel.readIntegers(column, rows, minimum, maximum)
      const first = slot * store.stride + scan.rows
      store.cells.set(kernel.values.subarray(0, rows), first)
      // A misfit stores nothing, here and in the row loop: what an earlier call left there would be judged as its value.
      for (let at = 0; at < rejected; at++) store.cells[first + kernel.rejects[at]!] = 0
      for (let at = 0; at < rejected; at++) if (!readRejected(kernel, scan, column, kernel.rejects[at]!)) return false
    } else if (reading.how === 'boolean' && spelling === 'words') {
      const rejected = kernel.readBooleans(column, rows)
      store.cells.set(kernel.values.subarray(0, rows), slot * store.stride + scan.rows)
      for (let at = 0; at < rejected; at++) if (!readCell(kernel, scan, column, kernel.rejects[at]!, true)) return false
    } else for (let row = 0; row < rows; row++) if (!readCell(kernel, scan, column, row, true)) return false
  }
  return true
}

/**
 * Counts in the first `rows` cells of a column whose type is asked for; false where the row loop has to look. What the kernels
 * read are numbers or words of which only the presence counts; all others are looked at one by one, in their order.
 */
function tallyColumn(kernel: CsvKernel, scan: Scan, column: number, rows: number): boolean {
  const tally = scan.tallies[column]!
  const noInteger = () => tally.int64 === 'invalid'
  if (!noInteger()) {
    const rejected = kernel.readIntegers(column, rows, -(2 ** 63), 2 ** 63)
    countIn(tally, rows - rejected, true)
    if (!tally.negative) tally.negative = hasNegative(kernel.values, rows)
    if (!tallyRejected(kernel, scan, column, rejected, noInteger)) return false
    if (!noInteger()) return true
  }
  // Some cell is no integer: once more, as nothing that was counted in changes by being counted again.
  if (!tally.notReal) {
    const rejected = kernel.readReals(column, rows)
    countIn(tally, rows - rejected, true)
    if (!tallyRejected(kernel, scan, column, rejected, () => tally.notReal)) return false
    if (!tally.notReal) return true
  }
  if (!tally.notWords) {
    const rejected = kernel.readBooleans(column, rows)
    countIn(tally, rows - rejected, false)
    if (!tallyRejected(kernel, scan, column, rejected, () => tally.notWords)) return false
  }
  if (isSettled(tally)) scan.kinds[column] = kindSkip
  return true
}

function countIn(tally: Tally, cells: number, areNumbers: boolean): void {
  tally.cells += cells
  if (areNumbers && cells > 0) tally.notWords = true
}

/** Counts in what was rejected, until `enough`. */
function tallyRejected(kernel: CsvKernel, scan: Scan, column: number, rejected: number, enough: () => boolean): boolean {
  for (let at = 0; at < rejected && !enough(); at++) if (!readCell(kernel, scan, column, kernel.rejects[at]!, true)) return false
  return true
}

function hasNegative(values: Float64Array, rows: number): boolean {
  const words = new Int32Array(values.buffer, values.byteOffset, rows * 2)
  for (let at = 1; at < words.length; at += 2) if (words[at]! < 0) return true
  return false
}

const firstRows = 512

function readTexts(kernel: CsvKernel, scan: Scan, column: number, rows: number): boolean {
  const { values, reading } = scan.columns[column]!
  const literal = reading.how === 'text' && reading.literal
  const { found, texts, missing, rejects } = kernel
  // Most texts of a column come again: those of the first rows need not be read for all.
  const few = scan.context.before + scan.rows === 0 ? kernel.findTexts(column, Math.min(rows, firstRows)) : 0
  for (let at = 0; at < few; at++) if (!readText(kernel, scan, column, rejects[at]!, literal)) return false
  const rejected = kernel.findTexts(column, rows)
  for (let row = 0, at = scan.rows; row < rows; row++, at++) {
    const place = found[row]!
    values[at] = missing[place] === 1 && !literal ? null : texts[place]!
  }
  for (let at = 0; at < rejected; at++) if (!readText(kernel, scan, column, rejects[at]!, literal)) return false
  return true
}

/** A text that was not seen lately. */
function readText(kernel: CsvKernel, scan: Scan, column: number, row: number, literal: boolean): boolean {
  const { bytes, start: before } = scan.window
  let start = kernel.start(column, row)
  let end = kernel.end(column, row)
  if (bytes[before + start] === quote) {
    start++
    end--
    // With quotes inside, or text behind them.
    const next = bytes.indexOf(quote, before + start)
    if (next !== before + end) return readCell(kernel, scan, column, row, true)
  }
  const { values, cache } = scan.columns[column]!
  const first = before + start
  const last = before + end
  if (end - start > kernel.longestKept) {
    values[scan.rows + row] = textAt(cache, bytes, first, last, hashOf(bytes, first, last), literal)
    return true
  }
  const text = decode(bytes, first, last)
  const isNothing = isMissing(bytes, first, last)
  kernel.keepText(row, start, end, text, isNothing)
  values[scan.rows + row] = isNothing && !literal ? null : text
  return true
}

/** A number with an exponent, of many digits, quoted, with blanks or missing. */
function readRejected(kernel: CsvKernel, scan: Scan, column: number, row: number): boolean {
  const { window, columns, kinds, plan, store } = scan
  const start = window.start + kernel.start(column, row)
  if (kinds[column] === kindReal && scanReal(window.bytes, start) === window.start + kernel.end(column, row)) {
    const value = realResult[0]!
    store.cells[columns[column]!.slot * store.stride + scan.rows + row] = value
    return Number.isFinite(value) || plan.overflow === 'infinity'
  }
  return columns.length > 1 && readCell(kernel, scan, column, row, false)
}

/** Any cell, as the row loop reads it; false where it is wrong, or a word such as `True` where `words` may not be. */
function readCell(kernel: CsvKernel, scan: Scan, column: number, row: number, words: boolean): boolean {
  const { window, field, context, store } = scan
  const after = findField(window, window.start + kernel.start(column, row), field, 0)
  if (after !== window.start + kernel.end(column, row)) return false
  if (!words && booleanWord(field.bytes, field.start, field.end) !== undefined) return false
  // Misfits must come by row: the row loop finds them again.
  const misfits = openMisfits()
  storeCell(scan.columns[column]!, scan.tallies[column], store, scan.rows + row, field, { ...context, misfits })
  return misfits.count === 0
}
