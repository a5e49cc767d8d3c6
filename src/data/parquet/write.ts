/** Parquet written by hyparquet-writer, a row group for every 100,000 rows or so, compressed by Snappy as pandas does. */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { type Batch, isValid } from '../../batch.ts'
import { float16ToNumber } from '../../dtype.ts'
import { concatVectors, type Vector } from '../columnar/vector.ts'
import { type Layout, layOut, type WrittenType } from '../columnar/written.ts'

export interface ParquetFileWriter {
  /**
   * The bytes that can be written now; undefined while a row group is not full.
   *
   * @throws TABLE_NOT_WRITABLE, PREDICTIONS_NO_TABLE
   */
  write(batch: Batch): Uint8Array | undefined
  end(): Uint8Array
}

const rowsOfGroup = 100_000

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]
type Values = Parameters<ParquetWriter['write']>[0]['columnData'][number]['data']

/** Opens a writer; the schema is that of the first block. */
export function openParquetWriter(): ParquetFileWriter {
  const bytes = new ByteWriter()
  let open: { readonly layout: Layout; readonly writer: ParquetWriter } | undefined
  let held: (readonly Vector[])[] = []
  let rows = 0
  const begin = (first: Batch) => {
    const layout = layOut(first, 'Parquet')
    const schema: SchemaElement[] = [
      { name: 'schema', num_children: layout.columns.length },
      ...layout.columns.flatMap(({ name, type }) => elementsOf(name, type)),
    ]
    open = { layout, writer: new ParquetWriter({ writer: bytes, schema, codec: 'SNAPPY', createdBy: 'mlmodel' }) }
    return open
  }
  const flush = (writer: ParquetWriter, layout: Layout): void => {
    const columnData = layout.columns.map(({ name, type }, at) => ({
      name,
      data: valuesOf(concatVectors(held.map((vectors) => vectors[at]!))),
      ...(holdsFloats(type) && { encoding: 'PLAIN' as const }),
    }))
    if (rows > 0) writer.write({ columnData, rowGroupSize: rows })
    held = []
    rows = 0
  }
  const taken = (): Uint8Array => {
    const part = bytes.getBytes().slice()
    // The offset goes on counting; only the memory is used again.
    bytes.index = 0
    return part
  }
  return {
    write(batch) {
      const { layout, writer } = open ?? begin(batch)
      const block = layout.vectors(batch)
      held.push(block.vectors)
      rows += block.rows
      if (rows < rowsOfGroup) return undefined
      flush(writer, layout)
      return taken()
    },
    end() {
      const { layout, writer } = open ?? begin({ kind: 'frame', rows: 0, columns: [] })
      flush(writer, layout)
      writer.finish()
      return taken()
    },
  }
}

const optional = { repetition_type: 'OPTIONAL' } as const

/** hyparquet-writer's dictionaries are Maps, to which -0 and 0 are one key: floats go without. */
function holdsFloats(type: WrittenType): boolean {
  if (type.kind === 'number') return type.dtype.startsWith('float')
  if (type.kind === 'list') return holdsFloats(type.items)
  return type.kind === 'struct' && type.fields.some((field) => holdsFloats(field.type))
}

function elementsOf(name: string, type: WrittenType): SchemaElement[] {
  switch (type.kind) {
    case 'number':
      return [numberElement(name, type.dtype)]
    case 'null':
    case 'text':
      return [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' }, ...optional }]
    case 'bytes':
      return [{ name, type: 'BYTE_ARRAY', ...optional }]
    case 'date':
      return [{ name, type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' }, ...optional }]
    case 'timestamp':
      return [{ name, type: 'INT64', logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'NANOS' }, ...optional }]
    case 'list':
      return [
        { name, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' }, ...optional },
        { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
        ...elementsOf('element', type.items),
      ]
    case 'struct':
      return [
        { name, num_children: type.fields.length, ...optional },
        ...type.fields.flatMap((field) => elementsOf(field.name, field.type)),
      ]
  }
}

function numberElement(name: string, dtype: Extract<WrittenType, { kind: 'number' }>['dtype']): SchemaElement {
  switch (dtype) {
    case 'bool':
      return { name, type: 'BOOLEAN', ...optional }
    case 'float16':
      return { name, type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2, logical_type: { type: 'FLOAT16' }, ...optional }
    case 'float32':
      return { name, type: 'FLOAT', ...optional }
    case 'float64':
      return { name, type: 'DOUBLE', ...optional }
    case 'int64':
      return { name, type: 'INT64', ...optional }
    case 'int32':
      return { name, type: 'INT32', ...optional }
    default: {
      // The older annotation alone: hyparquet-writer 0.17.0 writes the newer one's width as i32, which pyarrow refuses.
      const bits = Number(dtype.replace(/\D/g, '')) as 8 | 16 | 32 | 64
      return {
        name,
        type: bits === 64 ? 'INT64' : 'INT32',
        converted_type: `${dtype.startsWith('int') ? 'INT' : 'UINT'}_${bits}`,
        ...optional,
      }
    }
  }
}

/** The values as hyparquet-writer takes them: typed arrays where nothing is missing, else a list with null. */
function valuesOf(vector: Vector): Values {
  if (vector.kind === 'number' && vector.validity === undefined && /^(int32|int64|float32|float64)$/.test(vector.dtype))
    return vector.values as Values
  const at = readerOf(vector)
  return Array.from({ length: vector.length }, (_, row) => (isValid(vector.validity, row) ? at(row) : null))
}

function readerOf(vector: Vector): (row: number) => unknown {
  switch (vector.kind) {
    case 'null':
      return () => null
    case 'number':
      if (vector.dtype === 'bool') return (row) => vector.values[row] === 1
      if (vector.dtype === 'float16') return (row) => float16ToNumber(vector.values[row] as number)
      return (row) => vector.values[row]
    case 'list': {
      const items = valuesOf(vector.items)
      return (row) => Array.from(items.slice(vector.offsets[row], vector.offsets[row + 1]) as ArrayLike<unknown>)
    }
    case 'struct': {
      const fields = vector.fields.map(({ name, vector: field }) => [name, valuesOf(field)] as const)
      return (row) => Object.fromEntries(fields.map(([name, values]) => [name, values[row]]))
    }
    case 'text':
    case 'bytes':
    case 'date':
    case 'timestamp':
      return (row) => vector.values[row]
    default:
      throw new TypeError(`no ${vector.kind} is written`)
  }
}
