/** The values of attributes, read when somebody asks: a forest has millions of them. */
import type { OnnxAttribute, OnnxNode } from './graph.ts'
import { type Cursor, content, eachInteger, freeText, int64, nextField, openMessage, text } from './protobuf.ts'

/** Reads attributes of one file. */
export interface AttributeReader {
  /** `ints`, or none when the node has no such attribute. */
  integers(node: OnnxNode, name: string): readonly number[]
  strings(node: OnnxNode, name: string): readonly string[]
  integer(node: OnnxNode, name: string): number | undefined
  string(node: OnnxNode, name: string): string | undefined
  /** How many `floats`, or elements of a tensor. */
  floatCount(node: OnnxNode, name: string): number
  /** Elements of the first tensor attribute of this name, or 0. */
  tensorElements(node: OnnxNode, name: string): number
  /** All int64, exact. */
  bigIntegers(node: OnnxNode, name: string): readonly bigint[]
}

/** Makes a reader for the attributes of nodes that were read from these bytes. */
export function attributeReader(bytes: Uint8Array): AttributeReader {
  const each = (node: OnnxNode, name: string, take: (cursor: Cursor) => void) => {
    const attribute = node.attributes.find((candidate) => candidate.name === name)
    if (attribute === undefined) return
    const cursor = openAttribute(bytes, attribute)
    while (nextField(cursor)) take(cursor)
  }
  const collect = <Value>(node: OnnxNode, name: string, take: (cursor: Cursor, values: Value[]) => void): Value[] => {
    const values: Value[] = []
    each(node, name, (cursor) => take(cursor, values))
    return values
  }
  return {
    integers: (node, name) =>
      collect<number>(node, name, (cursor, values) => cursor.field === 8 && eachInteger(cursor, (value) => values.push(value))),
    bigIntegers: (node, name) =>
      collect<bigint>(node, name, (cursor, values) => cursor.field === 8 && values.push(int64(cursor))),
    strings: (node, name) => collect<string>(node, name, (cursor, values) => cursor.field === 9 && values.push(freeText(cursor))),
    integer: (node, name) =>
      collect<number>(node, name, (cursor, values) => cursor.field === 3 && values.push(Number(int64(cursor)))).at(-1),
    string: (node, name) =>
      collect<string>(node, name, (cursor, values) => cursor.field === 4 && values.push(text(cursor))).at(-1),
    floatCount: (node, name) =>
      collect<number>(
        node,
        name,
        (cursor, values) => cursor.field === 7 && values.push(cursor.wire === 5 ? 1 : content(cursor).length / 4),
      ).reduce((sum, count) => sum + count, 0),
    tensorElements: (node, name) => node.attributes.find((attribute) => attribute.name === name)?.tensors[0]?.elements ?? 0,
  }
}

function openAttribute(bytes: Uint8Array, { place }: OnnxAttribute): Cursor {
  return openMessage(bytes.subarray(place.from, place.to), 1)
}
