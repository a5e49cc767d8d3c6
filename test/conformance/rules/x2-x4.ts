/** CSV where MLflow refuses the signature's types: X2 (a datetime column) and X4 (tensors). */
import { type Atom, type Canonical, type CanonicalTensor, settle } from '../canonical.ts'
import { floatOfText, isoMoment, refuse, type Used } from '../convert.ts'
import { dtypeOfScalar, floatBits, integerRange, roundTo, type Scalar, type Spec, type TensorSpec } from '../spec.ts'
import { readTextTable, type TextTable } from '../text-table.ts'

/** Reads a CSV by the signature. */
export function readCsv(spec: Spec, text: string, used: Used): Canonical | undefined {
  const table = readTextTable(text)
  if (table === undefined || table.duplicateNames) return refuse('CSV')
  if (spec.kind === 'tensors') {
    used('X4')
    return readTensors(spec.tensors, table)
  }
  const columns = spec.columns.flatMap((column, position) => {
    const at = column.name === undefined ? position : table.names.indexOf(column.name)
    if (at < 0 || at >= table.names.length) return column.required ? refuse('missing column') : []
    if (column.type.kind !== 'scalar') return refuse('nested column')
    const cells = table.rows.map((row) => row[at]!)
    if (column.type.name === 'datetime') used('X2')
    return [
      settle(
        column.name ?? table.names[at]!,
        column.type.name === 'binary' ? 'object' : dtypeOfScalar[column.type.name],
        columnOf(column.type.name, cells),
      ),
    ]
  })
  return { kind: 'frame', rows: table.rows.length, columns }
}

function columnOf(type: Scalar, cells: readonly (string | null)[]): readonly Atom[] {
  switch (type) {
    case 'string':
    case 'binary':
      return cells
    case 'datetime':
      return cells.map((cell) => (cell === null ? { moment: null, date: false } : isoMoment(cell.trim())))
    case 'boolean':
      return booleans(cells) ?? cells.map((cell) => (cell === '1' || cell === '0' ? cell === '1' : refuse('boolean')))
    case 'integer':
    case 'long': {
      const spelled = booleans(cells)
      return spelled?.map((value) => ({ integer: value ? 1n : 0n })) ?? cells.map((cell) => integerOf(type, cell))
    }
    default: {
      const spelled = booleans(cells)
      return spelled?.map((value) => ({ float: value ? 1 : 0 })) ?? cells.map((cell) => floatOf(floatBits(type)!, cell, false))
    }
  }
}

/** A column of nothing but pandas' words for true and false; undefined for any other. */
function booleans(cells: readonly (string | null)[]): readonly boolean[] | undefined {
  const spelled = cells.map((cell) =>
    cell === null || !/^(true|True|TRUE|false|False|FALSE)$/.test(cell) ? undefined : cell.toLowerCase() === 'true',
  )
  return spelled.length > 0 && spelled.every((value) => value !== undefined) ? spelled : undefined
}

function integerOf(type: string, cell: string | null): Atom {
  if (cell === null) return refuse('missing integer')
  const text = cell.trim()
  const float = floatOfText(text)
  const integer = /^[-+]?\d+$/.test(text)
    ? BigInt(text.replace(/^\+/, ''))
    : float !== undefined && Number.isInteger(float.float) && !text.includes('_')
      ? BigInt(float.float)
      : refuse('integer')
  const [lowest, highest] = integerRange(type)!
  return integer >= lowest && integer <= highest ? { integer } : refuse('range')
}

/** `exact`: only a value that the type holds (X4, where only a float64 for float32 is rounded). */
function floatOf(bits: 16 | 32 | 64, cell: string | null, exact: boolean): Atom {
  if (cell === null) return { float: Number.NaN }
  const read = cell.includes('_') ? undefined : floatOfText(cell)
  if (read === undefined || read.beyond) return refuse('float')
  const rounded = roundTo(bits, read.float)
  if (Number.isFinite(read.float) && !Number.isFinite(rounded)) return refuse('range')
  return exact && !Object.is(rounded, read.float) && !Number.isNaN(read.float) ? refuse('inexact') : { float: rounded }
}

/** X4: one tensor takes the matrix, names aside; several take a column each, by name. */
function readTensors(specs: readonly TensorSpec[], table: TextTable): Canonical {
  const every = table.names.map((_, column) => column)
  if (specs.length === 1) {
    const spec = specs[0]!
    const tensor = tensorOf(spec, table, every)
    return spec.name === undefined ? tensor : { kind: 'named', items: [[spec.name, tensor]] }
  }
  return {
    kind: 'named',
    items: specs.map((spec) => {
      const column = table.names.indexOf(spec.name!)
      return [spec.name!, column < 0 ? refuse('missing column') : tensorOf(spec, table, [column])] as const
    }),
  }
}

function tensorOf(spec: TensorSpec, table: TextTable, columns: readonly number[]): CanonicalTensor {
  const shape = spec.shape.length === 1 && columns.length === 1 ? [table.rows.length] : [table.rows.length, columns.length]
  if (shape.length !== spec.shape.length || spec.shape.some((size, axis) => size !== -1 && size !== shape[axis]))
    return refuse('shape')
  const byColumn = columns.map((column) => elementsOf(spec.dtype, table, column))
  const values = table.rows.flatMap((_, row) => byColumn.map((cells) => cells[row]!))
  const { dtype, values: held } = settle('', spec.dtype, values)
  return { kind: 'tensor', dtype, shape, values: held }
}

function elementsOf(dtype: string, table: TextTable, column: number): readonly Atom[] {
  const cells = table.rows.map((row) => row[column]!)
  if (dtype === 'bool') return columnOf('boolean', cells)
  if (integerRange(dtype) !== undefined)
    return booleans(cells)?.map((value) => ({ integer: value ? 1n : 0n })) ?? cells.map((cell) => integerOf(dtype, cell))
  const bits = floatBits(dtype)
  if (bits !== undefined)
    return booleans(cells)?.map((value) => ({ float: value ? 1 : 0 })) ?? cells.map((cell) => floatOf(bits, cell, bits === 16))
  if (dtype.startsWith('datetime64')) return columnOf('datetime', cells)
  return dtype === 'str' || dtype === 'object' ? cells : refuse(dtype)
}
