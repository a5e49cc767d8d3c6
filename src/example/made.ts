/** A request made up from a signature: one row, or one value along every free dimension. */
import { type Cell, type CellMap, elementCount, isMoment } from '../batch.ts'
import type { DataType, Dtype } from '../dtype.ts'
import { readRequest } from '../enforce/request.ts'
import { MlmodelError } from '../errors/index.ts'
import { isoMoment } from '../json/write.ts'
import { writeJsonValue } from '../json.ts'
import { type ParamSpec, type Schema, type Signature, specNames, type TensorSpec, type ValueType } from '../signature.ts'

/** Values of a request; more serve nobody as an example. */
const mostElements = 1_000_000

const scalarCells: Readonly<Record<DataType, Cell>> = {
  boolean: true,
  integer: 1n,
  long: 1n,
  float: 0.5,
  double: 0.5,
  string: 'text',
  binary: Buffer.from('bytes').toString('base64'),
  datetime: '2026-01-01T00:00:00',
}

/**
 * Makes a body of MLflow's scoring protocol that enforcement accepts, with every param at its default.
 *
 * @throws EXAMPLE_TOO_LARGE; EXAMPLE_NOT_MADE with the reason of the first form, where no form of the body is accepted
 */
export function makeRequest(signature: Signature, isSignatureFromTypeHint: boolean): CellMap {
  let reason: string | undefined
  let second: CellMap | undefined
  for (const form of formsOf(signature.inputs, isSignatureFromTypeHint)) {
    const body = new Map([...form, ...paramsEntry(signature.params)])
    const refused = (['strict', 'compat'] as const).map((mode) => refusal(body, signature, isSignatureFromTypeHint, mode))
    if (refused.every((why) => why === undefined)) return body
    // Strict mode takes some types that MLflow cannot be given at all.
    if (refused[0] === undefined) second ??= body
    reason ??= refused[0] ?? refused[1]
  }
  if (second !== undefined) return second
  throw new MlmodelError('EXAMPLE_NOT_MADE', { why: reason ?? 'it says nothing of the inputs' })
}

/** Why a body is refused; undefined where it is not. */
export function refusal(
  body: Cell,
  signature: Signature | undefined,
  isSignatureFromTypeHint: boolean,
  mode: 'strict' | 'compat',
): string | undefined {
  try {
    const bytes = Buffer.from(writeJsonValue(body))
    readRequest(bytes, 'application/json', signature, { mode, schemaFlags: { isSignatureFromTypeHint } })
    return undefined
  } catch (error) {
    if (error instanceof MlmodelError) return error.message
    throw error
  }
}

/** The forms a body can have, the plainest first. */
function formsOf(schema: Schema | undefined, isTypeHint: boolean): readonly CellMap[] {
  if (schema === undefined) return []
  if (schema.kind === 'tensors') return tensorForms(schema.tensors)
  const cells = schema.columns.map(({ type }) => makeCell(type))
  const isNamed = schema.columns[0]!.name !== undefined
  const names = specNames(schema)
  const row: Cell = isNamed
    ? new Map(cells.map((cell, index) => [String(names[index]), cell]))
    : cells.length === 1
      ? cells[0]!
      : cells
  const inputs = entry('inputs', [row])
  if (isTypeHint) return [inputs, entry('inputs', row)]
  const columns = isNamed ? [['columns', names.map((name) => (typeof name === 'number' ? BigInt(name) : name))] as const] : []
  const split = entry('dataframe_split', new Map<string, Cell>([...columns, ['data', [cells]]]))
  const lists = isNamed
    ? entry('inputs', new Map(cells.map((cell, index) => [String(names[index]), [cell]])))
    : entry('inputs', cells)
  return [split, entry('dataframe_records', [row]), inputs, lists, entry('inputs', row), entry('instances', [row])]
}

function tensorForms(tensors: readonly TensorSpec[]): readonly CellMap[] {
  const sizes = tensors.map(({ shape }) => shape.map((size) => (size === null || size < 0 ? 1 : size)))
  const elements = sizes.reduce((sum, shape) => sum + elementCount(shape), 0)
  if (elements > mostElements) throw new MlmodelError('EXAMPLE_TOO_LARGE', { elements, limit: mostElements })
  const values = tensors.map(({ dtype }, index) => nest(sizes[index]!, elementCell(dtype)))
  if (tensors[0]!.name === undefined) return [entry('inputs', values[0]!), entry('instances', values[0]!)]
  const named = new Map(tensors.map(({ name }, index) => [String(name), values[index]!]))
  return [entry('inputs', named), entry('instances', named), ...(tensors.length === 1 ? [entry('inputs', values[0]!)] : [])]
}

function nest(shape: readonly number[], cell: Cell): Cell {
  return shape.reduceRight<Cell>((inner, size) => Array.from({ length: size }, () => inner), cell)
}

function elementCell(dtype: Dtype | undefined): Cell {
  if (dtype === 'bool') return true
  if (dtype === 'datetime64') return scalarCells.datetime
  if (dtype === 'string' || dtype === 'bytes' || dtype === 'object') return 'text'
  return dtype?.includes('int') === true ? 1n : 0.5
}

function makeCell(type: ValueType): Cell {
  switch (type.kind) {
    case 'scalar':
      return scalarCells[type.dataType]
    case 'array':
      return [makeCell(type.items)]
    case 'sparkml_vector':
      return [0.5]
    case 'map':
      return new Map([['key', makeCell(type.values)]])
    case 'object':
      return new Map(type.properties.map((property) => [property.name, makeCell(property.type)]))
    case 'any':
      return 'text'
  }
}

function paramsEntry(params: readonly ParamSpec[] | undefined): readonly (readonly [string, Cell])[] {
  if (params === undefined || params.length === 0) return []
  return [['params', new Map(params.map((param) => [param.name, plain(param.default)]))]]
}

/** Dates as the texts they were. */
function plain(cell: Cell): Cell {
  if (isMoment(cell)) return isoMoment(cell)
  return Array.isArray(cell) ? (cell as readonly Cell[]).map(plain) : cell
}

function entry(key: string, value: Cell): CellMap {
  return new Map([[key, value]])
}
