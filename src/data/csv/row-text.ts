/** The rows of a CSV as they are spelled, for writing them again beside something else. */
import type { Limits } from '../../limits.ts'
import type { ByteReader, Source } from '../source.ts'
import { afterLineEnd, blankLineEnd, findField } from './field.ts'
import { withoutFormula } from './formula.ts'
import { firstRowFields, scanHeader } from './header.ts'
import type { CsvPlan } from './plan.ts'
import { openScan, type Scan } from './scan.ts'
import { accept, makeRoom } from './window.ts'

/** The texts of consecutive rows, without their line ends. */
export interface RowTexts {
  /** Of the header, for the first rows that are written. */
  readonly header: Uint8Array
  readonly bytes: Uint8Array
  /** Where each row ends in `bytes`; it begins where the one before ends. */
  readonly ends: Int32Array
}

export interface RowTextReader {
  /** As `readCsv` names the columns. */
  readonly names: readonly string[]
  /**
   * The next `rows` rows, or all there are. A short row is filled with empty fields to the width of the header.
   *
   * @throws what reading the CSV throws: CSV_UNCLOSED_QUOTE, CSV_UTF8, CSV_NUL, CSV_ROW_LIMIT
   */
  take(rows: number): Promise<RowTexts>
  close(): Promise<void>
}

const comma = 44

/**
 * Opens a second pass over a CSV that `readCsv` reads by the same plan: both see the same records.
 *
 * @param options.safe - text that a spreadsheet would run as a formula gets an apostrophe
 */
export async function openRowTexts(
  source: Source,
  plan: CsvPlan,
  options: { readonly safe: boolean; readonly limits?: Limits },
): Promise<RowTextReader> {
  const reader = await source.open()
  try {
    const scan = openScan(source.name, plan, options)
    let header = scanHeader(scan)
    while (header === undefined) {
      await fill(scan, reader)
      header = scanHeader(scan)
    }
    let first = firstRowFields(scan, header.after)
    while (first === undefined) {
      await fill(scan, reader)
      first = firstRowFields(scan, header.after)
    }
    const leading = Math.max(0, first - header.names.length)
    const width = header.names.length + leading
    const target = openTexts()
    // Row labels without a name have an empty one, as pandas writes them.
    for (let label = 0; label < leading; label++) target.put(comma)
    copyRecord(scan, header.start, target, options.safe)
    const head = Buffer.from(target.taken())
    scan.window.start = header.after
    return {
      names: header.names,
      async take(rows) {
        const ends = new Int32Array(rows)
        target.clear()
        let count = 0
        while (count < rows) {
          const before = target.length()
          const record = nextRecord(scan)
          const fields = record === undefined ? undefined : copyRecord(scan, record, target, options.safe)
          if (fields === undefined) {
            target.cut(before)
            if (scan.window.final) break
            await fill(scan, reader)
            continue
          }
          for (let field = fields; field < width; field++) target.put(comma)
          scan.rows++
          ends[count++] = target.length()
        }
        return { header: head, bytes: target.taken(), ends: ends.subarray(0, count) }
      },
      close: () => reader.close(),
    }
  } catch (error) {
    await reader.close()
    throw error
  }
}

async function fill(scan: Scan, reader: ByteReader): Promise<void> {
  const { window } = scan
  const room = makeRoom(window, scan.rows + 1)
  accept(window, await reader.read(window.bytes, window.end, room))
}

/** Where the next record begins, behind blank lines; undefined where that is not in the window, or there is none. */
function nextRecord(scan: Scan): number | undefined {
  const { window } = scan
  for (;;) {
    const position = window.start
    if (position >= window.end) return undefined
    const lineEnd = blankLineEnd(window, position)
    if (lineEnd < 0) return undefined
    if (window.bytes[lineEnd] !== 10 && window.bytes[lineEnd] !== 13) return position
    const next = afterLineEnd(window, lineEnd)
    if (next < 0) return undefined
    window.start = next
  }
}

/**
 * Copies the record at `position` and steps behind it.
 *
 * @returns its number of fields; undefined where it is not whole in the window
 */
function copyRecord(scan: Scan, position: number, target: Texts, safe: boolean): number | undefined {
  const { window, field } = scan
  let fields = 0
  let at = position
  for (;;) {
    const start = at
    at = findField(window, start, field, scan.rows + 1)
    if (at < 0) return undefined
    fields++
    const escaped = safe ? escapedField(field.bytes, field.start, field.end) : undefined
    if (escaped === undefined) target.copy(window.bytes, start, at)
    else target.copy(escaped, 0, escaped.length)
    if (window.bytes[at] !== comma) break
    target.put(comma)
    at++
  }
  const next = afterLineEnd(window, at)
  if (next < 0) return undefined
  window.start = next
  return fields
}

/** The field with an apostrophe, quoted; undefined where it needs none. */
function escapedField(bytes: Buffer, start: number, end: number): Buffer | undefined {
  const text = bytes.toString('utf8', start, end)
  const safe = withoutFormula(text)
  return safe === text ? undefined : Buffer.from(`"${safe.replaceAll('"', '""')}"`)
}

interface Texts {
  put(byte: number): void
  copy(bytes: Uint8Array, start: number, end: number): void
  length(): number
  cut(length: number): void
  clear(): void
  taken(): Uint8Array
}

function openTexts(): Texts {
  let bytes = new Uint8Array(1 << 16)
  let length = 0
  const reserve = (more: number) => {
    if (length + more <= bytes.length) return
    const larger = new Uint8Array(Math.max(bytes.length * 2, length + more))
    larger.set(bytes.subarray(0, length))
    bytes = larger
  }
  return {
    put(byte) {
      reserve(1)
      bytes[length++] = byte
    },
    copy(from, start, end) {
      reserve(end - start)
      bytes.set(from.subarray(start, end), length)
      length += end - start
    },
    length: () => length,
    cut(to) {
      length = to
    },
    clear() {
      length = 0
    },
    taken: () => bytes.subarray(0, length),
  }
}
