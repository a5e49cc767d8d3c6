/** `GraphProto`, `NodeProto`, `AttributeProto` and `FunctionProto`: names, links and places in the file, no weights. */
import { MlmodelError } from '../errors/index.ts'
import { type Cursor, int64, nextField, openField, text } from './protobuf.ts'
import { type OnnxSparseTensor, type OnnxTensor, readSparseTensor, readTensor } from './tensor-proto.ts'
import { type OnnxValue, readType, readValue } from './value-type.ts'

/** Where a field lies in the file: its tag at `start`, its content from `from` to `to`. */
export interface Place {
  readonly start: number
  readonly from: number
  readonly to: number
}

export interface OnnxAttribute {
  readonly name: string
  readonly place: Place
  readonly tensors: readonly OnnxTensor[]
  readonly sparseTensors: readonly OnnxSparseTensor[]
  readonly graphs: readonly OnnxGraph[]
}

export interface OnnxNode {
  readonly name: string
  readonly operator: string
  /** '' is ONNX's own domain, also when the file writes `ai.onnx`. */
  readonly domain: string
  readonly overload: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: readonly OnnxAttribute[]
  readonly place: Place
}

export interface OnnxGraph {
  readonly name: string
  readonly nodes: readonly OnnxNode[]
  readonly initializers: readonly OnnxTensor[]
  readonly sparseInitializers: readonly OnnxSparseTensor[]
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly (OnnxValue & { readonly place: Place })[]
  readonly place: Place
}

export interface OnnxFunction {
  readonly name: string
  readonly domain: string
  readonly overload: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly nodes: readonly OnnxNode[]
  /** Values of attributes that a caller leaves out. */
  readonly attributes: readonly OnnxAttribute[]
  readonly opsets: readonly OpsetImport[]
}

export interface OpsetImport {
  readonly domain: string
  readonly version: number
}

/** Gives the place of the field just read. */
export function placeOf(cursor: Cursor): Place {
  return { start: cursor.start, from: cursor.from, to: cursor.to }
}

/** The domain of ONNX's own operators has two names; this gives the empty one. */
export const domainName = (domain: string) => (domain === 'ai.onnx' ? '' : domain)

/** Reads a graph and everything in it. */
export function readGraph(cursor: Cursor, place: Place): OnnxGraph {
  let name = ''
  const nodes: OnnxNode[] = []
  const initializers: OnnxTensor[] = []
  const sparseInitializers: OnnxSparseTensor[] = []
  const inputs: OnnxValue[] = []
  const outputs: (OnnxValue & { place: Place })[] = []
  while (nextField(cursor)) {
    switch (cursor.field) {
      case 1:
        nodes.push(readNode(openField(cursor), placeOf(cursor)))
        break
      case 2:
        name = text(cursor)
        break
      case 5:
        initializers.push(readTensor(openField(cursor)))
        break
      case 11:
        inputs.push(readValue(openField(cursor)))
        break
      case 12:
        outputs.push({ ...readValue(openField(cursor)), place: placeOf(cursor) })
        break
      case 13:
        readValue(openField(cursor))
        break
      case 15:
        sparseInitializers.push(readSparseTensor(openField(cursor)))
        break
    }
  }
  return { name, nodes, initializers, sparseInitializers, inputs, outputs, place }
}

function readNode(cursor: Cursor, place: Place): OnnxNode {
  const node = { name: '', operator: '', domain: '', overload: '' }
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes: OnnxAttribute[] = []
  while (nextField(cursor)) {
    switch (cursor.field) {
      case 1:
        inputs.push(text(cursor))
        break
      case 2:
        outputs.push(text(cursor))
        break
      case 3:
        node.name = text(cursor)
        break
      case 4:
        node.operator = text(cursor)
        break
      case 5:
        attributes.push(readAttribute(openField(cursor), placeOf(cursor)))
        break
      case 7:
        node.domain = domainName(text(cursor))
        break
      case 8:
        node.overload = text(cursor)
        break
    }
  }
  return { ...node, inputs, outputs, attributes, place }
}

function readAttribute(cursor: Cursor, place: Place): OnnxAttribute {
  let name = ''
  const tensors: OnnxTensor[] = []
  const sparseTensors: OnnxSparseTensor[] = []
  const graphs: OnnxGraph[] = []
  const single = new Set<number>()
  while (nextField(cursor)) {
    const { field } = cursor
    if (field === 7 || field === 8 || field === 9) continue
    // Two messages in a place for one would be merged field by field by other readers.
    if (field === 5 || field === 6 || field === 14 || field === 22) {
      if (single.has(field)) throw new MlmodelError('ONNX_BROKEN', { why: `the attribute \`${name}\` has its value twice` })
      single.add(field)
    }
    if (field === 1) name = text(cursor)
    else if (field === 5 || field === 10) tensors.push(readTensor(openField(cursor)))
    else if (field === 6 || field === 11) graphs.push(readGraph(openField(cursor), placeOf(cursor)))
    else if (field === 14 || field === 15) readType(openField(cursor))
    else if (field === 22 || field === 23) sparseTensors.push(readSparseTensor(openField(cursor)))
  }
  return { name, place, tensors, sparseTensors, graphs }
}

/** Reads a model-local function. */
export function readFunction(cursor: Cursor): OnnxFunction {
  const header = { name: '', domain: '', overload: '' }
  const inputs: string[] = []
  const outputs: string[] = []
  const nodes: OnnxNode[] = []
  const attributes: OnnxAttribute[] = []
  const opsets: OpsetImport[] = []
  while (nextField(cursor)) {
    switch (cursor.field) {
      case 1:
        header.name = text(cursor)
        break
      case 4:
        inputs.push(text(cursor))
        break
      case 5:
        outputs.push(text(cursor))
        break
      case 7:
        nodes.push(readNode(openField(cursor), placeOf(cursor)))
        break
      case 9:
        opsets.push(readOpset(openField(cursor)))
        break
      case 10:
        header.domain = domainName(text(cursor))
        break
      case 11:
        attributes.push(readAttribute(openField(cursor), placeOf(cursor)))
        break
      case 12:
        readValue(openField(cursor))
        break
      case 13:
        header.overload = text(cursor)
        break
    }
  }
  return { ...header, inputs, outputs, nodes, attributes, opsets }
}

/** Reads an `OperatorSetIdProto`. */
export function readOpset(cursor: Cursor): OpsetImport {
  let domain = ''
  let version = 0
  while (nextField(cursor)) {
    if (cursor.field === 1) domain = domainName(text(cursor))
    else if (cursor.field === 2) version = Number(int64(cursor))
  }
  return { domain, version }
}
