/** CSV as `pandas.DataFrame.to_csv(index=False)` prints it. */
import { type Column, type Frame, isValid, type NumericColumn } from '../../batch.ts'
import { notATime } from '../../dtype.ts'
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

/** Prints cell `row` at `position`, in bytes that are there; returns the position behind it. */
interface Printer {
  /** The most bytes that a cell takes. */
  readonly room: (row: number) => number
  readonly put: (target: Buffer, position: number, row: number) => number
}

const comma = 44
const lineFeed = 10

/**
 * Opens a writer for frames of the same columns.
 *
 * @param options.safe - text that a spreadsheet would run as a formula gets an apostrophe
 */
export function openCsvWriter({ safe = false }: { readonly safe?: boolean } = {}): CsvWriter {
  let headed = false
  let buffer = Buffer.allocUnsafe(1 << 16)
  return {
    write(frame, before) {
      const { rows } = frame
      let position = 0
      const reserve = (bytes: number) => {
        if (position + bytes <= buffer.length) return
        const larger = Buffer.allocUnsafe(Math.max(buffer.length * 2, position + bytes))
        larger.set(buffer.subarray(0, position))
        buffer = larger
      }
      if (!headed) {
        headed = true
        const header = Buffer.from(headerLine(frame.columns, safe))
        reserve(header.length + (before === undefined ? 0 : before.header.length + 1))
        if (before !== undefined) {
          buffer.set(before.header, position)
          position += before.header.length
          buffer[position++] = comma
        }
        position += header.copy(buffer, position)
      }
      const printers = frame.columns.map((column) => printerOf(column, safe))
      if (before !== undefined) printers.unshift(copier(before))
      // A row that is empty would be a blank line, which no reader sees.
      const alone = printers.length === 1
      for (let row = 0; row < rows; row++) {
        const start = position
        for (const { room, put } of printers) {
          reserve(room(row) + 3)
          position = put(buffer, position, row)
          buffer[position++] = comma
        }
        if (alone && position === start + 1) position = putAscii(buffer, start, '"",')
        buffer[Math.max(start, position - 1)] = lineFeed
      }
      return Buffer.from(buffer.subarray(0, position))
    },
    end: () => Buffer.alloc(0),
  }
}

/** Prints rows as they are spelled elsewhere. */
function copier({ bytes, ends }: RowTexts): Printer {
  const startOf = (row: number) => (row === 0 ? 0 : ends[row - 1]!)
  return {
    room: (row) => ends[row]! - startOf(row),
    put(target, position, row) {
      target.set(bytes.subarray(startOf(row), ends[row]), position)
      return position + ends[row]! - startOf(row)
    },
  }
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

function printerOf(column: Column, safe: boolean): Printer {
  switch (column.dtype) {
    case 'string':
      return textPrinter((row) => column.values[row] ?? undefined, safe)
    case 'bytes':
      return textPrinter((row) => (column.values[row] === null ? undefined : bytesText(column.values[row]!)))
    case 'object':
      return textPrinter((row) => {
        const cell = column.values[row]!
        return safe && typeof cell === 'string' ? withoutFormula(cell) : cellText(cell)
      })
    case 'datetime64':
      return datetimePrinter(column)
    default: {
      const put = putNumber(column)
      const { validity } = column
      if (validity === undefined) return { room: () => longestNumber, put }
      return {
        room: () => longestNumber,
        put: (target, position, row) => (isValid(validity, row) ? put(target, position, row) : position),
      }
    }
  }
}

function textPrinter(textAt: (row: number) => string | undefined, safe = false): Printer {
  // `room` is asked first, once for each cell.
  let text = ''
  return {
    room(row) {
      text = textAt(row) ?? ''
      if (safe) text = withoutFormula(text)
      if (needsQuotes(text)) text = quoted(text)
      return text.length * 3
    },
    put: (target, position) => position + (text === '' ? 0 : target.write(text, position)),
  }
}

function putNumber(column: NumericColumn): Printer['put'] {
  switch (column.dtype) {
    case 'float64': {
      const values = column.values as Float64Array
      return (target, position, row) => putFloat64(target, position, values[row]!)
    }
    case 'float32': {
      const values = column.values as Float32Array
      return (target, position, row) => putFloat32(target, position, values[row]!)
    }
    case 'float16': {
      const values = column.values as Uint16Array
      return (target, position, row) => putFloat16(target, position, values[row]!)
    }
    case 'bool': {
      const values = column.values as Uint8Array
      return (target, position, row) => putAscii(target, position, values[row] === 1 ? 'True' : 'False')
    }
    case 'int64':
    case 'uint64': {
      const { buffer, byteOffset, length } = column.values as BigInt64Array
      const words = new Int32Array(buffer, byteOffset, length * 2)
      const signed = column.dtype === 'int64'
      return (target, position, row) => putWords(target, position, words[row * 2]!, words[row * 2 + 1]!, signed)
    }
    default: {
      const values = column.values as Int32Array
      return (target, position, row) => putInteger(target, position, values[row]!)
    }
  }
}

/** Dates alone where no cell of the frame has a time of day; else as many digits of the second as one of them needs, by threes. */
function datetimePrinter(column: NumericColumn): Printer {
  const values = column.values as BigInt64Array
  const present = (row: number) => values[row] !== notATime && isValid(column.validity, row)
  let time = false
  let digits = 0
  for (let row = 0; row < values.length; row++) {
    if (!present(row)) continue
    const nanoseconds = values[row]!
    if (nanoseconds % 86_400_000_000_000n !== 0n) time = true
    while (digits < 9 && nanoseconds % 10n ** BigInt(9 - digits) !== 0n) digits += 3
  }
  return textPrinter((row) => {
    if (!present(row)) return undefined
    const [date, clock, fraction] = momentParts(values[row]!)
    if (!time) return date
    return digits === 0 ? `${date} ${clock}` : `${date} ${clock}.${String(fraction).padStart(9, '0').slice(0, digits)}`
  })
}
