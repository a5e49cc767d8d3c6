/** CSV as `pandas.DataFrame.to_csv(index=False)` prints it. */
import { type Cell, type Column, type Frame, isValid, type NumericColumn } from '../../batch.ts'
import { type NumericArray, notATime } from '../../dtype.ts'
import { bytesText, cellText, momentParts } from './cell-text.ts'
import { withoutFormula } from './formula.ts'
import { longestNumber, putAscii, putFloat16, putFloat32, putFloat64, putInteger, putWords } from './number-text.ts'
import type { RowTexts } from './row-text.ts'

export interface CsvWriter {
  /**
   * The text of a frame's rows, with the header before the first.
   *
   * @param before - texts of as many rows, each to stand before the frame's
   */
  write(frame: Frame, before?: RowTexts): Buffer
  /** What is left to print: nothing, for symmetry with the other writers. */
  end(): Buffer
}

const comma = 44
const lineFeed = 10

/** What is printed, and where the next byte goes. */
interface Sink {
  bytes: Buffer
  at: number
}

/** A column as the row loop wants it: one shape for all, no closures, so that the loop is compiled once and not for each frame. */
interface Cells {
  readonly dtype: Column['dtype']
  /** Of 64-bit integers the words, low before high. */
  readonly values: NumericArray | readonly Cell[]
  readonly validity: Uint8Array | undefined
  readonly clock: Clock | undefined
  /** Text that a spreadsheet would run as a formula gets an apostrophe. */
  readonly safe: boolean
}

/** How the dates of a column are printed: with a time of day or without, and with how many digits of the second. */
interface Clock {
  readonly time: boolean
  readonly digits: number
}

/**
 * Opens a writer for frames of the same columns.
 *
 * @param options.safe - text that a spreadsheet would run as a formula gets an apostrophe
 */
export function openCsvWriter({ safe = false }: { readonly safe?: boolean } = {}): CsvWriter {
  const sink: Sink = { bytes: Buffer.allocUnsafe(1 << 16), at: 0 }
  let headed = false
  return {
    write({ columns, rows }, before) {
      sink.at = 0
      if (!headed) putHeader(sink, headerLine(columns, safe), before)
      headed = true
      putRows(
        sink,
        columns.map((column) => cellsOf(column, safe)),
        rows,
        before,
      )
      return Buffer.from(sink.bytes.subarray(0, sink.at))
    },
    end: () => Buffer.alloc(0),
  }
}

function putHeader(sink: Sink, line: string, before: RowTexts | undefined): void {
  if (before !== undefined) {
    putBytes(sink, before.header)
    sink.bytes[sink.at++] = comma
  }
  putText(sink, line)
}

function reserve(sink: Sink, room: number): void {
  if (sink.at + room <= sink.bytes.length) return
  const larger = Buffer.allocUnsafe(Math.max(sink.bytes.length * 2, sink.at + room))
  larger.set(sink.bytes.subarray(0, sink.at))
  sink.bytes = larger
}

function putRows(sink: Sink, columns: readonly Cells[], rows: number, before: RowTexts | undefined): void {
  // A row that is empty would be a blank line, which no reader sees.
  const alone = columns.length === 1 && before === undefined
  for (let row = 0; row < rows; row++) {
    const start = sink.at
    if (before !== undefined) {
      putBytes(sink, before.bytes.subarray(row === 0 ? 0 : before.ends[row - 1]!, before.ends[row]))
      sink.bytes[sink.at++] = comma
    }
    for (let position = 0; position < columns.length; position++) {
      reserve(sink, longestNumber + 3)
      putCell(sink, columns[position]!, row)
      sink.bytes[sink.at++] = comma
    }
    if (alone && sink.at === start + 1) sink.at = putAscii(sink.bytes, start, '"",')
    sink.bytes[Math.max(start, sink.at - 1)] = lineFeed
  }
}

