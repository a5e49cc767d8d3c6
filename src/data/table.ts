/** Tables that have types of their own, Parquet and Arrow, block by block from any source. */
import type { Frame } from '../batch.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { readArrow, readArrowWhole } from './arrow/read.ts'
import { readParquetBlocks } from './parquet/read.ts'
import { type Source, spool } from './source.ts'

export type TableFormat = 'parquet' | 'arrow'

export interface TableOptions {
  readonly limits?: Limits
  /** One frame of all rows: what a missing value makes of a column's type is then that of the whole file, as in pandas. */
  readonly whole?: boolean
}

/**
 * Reads a table in blocks of rows; one block without rows where it has none. Parquet is read from its end: what comes
 * through a pipe is put into a private file first.
 *
 * @throws PARQUET_*, ARROW_*, TABLE_DUPLICATE_COLUMN, and those of the source
 */
export async function* readTable(source: Source, format: TableFormat, options: TableOptions = {}): AsyncGenerator<Frame, void> {
  const { limits = defaultLimits, whole = false } = options
  if (format === 'arrow') {
    if (whole) yield await readArrowWhole(source, limits)
    else yield* readArrow(source, limits)
    return
  }
  const spooled = source.openAt === undefined ? await spool(source) : undefined
  const reader = await (spooled?.openAt() ?? source.openAt!())
  try {
    yield* readParquetBlocks(reader.size, (position, length) => reader.readAt(position, length), {
      where: { file: source.name },
      limits,
      ...(whole && { batchRows: Number.POSITIVE_INFINITY }),
    })
  } finally {
    await reader.close()
    await spooled?.remove()
  }
}
