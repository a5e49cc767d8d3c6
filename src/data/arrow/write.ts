/**
 * Arrow IPC written batch by batch: the file, which pandas calls Feather, and the stream.
 *
 * @see https://arrow.apache.org/docs/format/Columnar.html
 */
import { type Batch, isValid } from '../../batch.ts'
import { Builder, type FieldValue } from '../columnar/flatbuffer.ts'
import { countMissing, type Vector } from '../columnar/vector.ts'
import { type Layout, layOut, type WrittenType } from '../columnar/written.ts'

export interface ArrowWriter {
  /** @throws TABLE_NOT_WRITABLE, PREDICTIONS_NO_TABLE */
  write(batch: Batch): Uint8Array
  end(): Uint8Array
}

const magic = Buffer.from('ARROW1')
const endOfStream = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])
/** Arrow 1.0 and later. */
const version = 4

/** Opens a writer; the schema is that of the first block. */
export function openArrowWriter(form: 'file' | 'stream'): ArrowWriter {
  let layout: Layout | undefined
  let written = 0
  const blocks: [number, number, number][] = []
  const count = (bytes: Uint8Array): Uint8Array => {
    written += bytes.length
    return bytes
  }
  const begin = (first: Batch): Uint8Array => {
    layout = layOut(first, 'Arrow')
    const builder = new Builder()
    const schema = message(builder, 1, schemaOf(builder, layout), 0)
    return count(Buffer.concat(form === 'file' ? [magic, Buffer.alloc(2), schema] : [schema]))
  }
  return {
    write(batch) {
      const head = layout === undefined ? begin(batch) : Buffer.alloc(0)
      const { rows, vectors } = layout!.vectors(batch)
      const parts: BodyParts = { nodes: [], buffers: [], bytes: [], length: 0 }
      for (const vector of vectors) append(vector, parts)
      const builder = new Builder()
      const buffers = builder.longs(parts.buffers, 2)
      const nodes = builder.longs(parts.nodes, 2)
      const batchTable = builder.table([{ kind: 'long', value: rows }, reference(nodes), reference(buffers)])
      const metadata = message(builder, 3, batchTable, parts.length)
      blocks.push([written, metadata.length, parts.length])
      return Buffer.concat([head, count(Buffer.concat([metadata, ...parts.bytes]))])
    },
    end() {
      const head = layout === undefined ? begin({ kind: 'frame', rows: 0, columns: [] }) : Buffer.alloc(0)
      if (form === 'stream') return Buffer.concat([head, endOfStream])
      const builder = new Builder()
      const batches = builder.blocks(blocks)
      const dictionaries = builder.blocks([])
      const schema = schemaOf(builder, layout!)
      const footer = builder.finish(
        builder.table([{ kind: 'short', value: version }, reference(schema), reference(dictionaries), reference(batches)]),
      )
      const length = Buffer.alloc(4)
      length.writeInt32LE(footer.length)
      return Buffer.concat([head, endOfStream, footer, length, magic])
    },
  }
}

function reference(value: number): FieldValue {
  return { kind: 'reference', value }
}

/** A message with its length, padded to 8 bytes. */
function message(builder: Builder, kind: number, header: number, bodyLength: number): Uint8Array {
  const root = builder.table([
    { kind: 'short', value: version },
    { kind: 'byte', value: kind },
    reference(header),
    { kind: 'long', value: bodyLength },
  ])
  const metadata = builder.finish(root)
  const prefix = Buffer.alloc(8)
  prefix.writeInt32LE(-1)
  prefix.writeInt32LE(metadata.length, 4)
  return Buffer.concat([prefix, metadata])
}

function schemaOf(builder: Builder, layout: Layout): number {
  const fields = builder.references(layout.columns.map(({ name, type }) => fieldOf(builder, name, type)))
  return builder.table([{ kind: 'short', value: 0 }, reference(fields)])
}

