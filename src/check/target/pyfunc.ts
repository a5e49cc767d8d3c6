/** What every platform does that loads a model with mlflow.pyfunc: it needs the flavor, and ONNX goes through MLflow's wrapper. */
import { type Finding, finding } from '../../finding/index.ts'
import { modelPath } from '../../flavors/index.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import type { OnnxType, OnnxValue } from '../../onnx/index.ts'
import type { CheckContext } from '../check.ts'
import { fieldPlace } from '../place.ts'

/** The flavor python_function, and whether its ONNX wrapper can take and give what the signature says. */
export async function checkPyfunc(model: Mlmodel, context: CheckContext, platform: string): Promise<readonly Finding[]> {
  if (!model.flavors.has('python_function')) {
    const flavors = [...model.flavors.keys()]
    return [finding('TARGET_NO_PYFUNC', { platform, flavors }, fieldPlace(model, ['flavors']))]
  }
  if (model.signature?.inputs?.kind !== 'columns') return []
  const graph = await onnxGraph(model, context)
  if (graph === undefined) return []
  return [...checkRanks(graph.inputs, platform, modelPath(model)), ...checkLengths(graph.outputs, platform, modelPath(model))]
}

/** Inputs and outputs of the graph, where python_function loads an ONNX file that can be read. */
export async function onnxGraph(
  model: Mlmodel,
  context: CheckContext,
): Promise<{ readonly inputs: readonly OnnxValue[]; readonly outputs: readonly OnnxValue[] } | undefined> {
  if (model.flavors.get('python_function')?.get('loader_module') !== 'mlflow.onnx') return undefined
  const onnx = await context.graphOrNothing(modelPath(model))
  if (onnx === undefined) return undefined
  return { inputs: onnx.inputs, outputs: onnx.outputs }
}

/** One input gets `frame.values`, several get `frame[name].values` each (mlflow/onnx/__init__.py, `_OnnxModelWrapper.predict`). */
function checkRanks(inputs: readonly OnnxValue[], platform: string, file: string): readonly Finding[] {
  const fed = inputs.length === 1 ? 2 : 1
  return inputs.flatMap(({ name, type }) => {
    const rank = shapeOf(type)?.length
    return rank === undefined || rank === fed ? [] : [finding('TARGET_ONNX_RANK', { platform, input: name, fed, rank }, { file })]
  })
}

/** Each output becomes one column by `reshape(-1)`; columns of a DataFrame have one length. */
function checkLengths(outputs: readonly OnnxValue[], platform: string, file: string): readonly Finding[] {
  const lengths = outputs.map(({ type }) => lengthOf(type))
  const differ = (['rows', 'fixed'] as const).some(
    (kind) => new Set(lengths.flatMap((length) => (length?.kind === kind ? [length.values] : []))).size > 1,
  )
  return differ ? [finding('TARGET_ONNX_LENGTHS', { platform, outputs: outputs.map(({ name }) => name) }, { file })] : []
}

/** Values for each row where the first dimension is open, or of the whole output; a sequence has one for each row. */
function lengthOf(type: OnnxType): { readonly kind: 'rows' | 'fixed'; readonly values: number } | undefined {
  if (type.kind === 'sequence') return { kind: 'rows', values: 1 }
  const [first, ...rest] = shapeOf(type) ?? []
  if (first === undefined || !rest.every((size) => typeof size === 'number')) return undefined
  const values = rest.reduce((product, size) => product * size, 1)
  return typeof first === 'number' ? { kind: 'fixed', values: first * values } : { kind: 'rows', values }
}

function shapeOf(type: OnnxType): readonly (number | string | null)[] | undefined {
  return type.kind === 'tensor' ? type.shape : undefined
}
