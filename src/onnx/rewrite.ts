/** Changes an ONNX file in memory: some nodes and the outputs of its main graph; everything else is passed on byte for byte. */
import type { OnnxNode } from './graph.ts'
import type { OnnxModel } from './model.ts'
import { type Chunks, joined, writeBytes, writeInteger } from './protobuf.ts'

/** What is to be different. */
export interface GraphChange {
  /** Nodes of the main graph, each with what stands in its place; none drops it. */
  readonly nodes: ReadonlyMap<OnnxNode, Chunks>
  /** All outputs of the main graph (`ValueInfoProto` messages), when they change. */
  readonly outputs?: readonly Chunks[]
  readonly addedNodes?: readonly Chunks[]
  readonly addedInitializers?: readonly Chunks[]
}

/** The file with the change made. */
export function rewriteGraph(model: OnnxModel, change: GraphChange): Uint8Array {
  const { bytes, graph } = model
  const removed = [...change.nodes].map(([{ place }, replacement]) => ({
    place,
    replacement: replacement.length === 0 ? [] : writeBytes(1, replacement),
  }))
  if (change.outputs !== undefined) for (const { place } of graph.outputs) removed.push({ place, replacement: [] })
  removed.sort((a, b) => a.place.start - b.place.start)
  const chunks: Uint8Array[] = []
  let position = graph.place.from
  for (const { place, replacement } of removed) {
    chunks.push(bytes.subarray(position, place.start), ...replacement)
    position = place.to
  }
  chunks.push(bytes.subarray(position, graph.place.to))
  for (const node of change.addedNodes ?? []) chunks.push(...writeBytes(1, node))
  for (const tensor of change.addedInitializers ?? []) chunks.push(...writeBytes(5, tensor))
  for (const output of change.outputs ?? []) chunks.push(...writeBytes(12, output))
  return joined([bytes.subarray(0, graph.place.start), ...writeBytes(7, chunks), bytes.subarray(graph.place.to)])
}

/** An `AttributeProto`, by its kind. */
export type AttributeValue =
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'graph'; readonly value: Chunks }

/** Writes an `AttributeProto`. */
export function writeAttribute(name: string, attribute: AttributeValue): Chunks {
  switch (attribute.kind) {
    case 'integer':
      return [...writeBytes(1, name), ...writeInteger(3, attribute.value), ...writeInteger(20, 2)]
    case 'string':
      return [...writeBytes(1, name), ...writeBytes(4, attribute.value), ...writeInteger(20, 3)]
    case 'graph':
      return [...writeBytes(1, name), ...writeBytes(6, attribute.value), ...writeInteger(20, 5)]
  }
}

/** Writes a `NodeProto` of ONNX's own domain. */
export function writeNode(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Chunks {
  return [
    ...inputs.flatMap((name) => writeBytes(1, name)),
    ...outputs.flatMap((name) => writeBytes(2, name)),
    ...writeBytes(4, operator),
    ...Object.entries(attributes).flatMap(([name, value]) => writeBytes(5, writeAttribute(name, value))),
  ]
}

/** Writes a `ValueInfoProto` of a tensor; without `rank` its shape is not said, with one every size is free. */
export function writeTensorValue(name: string, elementType: number, rank?: number): Chunks {
  const shape = rank === undefined ? [] : writeBytes(2, Array.from({ length: rank }, () => writeBytes(1, [])).flat())
  return [...writeBytes(1, name), ...writeBytes(2, writeBytes(1, [...writeInteger(1, elementType), ...shape]))]
}

/** Writes a `TensorProto` with raw data. */
export function writeTensor(name: string, elementType: number, dims: readonly number[], data: Uint8Array): Chunks {
  // Text has no raw data, and an empty tensor of it needs none.
  const raw = elementType === 8 ? [] : writeBytes(9, data)
  return [...dims.flatMap((size) => writeInteger(1, size)), ...writeInteger(2, elementType), ...writeBytes(8, name), ...raw]
}

/** Writes a `GraphProto`. */
export function writeGraph(
  name: string,
  parts: { readonly nodes: readonly Chunks[]; readonly inputs: readonly Chunks[]; readonly outputs: readonly Chunks[] },
): Chunks {
  return [
    ...parts.nodes.flatMap((node) => writeBytes(1, node)),
    ...writeBytes(2, name),
    ...parts.inputs.flatMap((value) => writeBytes(11, value)),
    ...parts.outputs.flatMap((value) => writeBytes(12, value)),
  ]
}
