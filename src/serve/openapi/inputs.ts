/**
 * Bodies of requests as JSON Schemas, for each protocol. Whatever fits a schema is accepted. JSON Schema cannot say that two lists are
 * of one length, so some forms are narrower here than on the server: there the description says what else is taken.
 */
import { dtypeOfDataType } from '../../dtype.ts'
import { columnSchema, elementSchema, typeSchema } from '../../signature/json-schema.ts'
import { type ColumnSchema, type ColumnSpec, type ParamSpec, type Schema, specNames, type TensorSpec } from '../../signature.ts'
import type { Json, JsonObject } from '../json-document.ts'
import { inputName } from '../open-inference/metadata.ts'
import { datatypeOf } from '../open-inference/tensor-data.ts'
import type { DescribedModel } from './described.ts'

/** Params by their names, with their defaults; undefined where there are none. */
export function paramsSchema(params: readonly ParamSpec[] | undefined): JsonObject | undefined {
  if (params === undefined || params.length === 0) return undefined
  const properties = new Map(params.map((param) => [param.name, paramSchema(param)]))
  return { type: 'object', properties, additionalProperties: false }
}

function paramSchema({ type, shape, default: value }: ParamSpec): Json {
  const one = typeSchema(type) as ReadonlyMap<string, Json>
  const schema =
    shape === null
      ? one
      : new Map<string, Json>([
          ['type', 'array'],
          ['items', one],
        ])
  const isPlain = value === null || typeof value !== 'object' || Array.isArray(value)
  const described = isPlain ? new Map<string, Json>([...schema, ['default', value as Json]]) : schema
  return value === null ? { anyOf: [described, { type: 'null' }] } : described
}

/** A body of `/invocations`; undefined where the model says nothing of its inputs. */
export function mlflowBody(model: DescribedModel, references: References): JsonObject | undefined {
  const { signature, isSignatureFromTypeHint } = model.mlmodel
  const inputs = signature?.inputs
  if (inputs === undefined) return undefined
  const forms = isSignatureFromTypeHint
    ? [['inputs', list(typeHintRow(model, inputs))] as const]
    : inputs.kind === 'columns'
      ? tableForms(inputs, references)
      : tensorForms(model, inputs.tensors)
  const bodies = forms.map(([key, schema]) => body(key, textsOf(model, schema), references))
  return bodies.length === 1 ? bodies[0]! : { anyOf: bodies }
}

/** Where a document keeps the schemas that several of its parts need. */
export interface References {
  /** Of a row with named columns. */
  readonly row: Json | undefined
  readonly params: JsonObject | undefined
}

function body(key: string, schema: Json, { params }: References): JsonObject {
  const properties = { [key]: schema, ...(params && { params }) }
  return { type: 'object', title: key, properties, required: [key], additionalProperties: false }
}

/** ONNX Runtime ends a text at a NUL, so that one in it is refused. */
function textsOf(model: DescribedModel, schema: Json): Json {
  if (model.flavor !== 'onnx' || schema === null || typeof schema !== 'object') return schema
  if (Array.isArray(schema)) return (schema as readonly Json[]).map((item) => textsOf(model, item))
  const given = schema instanceof Map ? schema : Object.entries(schema)
  const entries = new Map<string, Json>(
    [...(given as Iterable<[string, Json]>)].map(([key, value]) => [key, textsOf(model, value)]),
  )
  if (entries.get('type') === 'string' && !entries.has('pattern') && !entries.has('contentSchema'))
    entries.set('pattern', '^[^\\u0000]*$')
  return entries
}

/** A row as an object, for columns that have names. */
export function rowObject(model: DescribedModel): Json | undefined {
  const inputs = model.mlmodel.signature?.inputs
  if (inputs?.kind !== 'columns' || typeof inputs.columns[0]?.name !== 'string') return undefined
  const names = specNames(inputs).map(String)
  return textsOf(model, {
    type: 'object',
    properties: new Map(inputs.columns.map((column, index) => [names[index]!, describedColumn(column)])),
    required: names.filter((_, index) => inputs.columns[index]!.required),
  })
}

function describedColumn(column: ColumnSpec): Json {
  return columnSchema(column) as Json
}

function tableForms(schema: ColumnSchema, { row }: References): readonly (readonly [string, Json])[] {
  const split: readonly [string, Json] = ['dataframe_split', splitSchema(schema)]
  return row === undefined ? [split] : [split, ['dataframe_records', list(row)]]
}

/** A table with all columns in the signature's order. */
function splitSchema(schema: ColumnSchema): JsonObject {
  const cells = schema.columns.map(describedColumn)
  const isNamed = schema.columns[0]?.name !== undefined
  return {
    type: 'object',
    properties: {
      ...(isNamed && { columns: { const: specNames(schema).map((name) => (typeof name === 'number' ? BigInt(name) : name)) } }),
      data: list({ type: 'array', prefixItems: cells, minItems: cells.length, maxItems: cells.length }),
    },
    required: isNamed ? ['columns', 'data'] : ['data'],
    additionalProperties: false,
  }
}

function typeHintRow(model: DescribedModel, inputs: Schema): Json {
  const [only] = inputs.kind === 'columns' ? inputs.columns : []
  if (only !== undefined && only.name === undefined) return typeSchema(only.type) as Json
  return rowObject(model) ?? {}
}

