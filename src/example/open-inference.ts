/**
 * Bodies of the Open Inference Protocol (v2): a tensor for each column or array, values in row-major order. Content types are
 * those of MLServer, which other servers ignore.
 *
 * @see github.com/kserve/open-inference-protocol, inference_rest.md
 */
import { type Batch, type Cell, type CellMap, type Column, isTensor, isValid, type Tensor } from '../batch.ts'
import { type Dtype, dtypes, notATime } from '../dtype.ts'
import { cellAt, type ValueDtype } from '../enforce/values.ts'
import { MlmodelError } from '../errors/index.ts'
import { isoMoment } from '../json/write.ts'

/**
 * Turns data that has passed enforcement into a request.
 *
 * @param params become parameters of the request
 * @throws EXAMPLE_NO_FORM for lists and objects in columns, and for complex numbers
 */
export function openInferenceRequest(data: Batch, params: CellMap | undefined): CellMap {
  const contentType = data.kind === 'frame' ? 'pd' : 'np'
  const parameters = new Map<string, Cell>([['content_type', contentType], ...(params ?? [])])
  return new Map<string, Cell>([
    ['parameters', parameters],
    ['inputs', inputsOf(data)],
  ])
}

function inputsOf(data: Batch): readonly Cell[] {
  switch (data.kind) {
    case 'frame':
      return data.columns.map((column, index) =>
        columnInput(column, typeof column.name === 'number' ? `input-${index}` : column.name, data.rows),
      )
    case 'array':
      return [tensorInput(data.tensor, 'input-0')]
    case 'named':
      return [...data.items].map(([name, item]) => {
        if (!isTensor(item)) throw noForm(`\`${name}\`, which is no array`)
        return tensorInput(item, name)
      })
    case 'value':
      throw noForm('a request of language models')
  }
}

/** A column is a matrix of one column, as MLServer wants it; servers that know the signature take it as a vector too. */
function columnInput(column: Column, name: string, rows: number): Cell {
  if (column.dtype === 'object') throw noForm(`\`${name}\`, a column of lists or objects`)
  const validity = 'validity' in column ? column.validity : undefined
  const cells = Array.from({ length: rows }, (_, row) =>
    isValid(validity, row) ? cellAt(column.dtype as ValueDtype, column.values, row) : null,
  )
  return input(name, [rows, 1], column.dtype, cells)
}

function tensorInput(tensor: Tensor, name: string): Cell {
  const { dtype } = tensor
  if (dtype === 'complex64' || dtype === 'complex128') throw noForm(`\`${name}\`, complex numbers`)
  const cells = Array.from({ length: tensor.values.length }, (_, index) => cellAt(dtype, tensor.values, index))
  if (dtype === 'object' && !cells.every((cell) => typeof cell === 'string' || cell === null))
    throw noForm(`\`${name}\`, an array of objects`)
  return input(name, tensor.shape, dtype === 'object' ? 'string' : dtype, cells)
}

function input(name: string, shape: readonly number[], dtype: Dtype, cells: readonly Cell[]): Cell {
  const contentType = { string: 'str', bytes: 'base64', datetime64: 'datetime' }[dtype as string]
  return new Map<string, Cell>([
    ['name', name],
    ['shape', shape.map(BigInt)],
    ['datatype', dtypes[dtype].openInference ?? 'BYTES'],
    ...(contentType === undefined ? [] : [['parameters', new Map([['content_type', contentType]])] as [string, Cell]]),
    ['data', cells.map(element)],
  ])
}

/** JSON has no NaN; bytes are base64 in one line. */
function element(cell: Cell): Cell {
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('base64')
  if (typeof cell === 'object' && cell !== null && 'nanoseconds' in cell)
    return cell.nanoseconds === notATime ? null : isoMoment(cell)
  return cell
}

function noForm(what: string): MlmodelError {
  return new MlmodelError('EXAMPLE_NO_FORM', { protocol: 'open-inference', what })
}
