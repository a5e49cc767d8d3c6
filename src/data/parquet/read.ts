/**
 * Parquet, as `pandas.read_parquet` understands it, in blocks of rows whatever the row groups are. Read here and not by
 * hyparquet, because requests are read synchronously, a column must come as a typed array (500,000 × 20 doubles: 0.3 s of
 * CPU instead of 1.3), pages must be read as rows are wanted, and no length may be believed before it is checked.
 */
import type { Frame } from '../../batch.ts'
import { MlmodelError, type Where } from '../../errors/index.ts'
import { defaultLimits, type Limits } from '../../limits.ts'
import { type ArrowField, readEncodedSchema } from '../columnar/arrow-schema.ts'
import { CompressionError } from '../columnar/compression.ts'
import { frameOfVectors, type NamedVector, readPandasMetadata } from '../columnar/pandas.ts'
import type { Vector } from '../columnar/vector.ts'
import { type LeafReader, openLeaf, type ReadAt } from './column.ts'
import { vectorOfStored } from './leaf.ts'
import { broken, type Footer, type Node, readFooter } from './metadata.ts'
import { assemble, leavesOf } from './nested.ts'
import { ThriftError } from './thrift.ts'

export { looksLikeParquet } from './metadata.ts'

export interface ParquetOptions {
  readonly where?: Where
  readonly limits?: Limits
  /** Rows of a block; default 65,536. `Infinity` for all at once. */
  readonly batchRows?: number
}

/** Rows of a block: 20 columns of doubles take 10 MB. A multiple of 8. */
const blockRows = 1 << 16
/** Rows that are always believed, and rows a byte of pages may stand for beyond that: a run of one value is short. */
const believedRows = 1 << 24
const rowsPerByte = 1 << 13

/**
 * Reads a file block by block.
 *
 * @param size - of the file, in bytes
 * @param read - bytes from a position; the reader may keep them
 * @throws PARQUET_BROKEN, PARQUET_UNSUPPORTED, PARQUET_LIMIT, TABLE_DUPLICATE_COLUMN
 */
export function* readParquetBlocks(size: number, read: ReadAt, options: ParquetOptions = {}): Generator<Frame, void> {
  const { where = {}, limits = defaultLimits, batchRows = blockRows } = options
  try {
    const footer = readFooter(size, read, where, limits)
    const rows = checkRows(footer, batchRows, where, limits)
    const pandas = readPandasMetadata(footer.metadata.get('pandas'))
    const schema = readEncodedSchema(footer.metadata.get('ARROW:schema'), limits)
    const columns = footer.columns.map((node) => openColumn(node, footer, schema.get(node.name), read, where, limits))
    for (let done = 0; done < rows || done === 0; ) {
      const count = Math.min(batchRows, rows - done)
      yield frameOfVectors(
        columns.map((column): NamedVector => ({ name: column.name, vector: column.next(count) })),
        count,
        pandas,
      )
      done += Math.max(count, 1)
    }
  } catch (error) {
    if (error instanceof ThriftError || error instanceof CompressionError) throw broken(error.message, where)
    throw error
  }
}

/**
 * Reads a file held in memory whole.
 *
 * @throws PARQUET_BROKEN, PARQUET_UNSUPPORTED, PARQUET_LIMIT, TABLE_DUPLICATE_COLUMN
 */
export function readParquet(bytes: Uint8Array, where: Where = {}, limits: Limits = defaultLimits): Frame {
  const read: ReadAt = (position, length) => bytes.subarray(position, position + length)
  for (const frame of readParquetBlocks(bytes.length, read, { where, limits, batchRows: Number.POSITIVE_INFINITY })) return frame
  throw broken('it has no rows', where)
}

/** @returns the rows of all row groups */
function checkRows(footer: Footer, batchRows: number, where: Where, limits: Limits): number {
  const names = new Set<string>()
  for (const { name } of footer.columns) {
    if (names.has(name)) throw new MlmodelError('TABLE_DUPLICATE_COLUMN', { name }, { where })
    names.add(name)
  }
  const flat = new Map(
    footer.columns.flatMap((node) =>
      node.leaf !== undefined && node.repetition !== 'repeated' ? [[node.leaf.index, node] as const] : [],
    ),
  )
  let rows = 0
  let bytes = 0
  for (const group of footer.rowGroups) {
    rows += group.rows
    for (const [index, chunk] of group.chunks.entries()) {
      bytes += chunk.length
      const node = flat.get(index)
      if (node !== undefined && chunk.values !== group.rows)
        throw broken(`the column \`${node.name}\` has ${chunk.values} values for ${group.rows} rows`, where)
    }
  }
  if (rows > Math.max(believedRows, bytes * rowsPerByte))
    throw new MlmodelError(
      'PARQUET_LIMIT',
      { what: 'rows', found: rows, limit: Math.max(believedRows, bytes * rowsPerByte) },
      { where },
    )
  const held = Math.min(rows, batchRows) * 8 * footer.columns.length
  if (held > limits.arrayBytes)
    throw new MlmodelError(
      'PARQUET_LIMIT',
      { what: 'bytes in a block of rows', found: held, limit: limits.arrayBytes },
      { where },
    )
  return rows
}

interface ColumnReader {
  readonly name: string
  next(rows: number): Vector
}

function openColumn(
  node: Node,
  footer: Footer,
  field: ArrowField | undefined,
  read: ReadAt,
  where: Where,
  limits: Limits,
): ColumnReader {
  const open = (leaf: Node): LeafReader =>
    openLeaf(
      leaf,
      footer.rowGroups.map(({ chunks }) => chunks[leaf.leaf!.index]!),
      read,
      where,
      limits,
    )
  if (node.leaf !== undefined && node.repetition !== 'repeated') {
    const { leaf } = node
    const reader = open(node)
    return {
      name: node.name,
      next: (rows) => {
        const { values, validity } = reader.flat(rows)
        return asWritten(vectorOfStored(leaf, values, rows, validity), field)
      },
    }
  }
  const readers = leavesOf(node).map((leaf) => [leaf.leaf!.index, open(leaf)] as const)
  return {
    name: node.name,
    next: (rows) => {
      const vector = assemble(node, new Map(readers.map(([index, reader]) => [index, reader.nested(rows)])))
      if (vector.length !== rows) throw new ThriftError(`\`${node.name}\` has ${vector.length} values for ${rows} rows`)
      return vector
    },
  }
}

/** What Parquet has no type for, and the writer noted as Arrow's schema: categories and durations. */
function asWritten(vector: Vector, field: ArrowField | undefined): Vector {
  if (field === undefined) return vector
  const { length, validity } = vector
  // Of other values pyarrow keeps no dictionary.
  if (field.dictionary !== undefined && (vector.kind === 'text' || vector.kind === 'bytes'))
    return { kind: 'category', length, validity, indices: Int32Array.from({ length }, (_, row) => row), dictionary: vector }
  if (field.type.kind === 'duration' && vector.kind === 'number' && vector.values instanceof BigInt64Array) {
    return { kind: 'duration', length, validity, unit: field.type.unit, values: vector.values }
  }
  return vector
}
