/**
 * Outputs that are no tensors, which ONNX Runtime's Node binding cannot return ("Non tensor type is temporarily not
 * supported"): a ZipMap at the end of a graph is taken away and its list of dicts rebuilt; a sequence is laid end to end by
 * nodes added to the graph, and cut up again.
 */
import type { Cell, NumericTensor, StringTensor, Tensor } from '../batch.ts'
import { type Dtype, dtypes, type NumericArray } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import type { Answer } from './answer.ts'
import { attributeReader } from './attribute.ts'
import type { OnnxGraph, OnnxNode } from './graph.ts'
import type { OnnxModel } from './model.ts'
import type { Chunks } from './protobuf.ts'
import { type GraphChange, rewriteGraph, writeGraph, writeNode, writeTensor, writeTensorValue } from './rewrite.ts'
import { dtypeOfType, type OnnxType, typeText } from './value-type.ts'

/** How one output of the model is had from the session. */
export interface OutputPlan {
  readonly name: string
  /** Outputs of the changed graph; none where the output cannot be had. */
  readonly fetch: readonly string[]
  /**
   * Rebuilds the output.
   *
   * @throws ONNX_OUTPUT_TYPE, ONNX_RUN_FAILED when a row has another number of values than the ZipMap has classes
   */
  build(fetched: ReadonlyMap<string, Tensor>): Answer
}

export interface OutputPlans {
  readonly plans: readonly OutputPlan[]
  readonly change: GraphChange | undefined
}

/** Plans every output of a model, and what must be changed for it. */
export function planOutputs(model: OnnxModel): OutputPlans {
  const { graph } = model
  if (graph.outputs.every(({ type }) => isPlain(type)))
    return { plans: graph.outputs.map(({ name }) => plainPlan(name)), change: undefined }
  const makers = new Map(graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)))
  const change = { nodes: new Map<OnnxNode, Chunks>(), addedNodes: [] as Chunks[], addedInitializers: [] as Chunks[] }
  const outputs = new Map<string, Chunks>()
  const keep = (name: string, value: Chunks) => {
    if (!outputs.has(name)) outputs.set(name, value)
  }
  for (const { name, place, type } of graph.outputs)
    if (isPlain(type)) outputs.set(name, [model.bytes.subarray(place.from, place.to)])
  const plans = graph.outputs.map(({ name, type }): OutputPlan => {
    if (isPlain(type)) return plainPlan(name)
    const maker = makers.get(name)
    const source = maker?.inputs[0]
    if (maker !== undefined && source !== undefined && isZipMap(maker) && makers.has(source)) {
      change.nodes.set(maker, [])
      keep(source, writeTensorValue(source, 1))
      return { name, fetch: [source], build: zipMapBuilder(model, maker, source) }
    }
    const dtype = type.kind === 'sequence' ? dtypeOfType(type.items) : undefined
    if (dtype === undefined || graph.initializers.some((tensor) => tensor.name === name)) return refusedPlan(name, type)
    const flat = flattenSequence(name, dtypes[dtype].onnx!, graph)
    change.addedNodes.push(...flat.nodes)
    change.addedInitializers.push(...flat.initializers)
    for (const [output, value] of flat.outputs) keep(output, value)
    const fetch = [...flat.outputs.keys()]
    return {
      name,
      fetch,
      build: (fetched) =>
        cutSequence(
          fetch.map((output) => fetched.get(output)!),
          dtype,
        ),
    }
  })
  return { plans, change: { ...change, outputs: [...outputs.values()] } }
}

const isPlain = (type: OnnxType) => type.kind === 'tensor' || type.kind === 'unknown'

const plainPlan = (name: string): OutputPlan => ({ name, fetch: [name], build: (fetched) => fetched.get(name)! })

const refusedPlan = (name: string, type: OnnxType): OutputPlan => ({
  name,
  fetch: [],
  build: () => {
    throw new MlmodelError('ONNX_OUTPUT_TYPE', { output: name, type: typeText(type) })
  },
})

const isZipMap = (node: OnnxNode) => node.domain === 'ai.onnx.ml' && node.operator === 'ZipMap'

/** ONNX Runtime keeps the maps as `std::map`, so the keys come sorted: numbers by value, texts by their UTF-8 bytes. */
function zipMapBuilder(model: OnnxModel, node: OnnxNode, source: string): OutputPlan['build'] {
  const labels = labelsOf(model, node)
  const order = labels.map((_, position) => position).sort((a, b) => compareLabels(labels[a]!, labels[b]!))
  const keys = order.map((position) => String(labels[position]))
  return (fetched) => {
    const tensor = fetched.get(source) as NumericTensor
    const width = tensor.shape.at(-1) ?? 1
    if (width !== labels.length || tensor.shape.length > 2) {
      throw new MlmodelError('ONNX_RUN_FAILED', {
        why: `ZipMap has ${labels.length} classes, and its input the shape [${tensor.shape.join(', ')}]`,
      })
    }
    const rows = tensor.values.length / width
    return Array.from({ length: rows }, (_, row): Cell => {
      const entries = new Map<string, Cell>()
      for (const [index, position] of order.entries()) entries.set(keys[index]!, tensor.values[row * width + position]!)
      return entries
    })
  }
}

