/**
 * Predictions as a table, and blocks of predictions joined: what CSV, JSON Lines and NPY need, which know nothing of
 * MLflow's nested replies.
 */
import { type Batch, type Cell, type Column, elementCount, type Frame, isCellMap, isTensor, type Tensor } from '../batch.ts'
import { arrayOfDtype, type NumericArray } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'

/**
 * Lays predictions out as columns, a row for each row of input. An output of rank 2 becomes a column for each of its
 * columns (`name_0`, `name_1`, …), a list of maps (a classifier's ZipMap) a column for each key (`name_key`).
 *
 * @throws PREDICTIONS_NO_TABLE when outputs differ in length or have more than two dimensions
 */
export function toTable(batch: Batch): Frame {
  if (batch.kind === 'frame') {
    const columns = batch.columns.flatMap((column) =>
      column.dtype === 'object' ? spreadCells(String(column.name), column.values) : [column],
    )
    return { kind: 'frame', rows: batch.rows, columns }
  }
  if (batch.kind === 'array') return tableOf(spreadTensor('', batch.tensor))
  if (batch.kind === 'named') {
    return tableOf(
      [...batch.items].flatMap(([name, item]) =>
        isTensor(item) ? spreadTensor(name, item) : spreadCells(name, asList(name, item)),
      ),
    )
  }
  throw new MlmodelError('PREDICTIONS_NO_TABLE', { why: 'they are no columns of equal length' })
}

/**
 * Lays named arrays out as a table with one column for each output, a cell holding the row of an output of several
 * dimensions.
 *
 * @returns undefined when the outputs have not all a row for each row of input
 */
export function toRows(batch: Batch): Frame | undefined {
  if (batch.kind === 'frame') return batch
  if (batch.kind !== 'named') return undefined
  const columns: Column[] = []
  for (const [name, item] of batch.items) {
    if (Array.isArray(item)) columns.push({ name, dtype: 'object', values: item })
    else if (!isTensor(item) || item.shape.length === 0) return undefined
    else
      columns.push(
        item.shape.length === 1 ? columnOf(name, item, 0, 1, item.shape[0]!) : { name, dtype: 'object', values: rowsOf(item) },
      )
  }
  const rows = columns[0]?.values.length
  return rows !== undefined && columns.every((column) => column.values.length === rows)
    ? { kind: 'frame', rows, columns }
    : undefined
}

function rowsOf(tensor: Tensor): Tensor[] {
  const shape = tensor.shape.slice(1)
  const size = elementCount(shape) * (tensor.dtype.startsWith('complex') ? 2 : 1)
  return Array.from(
    { length: tensor.shape[0]! },
    (_, row) => ({ ...tensor, shape, values: tensor.values.slice(row * size, (row + 1) * size) }) as Tensor,
  )
}

function tableOf(columns: readonly Column[]): Frame {
  const rows = columns[0]?.values.length ?? 0
  const odd = columns.find((column) => column.values.length !== rows)
  if (odd !== undefined) {
    throw new MlmodelError('PREDICTIONS_NO_TABLE', {
      why: `\`${odd.name}\` has ${odd.values.length} values where \`${columns[0]!.name}\` has ${rows}`,
    })
  }
  return { kind: 'frame', rows, columns }
}

function asList(name: string, cell: Cell): readonly Cell[] {
  if (Array.isArray(cell)) return cell
  throw new MlmodelError('PREDICTIONS_NO_TABLE', { why: `\`${name}\` is no list` })
}