function fieldOf(builder: Builder, name: string, type: WrittenType): number {
  const children =
    type.kind === 'list'
      ? [fieldOf(builder, 'item', type.items)]
      : type.kind === 'struct'
        ? type.fields.map((field) => fieldOf(builder, field.name, field.type))
        : []
  const list = builder.references(children)
  const { kind, table } = typeOf(builder, type)
  const text = builder.text(name)
  return builder.table([
    reference(text),
    { kind: 'byte', value: 1 },
    { kind: 'byte', value: kind },
    reference(table),
    undefined,
    reference(list),
  ])
}

/** The number of the type in Schema.fbs, and its table. */
function typeOf(builder: Builder, type: WrittenType): { kind: number; table: number } {
  switch (type.kind) {
    case 'null':
      return { kind: 1, table: builder.table([]) }
    case 'text':
      return { kind: 5, table: builder.table([]) }
    case 'bytes':
      return { kind: 4, table: builder.table([]) }
    case 'date':
      return { kind: 8, table: builder.table([{ kind: 'short', value: 0 }]) }
    case 'timestamp':
      return { kind: 10, table: builder.table([{ kind: 'short', value: 3 }]) }
    case 'list':
      return { kind: 12, table: builder.table([]) }
    case 'struct':
      return { kind: 13, table: builder.table([]) }
    case 'number': {
      const bits = Number(/\d+$/.exec(type.dtype)?.[0] ?? 1)
      if (type.dtype === 'bool') return { kind: 6, table: builder.table([]) }
      if (type.dtype.startsWith('float'))
        return { kind: 3, table: builder.table([{ kind: 'short', value: Math.log2(bits / 16) }]) }
      return {
        kind: 2,
        table: builder.table([
          { kind: 'int', value: bits },
          { kind: 'byte', value: type.dtype.startsWith('u') ? 0 : 1 },
        ]),
      }
    }
  }
}

interface BodyParts {
  readonly nodes: number[]
  /** Offset and length of each. */
  readonly buffers: number[]
  readonly bytes: Uint8Array[]
  length: number
}

/** Adds a vector's node and buffers, each buffer padded to 8 bytes. */
function append(vector: Vector, parts: BodyParts): void {
  const missing = vector.kind === 'null' ? vector.length : countMissing(vector.validity, vector.length)
  parts.nodes.push(vector.length, missing)
  if (vector.kind === 'null') return
  push(missing === 0 ? new Uint8Array(0) : vector.validity!.subarray(0, (vector.length + 7) >> 3), parts)
  switch (vector.kind) {
    case 'number':
      push(vector.dtype === 'bool' ? packed(vector.values as Uint8Array) : bytesOf(vector.values), parts)
      return
    case 'date':
    case 'timestamp':
      push(bytesOf(vector.values), parts)
      return
    case 'text':
      appendPieces(
        vector.values.map((value, row) =>
          value === null || !isValid(vector.validity, row) ? undefined : Buffer.from(value, 'utf8'),
        ),
        parts,
      )
      return
    case 'bytes':
      appendPieces(
        vector.values.map((value) => value ?? undefined),
        parts,
      )
      return
    case 'list':
      push(bytesOf(vector.offsets), parts)
      append(vector.items, parts)
      return
    case 'struct':
      for (const { vector: field } of vector.fields) append(field, parts)
      return
    default:
      throw new TypeError(`no ${vector.kind} is written`)
  }
}

function appendPieces(pieces: readonly (Uint8Array | undefined)[], parts: BodyParts): void {
  const offsets = new Int32Array(pieces.length + 1)
  for (const [row, piece] of pieces.entries()) offsets[row + 1] = offsets[row]! + (piece?.length ?? 0)
  push(bytesOf(offsets), parts)
  push(Buffer.concat(pieces.filter((piece) => piece !== undefined)), parts)
}

function packed(values: Uint8Array): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3)
  for (let row = 0; row < values.length; row++) if (values[row] === 1) bits[row >> 3]! |= 1 << (row & 7)
  return bits
}

function bytesOf(values: { buffer: ArrayBufferLike; byteOffset: number; byteLength: number }): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function push(bytes: Uint8Array, parts: BodyParts): void {
  parts.buffers.push(parts.length, bytes.length)
  parts.bytes.push(bytes)
  const padding = -bytes.length & 7
  if (padding > 0) parts.bytes.push(new Uint8Array(padding))
  parts.length += bytes.length + padding
}
