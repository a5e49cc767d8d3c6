/**
 * Arrow IPC, the file and the stream, read batch by batch as `Table.to_pandas()` understands it. Read here and not by
 * apache-arrow, which bundles to 200 kB and believes the lengths it is given. A file is read as the stream that it begins
 * with; its footer only says again where the batches lie.
 *
 * @see https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
import type { Frame } from '../../batch.ts'
import { arrayOfDtype, type NumericDtype } from '../../dtype.ts'
import { MlmodelError, type Where } from '../../errors/index.ts'
import { defaultLimits, type Limits } from '../../limits.ts'
import { type ArrowField, type ArrowSchema, readSchemaTable } from '../columnar/arrow-schema.ts'
import { CompressionError } from '../columnar/compression.ts'
import { FlatBufferError, Table } from '../columnar/flatbuffer.ts'
import { frameOfVectors, type PandasMetadata, readPandasMetadata, sliceFrame } from '../columnar/pandas.ts'
import { concatVectors, type Vector } from '../columnar/vector.ts'
import type { ByteReader, Source } from '../source.ts'
import { ArrowLimitError, ArrowTypeError, BatchReader } from './batch.ts'

/** Rows of a block. A multiple of 8. */
const blockRows = 1 << 16
/** A length is believed as the bytes arrive. */
const pieceBytes = 1 << 20

/** Whether the bytes begin as an Arrow file or stream does. */
export function looksLikeArrow(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 6)).toString('latin1')
  if (text === 'ARROW1') return true
  // A message's length is a multiple of 8, and so is the place of its table.
  return (
    bytes.length >= 8 &&
    text.startsWith('\xff\xff\xff\xff') &&
    (bytes[4]! & 7) === 0 &&
    bytes[7] === 0 &&
    (bytes[4]! | bytes[5]! | bytes[6]!) !== 0
  )
}

/**
 * Reads a source batch by batch; large batches come in blocks.
 *
 * @throws ARROW_BROKEN, ARROW_UNSUPPORTED, ARROW_LIMIT, TABLE_DUPLICATE_COLUMN, and those of the source
 */
export async function* readArrow(source: Source, limits: Limits = defaultLimits): AsyncGenerator<Frame, void> {
  for await (const batch of batchesOf(source, limits)) {
    const frame = frameOfBatches([batch])
    if (frame.rows <= blockRows) yield frame
    else for (let row = 0; row < frame.rows; row += blockRows) yield sliceFrame(frame, row, Math.min(row + blockRows, frame.rows))
  }
}

/** Reads all batches of a source as one frame. Throws as {@link readArrow}. */
export async function readArrowWhole(source: Source, limits: Limits = defaultLimits): Promise<Frame> {
  const batches: Batch[] = []
  let rows = 0
  for await (const batch of batchesOf(source, limits)) {
    batches.push(batch)
    rows += batch.rows
    const held = rows * 8 * batch.vectors.length
    if (held > limits.arrayBytes)
      throw new MlmodelError(
        'ARROW_LIMIT',
        { what: 'bytes of all batches', found: held, limit: limits.arrayBytes },
        { where: { file: source.name } },
      )
  }
  return frameOfBatches(batches)
}

async function* batchesOf(source: Source, limits: Limits): AsyncGenerator<Batch, void> {
  const steps = decode({ file: source.name }, limits)
  const reader = await source.open()
  try {
    for (let step = steps.next(nothing); step.done !== true; ) {
      if (typeof step.value === 'number') step = steps.next(await take(reader, step.value))
      else {
        yield step.value
        step = steps.next(nothing)
      }
    }
  } finally {
    await reader.close()
  }
}

/**
 * Reads bytes whole.
 *
 * @throws ARROW_BROKEN, ARROW_UNSUPPORTED, ARROW_LIMIT, TABLE_DUPLICATE_COLUMN
 */
