/**
 * Predictions as columns of Parquet and Arrow: types that the first block of rows fixes, and vectors of them. An output of
 * several dimensions is a list in each row, a map a struct.
 */
import { type Batch, type Cell, type Column, type Frame, isCellMap, isMoment, isTensor, isValid } from '../../batch.ts'
import { arrayOfDtype, float16ToNumber, type NumericArray, type NumericDtype, notATime, numberToFloat16 } from '../../dtype.ts'
import { MlmodelError } from '../../errors/index.ts'
import { toRows, toTable } from '../prediction-table.ts'
import type { Vector } from './vector.ts'

export type WrittenType =
  | { readonly kind: 'null' | 'text' | 'bytes' | 'date' | 'timestamp' }
  | { readonly kind: 'number'; readonly dtype: NumericDtype }
  | { readonly kind: 'list'; readonly items: WrittenType }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly type: WrittenType }[] }

export interface WrittenColumn {
  readonly name: string
  readonly type: WrittenType
}

/** Thrown where values have no common type; the writer says of which column. */
class TypeConflict extends Error {}

/** Lays out predictions, block by block, with the types of the first block. */
export interface Layout {
  readonly columns: readonly WrittenColumn[]
  /** @throws TABLE_NOT_WRITABLE, PREDICTIONS_NO_TABLE */
  vectors(batch: Batch): { readonly rows: number; readonly vectors: readonly Vector[] }
}

/**
 * Takes the types from the first block.
 *
 * @throws TABLE_NOT_WRITABLE, PREDICTIONS_NO_TABLE
 */
export function layOut(first: Batch, format: string): Layout {
  const columns = frameOf(first).columns.map((column) => ({
    name: String(column.name),
    type: guarded(column, format, () => typeOfColumn(column)),
  }))
  const twice = columns.find(({ name }, at) => columns.findIndex((one) => one.name === name) !== at)
  if (twice !== undefined)
    throw new MlmodelError('TABLE_NOT_WRITABLE', { format, column: twice.name, why: 'there are two of that name' })
  return {
    columns,
    vectors(batch) {
      const frame = frameOf(batch)
      if (frame.columns.length !== columns.length)
        throw new MlmodelError('PREDICTIONS_NO_TABLE', { why: 'the number of outputs changes from block to block' })
      return {
        rows: frame.rows,
        vectors: frame.columns.map((column, at) => guarded(column, format, () => vectorOfColumn(column, columns[at]!.type))),
      }
    },
  }
}

function frameOf(batch: Batch): Frame {
  return toRows(batch) ?? toTable(batch)
}

function guarded<T>(column: Column, format: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof TypeConflict)
      throw new MlmodelError('TABLE_NOT_WRITABLE', { format, column: String(column.name), why: error.message })
    throw error
  }
}

function typeOfColumn(column: Column): WrittenType {
  switch (column.dtype) {
    case 'string':
      return { kind: 'text' }
    case 'bytes':
      return { kind: 'bytes' }
    case 'datetime64':
      return { kind: 'timestamp' }
    case 'object':
      return typeOfCells(column.values)
    default:
      return { kind: 'number', dtype: column.dtype }
  }
}

const nothing: WrittenType = { kind: 'null' }

function typeOfCells(cells: readonly Cell[]): WrittenType {
  return cells.reduce((type: WrittenType, cell) => (cell === null ? type : unify(type, typeOfCell(cell))), nothing)
}

function typeOfCell(cell: Cell): WrittenType {
  if (cell === null) return nothing
  if (typeof cell === 'string') return { kind: 'text' }
  if (typeof cell === 'boolean') return { kind: 'number', dtype: 'bool' }
  if (typeof cell === 'number') return { kind: 'number', dtype: 'float64' }
  if (typeof cell === 'bigint') {
    if (BigInt.asIntN(64, cell) !== cell) throw new TypeConflict('an integer is beyond 64 bits')
    return { kind: 'number', dtype: 'int64' }
  }
  if (cell instanceof Uint8Array) return { kind: 'bytes' }
  if (isMoment(cell)) return { kind: cell.kind === 'date' ? 'date' : 'timestamp' }
  if (isCellMap(cell)) return { kind: 'struct', fields: [...cell].map(([name, value]) => ({ name, type: typeOfCell(value) })) }
  if (!isTensor(cell)) return { kind: 'list', items: typeOfCells(cell as readonly Cell[]) }
  if (cell.dtype === 'complex64' || cell.dtype === 'complex128') throw new TypeConflict('complex numbers')
  const element = typeOfColumn({ name: '', dtype: cell.dtype, values: cell.values } as Column)
  return cell.shape.reduce<WrittenType>((type) => ({ kind: 'list', items: type }), element)
}