function tensorForms(model: DescribedModel, tensors: readonly TensorSpec[]): readonly (readonly [string, Json])[] {
  const whole = tensors.map((spec, index) =>
    tensorSchema(elementOf(spec, model.flavor), sizesOf(model, spec, index, tensors.length > 1)),
  )
  if (tensors[0]!.name === undefined) return [['inputs', whole[0]!]]
  const names = specNames({ kind: 'tensors', tensors }).map(String)
  return [['inputs', objectOf(names, whole)]]
}

function objectOf(names: readonly string[], schemas: readonly Json[]): JsonObject {
  const properties = new Map(names.map((name, index) => [name, schemas[index]!]))
  return { type: 'object', properties, required: names, additionalProperties: false }
}

/** Sizes that a schema can say: a free first dimension stays free in an only array, another is that of the example. */
function sizesOf(model: DescribedModel, spec: TensorSpec, index: number, isOneOfMany: boolean): readonly (number | undefined)[] {
  const example = model.exampleShapes.get(inputName(spec, index))
  return spec.shape.map((size, axis) => {
    if (size !== null && size >= 0) return size
    if (axis === 0 && !isOneOfMany) return undefined
    return example?.[axis] ?? 1
  })
}

/** Objects of NumPy are texts to a graph, and bytes in the Open Inference Protocol. */
function elementOf({ dtype }: TensorSpec, flavor: string): Json {
  return dtype === 'object' && flavor === 'onnx' ? { type: 'string' } : (elementSchema(dtype) as Json)
}

function tensorSchema(element: Json, sizes: readonly (number | undefined)[]): Json {
  return sizes.reduceRight<Json>((items, size) => {
    return { type: 'array', items, minItems: size ?? 1, ...(size !== undefined && { maxItems: size }) }
  }, element)
}

function list(items: Json): JsonObject {
  return { type: 'array', items, minItems: 1 }
}

/** A body of Azure's `/score`. */
export function azureBody(model: DescribedModel, references: References): JsonObject | undefined {
  const inputs = model.mlmodel.signature?.inputs
  if (inputs === undefined) return undefined
  const [[, schema] = ['', {}]] =
    inputs.kind === 'columns' ? [['', splitSchema(inputs)] as const] : tensorForms(model, inputs.tensors)
  return body('input_data', textsOf(model, schema), references)
}

/** A body of `/v2/models/…/infer`, of the example's size; undefined where JSON has none (half precision), or nothing is known. */
export function inferBody(model: DescribedModel): Json | undefined {
  const { inputs, mlmodel } = model
  if (inputs === undefined || hasHalves(inputs)) return undefined
  const tensors =
    inputs.kind === 'columns'
      ? inputs.columns.map((spec, index) => columnInput(spec, index))
      : inputs.tensors.map((spec, index) => tensorInput(model, spec, index))
  const scalars = mlmodel.signature?.params?.filter(({ shape, type }) => shape === null && type.kind === 'scalar')
  const parameters = paramsSchema(scalars)
  const schema: JsonObject = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      inputs: { type: 'array', prefixItems: tensors, minItems: tensors.length, maxItems: tensors.length },
      ...(parameters && { parameters }),
    },
    required: ['inputs'],
    additionalProperties: false,
  }
  return textsOf(model, schema)
}

/** FP16 goes as binary data only. */
export function hasHalves(inputs: Schema): boolean {
  return inputs.kind === 'tensors' && inputs.tensors.some(({ dtype }) => dtype === 'float16')
}

function columnInput(spec: ColumnSpec, index: number): JsonObject {
  const isScalar = spec.type.kind === 'scalar'
  const datatype = spec.type.kind === 'scalar' ? datatypeOf(dtypeOfDataType[spec.type.dataType]) : 'BYTES'
  const isBinary = spec.type.kind === 'scalar' && spec.type.dataType === 'binary'
  const value = typeSchema(spec.type) as Json
  const element: Json = isBinary
    ? { type: 'string' }
    : isScalar
      ? value
      : { type: 'string', contentMediaType: 'application/json', contentSchema: value }
  return inputSchema(inputName(spec, index), datatype, [1, 1], element)
}

function tensorInput(model: DescribedModel, spec: TensorSpec, index: number): JsonObject {
  const name = inputName(spec, index)
  const shape = sizesOf(model, spec, index, true).map((size) => size ?? 1)
  const datatype = spec.dtype === undefined ? 'BYTES' : datatypeOf(spec.dtype)
  const element: Json = datatype === 'BYTES' ? { type: 'string' } : elementOf(spec, model.flavor)
  return inputSchema(name, datatype, shape, element)
}

function inputSchema(name: string, datatype: string, shape: readonly number[], element: Json): JsonObject {
  const elements = shape.reduce((product, size) => product * size, 1)
  return {
    type: 'object',
    properties: {
      name: { const: name },
      datatype: { const: datatype },
      shape: { const: shape },
      data: { type: 'array', items: element, minItems: elements, maxItems: elements },
    },
    required: ['name', 'datatype', 'shape', 'data'],
    additionalProperties: false,
  }
}