function spreadTensor(name: string, tensor: Tensor): Column[] {
  const { shape } = tensor
  if (shape.length > 2 || shape.length === 0) {
    throw new MlmodelError('PREDICTIONS_NO_TABLE', {
      why: `${name === '' ? 'the output' : `\`${name}\``} has ${shape.length} dimensions`,
    })
  }
  if (shape.length === 1) return [columnOf(name === '' ? 0 : name, tensor, 0, 1, shape[0]!)]
  const [rows, width] = shape as [number, number]
  return Array.from({ length: width }, (_, at) => columnOf(name === '' ? at : `${name}_${at}`, tensor, at, width, rows))
}

/** Every `step`-th value from `start` on, as a column. */
function columnOf(name: string | number, tensor: Tensor, start: number, step: number, rows: number): Column {
  const { dtype } = tensor
  if (dtype === 'complex64' || dtype === 'complex128')
    throw new MlmodelError('PREDICTIONS_NO_TABLE', { why: 'complex numbers have no text form' })
  if (dtype === 'string' || dtype === 'bytes' || dtype === 'object') {
    const values = Array.from({ length: rows }, (_, row) => tensor.values[start + row * step])
    return (dtype === 'string' ? { name, dtype, values, pandas: 'object' } : { name, dtype, values }) as Column
  }
  if (step === 1) return { name, dtype, values: tensor.values }
  const values = new arrayOfDtype[dtype](rows) as NumericArray
  for (let row = 0; row < rows; row++) values[row] = tensor.values[start + row * step]!
  return { name, dtype, values }
}

function spreadCells(name: string, cells: readonly Cell[]): Column[] {
  const first = cells[0]
  if (isCellMap(first)) {
    const keys = [...first.keys()]
    return keys.map((key) => {
      const values = cells.map((cell) => (isCellMap(cell) ? (cell.get(key) ?? null) : null))
      return typed(`${name}_${key}`, values)
    })
  }
  if (isTensor(first) && first.shape.length === 1) {
    return Array.from({ length: first.shape[0]! }, (_, at) =>
      typed(
        `${name}_${at}`,
        cells.map((cell) =>
          isTensor(cell) && !cell.dtype.startsWith('complex') ? ((cell.values as ArrayLike<Cell>)[at] ?? null) : null,
        ),
      ),
    )
  }
  if (Array.isArray(first)) {
    return first.map((_, at) =>
      typed(
        `${name}_${at}`,
        cells.map((cell) => (Array.isArray(cell) ? (cell[at] ?? null) : null)),
      ),
    )
  }
  return [typed(name, cells)]
}

/** Cells that are all floats become a column of floats: that is what a ZipMap holds. */
function typed(name: string, values: readonly Cell[]): Column {
  return values.every((value) => typeof value === 'number')
    ? { name, dtype: 'float64', values: Float64Array.from(values as readonly number[]) }
    : { name, dtype: 'object', values }
}

/**
 * Joins the predictions of consecutive blocks of rows.
 *
 * @throws PREDICTIONS_NO_TABLE when blocks differ in form (an output whose shape depends on the number of rows)
 */
export function joinBatches(batches: readonly Batch[]): Batch {
  const [first] = batches
  if (first === undefined) return { kind: 'frame', rows: 0, columns: [] }
  if (batches.length === 1) return first
  if (first.kind === 'frame') {
    const frames = batches.filter((batch) => batch.kind === 'frame')
    const columns = first.columns.map((column, at) => joinColumns(frames.map((frame) => frame.columns[at] ?? column)))
    return { kind: 'frame', rows: frames.reduce((rows, frame) => rows + frame.rows, 0), columns }
  }
  if (first.kind === 'array') {
    return { kind: 'array', tensor: joinTensors(batches.flatMap((batch) => (batch.kind === 'array' ? [batch.tensor] : []))) }
  }
  if (first.kind === 'named') {
    const items = new Map<string, Tensor | Cell>()
    for (const name of first.items.keys()) {
      const parts = batches.flatMap((batch) => (batch.kind === 'named' ? [batch.items.get(name) ?? null] : []))
      items.set(name, parts.every(isTensor) ? joinTensors(parts) : parts.flatMap((part) => asList(name, part as Cell)))
    }
    return { kind: 'named', items }
  }
  throw new MlmodelError('PREDICTIONS_NO_TABLE', { why: 'they are no columns of equal length' })
}

function joinColumns(parts: readonly Column[]): Column {
  const first = parts[0]!
  if (parts.some((part) => part.dtype !== first.dtype || ('validity' in part && part.validity !== undefined))) {
    throw new MlmodelError('PREDICTIONS_NO_TABLE', { why: `\`${first.name}\` changes its type from block to block` })
  }
  return { ...first, values: joinValues(parts.map((part) => part.values)) } as Column
}

