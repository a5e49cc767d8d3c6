/** The signature against the graph it stands for: what fits the one must fit the other. */
import type { Batch } from '../batch.ts'
import type { Dtype } from '../dtype.ts'
import { readRequest } from '../enforce/request.ts'
import { type ErrorArguments, MlmodelError } from '../errors/index.ts'
import { makeRequest } from '../example/made.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import { modelPath } from '../flavors/onnx.ts'
import { writeJsonValue } from '../json.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { type FeedInput, feedTensors } from '../onnx/feed.ts'
import type { OnnxModel } from '../onnx/model.ts'
import { dtypeOfType, type OnnxValue, typeText } from '../onnx/value-type.ts'
import { printShape, type Signature, type TensorSpec } from '../signature.ts'
import type { Check, CheckContext } from './check.ts'
import { fieldPlace } from './place.ts'

export const onnxSignature: Check = {
  name: 'onnx-signature',
  async run(context) {
    const { model } = context
    if (model === undefined || !model.flavors.has('onnx')) return []
    const path = modelPath(model)
    const graph = await readGraph(context, path)
    if ('findings' in graph) return graph.findings
    const { inputs, unusable } = feedInputs(graph)
    const findings = unusable.map(({ name, type }) =>
      finding('ONNX_INPUT_UNUSABLE', { input: name, type: typeText(type) }, { file: path }),
    )
    if (unusable.length > 0) return findings
    return [...findings, ...compareInputs(model, inputs), ...compareOutputs(model, graph.outputs)]
  },
}

/** The graph; or why it cannot be read, unless the rule of paths has said it. */
async function readGraph(context: CheckContext, path: string): Promise<OnnxModel | { readonly findings: readonly Finding[] }> {
  try {
    return await context.graph(path)
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    const placeholders = ['empty', 'git-lfs-pointer', 'html', 'xml']
    const isTold = error.code.startsWith('PATH_') || placeholders.includes((await context.sniff(path)).format)
    return { findings: isTold ? [] : [findingOfError(error, { ...error.where, file: path })] }
  }
}

/** The inputs that tensors can be given to, and the others. */
export function feedInputs(graph: OnnxModel): { readonly inputs: readonly FeedInput[]; readonly unusable: readonly OnnxValue[] } {
  const inputs: FeedInput[] = []
  const unusable: OnnxValue[] = []
  for (const value of graph.inputs) {
    const dtype = dtypeOfType(value.type)
    if (dtype === undefined) unusable.push(value)
    else inputs.push({ name: value.name, dtype, shape: sizesOf(value) })
  }
  return { inputs, unusable }
}

function sizesOf({ type }: OnnxValue): readonly number[] | undefined {
  const shape = type.kind === 'tensor' ? type.shape : undefined
  return shape?.map((size) => (typeof size === 'number' ? size : -1))
}

function compareInputs(model: Mlmodel, inputs: readonly FeedInput[]): readonly Finding[] {
  const schema = model.signature?.inputs
  if (schema === undefined) return []
  return schema.kind === 'tensors' ? compareTensors(model, schema.tensors, inputs) : compareColumns(model, inputs)
}

