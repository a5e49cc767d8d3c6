/** The Open Inference Protocol in the runner: tensors to the data of the signature, predictions to tensors. */
import { type Batch, type Cell, type Column, type Frame, isTensor, isValid, type Tensor } from '../../batch.ts'
import { float16ToNumber, notATime } from '../../dtype.ts'
import { decodeBase64, isBase64 } from '../../enforce/base64.ts'
import { enforceBody, enforceParams, enforceTyped } from '../../enforce/index.ts'
import { fullMessage, MlmodelError } from '../../errors/index.ts'
import { isoMoment } from '../../json/write.ts'
import { parseJson, writeJsonValue } from '../../json.ts'
import type { Model } from '../../model.ts'
import { type ColumnSchema, type ColumnSpec, specNames, specsOf, type TensorSchema } from '../../signature.ts'
import type { Scoring, Written } from '../scoring.ts'
import { inputName, outputName } from './metadata.ts'
import { headerLength, type InferenceInput, type InferenceRequest, readInferenceRequest } from './request.ts'
import { datatypeOf, decodeText, writeBinaryTensor } from './tensor-data.ts'

export const openInferenceScoring: Scoring = {
  read(call, model) {
    const request = readInferenceRequest(call)
    const { data, warnings } = enforceTyped(batchOf(request, model), model.signature, model.mode)
    const params = enforceParams(paramsOf(request, model), model.signature, model.mode)
    return {
      data,
      params: params.params,
      losses: warnings.length + params.warnings.length,
      request: { ...request, inputs: [], name: call.details?.['model'], version: call.details?.['version'] } satisfies Answering,
    }
  },
  write: (predictions, job, model) => writeResponse(predictions, job.request as Answering, model),
  fail(error) {
    const status = error.info.httpStatus
    return jsonBody(status, { error: fullMessage(error), code: error.code, ...(error.where.path && { path: error.where.path }) })
  },
}

/** What the reply repeats of the request. */
interface Answering extends InferenceRequest {
  readonly name: string | undefined
  readonly version: string | undefined
}

/** Parameters of the request that the signature has; the others are the protocol's, or its clients'. */
function paramsOf({ parameters }: InferenceRequest, { signature }: Model): Cell | undefined {
  const known = (signature?.params ?? []).filter(({ name }) => parameters.has(name))
  return known.length === 0 ? undefined : new Map(known.map(({ name }) => [name, parameters.get(name)!]))
}

function batchOf(request: InferenceRequest, { signature }: Model): Batch {
  const { inputs } = request
  const schema = signature?.inputs
  if (schema?.kind === 'columns') return columnsOf(inputs, schema)
  if (schema?.kind === 'tensors') return tensorsOf(inputs, schema)
  if (request.parameters.get('content_type') === 'pd')
    return frameOf(inputs.map((input) => columnOf(input, undefined, input.name)))
  const [only] = inputs
  if (inputs.length === 1 && only!.name === 'input-0') return { kind: 'array', tensor: textTensor(only!, true) }
  return { kind: 'named', items: new Map(inputs.map((input) => [input.name, textTensor(input, true)])) }
}

/** Inputs by the names of the columns; or one matrix as wide as the table. */
function columnsOf(inputs: readonly InferenceInput[], schema: ColumnSchema): Batch {
  const names = specNames(schema)
  const byName = new Map(schema.columns.map((spec, index) => [inputName(spec, index), { spec, name: names[index]! }]))
  const [only] = inputs
  if (inputs.length === 1 && only!.tensor.shape.length === 2 && !byName.has(only!.name))
    return { kind: 'array', tensor: textTensor(only!, true) }
  return frameOf(
    inputs.map((input) => {
      const known = byName.get(input.name)
      return columnOf(input, known?.spec, known?.name ?? input.name)
    }),
  )
}

function frameOf(columns: readonly (readonly [Column, number])[]): Frame {
  const rows = columns[0]?.[1] ?? 0
  for (const [{ name }, found] of columns)
    if (found !== rows) throw new MlmodelError('OIP_ROWS', { name: String(name), found, wanted: rows })
  return { kind: 'frame', rows, columns: columns.map(([column]) => column) }
}

