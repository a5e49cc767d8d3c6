/** The predictions as tensors of the protocol, under the names that the metadata says. */
import { type Batch, type Cell, type Column, isTensor, isValid, type NumericTensor, type Tensor } from '../../batch.ts'
import { arrayOfDtype, type NumericArray, notATime } from '../../dtype.ts'
import { MlmodelError } from '../../errors/index.ts'
import { isoMoment } from '../../json/write.ts'
import { writeJsonValue } from '../../json.ts'
import type { Model } from '../../model.ts'
import { type ColumnSpec, specsOf, type TensorSpec } from '../../signature.ts'
import { outputName } from './metadata.ts'
import type { RequestedOutput } from './request.ts'

/** An output as it is written: numbers in a typed array, or texts (null where one is missing). */
export interface Output {
  readonly name: string
  readonly tensor: Tensor
  /** Whether its elements stand behind the JSON. */
  readonly binary: boolean
}

/**
 * The outputs that were asked for, or all.
 *
 * @param binary - what those that were not asked for by name are
 * @throws OIP_OUTPUT, OIP_NO_FORM
 */
export function outputsOf(
  predictions: Batch,
  model: Model,
  requested: readonly RequestedOutput[] | undefined,
  binary: boolean,
): readonly Output[] {
  const outputs = namedOutputs(predictions, model)
  const chosen = requested?.map((one) => ({ ...one, tensor: findOutput(outputs, one.name) }))
  return (chosen ?? outputs.map((output) => ({ ...output, binary }))).map((output) => ({
    ...output,
    tensor: protocolTensor(output.tensor),
  }))
}

interface Named {
  readonly name: string
  readonly tensor: Tensor
}

/** MLServer calls the only output of a model `output-1`, whatever its metadata says. */
function findOutput(outputs: readonly Named[], name: string): Tensor {
  const found = outputs.find((output) => output.name === name)
  if (found !== undefined) return found.tensor
  if (outputs.length === 1 && name === 'output-1') return outputs[0]!.tensor
  throw new MlmodelError('OIP_OUTPUT', { name, known: outputs.map((output) => output.name) }, { where: { path: '$.outputs' } })
}

/** The predictions as tensors, under the signature's names where it has one for each. */
function namedOutputs(predictions: Batch, { signature }: Model): readonly Named[] {
  const tensors = tensorsOfBatch(predictions)
  const specs = signature?.outputs === undefined ? [] : specsOf(signature.outputs)
  if (specs.length !== tensors.length)
    return tensors.map(({ name, tensor }, index) => ({ name: name ?? `output-${index}`, tensor }))
  return tensors.map(({ tensor }, index) => ({ name: outputName(specs[index]!, index), tensor: shapedAs(tensor, specs[index]!) }))
}

/** A column of a table is a vector, and the signature may call it a matrix: the reply is as the metadata says. */
function shapedAs(column: Tensor, spec: ColumnSpec | TensorSpec): Tensor {
  const tensor = spec.kind === 'tensor' && column.dtype === 'object' ? typedAs(column, spec) : column
  if (spec.kind !== 'tensor' || tensor.shape.length !== 1 || spec.shape.length < 2) return tensor
  const [rows] = tensor.shape
  return spec.shape.slice(1).every((size) => size === 1)
    ? { ...tensor, shape: [rows!, ...spec.shape.slice(1).map(() => 1)] }
    : tensor
}

/** Python's numbers back in the type they had in the model's output; unchanged where one would become another. */
function typedAs(tensor: Tensor, { dtype }: TensorSpec): Tensor {
  if (dtype !== 'float32' && dtype !== 'float64') return tensor
  const cells = tensor.values as readonly Cell[]
  const isExact = (cell: Cell): boolean => typeof cell === 'number' && (dtype === 'float64' || Object.is(Math.fround(cell), cell))
  if (!cells.every(isExact)) return tensor
  return { dtype, shape: tensor.shape, values: arrayOfDtype[dtype].from(cells as readonly number[]) } as Tensor
}

function tensorsOfBatch(batch: Batch): readonly { readonly name: string | undefined; readonly tensor: Tensor }[] {
  switch (batch.kind) {
    case 'frame':
      return batch.columns.map((column) => ({
        name: typeof column.name === 'number' ? undefined : column.name,
        tensor: tensorOfColumn(column, batch.rows),
      }))
    case 'array':
      return [{ name: undefined, tensor: batch.tensor }]
    case 'named':
      return [...batch.items].map(([name, item]) => ({ name, tensor: isTensor(item) ? item : tensorOfCell(item) }))
    case 'value':
      return [{ name: undefined, tensor: tensorOfCell(batch.value) }]
  }
}

