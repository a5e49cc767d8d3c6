/**
 * Predictions as MLflow's scoring server writes them: a table as a list of records, an array as nested lists, named
 * arrays as an object, inside `{"predictions": …}` unless the request was of the LLM form.
 *
 * @see mlflow/pyfunc/scoring_server/__init__.py `predictions_to_json`, mlflow/utils/proto_json_utils.py `NumpyEncoder`
 */
import { type Batch, type Column, type Frame, isTensor, isValid, type Tensor } from '../batch.ts'
import { notATime } from '../dtype.ts'
import { type ElementPrinter, elementPrinter, isoMoment, writeJsonString, writeJsonValue } from '../json/write.ts'

/** Writes the body of a reply. */
export function writePredictions(batch: Batch, options: { readonly wrap: boolean }): Buffer {
  const sink = openSink()
  if (options.wrap) sink.add('{"predictions": ')
  writeBatch(batch, sink)
  if (options.wrap) sink.add('}')
  return sink.end()
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
      const sink = openSink()
      sink.add(head)
      head = ', '
      writeRecords(frame, sink)
      return sink.end()
    },
    end: () => Buffer.from(`${head === ', ' ? '' : head}]${options.wrap ? '}' : ''}`, 'latin1'),
  }
}

/** Writes the rows of a table as JSON Lines: the records of {@link writePredictions}, each on a line of its own. */
export function writeRecordLines(frame: Frame): Buffer {
  const sink = openSink()
  writeRecords(frame, sink, '\n')
  if (frame.rows > 0) sink.add('\n')
  return sink.end()
}

/** Collects ASCII text. */
interface Sink {
  add(text: string): void
  end(): Buffer
}

/** Text is turned to bytes now and then, because a string ends at 512 MB and a long rope is slow to flatten. */
const longestText = 1 << 20

function openSink(): Sink {
  let text = ''
  const parts: Buffer[] = []
  return {
    add(more) {
      text += more
      if (text.length > longestText) {
        parts.push(Buffer.from(text, 'latin1'))
        text = ''
      }
    },
    end() {
      const last = Buffer.from(text, 'latin1')
      return parts.length === 0 ? last : Buffer.concat([...parts, last])
    },
  }
}

function writeBatch(batch: Batch, sink: Sink): void {
  switch (batch.kind) {
    case 'frame':
      sink.add('[')
      writeRecords(batch, sink)
      sink.add(']')
      return
    case 'array':
      writeLists(batch.tensor, sink)
      return
    case 'named': {
      let separator = '{'
      for (const [name, item] of batch.items) {
        sink.add(`${separator}${writeJsonString(name)}: `)
        separator = ', '
        if (isTensor(item)) writeLists(item, sink)
        else sink.add(writeJsonValue(item))
      }
      sink.add(separator === '{' ? '{}' : '}')
      return
    }
    case 'value':
      sink.add(writeJsonValue(batch.value))
  }
}

function writeRecords(frame: Frame, sink: Sink, separator = ', '): void {
  const fields = recordFields(frame.columns)
  if (fields.length === 0) {
    for (let row = 0; row < frame.rows; row++) sink.add(row === 0 ? '{}' : `${separator}{}`)
    return
  }
  for (let row = 0; row < frame.rows; row++) {
    let text = row === 0 ? '' : separator
    for (const field of fields) text += field.lead + field.print(row)
    sink.add(`${text}}`)
  }
}

interface RecordField {
  /** What stands before the value: brace or comma, and the key. */
  readonly lead: string
  readonly print: ElementPrinter
}

/** Of two columns with one name the last counts, at the place of the first, as in a Python dict; 0 and "0" are two names. */
function recordFields(columns: readonly Column[]): RecordField[] {
  const byName = new Map(columns.map((column) => [column.name, column]))
  return [...byName.values()].map((column, at) => ({
    lead: `${at === 0 ? '{' : ', '}${writeJsonString(String(column.name))}: `,
    print: columnPrinter(column),
  }))
}

/** In records, unlike in arrays, a datetime is ISO text; text that pandas holds as its string type misses as NaN. */
function columnPrinter(column: Column): ElementPrinter {
  if (column.dtype === 'string') {
    const { values } = column
    const missing = column.pandas === 'str' ? 'NaN' : 'null'
    return (row) => {
      const text = values[row]!
      return text === null ? missing : writeJsonString(text)
    }
  }
  if (column.dtype === 'datetime64') {
    const values = column.values as BigInt64Array
    return (row) => `"${isoMoment({ kind: 'datetime', nanoseconds: isValid(column.validity, row) ? values[row]! : notATime })}"`
  }
  const print = elementPrinter({ ...column, shape: [column.values.length] } as unknown as Tensor)
  if (!('validity' in column) || column.validity === undefined) return print
  const { validity } = column
  return (row) => (isValid(validity, row) ? print(row) : 'null')
}

/** Nested lists as `array.tolist()` gives them; an array without dimensions is a bare value. */
function writeLists(tensor: Tensor, sink: Sink): void {
  const print = elementPrinter(tensor)
  const { shape } = tensor
  if (shape.length === 0) {
    sink.add(print(0))
    return
  }
  let next = 0
  const writeDimension = (depth: number): void => {
    const size = shape[depth]!
    if (depth < shape.length - 1) {
      for (let index = 0; index < size; index++) {
        sink.add(index === 0 ? '[' : ', ')
        writeDimension(depth + 1)
      }
      sink.add(size === 0 ? '[]' : ']')
      return
    }
    if (size === 0) {
      sink.add('[]')
      return
    }
    // A row at a time, but not a row without end.
    let text = `[${print(next++)}`
    for (let index = 1; index < size; index++) {
      text += `, ${print(next++)}`
      if (text.length > longestText) {
        sink.add(text)
        text = ''
      }
    }
    sink.add(`${text}]`)
  }
  writeDimension(0)
}