export function readArrowBytes(bytes: Uint8Array, where: Where = {}, limits: Limits = defaultLimits): Frame {
  const steps = decode(where, limits)
  const batches: Batch[] = []
  let at = 0
  for (let step = steps.next(nothing); step.done !== true; ) {
    if (typeof step.value === 'number') {
      const piece = bytes.subarray(at, at + step.value)
      at += piece.length
      step = steps.next(piece)
    } else {
      batches.push(step.value)
      step = steps.next(nothing)
    }
  }
  return frameOfBatches(batches)
}

const nothing = new Uint8Array(0)

/** Up to `length` bytes; memory grows as they arrive. */
async function take(reader: ByteReader, length: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(Math.min(length, pieceBytes))
  let filled = 0
  while (filled < length) {
    if (filled === bytes.length) {
      const larger = new Uint8Array(Math.min(length, bytes.length * 4))
      larger.set(bytes)
      bytes = larger
    }
    const count = await reader.read(bytes, filled, bytes.length - filled)
    if (count === 0) break
    filled += count
  }
  return bytes.subarray(0, filled)
}

interface Batch {
  readonly open: Open
  readonly rows: number
  readonly vectors: readonly Vector[]
}

interface Open {
  readonly schema: ArrowSchema
  readonly pandas: PandasMetadata
  readonly dictionaries: Map<number, Vector>
}

function frameOfBatches(batches: readonly Batch[]): Frame {
  const { schema, pandas } = batches[0]!.open
  const columns = schema.fields.map(({ name }, at) => ({
    name,
    vector: concatVectors(batches.map(({ vectors }) => vectors[at]!)),
  }))
  return frameOfVectors(
    columns,
    batches.reduce((rows, batch) => rows + batch.rows, 0),
    pandas,
  )
}

/** Asks for bytes by their number and gives batches, one at least; fewer bytes than asked for mean the end. */
function* decode(where: Where, limits: Limits): Generator<number | Batch, void, Uint8Array> {
  try {
    yield* decodeMessages(where, limits)
  } catch (error) {
    if (error instanceof FlatBufferError || error instanceof CompressionError)
      throw new MlmodelError('ARROW_BROKEN', { why: error.message }, { where })
    if (error instanceof ArrowLimitError)
      throw new MlmodelError('ARROW_LIMIT', { what: error.message, found: error.found, limit: error.limit }, { where })
    if (error instanceof ArrowTypeError) throw new MlmodelError('ARROW_UNSUPPORTED', { what: error.message }, { where })
    throw error
  }
}

function* decodeMessages(where: Where, limits: Limits): Generator<number | Batch, void, Uint8Array> {
  let open: Open | undefined
  let batches = 0
  let prefix = yield 8
  if (Buffer.from(prefix).toString('latin1') === 'ARROW1\0\0') prefix = yield 8
  for (; prefix.length > 0; prefix = yield 8) {
    const { length, begun } = readPrefix(prefix)
    if (length === 0) break
    if (length < begun.length) throw new FlatBufferError(`a message of ${length} bytes`)
    if (length > limits.tableMetadataBytes) throw new ArrowLimitError('metadata', length, limits.tableMetadataBytes)
    const rest = yield length - begun.length
    if (rest.length < length - begun.length) throw new FlatBufferError('a message is cut off')
    const message = Table.root(begun.length === 0 ? rest : Buffer.concat([begun, rest]))
    const bodyLength = message.long(3)
    if (bodyLength < 0) throw new FlatBufferError(`a body of ${bodyLength} bytes`)
    if (bodyLength > limits.arrayBytes) throw new ArrowLimitError('a body', bodyLength, limits.arrayBytes)
    const body = bodyLength === 0 ? nothing : yield bodyLength
    if (body.length < bodyLength) throw new FlatBufferError(`a body of ${bodyLength} bytes ends after ${body.length}`)
    const header = message.table(2)
    if (header === undefined) throw new FlatBufferError('a message without a header')
    const kind = message.byte(1)
    if (kind === 1) {
      if (open !== undefined) throw new FlatBufferError('there are two schemas')
      const schema = readSchemaTable(header, length, limits)
      checkNames(schema, where)
      open = { schema, pandas: readPandasMetadata(schema.metadata.get('pandas')), dictionaries: new Map() }
    } else if (open === undefined) throw new FlatBufferError('there is no schema')
    else if (kind === 2) readDictionary(header, body, open, limits)
    else if (kind === 3) {
      batches++
      yield readBatch(header, body, open, limits)
    } else throw new FlatBufferError(`a message of kind ${kind}`)
  }
  if (open === undefined) throw new FlatBufferError('there is no schema')
  if (batches === 0) yield { open, rows: 0, vectors: open.schema.fields.map((field) => emptyVector(field)) }
}