function unify(one: WrittenType, other: WrittenType): WrittenType {
  if (one.kind === 'null') return other
  if (other.kind === 'null') return one
  if (one.kind === 'number' && other.kind === 'number') {
    if (one.dtype === other.dtype) return one
    if (one.dtype !== 'bool' && other.dtype !== 'bool') return { kind: 'number', dtype: 'float64' }
  }
  if (one.kind === 'list' && other.kind === 'list') return { kind: 'list', items: unify(one.items, other.items) }
  if (one.kind === 'struct' && other.kind === 'struct') {
    const types = new Map(one.fields.map(({ name, type }) => [name, type]))
    for (const { name, type } of other.fields) types.set(name, unify(types.get(name) ?? nothing, type))
    return { kind: 'struct', fields: [...types].map(([name, type]) => ({ name, type })) }
  }
  if (one.kind !== other.kind || one.kind === 'number') throw new TypeConflict(`${nameOf(one)} beside ${nameOf(other)}`)
  return one
}

function nameOf(type: WrittenType): string {
  return type.kind === 'number' ? `a number (${type.dtype})` : `a ${type.kind}`
}

function vectorOfColumn(column: Column, type: WrittenType): Vector {
  const length = column.values.length
  if (column.dtype === 'object') return vectorOfCells(column.values, type)
  if (typeOfColumn(column).kind !== type.kind) throw new TypeConflict('its type changes from block to block')
  if (column.dtype === 'string')
    return { kind: 'text', length, validity: bitmapOf(length, (row) => column.values[row] != null), values: column.values }
  if (column.dtype === 'bytes')
    return { kind: 'bytes', length, validity: bitmapOf(length, (row) => column.values[row] != null), values: column.values }
  if (column.dtype === 'datetime64') {
    const values = column.values as BigInt64Array
    return {
      kind: 'timestamp',
      unit: 'ns',
      length,
      validity: bitmapOf(length, (row) => isValid(column.validity, row) && values[row] !== notATime),
      values,
    }
  }
  if (type.kind !== 'number' || type.dtype !== column.dtype) throw new TypeConflict('its type changes from block to block')
  return { kind: 'number', dtype: column.dtype, length, validity: column.validity, values: column.values }
}

function vectorOfCells(cells: readonly Cell[], type: WrittenType): Vector {
  const length = cells.length
  const validity = bitmapOf(length, (row) => cells[row] !== null && cells[row] !== undefined)
  const wrong = () => new TypeConflict('its type changes from block to block')
  switch (type.kind) {
    case 'null':
      if (cells.some((cell) => cell !== null)) throw wrong()
      return { kind: 'null', length }
    case 'text':
      if (cells.some((cell) => cell !== null && typeof cell !== 'string')) throw wrong()
      return { kind: 'text', length, validity, values: cells as readonly (string | null)[] }
    case 'bytes':
      if (cells.some((cell) => cell !== null && !(cell instanceof Uint8Array))) throw wrong()
      return { kind: 'bytes', length, validity, values: cells as readonly (Uint8Array | null)[] }
    case 'date':
      return {
        kind: 'date',
        length,
        validity,
        values: Int32Array.from(cells, (cell) => (isMoment(cell) ? Number(cell.nanoseconds / 86_400_000_000_000n) : 0)),
      }
    case 'timestamp': {
      const values = BigInt64Array.from(cells, (cell) => (isMoment(cell) ? cell.nanoseconds : notATime))
      return { kind: 'timestamp', unit: 'ns', length, validity: bitmapOf(length, (row) => values[row] !== notATime), values }
    }
    case 'number':
      return { kind: 'number', dtype: type.dtype, length, validity, values: numbers(cells, type.dtype, wrong) }
    case 'struct': {
      if (cells.some((cell) => cell !== null && !isCellMap(cell))) throw wrong()
      const known = new Set(type.fields.map(({ name }) => name))
      for (const cell of cells) if (isCellMap(cell)) for (const name of cell.keys()) if (!known.has(name)) throw wrong()
      const fields = type.fields.map((field) => ({
        name: field.name,
        vector: vectorOfCells(
          cells.map((cell) => (isCellMap(cell) ? (cell.get(field.name) ?? null) : null)),
          field.type,
        ),
      }))
      return { kind: 'struct', length, validity, fields }
    }
    case 'list':
      return listVector(cells, type.items, validity, wrong)
  }
}