/** One input as a column, and its rows. */
function columnOf(input: InferenceInput, spec: ColumnSpec | undefined, name: string | number): readonly [Column, number] {
  const { tensor, path } = input
  const [rows = 0, width = 1] = tensor.shape
  if (tensor.shape.length === 0 || tensor.shape.length > 2 || width !== 1)
    throw new MlmodelError('OIP_COLUMN_SHAPE', { name: String(name), shape: tensor.shape }, { where: { path } })
  if (tensor.dtype !== 'string' && tensor.dtype !== 'bytes')
    return [{ name, dtype: tensor.dtype, values: tensor.values } as Column, rows]
  if (isBinary(spec)) return [{ name, dtype: 'bytes', values: bytesOf(input) }, rows]
  const texts = textsOf(input)
  if (spec === undefined || isOf(spec, 'string')) return [{ name, dtype: 'string', values: texts, pandas: 'object' }, rows]
  if (isOf(spec, 'datetime')) return [datetimeColumn(texts, spec, name, path), rows]
  if (spec.type.kind === 'scalar') return [{ name, dtype: 'string', values: texts, pandas: 'object' }, rows]
  const values = texts.map((text, row) =>
    text === null ? null : parseJson(text, { where: { path: `${path}.data[${row}]` } }).value,
  )
  return [{ name, dtype: 'object', values }, rows]
}

function isOf(spec: ColumnSpec | undefined, dataType: string): boolean {
  return spec?.type.kind === 'scalar' && spec.type.dataType === dataType
}

function isBinary(spec: ColumnSpec | undefined): boolean {
  return isOf(spec, 'binary')
}

/** Text of a time means what it means in a request of MLflow's (`dataframe_split`). */
function datetimeColumn(texts: readonly (string | null)[], spec: ColumnSpec, name: string | number, path: string): Column {
  const split = new Map<string, Cell>([
    ['columns', ['t']],
    ['data', texts.map((text) => [text])],
  ])
  const signature = { inputs: { kind: 'columns', columns: [{ ...spec, name: 't' }] } } as const
  const { data } = enforceBody(new Map([['dataframe_split', split]]), signature, { mode: 'strict', name: path })
  return { ...(data as Frame).columns[0]!, name }
}

/** Bytes of JSON are base64 where the input says so, as MLServer's clients do; else the text's. */
function bytesOf({ tensor, parameters, path }: InferenceInput): readonly (Uint8Array | null)[] {
  if (tensor.dtype === 'bytes') return tensor.values
  const encoded = parameters.get('content_type') === 'base64'
  return (tensor.values as readonly (string | null)[]).map((text, element) => {
    if (text === null) return null
    if (!encoded) return Buffer.from(text)
    const bytes = isBase64(text) ? decodeBase64(text) : ''
    if (typeof bytes === 'string') throw new MlmodelError('OIP_BASE64', { element }, { where: { path } })
    return bytes
  })
}

function textsOf({ tensor, path }: InferenceInput): readonly (string | null)[] {
  return tensor.dtype === 'bytes' ? decodeText(tensor.values, path) : (tensor.values as readonly (string | null)[])
}

function tensorsOf(inputs: readonly InferenceInput[], schema: TensorSchema): Batch {
  const [only] = inputs
  const [first] = schema.tensors
  if (schema.tensors.length === 1 && inputs.length === 1 && (first!.name === undefined || first!.name === ''))
    return { kind: 'array', tensor: tensorOf(only!, first!.dtype) }
  const byName = new Map(schema.tensors.map((spec, index) => [inputName(spec, index), spec]))
  return {
    kind: 'named',
    items: new Map(inputs.map((input) => [input.name, tensorOf(input, byName.get(input.name)?.dtype)])),
  }
}

function tensorOf(input: InferenceInput, dtype: string | undefined): Tensor {
  if (dtype === 'bytes') return { dtype: 'bytes', shape: input.tensor.shape, values: bytesOf(input) }
  return textTensor(input, dtype !== 'string')
}

/** Texts as MLflow holds them: NumPy's strings, or Python objects. */
function textTensor(input: InferenceInput, asObjects: boolean): Tensor {
  const { tensor } = input
  if (tensor.dtype !== 'bytes' && tensor.dtype !== 'string') return tensor
  return { dtype: asObjects ? 'object' : 'string', shape: tensor.shape, values: textsOf(input) } as Tensor
}