/** The length stands after 0xffffffff, which Arrow before 0.15 did not write. */
function readPrefix(prefix: Uint8Array): { length: number; begun: Uint8Array } {
  if (prefix.length < 4) throw new FlatBufferError('a message is cut off')
  const head = new DataView(prefix.buffer, prefix.byteOffset, prefix.length)
  const first = head.getInt32(0, true)
  if (first !== -1) return { length: first, begun: first === 0 ? nothing : prefix.subarray(4) }
  // A stream may end with the mark alone.
  return { length: prefix.length < 8 ? 0 : head.getInt32(4, true), begun: nothing }
}

function checkNames(schema: ArrowSchema, where: Where): void {
  const names = new Set<string>()
  for (const { name } of schema.fields) {
    if (names.has(name)) throw new MlmodelError('TABLE_DUPLICATE_COLUMN', { name }, { where })
    names.add(name)
  }
}

function readBatch(header: Table, body: Uint8Array, open: Open, limits: Limits): Batch {
  const reader = new BatchReader(header, body, open.dictionaries, limits)
  const vectors = open.schema.fields.map((field) => reader.read(field))
  if (vectors.some(({ length }) => length !== reader.rows)) throw new FlatBufferError('columns of different lengths')
  return { open, rows: reader.rows, vectors }
}

function readDictionary(header: Table, body: Uint8Array, open: Open, limits: Limits): void {
  const id = header.long(0)
  const data = header.table(1)
  const field = fieldOfDictionary(open.schema.fields, id)
  if (data === undefined || field === undefined) throw new FlatBufferError(`a dictionary ${id} of no column`)
  const { dictionary: _, ...values } = field
  const vector = new BatchReader(data, body, open.dictionaries, limits).read(values)
  const before = header.byte(2) === 0 ? undefined : open.dictionaries.get(id)
  open.dictionaries.set(id, before === undefined ? vector : concatVectors([before, vector]))
}

function fieldOfDictionary(fields: readonly ArrowField[], id: number): ArrowField | undefined {
  for (const field of fields) {
    const found = field.dictionary?.id === id ? field : fieldOfDictionary(field.children, id)
    if (found !== undefined) return found
  }
  return undefined
}

/** A column of a table without batches, of the type that pandas gives it. */
function emptyVector({ type, dictionary }: ArrowField): Vector {
  const length = 0
  if (dictionary !== undefined)
    return { kind: 'category', length, indices: new Int32Array(0), dictionary: { kind: 'null', length } }
  switch (type.kind) {
    case 'bool':
      return { kind: 'number', dtype: 'bool', length, values: new Uint8Array(0) }
    case 'int':
    case 'float': {
      const dtype = (type.kind === 'float' ? `float${type.bits}` : `${type.signed ? '' : 'u'}int${type.bits}`) as NumericDtype
      if (!(dtype in arrayOfDtype)) throw new FlatBufferError(`numbers of type ${dtype}`)
      return { kind: 'number', dtype, length, values: new arrayOfDtype[dtype](0) }
    }
    case 'timestamp':
      return { kind: 'timestamp', length, unit: type.unit, zone: type.zone, values: new BigInt64Array(0) }
    case 'duration':
    case 'time':
      return { kind: type.kind, length, unit: type.unit, values: new BigInt64Array(0) }
    case 'text':
      return { kind: 'text', length, values: [] }
    case 'bytes':
    case 'fixed-bytes':
      return { kind: 'bytes', length, values: [] }
    case 'unsupported':
      throw new ArrowTypeError(type.name)
    default:
      return { kind: 'null', length }
  }
}
