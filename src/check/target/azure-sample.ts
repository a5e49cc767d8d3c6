/**
 * The samples that Azure's generated scoring script makes while it is imported: what it describes in its Swagger document, and what
 * request it will take. An error there means that the container does not start.
 *
 * @see Azure/azureml-assets, assets/inference/environments/mlflow-py312-inference/context/mlflow_score_script.py: `get_sample_input_from_loaded_example`,
 * `get_samples_from_signature`, `get_parameter_type`; inference-schema 1.8, `NumpyParameterType`, `PandasParameterType`, `StandardPythonParameterType`
 */
import type { Cell, CellMap } from '../../batch.ts'
import { isCellMap } from '../../batch.ts'
import { MlmodelError, type Where } from '../../errors/index.ts'
import { type Finding, finding } from '../../finding/index.ts'
import { parseJson } from '../../json.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import { type ColumnSpec, printShape, printType, type Schema, type TensorSpec } from '../../signature.ts'
import type { CheckContext } from '../check.ts'
import { fieldPlace } from '../place.ts'
import { lacks } from './target.ts'

/** What the script takes for a request's `input_data`. */
export type Sample =
  /** Nothing is known: arrays are read as such, tables by pandas.read_json of a text. */
  | { readonly kind: 'none' }
  | { readonly kind: 'table' }
  | { readonly kind: 'array' }
  | { readonly kind: 'arrays' }
  /** As it comes (Transformers). */
  | { readonly kind: 'json' }

export interface Samples {
  readonly input: Sample
  /** Why the container does not start. */
  readonly findings: readonly Finding[]
}

/** A sample of the stored example; `shape` undefined for a named set. */
type ExampleSample =
  | { readonly kind: 'none' | 'table' | 'list' | 'text' }
  | { readonly kind: 'array' | 'arrays'; readonly shapes: readonly (readonly number[])[] }
  | { readonly kind: 'dict'; readonly value: CellMap }

/**
 * Makes the samples as the script does: the stored example first, then the signature.
 *
 * @param readsText - pandas.read_json takes a text (before pandas 3), so that examples of tables are read
 */
export async function makeSamples(model: Mlmodel, context: CheckContext, readsText: boolean): Promise<Samples> {
  const example = await exampleSample(model, context, readsText)
  const transformers = model.flavors.has('transformers')
  const { signature } = model
  const outputs = signature?.outputs === undefined ? [] : describeOutputs(model, signature.outputs)
  if (signature === undefined) return describeExample(model, example, transformers)
  if (signature.inputs === undefined) {
    const findings = lacks(model, 'inputs') ? [finding('AZURE_NO_INPUTS', {}, inputsPlace(model))] : []
    return { input: { kind: 'none' }, findings }
  }
  const input = sampleInput(model, signature.inputs, example, transformers)
  return { input: input.input, findings: [...input.findings, ...outputs] }
}

function sampleInput(model: Mlmodel, inputs: Schema, example: ExampleSample, transformers: boolean): Samples {
  if (inputs.kind === 'columns' && transformers) {
    const first = inputs.columns[0]!
    const isText = inputs.columns.length === 1 && isUnnamed(first) && isScalar(first, 'string')
    if (isText) return { input: { kind: 'json' }, findings: [] }
    if (!isUnnamed(first)) return { input: { kind: 'json' }, findings: describeDict(model, inputs.columns) }
  }
  if (example.kind !== 'none') return describeExample(model, example, transformers)
  if (inputs.kind === 'tensors') {
    const isNamed = inputs.tensors.some(({ name }) => name !== undefined)
    const findings = inputs.tensors.flatMap((tensor) => describeTensor(model, 'inputs', tensor))
    if (!isNamed || !transformers || findings.length > 0) return { input: { kind: isNamed ? 'arrays' : 'array' }, findings }
    const reason = 'the model is of Transformers, and its named tensors make a sample that is no JSON'
    return {
      input: { kind: 'arrays' },
      findings: [finding('AZURE_SAMPLE', { reason }, fieldPlace(model, ['signature', 'inputs']))],
    }
  }
  return sampleColumns(model, inputs.columns)
}

/** pandas types of all columns, else a dict of Python values, which is then taken for named arrays; without names a list. */
function sampleColumns(model: Mlmodel, columns: readonly ColumnSpec[]): Samples {
  if (columns.every(({ type }) => type.kind === 'scalar')) return { input: { kind: 'table' }, findings: [] }
  if (isUnnamed(columns[0]!)) return { input: { kind: 'none' }, findings: [] }
  const findings = columns
    .filter(({ type }) => type.kind !== 'scalar')
    .map((column) =>
      finding('AZURE_COLUMN_TYPE', { ...part('inputs', column), type: printType(column.type) }, inputsPlace(model)),
    )
  return { input: { kind: 'none' }, findings }
}

const dictTypes: ReadonlySet<string> = new Set(['boolean', 'string', 'integer', 'long', 'float', 'double'])

/** A value of each column's type; of a type it does not know it takes the column's before, and the first has none before it. */
function describeDict(model: Mlmodel, columns: readonly ColumnSpec[]): readonly Finding[] {
  const first = columns[0]!
  if (first.type.kind === 'scalar' && dictTypes.has(first.type.dataType)) return []
  return [finding('AZURE_COLUMN_TYPE', { ...part('inputs', first), type: printType(first.type) }, inputsPlace(model))]
}

function describeOutputs(model: Mlmodel, outputs: Schema): readonly Finding[] {
  if (outputs.kind === 'tensors') return outputs.tensors.flatMap((tensor) => describeTensor(model, 'outputs', tensor))
  return outputs.columns
    .filter((column) => column.type.kind !== 'scalar' || isScalar(column, 'datetime'))
    .map((column) =>
      finding(
        'AZURE_OUTPUT_TYPE',
        { ...part('outputs', column), type: printType(column.type) },
        fieldPlace(model, ['signature', 'outputs']),
      ),
    )
}