function joinTensors(parts: readonly Tensor[]): Tensor {
  const first = parts[0]!
  const inner = first.shape.slice(1)
  const fits = (part: Tensor): boolean =>
    part.dtype === first.dtype &&
    part.shape.length === first.shape.length &&
    elementCount(part.shape.slice(1)) === elementCount(inner)
  if (first.shape.length === 0 || !parts.every(fits)) {
    throw new MlmodelError('PREDICTIONS_NO_TABLE', { why: 'an output has not a row for each row of input' })
  }
  const rows = parts.reduce((sum, part) => sum + part.shape[0]!, 0)
  return { ...first, shape: [rows, ...inner], values: joinValues(parts.map((part) => part.values)) } as unknown as Tensor
}

function joinValues(parts: readonly (NumericArray | readonly unknown[])[]): NumericArray | unknown[] {
  if (Array.isArray(parts[0])) return (parts as readonly (readonly unknown[])[]).flat()
  const arrays = parts as readonly NumericArray[]
  const length = arrays.reduce((sum, part) => sum + part.length, 0)
  const joined = new (arrays[0]!.constructor as new (length: number) => NumericArray)(length)
  let at = 0
  for (const part of arrays) {
    joined.set(part as never, at)
    at += part.length
  }
  return joined
}

/**
 * Makes one array of predictions, for NPY: a single output as it is, columns of one number type side by side.
 *
 * @throws NPY_NOT_WRITABLE when there are several outputs of different types or shapes
 */
export function toArray(batch: Batch): Tensor {
  if (batch.kind === 'array') return batch.tensor
  if (batch.kind === 'named' && batch.items.size === 1) {
    const [item] = batch.items.values()
    if (isTensor(item)) return item
  }
  const { columns, rows } = toTable(batch)
  const first = columns[0]
  if (first === undefined) throw new MlmodelError('NPY_NOT_WRITABLE', { why: 'there are no outputs' })
  columns.forEach(refuseMissing)
  if (columns.length === 1) return { ...first, shape: [rows] } as unknown as Tensor
  if (columns.some((column) => column.dtype !== first.dtype) || Array.isArray(first.values)) {
    const dtypes = [...new Set(columns.map(({ dtype }) => dtype))]
    throw new MlmodelError('NPY_NOT_WRITABLE', { why: `one array cannot hold outputs of ${dtypes.join(' and ')}` })
  }
  const values = new (first.values.constructor as new (length: number) => NumericArray)(rows * columns.length)
  columns.forEach((column, at) => {
    for (let row = 0; row < rows; row++) values[row * columns.length + at] = column.values[row] as number
  })
  return { dtype: first.dtype, shape: [rows, columns.length], values } as unknown as Tensor
}

/**
 * Makes arrays by name of predictions, for NPZ: outputs as they are, columns one by one; a single output without a name is
 * `output`.
 *
 * @throws NPY_NOT_WRITABLE where an output is no array
 */
export function toArrays(batch: Batch): Map<string, Tensor> {
  if (batch.kind === 'array') return new Map([['output', batch.tensor]])
  if (batch.kind === 'named' && [...batch.items.values()].every(isTensor)) return batch.items as Map<string, Tensor>
  const { columns, rows } = toTable(batch)
  return new Map(
    columns.map((column) => {
      refuseMissing(column)
      return [String(column.name), { ...column, shape: [rows] } as unknown as Tensor]
    }),
  )
}

/** NumPy's integers cannot be missing. */
function refuseMissing(column: Column): void {
  if ('validity' in column && column.validity !== undefined)
    throw new MlmodelError('NPY_NOT_WRITABLE', { why: `a value of \`${column.name}\` is missing` })
}
