/**
 * Predictions as MLflow's scoring server writes them: a table as a list of records, an array as nested lists, named
 * arrays as an object, inside `{"predictions": …}` unless the request was of the LLM form.
 *
 * @see mlflow/pyfunc/scoring_server/__init__.py `predictions_to_json`, mlflow/utils/proto_json_utils.py `NumpyEncoder`
 */
import { type Batch, type Column, type Frame, isTensor, isValid, type Tensor } from '../batch.ts'
import { notATime } from '../dtype.ts'
import { longestNumber, putAscii, putFloat32, putInteger } from '../json/number-bytes.ts'
import { formatPythonFloat } from '../json/python-number.ts'
import { elementPrinter, isoMoment, writeJsonString, writeJsonValue } from '../json/write.ts'
import type { JsonKernel } from '../kernels/json.ts'
import { printedAtOnce } from '../kernels/json-terms.ts'
import { readyKernels } from '../kernels/ready.ts'

/** Writes the body of a reply. */
export function writePredictions(batch: Batch, options: { readonly wrap: boolean }): Buffer {
  const sink = openSink(expectedBytes(batch))
  if (options.wrap) add(sink, '{"predictions": ')
  writeBatch(batch, sink)
  if (options.wrap) add(sink, '}')
  return close(sink)
}

export interface RecordsWriter {
  /** The bytes of the next rows. */
  write(frame: Frame): Buffer
  end(): Buffer
}

/** Writes a table block by block; the bytes together are those of {@link writePredictions} of the whole table. */
export function openRecords(options: { readonly wrap: boolean }): RecordsWriter {
  let head = options.wrap ? '{"predictions": [' : '['
  return {
    write(frame) {
      if (frame.rows === 0) return Buffer.alloc(0)
      const sink = openSink(expectedBytes(frame))
      add(sink, head)
      head = ', '
      writeRecords(frame, sink)
      return close(sink)
    },
    end: () => Buffer.from(`${head === ', ' ? '' : head}]${options.wrap ? '}' : ''}`, 'latin1'),
  }
}

/** Writes the rows of a table as JSON Lines: the records of {@link writePredictions}, each on a line of its own. */
export function writeRecordLines(frame: Frame): Buffer {
  const sink = openSink(expectedBytes(frame))
  writeRecords(frame, sink, '\n')
  if (frame.rows > 0) add(sink, '\n')
  return close(sink)
}

/** Collects ASCII text as bytes: the last piece is being filled, full ones wait. */
interface Sink {
  bytes: Buffer
  at: number
  readonly full: Buffer[]
}

const largestPiece = 1 << 20

function openSink(expected: number): Sink {
  return { bytes: Buffer.allocUnsafe(Math.min(Math.max(expected, 96), largestPiece)), at: 0, full: [] }
}

/** A guess, so that small replies need one piece. */
function expectedBytes(batch: Batch): number {
  if (batch.kind === 'frame')
    return 64 + batch.rows * batch.columns.reduce((sum, column) => sum + String(column.name).length + 28, 4)
  if (batch.kind === 'array') return 64 + batch.tensor.values.length * 24
  return 4096
}

function close(sink: Sink): Buffer {
  const last = sink.bytes.subarray(0, sink.at)
  return sink.full.length === 0 ? last : Buffer.concat([...sink.full, last])
}

function reserve(sink: Sink, size: number): void {
  if (sink.at + size <= sink.bytes.length) return
  sink.full.push(sink.bytes.subarray(0, sink.at))
  sink.bytes = Buffer.allocUnsafe(Math.max(size, Math.min(sink.bytes.length * 2, largestPiece)))
  sink.at = 0
}

/** From this length on, one call into the engine is cheaper than a loop. */
const longText = 48

function add(sink: Sink, text: string): void {
  reserve(sink, text.length)
  if (text.length < longText) sink.at = putAscii(sink.bytes, sink.at, text)
  else sink.at += sink.bytes.write(text, sink.at, 'latin1')
}