function labelsOf(model: OnnxModel, node: OnnxNode): readonly (string | bigint)[] {
  const read = attributeReader(model.bytes)
  const texts = read.strings(node, 'classlabels_strings')
  return texts.length > 0 ? texts : read.bigIntegers(node, 'classlabels_int64s')
}

/** The keys of the maps that a ZipMap makes, in the order they come; undefined for an output that none makes. */
export function mapKeys(model: OnnxModel, output: string): readonly string[] | undefined {
  const maker = model.graph.nodes.find((node) => node.outputs.includes(output))
  return maker !== undefined && isZipMap(maker) ? [...labelsOf(model, maker)].sort(compareLabels).map(String) : undefined
}

function compareLabels(a: string | bigint, b: string | bigint): number {
  if (typeof a === 'bigint' || typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

interface FlatSequence {
  readonly nodes: readonly Chunks[]
  readonly initializers: readonly Chunks[]
  /** Values, all dimensions and all ranks, each end to end: name → `ValueInfoProto`. */
  readonly outputs: ReadonlyMap<string, Chunks>
}

const int64 = 7
const bool = 9

/**
 * Nodes that lay a sequence end to end: a Loop over its items that joins their values, their shapes and their ranks. All of
 * its operators are the same from opset 11, where sequences began, to today.
 */
function flattenSequence(sequence: string, elementType: number, graph: OnnxGraph): FlatSequence {
  const taken = new Set(graph.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]))
  const name = (part: string) => {
    let candidate = `${sequence}/flat/${part}`
    while (taken.has(candidate)) candidate += '_'
    return candidate
  }
  const state = { values: name('values'), shapes: name('shapes'), ranks: name('ranks') }
  const constant = {
    all: name('all'),
    one: name('one'),
    true: name('true'),
    noValues: name('no_values'),
    noSizes: name('no_sizes'),
  }
  const body = (part: string) => name(`body/${part}`)
  const joinNode = (before: string, added: string, after: string) =>
    writeNode('Concat', [body(before), body(added)], [body(after)], { axis: { kind: 'integer', value: 0 } })
  const loop = writeGraph(name('body'), {
    nodes: [
      writeNode('SequenceAt', [sequence, body('step')], [body('item')]),
      writeNode('Reshape', [body('item'), constant.all], [body('item_values')]),
      writeNode('Shape', [body('item')], [body('item_shape')]),
      writeNode('Size', [body('item_shape')], [body('item_rank')]),
      writeNode('Reshape', [body('item_rank'), constant.one], [body('item_ranks')]),
      joinNode('values', 'item_values', 'values_after'),
      joinNode('shapes', 'item_shape', 'shapes_after'),
      joinNode('ranks', 'item_ranks', 'ranks_after'),
      writeNode('Identity', [body('go')], [body('go_after')]),
    ],
    inputs: [
      writeTensorValue(body('step'), int64, 0),
      writeTensorValue(body('go'), bool, 0),
      writeTensorValue(body('values'), elementType, 1),
      writeTensorValue(body('shapes'), int64, 1),
      writeTensorValue(body('ranks'), int64, 1),
    ],
    outputs: [
      writeTensorValue(body('go_after'), bool, 0),
      writeTensorValue(body('values_after'), elementType, 1),
      writeTensorValue(body('shapes_after'), int64, 1),
      writeTensorValue(body('ranks_after'), int64, 1),
    ],
  })
  const eight = (value: bigint) => new Uint8Array(BigInt64Array.of(value).buffer)
  return {
    nodes: [
      writeNode('SequenceLength', [sequence], [name('length')]),
      writeNode(
        'Loop',
        [name('length'), constant.true, constant.noValues, constant.noSizes, constant.noSizes],
        [state.values, state.shapes, state.ranks],
        {
          body: { kind: 'graph', value: loop },
        },
      ),
    ],
    initializers: [
      writeTensor(constant.all, int64, [1], eight(-1n)),
      writeTensor(constant.one, int64, [1], eight(1n)),
      writeTensor(constant.true, bool, [], Uint8Array.of(1)),
      writeTensor(constant.noValues, elementType, [0], new Uint8Array(0)),
      writeTensor(constant.noSizes, int64, [0], new Uint8Array(0)),
    ],
    outputs: new Map([
      [state.values, writeTensorValue(state.values, elementType, 1)],
      [state.shapes, writeTensorValue(state.shapes, int64, 1)],
      [state.ranks, writeTensorValue(state.ranks, int64, 1)],
    ]),
  }
}

function cutSequence([values, shapes, ranks]: readonly Tensor[], dtype: Dtype): readonly Tensor[] {
  const sizes = [...(shapes!.values as BigInt64Array)].map(Number)
  let axis = 0
  let start = 0
  return [...(ranks!.values as BigInt64Array)].map((rank) => {
    const shape = sizes.slice(axis, axis + Number(rank))
    axis += Number(rank)
    const end = start + shape.reduce((product, size) => product * size, 1)
    const part = values!.values.slice(start, end)
    start = end
    return dtype === 'string'
      ? ({ dtype, shape, values: part as readonly string[] } satisfies StringTensor)
      : ({ dtype, shape, values: part as NumericArray } as NumericTensor)
  })
}

/** The bytes of a model with its outputs as planned. */
export function changedModel(model: OnnxModel, change: GraphChange | undefined): Uint8Array {
  return change === undefined ? model.bytes : rewriteGraph(model, change)
}
