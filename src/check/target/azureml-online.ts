/** Azure Machine Learning, managed online endpoint without code: what its generated scoring script does with a model. */
import { type Finding, finding } from '../../finding/index.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import type { OnnxType } from '../../onnx/index.ts'
import { specNames } from '../../signature.ts'
import type { CheckContext } from '../check.ts'
import { fieldPlace } from '../place.ts'
import { checkPackages, mayBe, requirementsOf } from './azure-packages.ts'
import { makeSamples, type Sample } from './azure-sample.ts'
import { checkPyfunc, onnxGraph } from './pyfunc.ts'
import { intervalOf } from './requirement.ts'
import type { Target } from './target.ts'

export const azuremlOnline: Target = {
  name: 'azureml-online',
  platform: 'Azure ML online',
  async check(model, context) {
    const requirements = await requirementsOf(model, context)
    const loads = await checkPyfunc(model, context, 'Azure ML online')
    // pandas 3 takes the text that the script gives to read_json for the name of a file.
    const readsText = !mayBe(requirements, 'pandas', intervalOf('>=3'))
    const { input, findings: starts } = await makeSamples(model, context, readsText)
    const answers =
      starts.length > 0 || !model.flavors.has('python_function') ? [] : await checkAnswers(model, context, input, readsText)
    return [...loads, ...starts, ...answers, ...checkPackages(requirements)]
  },
}

/** What a request gets once the container runs. */
async function checkAnswers(
  model: Mlmodel,
  context: CheckContext,
  input: Sample,
  readsText: boolean,
): Promise<readonly Finding[]> {
  const { signature } = model
  const arrays = await namedArrays(model, context, input, readsText)
  if (arrays.length > 0) return arrays
  const [column, ...more] = signature?.inputs?.kind === 'columns' ? signature.inputs.columns : []
  if (signature === undefined) {
    // What a library's own flavor takes is mostly arrays; code of the author gets MLflow's tables.
    const isCode = model.flavors.get('python_function')?.get('loader_module') === 'mlflow.pyfunc.model'
    return input.kind === 'none' && !readsText && !speaksText(model)
      ? [finding('AZURE_UNTYPED_TABLE', {}, fieldPlace(model, ['signature']), isCode ? 'warning' : 'notice')]
      : []
  }
  if (column !== undefined && more.length === 0 && column.name === undefined && input.kind === 'table' && !speaksText(model)) {
    const isText = column.type.kind === 'scalar' && column.type.dataType === 'string'
    if (isText) return [finding('AZURE_TEXT_LIST', {}, fieldPlace(model, ['signature', 'inputs']))]
  }
  return datesBack(model)
}

/** Flavors for which the script has ways of its own to read texts. */
function speaksText(model: Mlmodel): boolean {
  return ['transformers', 'langchain', 'openai', 'hftransformersv2'].some((flavor) => model.flavors.has(flavor))
}

/**
 * MLflow's ONNX wrapper answers arrays with a dict of the outputs by name, and tables with a table. For other flavors a signature of
 * named output tensors is what MLflow infers from a dict of arrays, and from nothing else.
 */
async function namedArrays(
  model: Mlmodel,
  context: CheckContext,
  input: Sample,
  readsText: boolean,
): Promise<readonly Finding[]> {
  const graph = await onnxGraph(model, context)
  const { signature } = model
  if (graph !== undefined) {
    if (signature?.inputs?.kind === 'columns') return []
    const untyped = signature?.inputs === undefined
    if (untyped && input.kind === 'table') return []
    const names = graph.outputs.filter(({ type }) => isArray(type)).map(({ name }) => name)
    if (names.length === 0) return []
    // Without a signature a table is still answered, where pandas reads it.
    const level = untyped && input.kind === 'none' && readsText ? 'warning' : 'error'
    return [finding('AZURE_NAMED_ARRAYS', { names, from: 'graph' }, fieldPlace(model, ['signature', 'inputs']), level)]
  }
  if (model.flavors.has('onnx') || signature?.outputs?.kind !== 'tensors') return []
  if (signature.outputs.tensors.every(({ name }) => name === undefined)) return []
  const names = specNames(signature.outputs).map(String)
  return [finding('AZURE_NAMED_ARRAYS', { names, from: 'signature' }, fieldPlace(model, ['signature', 'outputs']))]
}

/** Whether Python gets a NumPy array, or a list with some in it. Maps and sequences of maps are dicts of Python's own values. */
function isArray(type: OnnxType): boolean {
  if (type.kind === 'sequence' || type.kind === 'optional') return isArray(type.items)
  return type.kind === 'tensor' || type.kind === 'sparse_tensor'
}

/** A Python model that takes dates and declares nothing may give them back. */
function datesBack(model: Mlmodel): readonly Finding[] {
  const { signature } = model
  const isCode = model.flavors.get('python_function')?.get('loader_module') === 'mlflow.pyfunc.model'
  if (!isCode || signature?.outputs !== undefined || signature?.inputs?.kind !== 'columns') return []
  const columns = signature.inputs.columns
    .filter(({ type }) => type.kind === 'scalar' && type.dataType === 'datetime')
    .map(({ name }, index) => String(name ?? index))
  return columns.length === 0 ? [] : [finding('AZURE_DATES', { columns }, fieldPlace(model, ['signature', 'inputs']))]
}
