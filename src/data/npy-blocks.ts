/**
 * NPY read in blocks of rows, for arrays larger than what should be in memory. C order is read as it comes; in Fortran
 * order, which `numpy.save` makes of a data frame's values, a block is a piece of each column.
 */
import { elementCount, type Tensor } from '../batch.ts'
import { MlmodelError, type Where } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { dataLengthError, decodeNpy, type NpyHeader, npyHeaderEnd, npyPrefixBytes, readNpyHeader, toRowMajor } from './npy.ts'
import { type ByteReader, peek, type RandomReader, type Source, spool } from './source.ts'

export interface NpyBlocksOptions {
  readonly limits?: Limits
  /** Rows of a block; default 16,384, or fewer where they are more than 2 MiB. */
  readonly batchRows?: number | undefined
  /** One block of all rows. */
  readonly whole?: boolean
  /** A block may be read into the memory of the one before, which is then gone. */
  readonly reuse?: boolean
}

const defaultRows = 1 << 14
const blockBytes = 2 << 20
/** Columns of Fortran order that are read piece by piece; with more, reading costs more than memory. */
const mostPieces = 1 << 12

/** How the rows of an array are read. */
interface Layout {
  readonly header: NpyHeader
  readonly where: Where
  readonly rows: number
  readonly rowShape: readonly number[]
  readonly rowBytes: number
  readonly blockRows: number
  readonly expected: bigint
}

/**
 * Reads an array block by block, at least one; rows are the first dimension, a scalar is one block. `limits.arrayBytes` is
 * for a block: the array may be larger. What comes through a pipe in Fortran order is put into a private file first.
 *
 * @throws NPY_BROKEN, NPY_DTYPE, NPY_LIMIT, and those of the source
 */
export async function* readNpyBlocks(source: Source, options: NpyBlocksOptions = {}): AsyncGenerator<Tensor, void> {
  const { limits = defaultLimits } = options
  const where = { file: source.name }
  const first = await peek(source, npyPrefixBytes)
  const { head, source: again } = await peek(first.source, npyHeaderEnd(first.head, where, limits))
  const header = readNpyHeader(head, where, { ...limits, arrayBytes: Number.MAX_SAFE_INTEGER })
  const layout = layoutOf(header, where, options)
  if (!header.fortranOrder || header.shape.length < 2) return yield* readInOrder(again, layout, options.reuse === true)
  const spooled = again.openAt === undefined ? await spool(again) : undefined
  const reader = await (spooled?.openAt() ?? again.openAt!())
  try {
    yield* readByColumns(reader, layout)
  } finally {
    await reader.close()
    await spooled?.remove()
  }
}

function layoutOf(header: NpyHeader, where: Where, options: NpyBlocksOptions): Layout {
  const { limits = defaultLimits, batchRows, whole = false } = options
  const [rows = 1, ...rowShape] = header.shape
  const { size } = header.element
  const width = elementCount(rowShape)
  const rowBytes = width * size
  const several = !whole && !(header.fortranOrder && width > mostPieces)
  const wanted = several ? (batchRows ?? Math.min(defaultRows, Math.floor(blockBytes / Math.max(1, rowBytes)))) : rows
  const blockRows = Math.max(1, Math.min(rows, wanted))
  const found = blockRows * rowBytes
  if (found > limits.arrayBytes)
    throw new MlmodelError('NPY_LIMIT', { what: 'bytes', found: String(found), limit: limits.arrayBytes }, { where })
  const expected = BigInt(elementCount(header.shape)) * BigInt(size)
  return { header, where, rows, rowShape, rowBytes, blockRows, expected }
}

async function* readInOrder(source: Source, layout: Layout, reuse: boolean): AsyncGenerator<Tensor, void> {
  const { header, where, rows, rowBytes, blockRows, expected } = layout
  await checkSize(source, layout)
  const reader = await source.open()
  try {
    await readFull(reader, new Uint8Array(header.dataStart))
    let memory: Uint8Array | undefined
    for (let start = 0; start < rows || start === 0; start += blockRows) {
      const count = Math.min(blockRows, rows - start)
      const bytes = await readBytes(reader, count * rowBytes, memory)
      if (bytes.length < count * rowBytes) throw dataLengthError(header, expected, String(start * rowBytes + bytes.length), where)
      if (reuse) memory ??= bytes
      if (start + count === rows && (await readFull(reader, new Uint8Array(1))) > 0)
        throw dataLengthError(header, expected, 'more', where)
      yield decodeBlock(bytes, layout, count)
      if (count === 0) break
    }
  } finally {
    await reader.close()
  }
}

/** A file says at once that it is cut off, before anything is made of its first rows. */
async function checkSize(source: Source, { header, expected, where }: Layout): Promise<void> {
  const random = await source.openAt?.()
  if (random === undefined) return
  await random.close()
  const found = random.size - header.dataStart
  if (BigInt(found) !== expected) throw dataLengthError(header, expected, String(found), where)
}

async function* readByColumns(reader: RandomReader, layout: Layout): AsyncGenerator<Tensor, void> {
  const { header, where, rows, rowShape, rowBytes, blockRows, expected } = layout
  const found = reader.size - header.dataStart
  if (BigInt(found) !== expected) throw dataLengthError(header, expected, String(found), where)
  const { size } = header.element
  const pieces = blockRows === rows ? 1 : elementCount(rowShape)
  for (let start = 0; start < rows || start === 0; start += blockRows) {
    const count = Math.min(blockRows, rows - start)
    const length = (count * rowBytes) / pieces
    const bytes = new Uint8Array(count * rowBytes)
    for (let piece = 0; piece < pieces; piece++) {
      const position = header.dataStart + (piece * rows + start) * size
      bytes.set(reader.readAt(position, length), piece * length)
    }
    yield toRowMajor(decodeBlock(bytes, layout, count))
    if (count === 0) break
  }
}

function decodeBlock(bytes: Uint8Array, { header, rowShape, where }: Layout, count: number): Tensor {
  const shape = header.shape.length === 0 ? [] : [count, ...rowShape]
  return decodeNpy(bytes, { ...header, shape }, elementCount(shape), where)
}

/** Memory taken at once for what a pipe may not bring (CWE-789). */
const pieceBytes = 16 << 20

/** Reads as many bytes, fewer where the source ends, into the memory if they fit. */
async function readBytes(reader: ByteReader, length: number, memory: Uint8Array | undefined): Promise<Uint8Array> {
  const target = memory !== undefined && memory.length >= length ? memory.subarray(0, length) : undefined
  const parts: Uint8Array[] = []
  let total = 0
  do {
    const part = target ?? new Uint8Array(Math.min(length - total, pieceBytes))
    const filled = await readFull(reader, part)
    parts.push(part.subarray(0, filled))
    total += filled
    if (filled < part.length) break
  } while (total < length)
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total)
}

/** Fills the target as far as the source goes. */
async function readFull(reader: ByteReader, target: Uint8Array): Promise<number> {
  let filled = 0
  for (let count = -1; count !== 0 && filled < target.length; filled += count) {
    const got = reader.read(target, filled, target.length - filled)
    count = typeof got === 'number' ? got : await got
  }
  return filled
}
