/** What a document says of one model, gathered from its folder: nothing of it is run. */
import { type Cell, isCellMap } from '../../batch.ts'
import { MlmodelError } from '../../errors/index.ts'
import { exampleRequest, type Protocol, signatureOfGraph } from '../../example/index.ts'
import { modelPath } from '../../flavors/index.ts'
import { parseJson } from '../../json.ts'
import { defaultLimits } from '../../limits.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import { type OnnxModel, outputLabels, readOnnxInside } from '../../onnx/index.ts'
import { type OutputColumn, outputColumns } from '../../output-schema.ts'
import type { Schema } from '../../signature.ts'
import type { Json } from '../json-document.ts'

/** A model to be described. */
export interface ModelToDescribe {
  readonly name: string
  readonly version: string
  readonly flavor: string
  readonly mlmodel: Mlmodel
}

export interface DescribedModel extends ModelToDescribe {
  /** Of the signature, else of the graph. */
  readonly inputs: Schema | undefined
  /** What an answer has for each row; undefined where nothing says it. */
  readonly outputs: readonly DescribedOutput[] | undefined
  readonly examples: Readonly<Partial<Record<Protocol, Json>>>
  /** Sizes of the dimensions that are free, in the example: input's name → its shape. */
  readonly exampleShapes: ReadonlyMap<string, readonly number[]>
}

export interface DescribedOutput extends OutputColumn {
  /** All values it can have: a classifier's labels. */
  readonly labels: readonly (string | bigint)[] | undefined
}

/** Examples beyond this many characters make the document long. */
const longestExample = 100_000
/** Labels beyond this many make no readable list. */
const mostLabels = 200

/** Reads what the document needs of a model's folder. What cannot be read is left out: an OpenAPI document is no judgement. */
export async function describeModel(model: ModelToDescribe): Promise<DescribedModel> {
  const { mlmodel, flavor } = model
  const examples: Partial<Record<Protocol, Json>> = {}
  for (const protocol of ['mlflow', 'azureml', 'open-inference'] as const) {
    const text = await known(() => exampleRequest(mlmodel, protocol).then((example) => example.text))
    if (text !== undefined && text.length <= longestExample) examples[protocol] = parseJson(text).value as Json
  }
  const graph = flavor === 'onnx' ? await known(() => readGraph(mlmodel)) : undefined
  const inputs = mlmodel.signature?.inputs ?? (await known(() => signatureOfGraph(mlmodel, mlmodel.signature)))?.inputs
  return {
    ...model,
    inputs,
    outputs: await known(() => outputsOf(mlmodel, graph)),
    examples,
    exampleShapes: shapesOf(examples['open-inference']),
  }
}

async function readGraph(mlmodel: Mlmodel): Promise<OnnxModel> {
  const path = modelPath(mlmodel)
  return readOnnxInside(mlmodel.directory, path, defaultLimits, { file: path })
}

/** A graph says what it gives; the signature's outputs are promised, not enforced. */
async function outputsOf(mlmodel: Mlmodel, graph: OnnxModel | undefined): Promise<readonly DescribedOutput[]> {
  const { signature, ...rest } = mlmodel
  const { inputs, params } = signature ?? {}
  const promised = { ...(inputs && { inputs }), ...(params && { params }) }
  const columns = await outputColumns(graph === undefined ? mlmodel : ({ ...rest, signature: promised } as Mlmodel))
  return columns.map((column) => {
    const labels = graph === undefined ? undefined : outputLabels(graph, column.name)
    return { ...column, labels: labels !== undefined && labels.length <= mostLabels ? labels : undefined }
  })
}

function shapesOf(example: Json | undefined): ReadonlyMap<string, readonly number[]> {
  const request = example as Cell | undefined
  const inputs = request !== undefined && isCellMap(request) ? request.get('inputs') : undefined
  if (!Array.isArray(inputs)) return new Map()
  return new Map(
    (inputs as readonly Cell[]).flatMap((input) =>
      isCellMap(input) ? [[String(input.get('name')), (input.get('shape') as readonly bigint[]).map(Number)] as const] : [],
    ),
  )
}

async function known<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof MlmodelError) return undefined
    throw error
  }
}