interface Output {
  readonly name: string
  readonly tensor: Tensor
}

function writeResponse(predictions: Batch, request: Answering, model: Model): Written {
  const outputs = namedOutputs(predictions, model)
  const chosen = request.outputs?.map(({ name, binary }) => ({ name, binary, tensor: findOutput(outputs, name) }))
  const written = chosen ?? outputs.map((output) => ({ ...output, binary: request.binaryOutput }))
  const blobs: Buffer[] = []
  const parts = written.map(({ name, tensor: given, binary }) => {
    const tensor = protocolTensor(given)
    const head = `{"name": ${JSON.stringify(name)}, "datatype": "${datatypeOf(tensor.dtype)}", "shape": [${tensor.shape.join(', ')}]`
    if (!binary) return `${head}, "data": [${jsonElements(tensor)}]}`
    const blob = writeBinaryTensor(tensor)
    blobs.push(blob)
    return `${head}, "parameters": {"binary_data_size": ${blob.length}}}`
  })
  const text =
    `{"model_name": ${JSON.stringify(request.name ?? 'model')}` +
    (request.version === undefined ? '' : `, "model_version": ${JSON.stringify(request.version)}`) +
    (request.id === undefined ? '' : `, "id": ${JSON.stringify(request.id)}`) +
    `, "outputs": [${parts.join(', ')}]}`
  const json = Buffer.from(text)
  if (blobs.length === 0) return { status: 200, contentType: 'application/json', body: json }
  return {
    status: 200,
    contentType: 'application/octet-stream',
    headers: { [headerLength]: String(json.length) },
    body: Buffer.concat([json, ...blobs]),
  }
}

/** MLServer calls the only output of a model `output-1`, whatever its metadata says. */
function findOutput(outputs: readonly Output[], name: string): Tensor {
  const found = outputs.find((output) => output.name === name)
  if (found !== undefined) return found.tensor
  if (outputs.length === 1 && name === 'output-1') return outputs[0]!.tensor
  throw new MlmodelError('OIP_OUTPUT', { name, known: outputs.map((output) => output.name) }, { where: { path: '$.outputs' } })
}

/** The predictions as tensors, under the signature's names where it has one for each. */
function namedOutputs(predictions: Batch, { signature }: Model): readonly Output[] {
  const tensors = tensorsOfBatch(predictions)
  const specs = signature?.outputs === undefined ? [] : specsOf(signature.outputs)
  return tensors.map(({ name, tensor }, index) => ({
    name: specs.length === tensors.length ? outputName(specs[index]!, index) : (name ?? `output-${index}`),
    tensor,
  }))
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
  if (column.dtype === 'string' || column.dtype === 'bytes' || column.dtype === 'object')
    return { dtype: 'object', shape, values: column.values as readonly Cell[] }
  if (column.validity === undefined) return { dtype: column.dtype, shape, values: column.values }
  const { validity, values } = column
  return {
    dtype: 'object',
    shape,
    values: Array.from({ length: rows }, (_, row) => (isValid(validity, row) ? (values[row] as number | bigint) : null)),
  }
}

function tensorOfCell(cell: Cell): Tensor {
  const values = Array.isArray(cell) ? (cell as readonly Cell[]) : [cell]
  return { dtype: 'object', shape: Array.isArray(cell) ? [values.length] : [], values }
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

/** JSON has no NaN and no infinity: null. */
function jsonElements({ dtype, values }: Tensor): string {
  if (dtype === 'string') return (values as readonly (string | null)[]).map((text) => JSON.stringify(text)).join(', ')
  return Array.from(values as ArrayLike<number | bigint>, (value) => {
    if (dtype === 'bool') return value === 0 ? 'false' : 'true'
    const number = dtype === 'float16' ? float16ToNumber(value as number) : value
    if (typeof number === 'bigint') return String(number)
    if (!Number.isFinite(number)) return 'null'
    return Object.is(number, -0) ? '-0.0' : String(number)
  }).join(', ')
}

function jsonBody(status: number, value: unknown): Written {
  return { status, contentType: 'application/json', body: Buffer.from(JSON.stringify(value)) }
}
