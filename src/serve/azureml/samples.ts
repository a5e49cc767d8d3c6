/**
 * What Azure's scoring script knows of a model's data: samples, from the stored input example or else made of zeros as the
 * signature wants them, each with the schema that inference-schema makes of it.
 *
 * @see Azure/azureml-assets, mlflow_score_script.py; PyPI inference-schema, parameter_types
 */
import { type Cell, type CellMap, isCellMap, isMoment } from '../../batch.ts'
import type { Dtype } from '../../dtype.ts'
import { MlmodelError } from '../../errors/index.ts'
import { isoMoment } from '../../json/write.ts'
import { parseJson } from '../../json.ts'
import { defaultLimits } from '../../limits.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import { readInside } from '../../paths.ts'
import { type ColumnSchema, type ParamSpec, type Schema, specNames, type TensorSpec } from '../../signature.ts'
import type { Json, JsonObject } from '../json-document.ts'

/** A schema, and the example that goes to the top of the definition. */
export interface Sample {
  readonly schema: JsonObject
  readonly example: Json
}

const nothing: Sample = { schema: { type: 'object' }, example: {} }

/** What `input_data` is. */
export async function inputSample(model: Mlmodel): Promise<Sample> {
  const stored = await storedSample(model)
  return stored ?? schemaSample(model.signature?.inputs, 'input')
}

/** What the answer is: the script looks at the signature alone. */
export function outputSample(model: Mlmodel): Sample {
  return schemaSample(model.signature?.outputs, 'output')
}

/** What `params` is: an object of the defaults. */
export function paramsSample(params: readonly ParamSpec[] | undefined): Sample {
  if (params === undefined) return nothing
  return sampleOfMap(
    params.flatMap(({ name, default: value, type }) => {
      if (value !== null) return [[name, value] as const]
      const made = type.kind === 'scalar' ? madeValues[type.dataType] : undefined
      return made === undefined ? [] : [[name, made] as const]
    }),
  )
}

const madeValues: Readonly<Record<string, Cell>> = {
  boolean: true,
  string: 'sample string',
  integer: 42n,
  long: 42n,
  float: 0.15,
  double: 0.15,
}

function schemaSample(schema: Schema | undefined, side: 'input' | 'output'): Sample {
  if (schema === undefined) return nothing
  if (schema.kind === 'columns') return side === 'input' ? splitSample(schema) : recordsSample
  const [first] = schema.tensors
  if (first !== undefined && first.name === undefined) return tensorSample(first)
  const samples = schema.tensors.map((spec, index) => [String(specNames(schema)[index]), tensorSample(spec)] as const)
  return namedSamples(samples)
}

function namedSamples(samples: readonly (readonly [string, Sample])[]): Sample {
  const schemas = new Map(samples.map(([name, { schema }]) => [name, schema]))
  const examples = new Map(samples.map(([name, { example }]) => [name, example]))
  return { schema: { type: 'object', required: [...schemas.keys()], properties: schemas }, example: examples }
}

/** The script makes an empty frame of the columns, so that nothing of their types is said. */
function splitSample(schema: ColumnSchema): Sample {
  const names = specNames(schema)
  return frameSample(
    names.map((name) => (typeof name === 'number' ? BigInt(name) : name)),
    [],
    [],
  )
}

function frameSample(columns: readonly Cell[], index: readonly Cell[], data: readonly Cell[]): Sample {
  const { schema, example } = sampleOfMap([
    ['columns', columns],
    ['index', index],
    ['data', data],
  ])
  return { schema: { ...schema, format: 'pandas.DataFrame:split' }, example }
}

const recordsSample: Sample = {
  schema: { type: 'array', items: { type: 'object' }, format: 'pandas.DataFrame:records' },
  example: [],
}

/** Elements of a sample; more would only make the document long. */
const mostElements = 100_000

/** Zeros of the shape; the free first dimension is 1. Where the script fails (another free dimension), it is 1 too. */
function tensorSample({ dtype, numpyDtype, shape }: TensorSpec): Sample {
  const sizes = shape.map((size) => (size === null || size < 0 ? 1 : size))
  const { zero, ...element } = elementOf(dtype, numpyDtype)
  if (shape.length === 0) return { schema: element, example: zero }
  const schema = shape.reduce<JsonObject>((items) => ({ type: 'array', items }), element)
  const isLong = sizes.reduce((product, size) => product * size, 1) > mostElements
  const example = isLong ? [] : sizes.reduceRight<Json>((inner, size) => Array.from({ length: size }, () => inner), zero)
  return { schema: { ...schema, format: 'numpy.ndarray' }, example }
}

