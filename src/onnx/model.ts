/**
 * An ONNX file as a typed record, read without running anything and without copying weights.
 *
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import {
  type OnnxFunction,
  type OnnxGraph,
  type OnnxNode,
  type OpsetImport,
  placeOf,
  readFunction,
  readGraph,
  readOpset,
} from './graph.ts'
import { checkGraphs } from './graph-check.ts'
import { type Cursor, freeText, int64, nextField, openField, openMessage, text } from './protobuf.ts'
import type { OnnxTensor } from './tensor-proto.ts'
import { checkTrees } from './tree-check.ts'
import type { OnnxValue } from './value-type.ts'

/** How often one operator stands in a model, nested graphs and functions included. */
export interface OperatorCount {
  readonly domain: string
  readonly operator: string
  readonly count: number
}

export interface OnnxModel {
  readonly bytes: Uint8Array
  readonly irVersion: number
  readonly producerName: string
  readonly producerVersion: string
  readonly domain: string
  readonly modelVersion: bigint
  readonly docString: string
  readonly opsets: readonly OpsetImport[]
  readonly metadata: ReadonlyMap<string, string>
  /** Without initializers, which old files list as inputs too. */
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  /** Most frequent first. */
  readonly operators: readonly OperatorCount[]
  readonly nodeCount: number
  /** Elements of all initializers and constants. */
  readonly parameterCount: number
  readonly graph: OnnxGraph
  readonly functions: readonly OnnxFunction[]
  /** Every tensor of the file with data outside of it. */
  readonly externalTensors: readonly (OnnxTensor & { readonly external: NonNullable<OnnxTensor['external']> })[]
  /** Whether all of those are initializers of the main graph, which can be handed over as bytes. */
  readonly externalInitializersOnly: boolean
}

/**
 * Reads an ONNX file: the wire format, every tensor's type, size and data, the links between nodes, and the trees of
 * tree ensembles. What it accepts is safe to hand to ONNX Runtime once the external data has been resolved.
 *
 * @param bytes - the whole file; kept, not copied
 * @throws ONNX_BROKEN, ONNX_INVALID, ONNX_EXTERNAL, ONNX_LIMIT
 */
export function readOnnx(bytes: Uint8Array, limits: Limits = defaultLimits): OnnxModel {
  const header = readHeader(openMessage(bytes, limits.onnxDepth))
  const { graph, functions, training } = header
  if (graph === undefined) throw new MlmodelError('ONNX_INVALID', { why: 'it has no graph' })
  if (header.irVersion < 1) throw new MlmodelError('ONNX_INVALID', { why: 'it has no IR version' })
  const parts = [graph, ...training]
  checkGraphs(graph, functions, header)
  const contents = survey(parts, functions)
  checkTrees(bytes, contents.nodes, graph)
  const initializers = new Set([
    ...graph.initializers.map(({ name }) => name),
    ...graph.sparseInitializers.map(({ values }) => values.name),
  ])
  const external = contents.tensors.filter((tensor) => tensor.external !== undefined) as OnnxModel['externalTensors'][number][]
  const main = new Set<OnnxTensor>(graph.initializers)
  return {
    bytes,
    irVersion: header.irVersion,
    producerName: header.producerName,
    producerVersion: header.producerVersion,
    domain: header.domain,
    modelVersion: header.modelVersion,
    docString: header.docString,
    opsets: header.opsets,
    metadata: header.metadata,
    inputs: graph.inputs.filter(({ name }) => !initializers.has(name)),
    outputs: graph.outputs,
    operators: contents.operators,
    nodeCount: contents.nodes.length,
    parameterCount: contents.tensors.reduce((sum, { elements }) => sum + elements, 0),
    graph,
    functions,
    externalTensors: external,
    externalInitializersOnly: external.every((tensor) => main.has(tensor)),
  }
}

interface Header {
  irVersion: number
  producerName: string
  producerVersion: string
  domain: string
  modelVersion: bigint
  docString: string
  opsets: OpsetImport[]
  metadata: Map<string, string>
  graph: OnnxGraph | undefined
  functions: OnnxFunction[]
  training: OnnxGraph[]
}

