/**
 * A Parquet file's footer: the tree of its schema, and where the pages of each column of each row group lie.
 *
 * @see https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 */
import { MlmodelError, type Where } from '../../errors/index.ts'
import type { Limits } from '../../limits.ts'
import type { Codec } from '../columnar/compression.ts'
import type { TimeUnit } from '../columnar/vector.ts'
import { Cursor, numberIn, readStruct, structIn, structsIn, type ThriftStruct, textIn } from './thrift.ts'

export type PhysicalType = 'BOOLEAN' | 'INT32' | 'INT64' | 'INT96' | 'FLOAT' | 'DOUBLE' | 'BYTE_ARRAY' | 'FIXED_LEN_BYTE_ARRAY'

const physicalTypes: readonly PhysicalType[] = [
  'BOOLEAN',
  'INT32',
  'INT64',
  'INT96',
  'FLOAT',
  'DOUBLE',
  'BYTE_ARRAY',
  'FIXED_LEN_BYTE_ARRAY',
]

const codecs: readonly (Codec | undefined)[] = [undefined, 'snappy', 'gzip', undefined, 'brotli', 'lz4-hadoop', 'zstd', 'lz4']

/** What the values of a leaf mean, beyond their physical type. */
export type LogicalType =
  | { readonly kind: 'plain' | 'text' | 'date' | 'float16' | 'null' }
  | { readonly kind: 'integer'; readonly bits: number; readonly signed: boolean }
  | { readonly kind: 'decimal'; readonly scale: number }
  | { readonly kind: 'time' | 'timestamp'; readonly unit: TimeUnit; readonly utc: boolean }

/** A node of the schema with its levels: how often it may repeat and how often it may be missing, itself and its parents. */
export interface Node {
  readonly name: string
  readonly repetition: 'required' | 'optional' | 'repeated'
  readonly repetitionLevel: number
  readonly definitionLevel: number
  /** `list` and `map` as their parents annotate them. */
  readonly group: 'list' | 'map' | 'struct'
  readonly children: readonly Node[]
  /** Of a leaf alone. */
  readonly leaf?: { readonly index: number; readonly type: PhysicalType; readonly length: number; readonly logical: LogicalType }
}

export interface ColumnChunk {
  /** Bytes from the start of the file. */
  readonly start: number
  readonly length: number
  readonly values: number
  readonly codec: Codec | undefined
}

export interface RowGroup {
  readonly rows: number
  /** By the leaf's index. */
  readonly chunks: readonly ColumnChunk[]
}

export interface Footer {
  readonly columns: readonly Node[]
  readonly rowGroups: readonly RowGroup[]
  readonly metadata: ReadonlyMap<string, string>
}

/** Whether the bytes begin as a Parquet file does. */
export function looksLikeParquet(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x41 && bytes[2] === 0x52 && bytes[3] === 0x31
}

/**
 * Finds and reads the footer.
 *
 * @param read - bytes from a position of the file
 * @throws PARQUET_BROKEN, PARQUET_LIMIT, PARQUET_UNSUPPORTED
 */
export function readFooter(
  size: number,
  read: (position: number, length: number) => Uint8Array,
  where: Where,
  limits: Limits,
): Footer {
  if (size < 12) throw broken('it is shorter than an empty one', where)
  const tail = read(size - 8, 8)
  const magic = Buffer.from(tail.subarray(4)).toString('latin1')
  if (magic === 'PARE') throw new MlmodelError('PARQUET_UNSUPPORTED', { what: 'is encrypted' }, { where })
  if (magic !== 'PAR1' || !looksLikeParquet(read(0, 4))) throw broken('it does not begin and end with PAR1', where)
  const length = new DataView(tail.buffer, tail.byteOffset, 4).getUint32(0, true)
  if (length > size - 12) throw broken(`its footer is said to take ${length} bytes, the file has ${size}`, where)
  if (length > limits.tableMetadataBytes)
    throw new MlmodelError('PARQUET_LIMIT', { what: 'a footer', found: length, limit: limits.tableMetadataBytes }, { where })
  const root = readStruct(new Cursor(read(size - 8 - length, length)))
  const { columns, leaves } = readSchema(structsIn(root, 2), where, limits)
  const rowGroups = structsIn(root, 4).map((group) => readRowGroup(group, leaves, size, where))
  const metadata = new Map(structsIn(root, 5).map((pair) => [textIn(pair, 1) ?? '', textIn(pair, 2) ?? '']))
  return { columns, rowGroups, metadata }
}

