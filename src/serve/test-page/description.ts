/** What the Test page shows of a model: its facts, its signature, an example of a request. */
import type { Cell, CellMap } from '../../batch.ts'
import { MlmodelError } from '../../errors/index.ts'
import { exampleRequest, makeRequest } from '../../example/index.ts'
import { modelPath } from '../../flavors/onnx.ts'
import { writeJsonValue } from '../../json.ts'
import { defaultLimits } from '../../limits.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import { inputChoices, type OnnxModel, outputLabels, readOnnxInside } from '../../onnx/index.ts'
import { paramsToCell, type Schema, type Signature, schemaToCell } from '../../signature.ts'
import type { ServedModel } from '../served-model.ts'

/** Bytes of metadata and of an example that the page gets; an example with a large tensor is left out. */
const mostMetadata = 64 << 10
const mostExample = 8 << 20

const described = new WeakMap<ServedModel, Promise<string>>()

/** The JSON text of a description; made once for a version of a model. */
export function describeForPage(model: ServedModel): Promise<string> {
  const known = described.get(model)
  if (known !== undefined) return known
  const made = describe(model)
  described.set(model, made)
  // What failed is tried again.
  made.catch(() => described.delete(model))
  return made
}

async function describe({ name, version, flavor, mlmodel, inputs }: ServedModel): Promise<string> {
  const { signature, metadata, isSignatureFromTypeHint } = mlmodel
  const notes: string[] = []
  const known: Signature | undefined = inputs === undefined ? signature : { ...signature, inputs }
  if (inputs === undefined) notes.push('The model has no signature: give it rows, or a whole request.')
  else if (signature?.inputs === undefined) notes.push('The model has no signature: its inputs are those of its ONNX graph.')
  const form = known?.inputs === undefined ? undefined : formOf(known, known.inputs, isSignatureFromTypeHint)
  const example = await exampleOf(mlmodel, notes)
  const graph = flavor === 'onnx' ? await graphOf(mlmodel) : undefined
  const fields = new Map<string, Cell>([
    ['name', name],
    ['version', version],
    ['flavor', flavor],
    ['facts', factsOf(mlmodel, flavor)],
    ['inputs', inputs === undefined ? [] : schemaToCell(inputs)],
    ['outputs', signature?.outputs === undefined ? [] : schemaToCell(signature.outputs)],
    ['params', signature?.params === undefined ? [] : paramsToCell(signature.params)],
    ['notes', notes],
  ])
  if (metadata !== undefined && metadata !== null) fields.set('metadata', shortMetadata(metadata as Cell))
  if (form !== undefined) fields.set('form', form)
  if (example !== undefined) fields.set('example', example)
  if (graph !== undefined) {
    const choices = [...inputChoices(graph)].map(
      ([input, { values, closed }]) =>
        [
          input,
          new Map<string, Cell>([
            ['values', values],
            ['closed', closed],
          ]),
        ] as const,
    )
    const labels = graph.outputs.map((output) => outputLabels(graph, output.name)).find((each) => each !== undefined)
    fields.set('choices', new Map(choices))
    if (labels !== undefined) fields.set('labels', labels.map(String))
  }
  return writeJsonValue(fields)
}

/** Where the values of a form go in a body that the model accepts. */
function formOf(signature: Signature, inputs: Schema, isTypeHint: boolean): CellMap | undefined {
  let body: CellMap
  try {
    body = makeRequest(signature, isTypeHint)
  } catch (error) {
    if (error instanceof MlmodelError) return undefined
    throw error
  }
  const [key, value] = [...body][0]!
  return new Map<string, Cell>([
    ['key', key],
    ['layout', layoutOf(key, value, inputs, isTypeHint)],
  ])
}

function layoutOf(key: string, value: Cell, inputs: Schema, isTypeHint: boolean): string {
  if (inputs.kind === 'tensors') return value instanceof Map ? 'named' : 'bare'
  if (key === 'dataframe_split') return 'split'
  if (value instanceof Map) return isTypeHint ? 'row' : 'columns'
  const isRows = key === 'dataframe_records' || isTypeHint || (Array.isArray(value) && value.length === 1)
  return isRows ? 'rows' : 'columns'
}

async function exampleOf(mlmodel: Mlmodel, notes: string[]): Promise<CellMap | undefined> {
  try {
    const { text, origin, warnings } = await exampleRequest(mlmodel, 'mlflow')
    notes.push(...warnings.map((warning) => `${warning.charAt(0).toUpperCase()}${warning.slice(1)}.`))
    if (text.length <= mostExample)
      return new Map<string, Cell>([
        ['text', text],
        ['isStored', origin === 'stored'],
      ])
    notes.push('The input example is too large for this page.')
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    if (error.code !== 'EXAMPLE_NOTHING') notes.push(`There is no example: ${error.message}.`)
  }
  return undefined
}

async function graphOf(mlmodel: Mlmodel): Promise<OnnxModel | undefined> {
  try {
    const path = modelPath(mlmodel)
    return await readOnnxInside(mlmodel.directory, path, defaultLimits, { file: path })
  } catch (error) {
    if (error instanceof MlmodelError) return undefined
    throw error
  }
}

function factsOf(mlmodel: Mlmodel, flavor: string): readonly Cell[] {
  const others = [...mlmodel.flavors.keys()].filter((name) => name !== flavor && name !== 'python_function')
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Flavor', others.length === 0 ? flavor : `${flavor} (also ${others.join(', ')})`],
    ['Made', mlmodel.utcTimeCreated?.replace(/\.\d+$/, ' UTC')],
    ['MLflow', mlmodel.mlflowVersion],
    ['Size', mlmodel.modelSizeBytes === undefined ? undefined : sizeText(mlmodel.modelSizeBytes)],
    ['Run', mlmodel.runId],
    ['Model id', mlmodel.modelId],
  ]
  return facts.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => [name, value!])
}

function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB']
  let size = bytes
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`
}

/** Metadata is what somebody wrote into the file; the page shows it as text. */
function shortMetadata(metadata: Cell): Cell {
  return writeJsonValue(metadata).length <= mostMetadata ? metadata : 'too large for this page'
}