function numbers(cells: readonly Cell[], dtype: NumericDtype, wrong: () => TypeConflict): NumericArray {
  const values = new arrayOfDtype[dtype](cells.length)
  for (const [row, cell] of cells.entries()) {
    if (cell === null) continue
    if (typeof cell !== 'number' && typeof cell !== 'bigint' && typeof cell !== 'boolean') throw wrong()
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
      if (typeof cell !== 'bigint') throw wrong()
      values[row] = cell
    } else values[row] = dtype === 'float16' ? numberToFloat16(Number(cell)) : Number(cell)
  }
  return values
}

function listVector(
  cells: readonly Cell[],
  type: WrittenType,
  validity: Uint8Array | undefined,
  wrong: () => TypeConflict,
): Vector {
  const length = cells.length
  const offsets = new Int32Array(length + 1)
  const arrays = cells.every((cell) => isTensor(cell ?? undefined) && (cell as { shape: readonly number[] }).shape.length === 1)
  if (arrays && type.kind === 'number' && cells.every((cell) => (cell as { dtype: string }).dtype === type.dtype)) {
    const parts = cells as readonly (Cell & { readonly values: NumericArray })[]
    for (const [row, { values }] of parts.entries()) offsets[row + 1] = offsets[row]! + values.length
    const values = new arrayOfDtype[type.dtype](offsets[length]!) as Float64Array
    for (const [row, part] of parts.entries()) values.set(part.values as Float64Array, offsets[row])
    return {
      kind: 'list',
      length,
      validity,
      offsets,
      items: { kind: 'number', dtype: type.dtype, length: values.length, values },
    }
  }
  const items: Cell[] = []
  for (const [row, cell] of cells.entries()) {
    if (cell !== null) {
      const list = isTensor(cell) ? rowsOf(cell) : cell
      if (!Array.isArray(list)) throw wrong()
      for (const item of list) items.push(item)
    }
    offsets[row + 1] = items.length
  }
  return { kind: 'list', length, validity, offsets, items: vectorOfCells(items, type) }
}

/** The items of an array along its first dimension, as cells. */
function rowsOf(tensor: Extract<Cell, { shape: unknown }>): Cell[] {
  const [count = 0, ...inner] = tensor.shape
  const size = inner.reduce((product, dimension) => product * dimension, 1)
  if (inner.length > 0)
    return Array.from(
      { length: count },
      (_, row) => ({ ...tensor, shape: inner, values: tensor.values.slice(row * size, (row + 1) * size) }) as Cell,
    )
  return Array.from(tensor.values as ArrayLike<Cell>, (value): Cell => {
    if (tensor.dtype === 'bool') return Number(value) === 1
    if (tensor.dtype === 'float16') return float16ToNumber(value as number)
    if (tensor.dtype === 'datetime64') return value === notATime ? null : { kind: 'datetime', nanoseconds: value as bigint }
    return /^u?int/.test(tensor.dtype) && typeof value === 'number' && tensor.dtype.endsWith('64') ? BigInt(value) : value
  })
}

/** Undefined where every value is there. */
function bitmapOf(length: number, there: (row: number) => boolean): Uint8Array | undefined {
  let bits: Uint8Array | undefined
  for (let row = 0; row < length; row++) {
    if (there(row)) continue
    bits ??= new Uint8Array((length + 7) >> 3).fill(255)
    bits[row >> 3]! &= ~(1 << (row & 7))
  }
  return bits
}
