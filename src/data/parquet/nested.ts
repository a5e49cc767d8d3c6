/**
 * Lists, maps and structs from the levels of their leaves (Dremel's shredding undone).
 *
 * @see https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#nested-types
 */
import type { Vector } from '../columnar/vector.ts'
import type { NestedBlock } from './column.ts'
import { newStored, vectorOfStored } from './leaf.ts'
import type { Node } from './metadata.ts'
import { ThriftError } from './thrift.ts'

/** The leaves' levels and values, by the leaf's index. */
export type Blocks = ReadonlyMap<number, NestedBlock>

/** Leaves of a node, in order. */
export function leavesOf(node: Node): readonly Node[] {
  return node.leaf !== undefined ? [node] : node.children.flatMap(leavesOf)
}

/** A top-level column that is no plain leaf. */
export function assemble(node: Node, blocks: Blocks): Vector {
  return node.repetition === 'repeated' ? repeated(node, node, 0, 0, 0, blocks) : build(node, 0, blocks)
}

/**
 * @param floor - definition level below which a place of this node does not exist: that of the repeated node around it
 */
function build(node: Node, floor: number, blocks: Blocks): Vector {
  if (node.leaf !== undefined) return leafVector(node, floor, blocks)
  const [child] = node.children
  if (node.group !== 'struct' && node.children.length === 1 && child!.repetition === 'repeated') {
    const list = repeated(child!, itemsOf(node, child!), node.repetitionLevel, floor, node.definitionLevel, blocks)
    return node.group === 'map' && list.kind === 'list' && child!.children.length === 2 ? { ...list, kind: 'map' } : list
  }
  const { places, validity } = placesOf(node, floor, blocks)
  const fields = node.children.map((field) => ({
    name: field.name,
    vector:
      field.repetition === 'repeated'
        ? repeated(field, field, node.repetitionLevel, floor, node.definitionLevel, blocks)
        : build(field, floor, blocks),
  }))
  if (fields.some(({ vector }) => vector.length !== places)) throw new ThriftError(`fields of \`${node.name}\` differ in length`)
  return { kind: 'struct', length: places, validity, fields }
}

/** What repeats: the child of the repeated group, or the group itself where old writers left one level out. */
function itemsOf(list: Node, group: Node): Node {
  const old =
    group.leaf !== undefined || group.children.length !== 1 || group.name === 'array' || group.name === `${list.name}_tuple`
  return old || list.group === 'map' ? group : group.children[0]!
}

/**
 * @param outer - repetition level of the list: an entry at or below it begins a new one
 * @param there - definition level at which the list itself is there
 */
function repeated(group: Node, items: Node, outer: number, floor: number, there: number, blocks: Blocks): Vector {
  const { definitions, repetitions } = blockOf(group, blocks)
  const offsets: number[] = []
  const present: boolean[] = []
  let count = 0
  for (let index = 0; index < definitions.length; index++) {
    const definition = definitions[index]!
    if (repetitions[index]! <= outer && definition >= floor) {
      offsets.push(count)
      present.push(definition >= there)
    }
    if (definition >= group.definitionLevel && repetitions[index]! <= group.repetitionLevel) count++
  }
  offsets.push(count)
  const inner =
    items === group && items.leaf === undefined ? structOf(group, blocks) : build(items, group.definitionLevel, blocks)
  if (inner.length !== count) throw new ThriftError(`items of \`${group.name}\` differ in number`)
  return { kind: 'list', length: present.length, validity: bitmap(present), offsets: Int32Array.from(offsets), items: inner }
}

/** The repeated group itself as a struct that is never missing. */
function structOf(group: Node, blocks: Blocks): Vector {
  const fields = group.children.map((field) => ({
    name: field.name,
    vector:
      field.repetition === 'repeated'
        ? repeated(field, field, group.repetitionLevel, group.definitionLevel, group.definitionLevel, blocks)
        : build(field, group.definitionLevel, blocks),
  }))
  const length = fields[0]?.vector.length ?? 0
  if (fields.some(({ vector }) => vector.length !== length)) throw new ThriftError(`fields of \`${group.name}\` differ in length`)
  return { kind: 'struct', length, fields }
}

function blockOf(node: Node, blocks: Blocks): NestedBlock {
  const leaf = leavesOf(node)[0]
  const block = leaf === undefined ? undefined : blocks.get(leaf.leaf!.index)
  if (block === undefined) throw new ThriftError(`\`${node.name}\` has no values`)
  return block
}

function placesOf(node: Node, floor: number, blocks: Blocks): { places: number; validity: Uint8Array | undefined } {
  const { definitions, repetitions } = blockOf(node, blocks)
  const present: boolean[] = []
  for (let index = 0; index < definitions.length; index++) {
    if (repetitions[index]! <= node.repetitionLevel && definitions[index]! >= floor)
      present.push(definitions[index]! >= node.definitionLevel)
  }
  return { places: present.length, validity: bitmap(present) }
}

function leafVector(node: Node, floor: number, blocks: Blocks): Vector {
  const { definitions, values } = blockOf(node, blocks)
  const leaf = node.leaf!
  const present: boolean[] = []
  for (const definition of definitions) if (definition >= floor) present.push(definition === node.definitionLevel)
  const stored = newStored(leaf, present.length) as unknown[]
  let at = 0
  for (let index = 0; index < present.length; index++) if (present[index]) stored[index] = values[at++]
  return vectorOfStored(leaf, stored as typeof values, present.length, bitmap(present))
}

function bitmap(present: readonly boolean[]): Uint8Array | undefined {
  if (present.every(Boolean)) return undefined
  const bits = new Uint8Array((present.length + 7) >> 3)
  for (const [index, there] of present.entries()) if (there) bits[index >> 3]! |= 1 << (index & 7)
  return bits
}