/** `np.zeros(shape)` with a leading -1 as 1, then `len(sample)`, then Swagger's words for the type. */
function describeTensor(model: Mlmodel, side: 'inputs' | 'outputs', tensor: TensorSpec): readonly Finding[] {
  const where = fieldPlace(model, ['signature', side])
  const shape = tensor.shape.map((size, index) => (index === 0 && size === -1 ? 1 : size))
  if (shape.some((size) => size === null || size < 0))
    return [finding('AZURE_OPEN_DIMENSION', { ...part(side, tensor), shape: printShape(tensor.shape) }, where)]
  if (shape.length === 0) return [finding('AZURE_SCALAR_TENSOR', { ...part(side, tensor), from: 'signature' }, where)]
  if (isDescribable(tensor.numpyDtype, shape.includes(0))) return []
  return [finding('AZURE_TENSOR_TYPE', { ...part(side, tensor), dtype: tensor.numpyDtype }, where)]
}

const swaggerTypes = /^(u?int(8|16|32|64)|bool_?|float(16|32|64)|object_?|str|bytes|void|timedelta64|[<>=|]?[USV]\d*$)/

/**
 * Whether inference-schema has words for a type (`Dtype2Swagger`). A datetime64 has, but a value in nanoseconds or without unit becomes
 * an int or None on its way, which has no `strftime`.
 */
function isDescribable(dtype: string, isEmpty: boolean): boolean {
  if (dtype.startsWith('datetime64')) return isEmpty || /\[(Y|M|W|D|h|m|s|ms|us)\]$/.test(dtype)
  return swaggerTypes.test(dtype)
}

/** What the example alone gives: with no signature, or before it. */
function describeExample(model: Mlmodel, example: ExampleSample, transformers: boolean): Samples {
  const where = fieldPlace(model, ['saved_input_example_info'])
  const wrong = (reason: string): readonly Finding[] => [finding('AZURE_SAMPLE', { reason }, where)]
  switch (example.kind) {
    case 'none':
    case 'text':
      return { input: { kind: 'none' }, findings: [] }
    case 'table':
      return { input: { kind: 'table' }, findings: [] }
    case 'list':
      return { input: { kind: transformers ? 'json' : 'none' }, findings: [] }
    case 'dict':
      return transformers || example.value.size === 0
        ? { input: { kind: 'json' }, findings: [] }
        : { input: { kind: 'none' }, findings: wrong('the input example is an object, which it takes for named NumPy arrays') }
    default: {
      const scalar = example.shapes.some((shape) => shape.length === 0)
      const input = { kind: example.kind } as const
      if (example.kind === 'arrays' && transformers && example.shapes.length > 0)
        return { input, findings: wrong('the model is of Transformers, and its example of named arrays is no JSON') }
      return { input, findings: scalar ? [finding('AZURE_SCALAR_TENSOR', { part: 'inputs', from: 'example' }, where)] : [] }
    }
  }
}

/** `get_sample_input_from_loaded_example`: every exception there means that there is no sample. */
async function exampleSample(model: Mlmodel, context: CheckContext, readsText: boolean): Promise<ExampleSample> {
  const info = model.inputExample
  if (info === undefined) return { kind: 'none' }
  let value: Cell
  try {
    const bytes = await context.readAll(info.artifactPath, context.limits.jsonBytes)
    value = parseJson(bytes, { where: { file: info.artifactPath } }).value
  } catch (error) {
    if (error instanceof MlmodelError) return { kind: 'none' }
    throw error
  }
  // `"columns" in value` comes first, whatever the type.
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'number')
    return { kind: 'none' }
  if (info.type === 'dataframe') return { kind: readsText ? 'table' : 'none' }
  if (info.type === 'ndarray')
    return isCellMap(value) && value.has('inputs') ? arraySample(value.get('inputs')!) : { kind: 'none' }
  return isCellMap(value) ? { kind: 'dict', value } : { kind: Array.isArray(value) ? 'list' : 'text' }
}

function arraySample(inputs: Cell): ExampleSample {
  const values = isCellMap(inputs) ? [...inputs.values()] : [inputs]
  const shapes = values.map(arrayShape)
  if (shapes.some((shape) => shape === undefined)) return { kind: 'none' }
  return { kind: isCellMap(inputs) ? 'arrays' : 'array', shapes: shapes as readonly (readonly number[])[] }
}

/** The shape of `np.asarray(value)`; undefined where NumPy refuses lists of different lengths. */
export function arrayShape(value: Cell): readonly number[] | undefined {
  const shape: number[] = []
  let level: readonly Cell[] = [value]
  while (level.length > 0 && level.every((item) => Array.isArray(item))) {
    const lists = level as readonly (readonly Cell[])[]
    const size = lists[0]!.length
    if (lists.some((list) => list.length !== size)) return undefined
    shape.push(size)
    level = lists.flat(1)
  }
  return level.some((item) => Array.isArray(item)) ? undefined : shape
}

function isUnnamed(column: ColumnSpec): boolean {
  return column.name === undefined
}

function isScalar(column: ColumnSpec, dataType: string): boolean {
  return column.type.kind === 'scalar' && column.type.dataType === dataType
}

function part<Side extends 'inputs' | 'outputs'>(side: Side, spec: ColumnSpec | TensorSpec): { part: Side; name?: string } {
  return { part: side, ...(spec.name !== undefined && { name: String(spec.name) }) }
}

function inputsPlace(model: Mlmodel): Where {
  return fieldPlace(model, ['signature', 'inputs'])
}
