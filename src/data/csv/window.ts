/** The piece of the input in memory: blocks are read behind the unread tail, so that a record is always contiguous. */
import { constants, isUtf8 } from 'node:buffer'
import { MlmodelError } from '../../errors/index.ts'
import type { Limits } from '../../limits.ts'

/** Bytes behind the data that may be looked at: a line feed as sentinel, then zeros. */
const slack = 64

export interface Window {
  readonly file: string
  bytes: Buffer
  /** Of the first byte not yet taken. */
  start: number
  /** Behind the last byte; `bytes[end]` is a line feed that is not data. */
  end: number
  /** Whether all input is here; it then ends with a line feed. */
  final: boolean
  /** Offset in the input of `bytes[0]`. */
  offset: number
  /** Behind the last byte known to be valid UTF-8. */
  checked: number
  readonly refuseNul: boolean
  readonly rowBytes: number
}

/** Makes an empty window of `blockBytes` bytes, with room behind them for the line feed that is no data. */
export function openWindow(file: string, blockBytes: number, refuseNul: boolean, limits: Limits): Window {
  const bytes = Buffer.alloc(blockBytes + slack)
  bytes[0] = 10
  return { file, bytes, start: 0, end: 0, final: false, offset: 0, checked: 0, refuseNul, rowBytes: limits.csvRowBytes }
}

/**
 * Makes room behind the unread bytes, in a window twice as large where they fill it.
 *
 * @returns how many bytes may be read to `window.end`
 * @throws CSV_ROW_LIMIT where one record does not end within the limit
 */
export function makeRoom(window: Window, row: number): number {
  const { bytes, start, end } = window
  if (start > 0) {
    bytes.copyWithin(0, start, end)
    window.offset += start
    window.checked -= start
    window.end = end - start
    window.start = 0
  }
  const room = window.bytes.length - slack - window.end
  if (room > 0) return room
  if (window.end > window.rowBytes)
    throw new MlmodelError('CSV_ROW_LIMIT', { limit: window.rowBytes }, { where: { file: window.file, row } })
  const larger = Buffer.alloc(Math.min(constants.MAX_LENGTH, window.end * 2) + slack)
  larger.set(window.bytes.subarray(0, window.end))
  window.bytes = larger
  return window.bytes.length - slack - window.end
}

/**
 * Takes `count` bytes that were read to `window.end`; none means the end of the input.
 *
 * @throws CSV_UTF8, CSV_NUL with the byte's offset
 */
export function accept(window: Window, count: number): void {
  const { bytes } = window
  const from = window.end
  window.end += count
  if (count === 0) {
    window.final = true
    // A last line without a line feed gets one; a blank line more is no matter.
    bytes[window.end++] = 10
  }
  bytes[window.end] = 10
  checkText(window)
  if (window.refuseNul && count > 0) {
    const at = bytes.subarray(from, window.end).indexOf(0)
    if (at >= 0) throw new MlmodelError('CSV_NUL', undefined, { where: { file: window.file, byte: window.offset + from + at } })
  }
}

/** Checks what is new, up to the last byte that cannot be inside a character. */
function checkText(window: Window): void {
  const { bytes, checked } = window
  let whole = window.end
  if (!window.final) while (whole > checked && bytes[whole - 1]! >= 128) whole--
  if (whole <= checked) return
  const piece = bytes.subarray(checked, whole)
  if (isUtf8(piece)) {
    window.checked = whole
    return
  }
  const looksLike = window.offset === 0 ? otherEncoding(bytes) : undefined
  throw new MlmodelError('CSV_UTF8', looksLike === undefined ? {} : { looksLike }, {
    where: { file: window.file, byte: window.offset + checked + firstInvalid(piece) },
  })
}

function otherEncoding(bytes: Buffer): string | undefined {
  const mark = bytes.readUInt16BE(0)
  if (mark === 0xfffe || mark === 0xfeff) return 'UTF-16'
  // gzip, zip
  return mark === 0x1f8b ? 'gzip' : mark === 0x504b ? 'a zip file' : undefined
}

/** Where the longest valid beginning ends. */
function firstInvalid(piece: Buffer): number {
  let low = 0
  let high = piece.length
  // Every beginning up to the first invalid character is valid or ends inside a character.
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (validBeginning(piece, middle)) low = middle
    else high = middle - 1
  }
  while (low > 0 && !isUtf8(piece.subarray(0, low))) low--
  return low
}

function validBeginning(piece: Buffer, length: number): boolean {
  for (let cut = 0; cut < 4 && cut <= length; cut++) if (isUtf8(piece.subarray(0, length - cut))) return true
  return false
}
