/** The Open Inference Protocol in the runner: tensors to the data of the signature, predictions to tensors. */
import type { Batch, Cell, Column, Frame, Tensor } from '../../batch.ts'
import { decodeBase64, isBase64 } from '../../enforce/base64.ts'
import { enforceBody, enforceParams, enforceTyped } from '../../enforce/index.ts'
import { fullMessage, MlmodelError } from '../../errors/index.ts'
import { parseJson } from '../../json.ts'
import type { Model } from '../../model.ts'
import { type ColumnSchema, type ColumnSpec, specNames, type TensorSchema } from '../../signature.ts'
import type { Scoring, Written } from '../scoring.ts'
import { type Answering, writeJsonResponse } from './json-response.ts'
import { inputName } from './metadata.ts'
import { outputsOf } from './outputs.ts'
import { type ProtoRequest, readProtoRequest } from './proto-request.ts'
import { type ProtoElements, writeProtoResponse } from './proto-response.ts'
import { type InferenceInput, type InferenceRequest, readInferenceRequest } from './request.ts'
import { decodeText } from './tensor-data.ts'

export const openInferenceScoring: Scoring = {
  read(call, model) {
    const isProto = call.details?.['form'] === 'protobuf'
    const request = isProto ? readProtoRequest(call.body) : readInferenceRequest(call, model.signature)
    const { data, warnings } = enforceTyped(batchOf(request, model), model.signature, model.mode)
    const params = enforceParams(paramsOf(request, model), model.signature, model.mode)
    return {
      data,
      params: params.params,
      losses: warnings.length + params.warnings.length,
      request: {
        ...request,
        inputs: [],
        form: !isProto ? 'json' : (request as ProtoRequest).raw ? 'raw' : 'contents',
        name: call.details?.['model'],
        version: call.details?.['version'],
      } satisfies Answered,
    }
  },
  write(predictions, job, model) {
    const request = job.request as Answered
    const outputs = outputsOf(predictions, model, request.outputs, request.binaryOutput)
    return request.form === 'json' ? writeJsonResponse(outputs, request) : writeProtoResponse(outputs, request, request.form)
  },
  fail(error) {
    const status = error.info.httpStatus
    return jsonBody(status, { error: fullMessage(error), code: error.code, ...(error.where.path && { path: error.where.path }) })
  },
}

/** What the reply repeats of the request, and its form: JSON, or protobuf with the elements as bytes or typed. */
interface Answered extends InferenceRequest, Answering {
  readonly form: 'json' | ProtoElements
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
  const isJson = spec === undefined && input.parameters.get('content_type') === 'pd_json'
  if (!isJson && (spec === undefined || isOf(spec, 'string')))
    return [{ name, dtype: 'string', values: texts, pandas: 'object' }, rows]
  if (spec !== undefined && isOf(spec, 'datetime')) return [datetimesOf(input, texts, spec, name), rows]
  if (spec?.type.kind === 'scalar') return [{ name, dtype: 'string', values: texts, pandas: 'object' }, rows]
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

/** MLServer's clients write each time as Python's `isoformat()`, which leaves out a fraction of zero; pandas wants one format of all. */
function datetimesOf(
  { path, parameters }: InferenceInput,
  texts: readonly (string | null)[],
  spec: ColumnSpec,
  name: string | number,
): Column {
  try {
    return datetimeColumn(texts, spec, name, path)
  } catch (error) {
    if (parameters.get('content_type') !== 'datetime' || !(error instanceof MlmodelError)) throw error
    const each = texts.map((text) => datetimeColumn([text], spec, name, path))
    const values = BigInt64Array.from(each, (column) => (column.values as BigInt64Array)[0]!)
    return { ...each[0]!, values } as Column
  }
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

/** Bytes are base64 where the input says so, as MLServer's clients do; else the text's, or as they came. */
function bytesOf(input: InferenceInput): readonly (Uint8Array | null)[] {
  const { tensor, parameters, path } = input
  if (parameters.get('content_type') !== 'base64')
    return tensor.dtype === 'bytes'
      ? tensor.values
      : (tensor.values as readonly (string | null)[]).map((text) => (text === null ? null : Buffer.from(text)))
  return textsOf(input).map((text, element) => {
    if (text === null) return null
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

function jsonBody(status: number, value: unknown): Written {
  return { status, contentType: 'application/json', body: Buffer.from(JSON.stringify(value)) }
}
