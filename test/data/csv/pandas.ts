/** The fixtures that test/fixtures/csv/make.py wrote with pandas, and our frames in the same form. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cell, Column, Frame } from '../../../src/batch.ts'
import type { CsvPlan, CsvType } from '../../../src/data/csv/plan.ts'
import { float16ToNumber } from '../../../src/dtype.ts'

export const folder = join(process.cwd(), 'test/fixtures/csv')

/** pandas in every choice. */
export const asPandas = {
  duplicates: 'rename',
  implicitIndex: 'index',
  overflow: 'infinity',
  nul: 'keep',
} satisfies Partial<CsvPlan>

export interface ReadingCase {
  readonly body: string
  readonly dtype: Readonly<Record<string, string>> | null
  readonly error?: string
  readonly names: string[]
  readonly columns: { dtype: string; values: unknown[] }[]
  readonly index: unknown[] | null
}

export function readingCases(): ReadingCase[] {
  return readFileSync(join(folder, 'reading.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ReadingCase)
}

/** The plan that stands for `pandas.read_csv(dtype=…)`. */
export function planOf(dtype: ReadingCase['dtype']): CsvPlan {
  return {
    ...asPandas,
    typeOf(name) {
      const type = dtype?.[name]
      return type === 'object' ? 'string' : (type as CsvType | undefined)
    },
  }
}

const view = new DataView(new ArrayBuffer(8))

/** The bits of a double, so that -0 and every digit count. */
export function bitsOf(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  view.setFloat64(0, value)
  return view.getBigUint64(0).toString(16).padStart(16, '0')
}

function plainCell(cell: Cell): unknown {
  if (typeof cell === 'bigint') return { i: String(cell) }
  if (typeof cell === 'number') return { f: bitsOf(cell) }
  return Array.isArray(cell) ? cell.map(plainCell) : cell
}

function plainColumn(column: Column): { dtype: string; values: unknown[] } {
  if (column.dtype === 'string') {
    // A missing text is NaN among objects.
    const values = column.values.map((value) => (value === null && column.pandas === 'object' ? { f: 'nan' } : value))
    return { dtype: column.pandas, values }
  }
  if (column.dtype === 'object') return { dtype: 'object', values: column.values.map(plainCell) }
  const values = Array.from(column.values as ArrayLike<number | bigint>, (value) => {
    if (column.dtype === 'bool') return value === 1
    if (column.dtype === 'float16') return { f: bitsOf(float16ToNumber(value as number)) }
    return column.dtype.startsWith('float') ? { f: bitsOf(value as number) } : { i: String(value) }
  })
  return { dtype: column.dtype, values }
}

/** Frames of one file, one below the other, in the fixtures' form. */
export function plainFrames(frames: readonly Frame[]): Pick<ReadingCase, 'names' | 'columns' | 'index'> {
  const [first] = frames
  if (first === undefined) throw new Error('no frame')
  const columns = first.columns.map((column, at) => {
    const pieces = frames.map((frame) => plainColumn(frame.columns[at]!))
    return { dtype: plainColumn(column).dtype, values: pieces.flatMap(({ values }) => values) }
  })
  const labels = first.index === undefined ? null : frames.flatMap((frame) => frame.index ?? [])
  // Labels that count the rows are none.
  const counting = labels?.every((label, row) => label === BigInt(row))
  return {
    names: first.columns.map(({ name }) => String(name)),
    columns,
    index: counting ? null : (labels?.map(plainCell) ?? null),
  }
}