function addBytes(sink: Sink, bytes: Uint8Array): void {
  reserve(sink, bytes.length)
  const { bytes: target, at } = sink
  if (bytes.length < longText) for (let index = 0; index < bytes.length; index++) target[at + index] = bytes[index]!
  else target.set(bytes, at)
  sink.at = at + bytes.length
}

function writeBatch(batch: Batch, sink: Sink): void {
  switch (batch.kind) {
    case 'frame':
      add(sink, '[')
      writeRecords(batch, sink)
      add(sink, ']')
      return
    case 'array':
      writeLists(batch.tensor, sink)
      return
    case 'named': {
      let separator = '{'
      for (const [name, item] of batch.items) {
        add(sink, `${separator}${writeJsonString(name)}: `)
        separator = ', '
        if (isTensor(item)) writeLists(item, sink)
        else add(sink, writeJsonValue(item))
      }
      add(sink, separator === '{' ? '{}' : '}')
      return
    }
    case 'value':
      add(sink, writeJsonValue(batch.value))
  }
}

/** Writes one element to the sink. */
type ElementWriter = (sink: Sink, index: number) => void

interface RecordField {
  /** What stands before the value: brace or comma, and the key. */
  readonly lead: Uint8Array
  readonly write: ElementWriter
}

function writeRecords(frame: Frame, sink: Sink, separator = ', '): void {
  const fields = recordFields(frame.columns)
  for (let row = 0; row < frame.rows; row++) {
    if (row > 0) add(sink, separator)
    if (fields.length === 0) add(sink, '{')
    for (const field of fields) {
      addBytes(sink, field.lead)
      field.write(sink, row)
    }
    add(sink, '}')
  }
}

/** Of two columns with one name the last counts, at the place of the first, as in a Python dict; 0 and "0" are two names. */
function recordFields(columns: readonly Column[]): RecordField[] {
  const byName = new Map(columns.map((column) => [column.name, column]))
  return [...byName.values()].map((column, at) => ({
    lead: Buffer.from(`${at === 0 ? '{' : ', '}${writeJsonString(String(column.name))}: `, 'latin1'),
    write: columnWriter(column),
  }))
}

/** In records, unlike in arrays, a datetime is ISO text; text that pandas holds as its string type misses as NaN. */
function columnWriter(column: Column): ElementWriter {
  if (column.dtype === 'string') {
    const { values } = column
    const missing = column.pandas === 'str' ? 'NaN' : 'null'
    return (sink, row) => {
      const text = values[row]!
      add(sink, text === null ? missing : writeJsonString(text))
    }
  }
  const validity = 'validity' in column ? column.validity : undefined
  if (column.dtype === 'datetime64') {
    const values = column.values as BigInt64Array
    return (sink, row) => {
      const nanoseconds = isValid(validity, row) ? values[row]! : notATime
      add(sink, `"${isoMoment({ kind: 'datetime', nanoseconds })}"`)
    }
  }
  const write = elementWriter({ ...column, shape: [column.values.length] } as unknown as Tensor)
  if (validity === undefined) return write
  return (sink, row) => {
    if (isValid(validity, row)) write(sink, row)
    else add(sink, 'null')
  }
}

/** How elements of a tensor are written: numbers of 32 bits straight into bytes, all others by way of text. */
function elementWriter(tensor: Tensor): ElementWriter {
  switch (tensor.dtype) {
    case 'float32': {
      const values = tensor.values as Float32Array
      return (sink, index) => {
        reserve(sink, longestNumber)
        sink.at = putFloat32(sink.bytes, sink.at, values[index]!)
      }
    }
    case 'int8':
    case 'int16':
    case 'int32':
    case 'uint8':
    case 'uint16': {
      const values = tensor.values as Int32Array
      return (sink, index) => {
        reserve(sink, longestNumber)
        sink.at = putInteger(sink.bytes, sink.at, values[index]!)
      }
    }
    case 'int64': {
      const values = tensor.values as BigInt64Array
      // Its two words: labels and counts fit one, and no BigInt need be made.
      const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
      return (sink, index) => {
        const low = words[2 * index]!
        if (words[2 * index + 1] !== low >> 31) {
          add(sink, `${values[index]}`)
          return
        }
        reserve(sink, longestNumber)
        sink.at = putInteger(sink.bytes, sink.at, low)
      }
    }
    default: {
      const print = elementPrinter(tensor)
      return (sink, index) => add(sink, print(index))
    }
  }
}

