/**
 * Blocks of regular text by the SIMD kernels: numbers and nothing else, one line a row. Whatever is not so is left in the
 * window, and the row loop reads it: both give the same frames and the same errors.
 */
import { realResult, scanReal } from '../../decimal.ts'
import type { CsvKernel } from '../../kernels/csv.ts'
import { kindInteger, kindReal, kindSkip, type Store } from './column.ts'
import { isMissing } from './missing.ts'
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
/** No number and no word for a missing value is longer. */
const longestCell = 64

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
  const { window, columns, kinds, context } = scan
  if (context.fieldBytes < longestCell) return
  for (let column = 0; column < columns.length; column++) {
    const kind = kinds[column]
    const known = kind === kindReal || kind === kindSkip || (kind === kindInteger && columns[column]!.spelling === 'numbers')
    // A line of nothing is no row where there is one column only.
    if (!known || (kind === kindSkip && columns.length === 1)) return
  }
  const { blockBytes } = blocks.kernel
  while (scan.rows < most && window.start < window.end) {
    const wanted = blocks.bytesPerRow === 0 ? blockBytes : Math.ceil((most - scan.rows) * blocks.bytesPerRow * 1.05) + 256
    const reach = window.start + Math.min(blockBytes, wanted)
    const piece = window.bytes.subarray(window.start, Math.min(window.end, reach))
    const length = piece.lastIndexOf(10) + 1
    if (length === 0) return
    const rows = blocks.kernel.take(piece.subarray(0, length), columns.length)
    const taken = Math.min(rows, most - scan.rows)
    if (rows === 0 || !readColumns(blocks.kernel, scan, taken)) {
      blocks.pause = blocks.nextPause
      blocks.nextPause = Math.min(longestPause, blocks.nextPause * 2)
      return
    }
    blocks.nextPause = 1
    blocks.bytesPerRow = length / rows
    const store = storeFor(scan, scan.rows + taken, most)
    for (let column = 0; column < columns.length; column++) {
      if (kinds[column] === kindSkip) continue
      const { slot } = columns[column]!
      const found = blocks.kernel.values.subarray(slot * taken, (slot + 1) * taken)
      store.cells.set(found, slot * store.stride + scan.rows)
    }
    window.start += taken === rows ? length : piece.indexOf(10, blocks.kernel.end(columns.length - 1, taken - 1)) + 1
    scan.rows += taken
    context.line += taken
  }
}

function storeFor(scan: Scan, rows: number, most: number): Store {
  while (scan.store.capacity < rows) roomForMore(scan, scan.store.capacity, most)
  return scan.store
}

/** Whether every cell is a number, or missing among reals. The values are the kernel's, slot by slot. */
function readColumns(kernel: CsvKernel, scan: Scan, rows: number): boolean {
  const { columns, kinds } = scan
  for (let column = 0; column < columns.length; column++) {
    const { slot, minimum, maximum } = columns[column]!
    if (kinds[column] === kindReal) {
      const count = kernel.readReals(column, rows, slot * rows)
      for (let at = 0; at < count; at++) if (!readCell(kernel, scan, column, kernel.rejects[at]!, slot * rows)) return false
    } else if (kinds[column] === kindInteger) {
      if (kernel.readIntegers(column, rows, slot * rows, minimum, maximum) > 0) return false
    }
  }
  return true
}

/** A real cell with an exponent, of many digits or missing; false for all else. */
function readCell(kernel: CsvKernel, scan: Scan, column: number, row: number, target: number): boolean {
  const { window, context, columns, plan } = scan
  const start = window.start + kernel.start(column, row)
  const end = window.start + kernel.end(column, row)
  if (scanReal(window.bytes, start) === end) {
    const value = realResult[0]!
    kernel.values[target + row] = value
    return Number.isFinite(value) || plan.overflow === 'infinity'
  }
  if (!isMissing(window.bytes, start, end) || columns.length === 1) return false
  kernel.values[target + row] = Number.NaN
  const state = columns[column]!
  const place = context.before + scan.rows + row
  // As the row loop does, which may read the row again.
  if (state.lastMissing < place) {
    state.missing++
    state.lastMissing = place
  }
  return true
}
