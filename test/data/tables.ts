/** The fixtures that test/fixtures/tables/make.py wrote with pandas, pyarrow and MLflow, and our frames in the same form. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Column, type Frame, isValid } from '../../src/batch.ts'
import { readArrowBytes } from '../../src/data/arrow/read.ts'
import { readParquet } from '../../src/data/parquet/read.ts'
import { atomOfTag, atomText, canonicalOfBatch, canonicalOfOracle, type Foreign } from '../conformance/canonical.ts'

export const folder = join(process.cwd(), 'test/fixtures/tables')

export const readJson = (name: string): Foreign => JSON.parse(readFileSync(join(folder, name), 'utf8'))
export const readBytes = (name: string): Uint8Array => readFileSync(join(folder, name))

/** A fixture as a frame. */
export function readTable(name: string): Frame {
  const bytes = readBytes(name)
  return name.endsWith('.parquet') ? readParquet(bytes, { file: name }) : readArrowBytes(bytes, { file: name })
}

/** `name dtype value value …` of each column, as pandas has it. */
export function textsOfPandas(columns: readonly Foreign[]): string[] {
  return columns.map((column) => {
    if (/^(category|timedelta64|U?Int\d|Float\d|boolean)/.test(column.dtype)) {
      return line(
        column.name,
        column.dtype,
        column.values
          .map((value: Foreign) => ofTag(column.dtype.startsWith('timedelta64') && value !== 'NaT' ? { $int: value } : value))
          .map(atomText)
          .map(nanIsNull),
      )
    }
    const dtype =
      column.dtype.startsWith('datetime64[') && column.dtype.includes(',')
        ? 'datetime64[ns]'
        : column.dtype === 'string'
          ? 'str'
          : column.dtype
    const parsed = canonicalOfOracle({
      kind: 'dataframe',
      rows: column.values.length,
      index: 'range',
      columns: [{ ...column, dtype, values: dtype === 'object' ? column.values.map(timeAsText) : column.values }],
    })
    return canonicalLine(parsed as Foreign, column.dtype.includes(',') ? 'zoned' : '')
  })
}

const ofTag = (value: Foreign) =>
  atomOfTag(typeof value === 'number' ? { $float: value } : value !== null && value?.$other !== undefined ? value.$other : value)

/** A duration is nanoseconds in our cells, text in the fixture; a time is its text. */
function timeAsText(value: Foreign): Foreign {
  return value !== null && typeof value === 'object' && '$other' in value ? value.$other : value
}

/** The same of one of our columns. */
export function textsOfFrame(frame: Frame): string[] {
  return frame.columns.map((column) => {
    if ('pandas' in column && column.pandas === 'nullable') {
      const name =
        { bool: 'boolean' }[column.dtype as 'bool'] ??
        column.dtype.replace(/^u?int|^float/, (kind) => ({ int: 'Int', uint: 'UInt', float: 'Float' })[kind]!)
      return line(column.name, name, cells(column))
    }
    if (column.dtype === 'object' && column.pandas !== undefined && !/^(datetime64|object|decimal)/.test(column.pandas))
      return line(column.name, column.pandas, cells(column))
    if (column.dtype === 'object' && column.pandas?.startsWith('datetime64') === true) {
      const values = column.values.map((value) => (value as { nanoseconds: bigint }).nanoseconds)
      return line(
        column.name,
        'datetime64',
        values.map((value) => atomText({ moment: value, date: false })),
      )
    }
    // pandas knows no type of bytes: an empty column of them is one of objects.
    if (column.dtype === 'bytes' && frame.rows === 0) return line(column.name, 'empty', [])
    return canonicalLine(
      canonicalOfBatch({ kind: 'frame', rows: frame.rows, columns: [column] }) as Foreign,
      'pandas' in column && column.pandas === 'zoned' ? 'zoned' : '',
    )
  })
}

function cells(column: Column): string[] {
  const whole = canonicalOfBatch({
    kind: 'array',
    tensor: { dtype: column.dtype, shape: [column.values.length], values: column.values } as Foreign,
  }) as Foreign
  const validity = 'validity' in column ? column.validity : undefined
  return whole.values.map((value: Foreign, row: number) => (isValid(validity, row) ? nanIsNull(atomText(value)) : 'null'))
}

const nanIsNull = (text: string): string => (/^nan$/i.test(text) || text === '"NaT"' ? 'null' : text)

function canonicalLine(parsed: Foreign, note: string): string {
  const [column] = parsed.columns
  return line(column.name, column.dtype + note + (column.pandas ?? ''), column.values.map(atomText))
}

function line(name: Foreign, dtype: string, values: readonly string[]): string {
  return `${typeof name === 'object' ? atomText(atomOfTag(name)) : name} ${dtype} ${values.join(' ')}`
}