/** Nested lists as `array.tolist()` gives them; an array without dimensions is a bare value. */
function writeLists(tensor: Tensor, sink: Sink): void {
  const { shape } = tensor
  if (shape.length === 0) elementWriter(tensor)(sink, 0)
  else if (tensor.dtype === 'float32' || tensor.dtype === 'float64') {
    const values = tensor.values as Float32Array | Float64Array
    const kernel = values.length < leastPrinted ? undefined : readyKernels()?.json
    if (kernel !== undefined) writeByKernel(sink, shape, values, kernel)
    else if (tensor.dtype === 'float32') writeDimension(sink, shape, 0, 0, values, writeSingles)
    else writeDimension(sink, shape, 0, 0, values, writeDoubles)
  } else writeDimension(sink, shape, 0, 0, elementWriter(tensor), writeElements)
}

/** Writes the innermost lists of a tensor from what holds its elements. */
type RowWriter<Elements> = (sink: Sink, elements: Elements, from: number, to: number) => void

/** Gives the index of the element behind what was written. */
function writeDimension<Elements>(
  sink: Sink,
  shape: readonly number[],
  depth: number,
  from: number,
  elements: Elements,
  writeRow: RowWriter<Elements>,
): number {
  const size = shape[depth]!
  reserve(sink, 1)
  sink.bytes[sink.at++] = openList
  let next = from
  if (depth === shape.length - 1) {
    next += size
    writeRow(sink, elements, from, next)
  } else {
    for (let index = 0; index < size; index++) {
      if (index > 0) separate(sink)
      next = writeDimension(sink, shape, depth + 1, next, elements, writeRow)
    }
  }
  reserve(sink, 1)
  sink.bytes[sink.at++] = closeList
  return next
}

const openList = 0x5b
const closeList = 0x5d

function separate(sink: Sink): void {
  reserve(sink, 2)
  sink.bytes[sink.at] = 0x2c
  sink.bytes[sink.at + 1] = 0x20
  sink.at += 2
}

type Reals = Float32Array | Float64Array

function writeSingles(sink: Sink, values: Reals, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    if (index > from) separate(sink)
    reserve(sink, longestNumber)
    sink.at = putFloat32(sink.bytes, sink.at, values[index]!)
  }
}

function writeDoubles(sink: Sink, values: Reals, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    if (index > from) separate(sink)
    add(sink, formatPythonFloat(values[index]!))
  }
}

/** Below, the plain loop is as fast. */
const leastPrinted = 16

/** Nested lists of floats by the SIMD kernels: of a matrix many rows at once, else the innermost lists. */
function writeByKernel(sink: Sink, shape: readonly number[], values: Reals, kernel: JsonKernel): void {
  const width = shape[1]!
  if (shape.length !== 2 || width === 0 || width > printedAtOnce) {
    writeDimension(sink, shape, 0, 0, values, (_, all, from, to) => printReals(sink, all, from, to, 0, kernel))
    return
  }
  add(sink, '[[')
  const step = width * Math.floor(printedAtOnce / width)
  for (let from = 0; from < values.length; from += step) {
    if (from > 0) add(sink, '], [')
    printReals(sink, values, from, Math.min(from + step, values.length), width, kernel)
  }
  add(sink, ']]')
}

function printReals(sink: Sink, values: Reals, from: number, to: number, width: number, kernel: JsonKernel): void {
  for (let start = from; start < to; start += printedAtOnce) {
    if (start > from) separate(sink)
    const text = kernel.print(values.subarray(start, Math.min(to, start + printedAtOnce)), width)
    addBytes(sink, text)
  }
}

function writeElements(sink: Sink, write: ElementWriter, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    if (index > from) separate(sink)
    write(sink, index)
  }
}