/** The type of an element in Swagger's words, and how a zero of it is printed. */
function elementOf(dtype: Dtype | undefined, numpyDtype: string): JsonObject & { readonly zero: Json } {
  if (dtype === 'bool') return { type: 'boolean', zero: 'False' }
  if (/^u?int\d+$/.test(dtype ?? '')) return { type: 'integer', format: dtype!, zero: 0 }
  if (dtype === 'float16' || dtype === 'float32') return { type: 'number', format: 'float', zero: 0 }
  if (dtype === 'float64') return { type: 'number', format: 'double', zero: 0 }
  if (numpyDtype.startsWith('datetime')) return { type: 'string', format: 'date-time', zero: '1970-01-01 00:00:00,000000' }
  if (/^(str|<?U)/.test(numpyDtype)) return { type: 'string', zero: '' }
  if (dtype === 'bytes') return { type: 'string', format: 'binary', zero: '' }
  return { type: 'object', zero: '0' }
}

/** The example that is stored with the model, where the script can read it; what it cannot read it makes of the signature. */
async function storedSample(model: Mlmodel): Promise<Sample | undefined> {
  const example = model.inputExample
  if (example === undefined) return undefined
  try {
    const bytes = await readInside(model.directory, example.artifactPath, defaultLimits.jsonBytes, { file: model.file })
    const { value } = parseJson(bytes, { where: { file: example.artifactPath } })
    if (example.type === 'dataframe') return storedFrame(value)
    // MLflow 1.x wrapped arrays in `inputs`; a bare list, as it writes today, the script cannot read.
    const inputs = example.type === 'ndarray' && isCellMap(value) ? value.get('inputs') : undefined
    if (inputs === undefined) return undefined
    if (!isCellMap(inputs)) return storedArray(inputs)
    const arrays = [...inputs].map(([name, item]) => [name, storedArray(item)] as const)
    return arrays.every((entry): entry is [string, Sample] => entry[1] !== undefined) ? namedSamples(arrays) : undefined
  } catch (error) {
    if (error instanceof MlmodelError) return undefined
    throw error
  }
}

function storedFrame(value: Cell): Sample | undefined {
  if (isCellMap(value) && value.has('columns')) {
    const columns = value.get('columns')
    const data = value.get('data')
    if (!Array.isArray(columns) || !Array.isArray(data)) return undefined
    const index = value.get('index')
    const rows = data as readonly Cell[]
    return frameSample(columns, Array.isArray(index) ? index : rows.map((_, row) => BigInt(row)), rows)
  }
  // Records, as MLflow 1.x wrote some.
  if (!Array.isArray(value) || value.length === 0 || !(value as readonly Cell[]).every(isCellMap)) return undefined
  const records = value as readonly CellMap[]
  const columns = [...new Set(records.flatMap((record) => [...record.keys()]))]
  return frameSample(
    columns,
    records.map((_, row) => BigInt(row)),
    records.map((record) => columns.map((column) => record.get(column) ?? null)),
  )
}

function storedArray(value: Cell): Sample | undefined {
  let element = value
  let depth = 0
  while (Array.isArray(element) && element.length > 0) {
    element = (element as readonly Cell[])[0]!
    depth++
  }
  const items = sampleOf(element).schema
  if (depth === 0 || Array.isArray(element)) return undefined
  const schema = Array.from({ length: depth }).reduce<JsonObject>((inner) => ({ type: 'array', items: inner }), items)
  return { schema: { ...schema, format: 'numpy.ndarray' }, example: plain(value) }
}

/** Python's own values: the last item of a list says what all are. */
function sampleOf(value: Cell): Sample {
  const example = plain(value)
  if (typeof value === 'boolean') return { schema: { type: 'boolean' }, example }
  if (typeof value === 'bigint') return { schema: { type: 'integer', format: 'int64' }, example }
  if (typeof value === 'number') return { schema: { type: 'number', format: 'double' }, example }
  if (typeof value === 'string') return { schema: { type: 'string' }, example }
  if (isMoment(value)) return { schema: { type: 'string', format: 'date-time' }, example }
  if (isCellMap(value)) return sampleOfMap([...value])
  if (!Array.isArray(value)) return { schema: { type: 'object' }, example }
  const last = (value as readonly Cell[]).at(-1)
  return { schema: { type: 'array', items: last === undefined ? { type: 'object' } : sampleOf(last).schema }, example }
}

function sampleOfMap(entries: readonly (readonly [string, Cell])[]): Sample {
  return namedSamples(entries.map(([name, value]) => [name, sampleOf(value)]))
}

function plain(value: Cell): Json {
  if (value === null || typeof value !== 'object') return value
  // As Python's `%Y-%m-%d %H:%M:%S.%f %z` prints it.
  if (isMoment(value))
    return `${isoMoment(value)
      .replace('T', ' ')
      .slice(0, 26)
      .replace(/^(.{19})\.?(\d*)$/, (_, date, digits) => `${date}.${digits.padEnd(6, '0')}`)} +0000`
  if (isCellMap(value)) return new Map([...value].map(([key, item]) => [key, plain(item)]))
  if (Array.isArray(value)) return (value as readonly Cell[]).map(plain)
  return String(value)
}