function tensorOfColumn(column: Column, rows: number): Tensor {
  const shape = [rows]
  if (column.dtype === 'object') return matrixOf(column.values as readonly Cell[])
  if (column.dtype === 'string' || column.dtype === 'bytes')
    return { dtype: 'object', shape, values: column.values as readonly Cell[] }
  if (column.validity === undefined) return { dtype: column.dtype, shape, values: column.values }
  const { validity, values } = column
  return {
    dtype: 'object',
    shape,
    values: Array.from({ length: rows }, (_, row) => (isValid(validity, row) ? (values[row] as number | bigint) : null)),
  }
}

/** Arrays of one type and shape, or lists of numbers of one length, are the rows of a matrix, which is what they were in the model. */
function matrixOf(rows: readonly Cell[]): Tensor {
  const [first] = rows
  if (isTensor(first) && rows.every((row) => isRowLike(row, first))) return stacked(rows as readonly NumericTensor[])
  let values = rows
  const shape = [rows.length]
  while (values.length > 0 && values.every((cell) => Array.isArray(cell))) {
    const lists = values as readonly (readonly Cell[])[]
    const length = lists[0]!.length
    if (lists.some((list) => list.length !== length)) break
    shape.push(length)
    values = lists.flat()
  }
  const isRegular =
    shape.length === 1 ||
    values.every((cell) => typeof cell === 'number' || typeof cell === 'bigint' || typeof cell === 'boolean')
  return isRegular ? { dtype: 'object', shape, values } : { dtype: 'object', shape: [rows.length], values: rows }
}

function isRowLike(row: Cell, first: Tensor): boolean {
  const isNumeric = isTensor(row) && Object.hasOwn(arrayOfDtype, row.dtype)
  return isNumeric && row.dtype === first.dtype && row.shape.join() === first.shape.join()
}

function stacked(rows: readonly NumericTensor[]): Tensor {
  const [{ dtype, shape, values: first }] = rows as readonly [NumericTensor]
  const values = new arrayOfDtype[dtype](rows.length * first.length) as NumericArray
  for (const [index, row] of rows.entries()) values.set(row.values as never, index * first.length)
  return { dtype, shape: [rows.length, ...shape], values } as Tensor
}

function tensorOfCell(cell: Cell): Tensor {
  return Array.isArray(cell) ? matrixOf(cell as readonly Cell[]) : { dtype: 'object', shape: [], values: [cell] }
}

/** A tensor as the protocol has it: numbers in a typed array, or texts (null where one is missing). */
function protocolTensor(tensor: Tensor): Tensor {
  if (tensor.dtype === 'complex64' || tensor.dtype === 'complex128')
    throw new MlmodelError('OIP_NO_FORM', { what: 'complex numbers' })
  const { shape } = tensor
  if (tensor.dtype === 'datetime64') {
    const times = Array.from(tensor.values as BigInt64Array, (nanoseconds) =>
      nanoseconds === notATime ? null : isoMoment({ kind: 'datetime', nanoseconds }),
    )
    return { dtype: 'string', shape, values: times }
  }
  if (!Array.isArray(tensor.values)) return tensor
  const cells = tensor.values as readonly Cell[]
  // Cells that are all numbers of one sort, as MLflow's lists of Python numbers are.
  if (cells.length > 0 && cells.every((cell) => typeof cell === 'bigint' && BigInt.asIntN(64, cell) === cell))
    return { dtype: 'int64', shape, values: BigInt64Array.from(cells as readonly bigint[]) }
  if (cells.length > 0 && cells.every((cell) => typeof cell === 'boolean'))
    return { dtype: 'bool', shape, values: Uint8Array.from(cells, Number) }
  if (cells.length > 0 && cells.every((cell) => typeof cell === 'number'))
    return { dtype: 'float64', shape, values: Float64Array.from(cells as readonly number[]) }
  return { dtype: 'string', shape, values: cells.map(textOfCell) }
}

function textOfCell(cell: Cell): string | null {
  if (cell === null || typeof cell === 'string') return cell
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('base64')
  return writeJsonValue(cell)
}
