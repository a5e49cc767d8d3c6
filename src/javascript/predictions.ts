/** Predictions for a caller in JavaScript: typed columns, rows of plain values, or MLflow's JSON. */
import { type Batch, type Column, type Frame, isTensor, isValid, type Tensor } from '../batch.ts'
import { toRows } from '../data/prediction-table.ts'
import { writePredictions } from '../data/reply.ts'
import { MlmodelError } from '../errors/index.ts'
import { elementReader, type Int64, javascriptOf, nestedList, objectOf } from './cell.ts'
import type { TensorOutput } from './tensor.ts'

/** What a model answered. `Row` is what {@link Predictions.rows} gives for each row. */
export class Predictions<Row = Record<string, unknown>> implements Iterable<Row> {
  /** The answer in this library's own form: a frame, an array, named arrays, or a plain value. */
  readonly batch: Batch
  readonly #int64: Int64

  /** @param int64 - `number` (default) gives an int64 as a number where that is exact; `bigint` always as a bigint */
  constructor(batch: Batch, int64: Int64 = 'number') {
    this.batch = batch
    this.#int64 = int64
  }

  /** The outputs by name, in order; none where the model answers one array or value without a name. */
  get names(): readonly string[] {
    if (this.batch.kind === 'frame') return this.batch.columns.map(({ name }) => String(name))
    return this.batch.kind === 'named' ? [...this.batch.items.keys()] : []
  }

  /** The number of rows: of the table, or the first dimension of the first array; 1 for a single value. */
  get length(): number {
    const { batch } = this
    if (batch.kind === 'frame') return batch.rows
    if (batch.kind === 'value') return Array.isArray(batch.value) ? batch.value.length : 1
    const first = batch.kind === 'array' ? batch.tensor : [...batch.items.values()][0]
    if (first === undefined) return 0
    return isTensor(first) ? (first.shape[0] ?? 1) : Array.isArray(first) ? first.length : 1
  }

  /**
   * One output with its typed array: no copy, `int64` as a BigInt64Array. A column of a table has rank 1; its missing
   * values are NaN, NaT or null where the type has one, else see `batch`. Without a name: the only output.
   *
   * @throws PREDICTION_ABSENT for a name that is not there, or none where there are several
   */
  output(name?: string): TensorOutput {
    const { batch } = this
    if (batch.kind === 'array' && name === undefined) return outputOf(batch.tensor)
    const names = this.names
    const wanted = name ?? (names.length === 1 ? names[0] : undefined)
    if (batch.kind === 'frame') {
      const column = batch.columns.find((candidate) => String(candidate.name) === wanted)
      if (column !== undefined) return { dtype: column.dtype, shape: [column.values.length], data: column.values }
    }
    if (batch.kind === 'named' && wanted !== undefined) {
      const item = batch.items.get(wanted)
      if (isTensor(item)) return outputOf(item)
      if (Array.isArray(item)) return { dtype: 'object', shape: [item.length], data: item }
    }
    throw new MlmodelError('PREDICTION_ABSENT', { name, names })
  }

  /**
   * A value for each row: an object of the outputs by name (a list where an output has several dimensions), or for one
   * array without a name its element or list. A datetime is a Date, NaT and other missing values null, NaN stays NaN.
   *
   * @throws PREDICTIONS_NO_TABLE when the outputs have not all a row for each row of input; see {@link output}
   */
  rows(): Row[] {
    const { batch } = this
    const int64 = this.#int64
    if (batch.kind === 'array') return rowsOfTensor(batch.tensor, int64) as Row[]
    if (batch.kind === 'value') {
      const value = javascriptOf(batch.value, int64)
      return (Array.isArray(value) ? value : [value]) as Row[]
    }
    const frame = toRows(batch)
    if (frame === undefined)
      throw new MlmodelError('PREDICTIONS_NO_TABLE', { why: 'the outputs have not all a row for each row of input' })
    return rowsOfFrame(frame, int64) as Row[]
  }

  [Symbol.iterator](): Iterator<Row> {
    return this.rows()[Symbol.iterator]()
  }

  /** What MLflow's scoring server would answer: `{"predictions": …}`, to the letter. */
  json(): string {
    return writePredictions(this.batch, { wrap: true }).toString('latin1')
  }

  /** For JSON.stringify: the rows. A bigint (an int64 beyond 2^53) is refused by it; {@link json} writes everything. */
  toJSON(): readonly Row[] {
    return this.rows()
  }
}

function outputOf({ dtype, shape, values }: Tensor): TensorOutput {
  return { dtype, shape, data: values }
}

function rowsOfTensor(tensor: Tensor, int64: Int64): unknown[] {
  const whole = nestedList(tensor, int64)
  return Array.isArray(whole) && tensor.shape.length > 0 ? whole : [whole]
}

function rowsOfFrame(frame: Frame, int64: Int64): Record<string, unknown>[] {
  const columns = frame.columns.map((column) => [String(column.name), columnReader(column, int64)] as const)
  return Array.from({ length: frame.rows }, (_, row) => objectOf(columns.map(([name, read]) => [name, read(row)])))
}

function columnReader(column: Column, int64: Int64): (row: number) => unknown {
  const read = elementReader(column.dtype, column.values, int64)
  const validity = 'validity' in column ? column.validity : undefined
  return validity === undefined ? read : (row) => (isValid(validity, row) ? read(row) : null)
}