function readSchema(
  elements: readonly ThriftStruct[],
  where: Where,
  limits: Limits,
): { columns: readonly Node[]; leaves: number } {
  let next = 1
  let leaves = 0
  const readNode = (repetitionLevel: number, definitionLevel: number, depth: number): Node => {
    if (depth > limits.depth) throw broken(`its schema is nested more than ${limits.depth} deep`, where)
    const element = elements[next++]
    if (element === undefined) throw broken('its schema names more children than it has', where)
    const repetition = (['required', 'optional', 'repeated'] as const)[numberIn(element, 3) ?? 0] ?? 'required'
    const levels = {
      repetitionLevel: repetitionLevel + (repetition === 'repeated' ? 1 : 0),
      definitionLevel: definitionLevel + (repetition === 'required' ? 0 : 1),
    }
    const name = textIn(element, 4) ?? ''
    const childCount = numberIn(element, 5) ?? 0
    const converted = numberIn(element, 6)
    const annotated = structIn(element, 10)
    const group =
      converted === 3 || annotated?.has(3) === true
        ? 'list'
        : converted === 1 || converted === 2 || annotated?.has(2) === true
          ? 'map'
          : 'struct'
    if (childCount > 0) {
      if (childCount > elements.length) throw broken('its schema names more children than it has', where)
      const children = Array.from({ length: childCount }, () =>
        readNode(levels.repetitionLevel, levels.definitionLevel, depth + 1),
      )
      return { name, repetition, ...levels, group, children }
    }
    const type = physicalTypes[numberIn(element, 1) ?? -1]
    if (type === undefined) throw broken(`its column \`${name}\` has no type`, where)
    const length = numberIn(element, 2) ?? 0
    if (type === 'FIXED_LEN_BYTE_ARRAY' && length <= 0) throw broken(`its column \`${name}\` has values without a length`, where)
    return {
      name,
      repetition,
      ...levels,
      group: 'struct',
      children: [],
      leaf: { index: leaves++, type, length, logical: logicalType(element, type) },
    }
  }
  const count = numberIn(elements[0], 5) ?? 0
  if (count > elements.length) throw broken('its schema names more columns than it has', where)
  const columns = Array.from({ length: count }, () => readNode(0, 0, 0))
  return { columns, leaves }
}

/** The logical type, or what the older converted type says. */
function logicalType(element: ThriftStruct, type: PhysicalType): LogicalType {
  const logical = structIn(element, 10)
  const converted = numberIn(element, 6)
  if (logical?.has(1) === true || logical?.has(4) === true || logical?.has(12) === true) return { kind: 'text' }
  const decimal = structIn(logical, 5)
  if (decimal !== undefined) return { kind: 'decimal', scale: numberIn(decimal, 1) ?? 0 }
  if (logical?.has(6) === true) return { kind: 'date' }
  const time = structIn(logical, 7) ?? structIn(logical, 8)
  if (time !== undefined)
    return { kind: logical?.has(7) === true ? 'time' : 'timestamp', unit: unitOf(structIn(time, 2)), utc: time.get(1) === true }
  const integer = structIn(logical, 10)
  if (integer !== undefined) return { kind: 'integer', bits: numberIn(integer, 1) ?? 64, signed: integer.get(2) === true }
  if (logical?.has(11) === true) return { kind: 'null' }
  if (logical?.has(15) === true && type === 'FIXED_LEN_BYTE_ARRAY' && numberIn(element, 2) === 2) return { kind: 'float16' }
  switch (converted) {
    case 0:
    case 4:
    case 19:
      return { kind: 'text' }
    case 5:
      return { kind: 'decimal', scale: numberIn(element, 7) ?? 0 }
    case 6:
      return { kind: 'date' }
    case 7:
    case 8:
      return { kind: 'time', unit: converted === 7 ? 'ms' : 'us', utc: true }
    case 9:
    case 10:
      // Written by old writers for local times too: pyarrow takes them as without a zone.
      return { kind: 'timestamp', unit: converted === 9 ? 'ms' : 'us', utc: false }
    case 11:
    case 12:
    case 13:
    case 14:
      return { kind: 'integer', bits: 8 << (converted - 11), signed: false }
    case 15:
    case 16:
    case 17:
    case 18:
      return { kind: 'integer', bits: 8 << (converted - 15), signed: true }
    default:
      return { kind: 'plain' }
  }
}

function unitOf(unit: ThriftStruct | undefined): TimeUnit {
  return unit?.has(1) === true ? 'ms' : unit?.has(2) === true ? 'us' : 'ns'
}

function readRowGroup(group: ThriftStruct, leaves: number, size: number, where: Where): RowGroup {
  const rows = numberIn(group, 3) ?? 0
  const columns = structsIn(group, 1)
  if (columns.length !== leaves) throw broken(`a row group has ${columns.length} columns, the schema ${leaves}`, where)
  if (!Number.isSafeInteger(rows) || rows < 0) throw broken(`a row group has ${rows} rows`, where)
  const chunks = columns.map((column): ColumnChunk => {
    if (column.has(8)) throw new MlmodelError('PARQUET_UNSUPPORTED', { what: 'is encrypted' }, { where })
    const meta = structIn(column, 3)
    if (meta === undefined || textIn(column, 1) !== undefined)
      throw new MlmodelError('PARQUET_UNSUPPORTED', { what: 'has its columns in other files' }, { where })
    const codecNumber = numberIn(meta, 4) ?? 0
    const codec = codecs[codecNumber]
    if (codec === undefined && codecNumber !== 0)
      throw new MlmodelError('PARQUET_UNSUPPORTED', { what: `is compressed by method ${codecNumber}` }, { where })
    const dictionary = numberIn(meta, 11)
    const data = numberIn(meta, 9) ?? 0
    // Some writers leave 0 for "no dictionary".
    const start = dictionary !== undefined && dictionary > 0 && dictionary < data ? dictionary : data
    const length = numberIn(meta, 7) ?? 0
    const values = numberIn(meta, 5) ?? 0
    if (
      !Number.isSafeInteger(start) ||
      !Number.isSafeInteger(length) ||
      (start < 4 && values > 0) ||
      start < 0 ||
      length < 0 ||
      start + length > size
    ) {
      throw broken(`a column is said to lie at bytes ${start} to ${start + length} of ${size}`, where)
    }
    return { start, length, values, codec }
  })
  return { rows, chunks }
}

export function broken(why: string, where: Where): MlmodelError {
  return new MlmodelError('PARQUET_BROKEN', { why }, { where })
}