function compareTensors(model: Mlmodel, tensors: readonly TensorSpec[], inputs: readonly FeedInput[]): readonly Finding[] {
  const place = fieldPlace(model, ['signature', 'inputs'])
  const at = (index: number, part: string) => ({ ...place, path: `signature.inputs[${index}].tensor-spec.${part}` })
  const names = inputs.map(({ name }) => name)
  const isUnnamed = tensors[0]!.name === undefined
  if (isUnnamed && inputs.length !== 1) {
    const reason = `one tensor without a name, and the graph has the inputs ${names.map((name) => `\`${name}\``).join(', ')}`
    return [finding('ONNX_SIGNATURE_FORM', { reason }, place)]
  }
  const given = tensors.map(({ name }) => String(name))
  const findings: Finding[] = []
  if (!isUnnamed) {
    const missing = names.filter((name) => !given.includes(name))
    const unknown = given.filter((name) => !names.includes(name))
    if (missing.length + unknown.length > 0) findings.push(finding('ONNX_SIGNATURE_NAMES', { missing, unknown }, place))
  }
  for (const [index, tensor] of tensors.entries()) {
    const input = isUnnamed ? inputs[0]! : inputs.find(({ name }) => name === String(tensor.name))
    if (input === undefined) continue
    if (tensor.dtype !== undefined && !castsTo(tensor.dtype, input.dtype)) {
      const args = { input: input.name, wanted: input.dtype, found: tensor.numpyDtype }
      findings.push(finding('ONNX_SIGNATURE_DTYPE', args, at(index, 'dtype')))
    }
    const misfit = input.shape === undefined ? undefined : compareShapes(tensor.shape, input.shape)
    if (misfit === undefined) continue
    const args = { input: input.name, wanted: shapeText(input.shape!), found: printShape(tensor.shape) }
    if (misfit === 'rank') findings.push(finding('ONNX_SIGNATURE_RANK', args, at(index, 'shape')))
    else findings.push(finding('ONNX_SIGNATURE_SHAPE', args, at(index, 'shape'), misfit === 'size' ? 'error' : 'warning'))
  }
  return findings
}

/** What MLflow casts on the way to ONNX Runtime, and what its binding makes texts of. */
function castsTo(found: Dtype, wanted: Dtype): boolean {
  if (found === wanted || (found === 'float64' && wanted === 'float32')) return true
  return wanted === 'string' && (found === 'object' || found === 'bytes')
}

/** `loose`: some data that fits the signature does not fit the graph. The number of rows is everybody's own. */
function compareShapes(found: TensorSpec['shape'], wanted: readonly number[]): 'rank' | 'size' | 'loose' | undefined {
  if (found.length !== wanted.length) return 'rank'
  if (wanted.some((size, axis) => size >= 0 && (found[axis] ?? -1) >= 0 && found[axis] !== size)) return 'size'
  return wanted.some((size, axis) => axis > 0 && size >= 0 && found[axis] === -1) ? 'loose' : undefined
}

const shapeText = (shape: readonly number[]) => `(${shape.map((size) => (size < 0 ? '?' : size)).join(', ')})`

/** One made-up row goes the way that every row goes. */
function compareColumns(model: Mlmodel, inputs: readonly FeedInput[]): readonly Finding[] {
  const place = fieldPlace(model, ['signature', 'inputs'])
  const signature: Signature = { inputs: model.signature!.inputs! }
  // A fixed number of rows is kept out of it.
  const anyRows = inputs.map((input) => ({
    ...input,
    shape: input.shape?.map((size, axis) => (axis === 0 ? -1 : size)),
  }))
  const here = feedMadeRow(signature, anyRows, model.isSignatureFromTypeHint, 'strict')
  if (here !== undefined) return [columnFinding(here, model, place)]
  const mlflow = feedMadeRow(signature, anyRows, model.isSignatureFromTypeHint, 'compat')
  if (mlflow === undefined) return []
  return [finding('ONNX_SIGNATURE_FORM', { reason: `${mlflow.message} (MLflow; this product takes it)` }, place, 'warning')]
}

function feedMadeRow(
  signature: Signature,
  inputs: readonly FeedInput[],
  isSignatureFromTypeHint: boolean,
  mode: 'strict' | 'compat',
): MlmodelError | undefined {
  let data: Batch
  try {
    const body = Buffer.from(writeJsonValue(makeRequest(signature, isSignatureFromTypeHint)))
    data = readRequest(body, 'application/json', signature, { mode, schemaFlags: { isSignatureFromTypeHint } }).data
  } catch (error) {
    if (error instanceof MlmodelError) return undefined // No row can be made up: nothing is known.
    throw error
  }
  try {
    feedTensors(data, inputs, mode === 'strict')
    return undefined
  } catch (error) {
    if (error instanceof MlmodelError) return error
    throw error
  }
}

function columnFinding(error: MlmodelError, model: Mlmodel, place: Finding['where']): Finding {
  const schema = model.signature!.inputs!
  const columns = schema.kind === 'columns' ? schema.columns : []
  switch (error.code) {
    case 'ONNX_INPUT_MISSING': {
      const { missing } = error.arguments as ErrorArguments<'ONNX_INPUT_MISSING'>
      return finding('ONNX_SIGNATURE_NAMES', { missing, unknown: [] }, place)
    }
    case 'ONNX_INPUT_DTYPE':
      return finding('ONNX_SIGNATURE_DTYPE', error.arguments as ErrorArguments<'ONNX_INPUT_DTYPE'>, place)
    case 'ONNX_INPUT_SHAPE': {
      const args = error.arguments as ErrorArguments<'ONNX_INPUT_SHAPE'>
      const width = /^\[\?, (\d+)\]$/.exec(args.wanted)?.[1]
      if (width === undefined) return finding('ONNX_SIGNATURE_RANK', args, place)
      const counts = { input: args.input, wanted: Number(width), found: columns.length }
      return finding('ONNX_SIGNATURE_COUNT', counts, place)
    }
    default:
      return finding('ONNX_SIGNATURE_FORM', { reason: error.message }, place)
  }
}

function compareOutputs(model: Mlmodel, outputs: readonly OnnxValue[]): readonly Finding[] {
  const schema = model.signature?.outputs
  if (schema === undefined) return []
  const place = fieldPlace(model, ['signature', 'outputs'])
  const warn = (reason: string) => finding('ONNX_SIGNATURE_OUTPUTS', { reason }, place)
  const names = outputs.map(({ name }) => name)
  const listed = names.map((name) => `\`${name}\``).join(', ')
  const given = schema.kind === 'tensors' ? schema.tensors : schema.columns
  const unknown = given.map(({ name }) => name).filter((name) => name !== undefined && !names.includes(String(name)))
  if (unknown.length > 0)
    return [warn(`it names ${unknown.map((name) => `\`${name}\``).join(', ')}, and the graph has ${listed}`)]
  if (schema.kind === 'columns') return []
  return schema.tensors.flatMap((tensor) => {
    const output =
      tensor.name === undefined
        ? outputs.length === 1
          ? outputs[0]
          : undefined
        : outputs.find(({ name }) => name === String(tensor.name))
    if (output === undefined) return [warn(`one tensor without a name, and the graph has ${listed}`)]
    const dtype = dtypeOfType(output.type)
    // A sequence or a map has no tensor of its own.
    if (dtype === undefined) return []
    const isText = dtype === 'string' && (tensor.dtype === 'object' || tensor.dtype === 'string')
    if (tensor.dtype !== undefined && tensor.dtype !== dtype && !isText)
      return [warn(`\`${output.name}\` is ${dtype}, and the signature says ${tensor.numpyDtype}`)]
    // Of a table MLflow flattens what the graph gives (docs/differences.md, L9).
    const shape = model.signature?.inputs?.kind === 'columns' ? undefined : sizesOf(output)
    const misfit = shape === undefined ? undefined : compareShapes(tensor.shape, shape)
    if (misfit === undefined || misfit === 'loose') return []
    return [warn(`\`${output.name}\` has the shape ${shapeText(shape!)}, and the signature says ${printShape(tensor.shape)}`)]
  })
}
