/** The values of attributes, read when somebody asks: a forest has millions of them, so lists are read in one plain loop. */
import type { OnnxAttribute, OnnxNode } from './graph.ts'
import { type Cursor, eachInteger, expectWire, freeText, int64, nextField, openMessage, repeatedCount, text } from './protobuf.ts'

/** Reads attributes of one file; an attribute that a node does not have is an empty list. */
export interface AttributeReader {
  /** `ints`, exact within 49 bits. */
  integers(node: OnnxNode, name: string): Float64Array
  /** `ints`, exact. */
  bigIntegers(node: OnnxNode, name: string): readonly bigint[]
  strings(node: OnnxNode, name: string): readonly string[]
  /** For each of `strings` whether it is this ASCII text. */
  matches(node: OnnxNode, name: string, wanted: string): Uint8Array
  integer(node: OnnxNode, name: string): number | undefined
  string(node: OnnxNode, name: string): string | undefined
  /** How many `floats` there are. */
  floatCount(node: OnnxNode, name: string): number
  /** Elements of a tensor attribute, or 0. */
  tensorElements(node: OnnxNode, name: string): number
}

const fields = { i: 3, s: 4, floats: 7, ints: 8, strings: 9 } as const

/** Makes a reader for the attributes of nodes that were read from these bytes. */
export function attributeReader(bytes: Uint8Array): AttributeReader {
  const attributeOf = (node: OnnxNode, name: string) => node.attributes.find((attribute) => attribute.name === name)
  const open = (node: OnnxNode, name: string, field: number, take: (cursor: Cursor) => void) => {
    const attribute = attributeOf(node, name)
    if (attribute === undefined) return
    const cursor = openMessage(bytes.subarray(attribute.place.from, attribute.place.to), 1)
    while (nextField(cursor)) if (cursor.field === field) take(cursor)
  }
  const collect = <Value>(node: OnnxNode, name: string, field: number, read: (cursor: Cursor) => Value): Value[] => {
    const values: Value[] = []
    open(node, name, field, (cursor) => values.push(read(cursor)))
    return values
  }
  return {
    integers: (node, name) => {
      const attribute = attributeOf(node, name)
      return attribute === undefined ? new Float64Array(0) : integersOf(bytes, attribute)
    },
    bigIntegers: (node, name) => collect(node, name, fields.ints, int64),
    strings: (node, name) => collect(node, name, fields.strings, freeText),
    matches: (node, name, wanted) => {
      const attribute = attributeOf(node, name)
      return attribute === undefined ? new Uint8Array(0) : matchesOf(bytes, attribute, wanted)
    },
    integer: (node, name) => collect(node, name, fields.i, (cursor) => Number(int64(cursor))).at(-1),
    string: (node, name) => collect(node, name, fields.s, text).at(-1),
    floatCount: (node, name) => {
      let count = 0
      open(node, name, fields.floats, (cursor) => {
        count += repeatedCount(cursor, 5)
      })
      return count
    },
    tensorElements: (node, name) => attributeOf(node, name)?.tensors[0]?.elements ?? 0,
  }
}

/** A number takes at least one byte packed and two otherwise. */
function integersOf(bytes: Uint8Array, { place }: OnnxAttribute): Float64Array {
  const values = new Float64Array(place.to - place.from)
  const cursor = openMessage(bytes.subarray(place.from, place.to), 1)
  const all = cursor.bytes
  let count = 0
  const take = (value: number) => {
    values[count++] = value
  }
  while (nextField(cursor)) {
    if (cursor.field !== fields.ints) continue
    // One or two bytes: node numbers below 16,384.
    const first = all[cursor.from]!
    if (cursor.wire === 0 && first < 0x80) values[count++] = first
    else if (cursor.wire === 0 && cursor.to - cursor.from === 2) values[count++] = (first & 0x7f) + all[cursor.from + 1]! * 128
    else eachInteger(cursor, take)
  }
  return values.subarray(0, count)
}

function matchesOf(bytes: Uint8Array, { place }: OnnxAttribute, wanted: string): Uint8Array {
  const flags = new Uint8Array(Math.ceil((place.to - place.from) / 2))
  const cursor = openMessage(bytes.subarray(place.from, place.to), 1)
  const letters = Uint8Array.from(wanted, (letter) => letter.charCodeAt(0))
  let count = 0
  while (nextField(cursor)) {
    if (cursor.field !== fields.strings) continue
    expectWire(cursor, 2)
    let same = 0
    if (cursor.to - cursor.from === letters.length)
      while (same < letters.length && cursor.bytes[cursor.from + same] === letters[same]) same++
    flags[count++] = same === letters.length ? 1 : 0
  }
  return flags.subarray(0, count)
}