/** A missing value prints nothing. */
function putCell(sink: Sink, cells: Cells, row: number): void {
  const { dtype, values, validity } = cells
  const { bytes, at } = sink
  if (validity !== undefined && !isValid(validity, row)) return
  switch (dtype) {
    case 'float32':
      sink.at = putFloat32(bytes, at, (values as Float32Array)[row]!)
      return
    case 'float64':
      sink.at = putFloat64(bytes, at, (values as Float64Array)[row]!)
      return
    case 'float16':
      sink.at = putFloat16(bytes, at, (values as Uint16Array)[row]!)
      return
    case 'bool':
      sink.at = putAscii(bytes, at, (values as Uint8Array)[row] === 1 ? 'True' : 'False')
      return
    case 'int64':
    case 'uint64': {
      const words = values as Int32Array
      sink.at = putWords(bytes, at, words[row * 2]!, words[row * 2 + 1]!, dtype === 'int64')
      return
    }
    case 'string':
    case 'bytes':
    case 'object':
    case 'datetime64':
      putQuoted(sink, textOf(cells, row))
      return
    default:
      sink.at = putInteger(bytes, at, (values as Int32Array)[row]!)
  }
}

function textOf({ dtype, values, clock, safe }: Cells, row: number): string | undefined {
  if (dtype === 'datetime64') return momentText((values as BigInt64Array)[row]!, clock!)
  const cell = (values as readonly Cell[])[row]!
  if (dtype === 'bytes') return cell === null ? undefined : bytesText(cell as Uint8Array)
  return safe && typeof cell === 'string' ? withoutFormula(cell) : cellText(cell)
}

function putQuoted(sink: Sink, text: string | undefined): void {
  if (text !== undefined && text !== '') putText(sink, needsQuotes(text) ? quoted(text) : text)
}

function putText(sink: Sink, text: string): void {
  reserve(sink, text.length * 3 + longestNumber + 3)
  sink.at += sink.bytes.write(text, sink.at)
}

function putBytes(sink: Sink, bytes: Uint8Array): void {
  reserve(sink, bytes.length + longestNumber + 3)
  sink.bytes.set(bytes, sink.at)
  sink.at += bytes.length
}

function cellsOf(column: Column, safe: boolean): Cells {
  const { dtype } = column
  const validity = 'validity' in column ? column.validity : undefined
  const values = dtype === 'int64' || dtype === 'uint64' ? wordsOf(column.values as BigInt64Array) : column.values
  return { dtype, values, validity, clock: dtype === 'datetime64' ? clockOf(column) : undefined, safe }
}

function wordsOf({ buffer, byteOffset, length }: BigInt64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length * 2)
}

function headerLine(columns: readonly Column[], safe: boolean): string {
  const texts = columns.map(({ name }) => (safe ? withoutFormula(String(name)) : String(name)))
  const line = texts.map((text) => (needsQuotes(text) ? quoted(text) : text)).join(',')
  return columns.length === 1 && line === '' ? '""\n' : `${line}\n`
}

// Python before 3.13 leaves a lone carriage return bare, and then no reader gets the row back.
const special = /[",\n\r]/

function needsQuotes(text: string): boolean {
  return special.test(text)
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

/** Dates alone where no cell of the frame has a time of day; else as many digits of the second as one of them needs, by threes. */
function clockOf({ values, validity }: NumericColumn): Clock {
  const moments = values as BigInt64Array
  let time = false
  let digits = 0
  for (let row = 0; row < moments.length; row++) {
    const nanoseconds = moments[row]!
    if (nanoseconds === notATime || !isValid(validity, row)) continue
    if (nanoseconds % 86_400_000_000_000n !== 0n) time = true
    while (digits < 9 && nanoseconds % 10n ** BigInt(9 - digits) !== 0n) digits += 3
  }
  return { time, digits }
}

function momentText(nanoseconds: bigint, { time, digits }: Clock): string | undefined {
  if (nanoseconds === notATime) return undefined
  const [date, clock, fraction] = momentParts(nanoseconds)
  if (!time) return date
  return digits === 0 ? `${date} ${clock}` : `${date} ${clock}.${String(fraction).padStart(9, '0').slice(0, digits)}`
}
