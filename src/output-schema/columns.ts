/** The columns that a model's predictions have, one row for each row of input. */
import { type Dtype, dtypeOfDataType } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import { modelPath } from '../flavors/onnx.ts'
import { defaultLimits } from '../limits.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { dtypeOfType, mapKeys, type OnnxModel, type OnnxType, readOnnxInside, typeText } from '../onnx/index.ts'
import { type Schema, specsOf, type TensorSpec, type ValueType } from '../signature.ts'

/** The type of a cell. */
export type OutputType =
  | { readonly kind: 'scalar'; readonly dtype: Dtype }
  /** `size` where each list has as many. */
  | { readonly kind: 'list'; readonly items: OutputType; readonly size?: number }
  | { readonly kind: 'struct'; readonly fields: readonly OutputColumn[] }
  /** Keys are text. */
  | { readonly kind: 'map'; readonly values: OutputType }
  /** MLflow's `Any`. */
  | { readonly kind: 'any' }
  /** Something that no schema has a type for, in words. */
  | { readonly kind: 'other'; readonly text: string }

export interface OutputColumn {
  readonly name: string
  readonly type: OutputType
  readonly required: boolean
}

/**
 * Says what the predictions' columns are: those of the signature's outputs, else those of the ONNX graph. An output of several
 * dimensions is a list in each row, as in JSON Lines. Names that the signature lacks are taken from the graph.
 *
 * @param wanted - only these outputs, in this order
 * @throws OUTPUT_SCHEMA_UNKNOWN, ONNX_OUTPUT_UNKNOWN, and what reading the graph throws
 */
export async function outputColumns(model: Mlmodel, wanted?: readonly string[]): Promise<readonly OutputColumn[]> {
  const outputs = model.signature?.outputs
  // For a table an output of one value a row is a column; an array keeps its dimensions.
  const flat = model.signature?.inputs?.kind === 'columns'
  const specs = outputs === undefined ? [] : specsOf(outputs)
  const needsGraph = specs.length === 0 || specs.some(({ name }) => name === undefined || name === '')
  const graph = needsGraph ? await graphOf(model) : undefined
  const columns = outputs === undefined || specs.length === 0 ? graphColumns(graph, flat) : schemaColumns(outputs, graph, flat)
  if (wanted === undefined) return columns
  return wanted.map((name) => {
    const column = columns.find((candidate) => candidate.name === name)
    if (column === undefined)
      throw new MlmodelError('ONNX_OUTPUT_UNKNOWN', { output: name, outputs: columns.map((each) => each.name) })
    return column
  })
}

async function graphOf(model: Mlmodel): Promise<OnnxModel | undefined> {
  if (!model.flavors.has('onnx')) return undefined
  const path = modelPath(model)
  return readOnnxInside(model.directory, path, defaultLimits, { file: path })
}

function schemaColumns(schema: Schema, graph: OnnxModel | undefined, flat: boolean): readonly OutputColumn[] {
  const specs = specsOf(schema)
  const named = graph?.outputs.length === specs.length ? graph.outputs.map(({ name }) => name) : []
  return specs.map((spec, at) => {
    const name = String(spec.name || (named[at] ?? (specs.length === 1 ? 'prediction' : `prediction_${at}`)))
    return spec.kind === 'column'
      ? { name, type: typeOfValue(spec.type), required: spec.required }
      : { name, type: rowOf(tensorType(spec), spec.shape, name, flat), required: true }
  })
}

function typeOfValue(type: ValueType): OutputType {
  switch (type.kind) {
    case 'scalar':
      return { kind: 'scalar', dtype: dtypeOfDataType[type.dataType] }
    case 'array':
      return { kind: 'list', items: typeOfValue(type.items) }
    case 'sparkml_vector':
      return { kind: 'list', items: { kind: 'scalar', dtype: 'float64' } }
    case 'map':
      return { kind: 'map', values: typeOfValue(type.values) }
    case 'object':
      return {
        kind: 'struct',
        fields: type.properties.map(({ name, type, required }) => ({ name, type: typeOfValue(type), required })),
      }
    case 'any':
      return { kind: 'any' }
  }
}

function tensorType({ dtype, numpyDtype }: TensorSpec): OutputType {
  // Texts are objects in Python, and no other objects come out of a graph.
  if (dtype === 'object') return { kind: 'scalar', dtype: 'string' }
  return dtype === undefined ? { kind: 'other', text: numpyDtype } : { kind: 'scalar', dtype }
}

function graphColumns(graph: OnnxModel | undefined, flat: boolean): readonly OutputColumn[] {
  if (graph === undefined) throw new MlmodelError('OUTPUT_SCHEMA_UNKNOWN', { why: 'the signature has no outputs' })
  return graph.outputs.map(({ name, type }) => ({ name, type: graphType(graph, name, type, flat), required: true }))
}

function graphType(graph: OnnxModel, name: string, type: OnnxType, flat: boolean): OutputType {
  if (type.kind === 'tensor' && type.shape !== undefined) {
    const shape = type.shape.map((size) => (typeof size === 'number' ? size : -1))
    return rowOf(cellOf(type), shape, name, flat)
  }
  if (type.kind === 'sequence' && type.items.kind === 'map') {
    // A ZipMap at the end of a classifier: every row has the classes as keys. Python's floats are doubles.
    const keys = mapKeys(graph, name)
    const number: OutputType = { kind: 'scalar', dtype: 'float64' }
    if (keys === undefined) return { kind: 'map', values: cellOf(type.items.values) }
    return { kind: 'struct', fields: keys.map((key) => ({ name: key, type: number, required: true })) }
  }
  if (type.kind === 'tensor' || type.kind === 'unknown')
    throw new MlmodelError('OUTPUT_SCHEMA_UNKNOWN', { why: `the graph does not say the shape of \`${name}\`` })
  return { kind: 'other', text: typeText(type) }
}

function cellOf(type: OnnxType): OutputType {
  const dtype = dtypeOfType(type)
  return dtype === undefined ? { kind: 'other', text: typeText(type) } : { kind: 'scalar', dtype }
}

/** The type of one row of an array. */
function rowOf(cell: OutputType, shape: readonly (number | null)[], name: string, flat: boolean): OutputType {
  if (shape.length === 0)
    throw new MlmodelError('OUTPUT_SCHEMA_UNKNOWN', { why: `\`${name}\` has not a row for each row of input` })
  const inner = shape.slice(1)
  if (flat && inner.every((size) => size === 1)) return cell
  return inner.reduceRight<OutputType>(
    (items, size) => ({ kind: 'list', items, ...(size !== null && size >= 0 && { size }) }),
    cell,
  )
}