function readHeader(cursor: Cursor): Header {
  const header: Header = {
    irVersion: 0,
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0n,
    docString: '',
    opsets: [],
    metadata: new Map(),
    graph: undefined,
    functions: [],
    training: [],
  }
  while (nextField(cursor)) readHeaderField(cursor, header)
  return header
}

function readHeaderField(cursor: Cursor, header: Header): void {
  switch (cursor.field) {
    case 1:
      header.irVersion = Number(int64(cursor))
      return
    case 2:
      header.producerName = freeText(cursor)
      return
    case 3:
      header.producerVersion = freeText(cursor)
      return
    case 4:
      header.domain = freeText(cursor)
      return
    case 5:
      header.modelVersion = int64(cursor)
      return
    case 6:
      header.docString = freeText(cursor)
      return
    case 7:
      // Two graphs would be merged into one by other readers, and checked by us one by one.
      if (header.graph !== undefined) throw new MlmodelError('ONNX_BROKEN', { why: 'it has two graphs' })
      header.graph = readGraph(openField(cursor), placeOf(cursor))
      return
    case 8:
      header.opsets.push(readOpset(openField(cursor)))
      return
    case 14:
      readEntry(openField(cursor), header.metadata)
      return
    case 20:
      readTraining(openField(cursor), header.training)
      return
    case 25:
      header.functions.push(readFunction(openField(cursor)))
      return
  }
}

function readEntry(cursor: Cursor, entries: Map<string, string>): void {
  let key = ''
  let value = ''
  while (nextField(cursor)) {
    if (cursor.field === 1) key = freeText(cursor)
    else if (cursor.field === 2) value = freeText(cursor)
  }
  entries.set(key, value)
}

function readTraining(cursor: Cursor, graphs: OnnxGraph[]): void {
  while (nextField(cursor)) {
    if (cursor.field === 1 || cursor.field === 2) graphs.push(readGraph(openField(cursor), placeOf(cursor)))
    else if (cursor.field === 3 || cursor.field === 4) text(cursor)
  }
}

interface Survey {
  readonly nodes: readonly OnnxNode[]
  readonly tensors: readonly OnnxTensor[]
  readonly operators: readonly OperatorCount[]
}

/** Lists every node and every tensor, wherever it stands. */
function survey(graphs: readonly OnnxGraph[], functions: readonly OnnxFunction[]): Survey {
  const nodes: OnnxNode[] = []
  const tensors: OnnxTensor[] = []
  const visitNodes = (list: readonly OnnxNode[]) => {
    for (const node of list) {
      nodes.push(node)
      for (const attribute of node.attributes) {
        for (const tensor of attribute.tensors) tensors.push(tensor)
        for (const { values, indices } of attribute.sparseTensors) tensors.push(values, indices)
        for (const graph of attribute.graphs) visitGraph(graph)
      }
    }
  }
  const visitGraph = (graph: OnnxGraph) => {
    for (const tensor of graph.initializers) tensors.push(tensor)
    for (const { values, indices } of graph.sparseInitializers) tensors.push(values, indices)
    visitNodes(graph.nodes)
  }
  for (const graph of graphs) visitGraph(graph)
  for (const { nodes: body, attributes } of functions) {
    visitNodes(body)
    for (const attribute of attributes) {
      for (const tensor of attribute.tensors) tensors.push(tensor)
      for (const { values, indices } of attribute.sparseTensors) tensors.push(values, indices)
      for (const graph of attribute.graphs) visitGraph(graph)
    }
  }
  return { nodes, tensors, operators: countOperators(nodes) }
}

function countOperators(nodes: readonly OnnxNode[]): readonly OperatorCount[] {
  const counts = new Map<string, { domain: string; operator: string; count: number }>()
  for (const { domain, operator } of nodes) {
    const key = `${domain}\n${operator}`
    const entry = counts.get(key)
    if (entry === undefined) counts.set(key, { domain, operator, count: 1 })
    else entry.count++
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.operator < b.operator ? -1 : 1))
}
