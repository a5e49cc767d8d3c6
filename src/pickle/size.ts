/** How many values a pickle stands for once what it shares is written out: a few bytes can stand for 2^200 (CWE-776). */
import type { PickleNode, PickleValue } from './value.ts'

interface Visit {
  readonly node: PickleNode
  readonly children: readonly (readonly PickleValue[])[]
  list: number
  index: number
  sum: number
}

/** Counts every value as often as it is reached, without recursion and each node once; ends where the sum is beyond `most`. */
export function logicalSize(value: PickleValue, most: number): number {
  const sizes = new Map<PickleNode, number>()
  const open: Visit[] = []
  let last = enter(value, sizes, open)
  while (open.length > 0) {
    const visit = open[open.length - 1]!
    if (last !== undefined) visit.sum += last
    last = undefined
    const list = visit.children[visit.list]
    if (list === undefined) {
      sizes.set(visit.node, visit.sum)
      if (visit.sum > most) return visit.sum
      open.pop()
      last = visit.sum
    } else if (visit.index === list.length) {
      visit.list++
      visit.index = 0
    } else last = enter(list[visit.index++]!, sizes, open)
  }
  return last ?? 1
}

/** The size of a value that is known already; otherwise its visit begins. */
function enter(value: PickleValue, sizes: Map<PickleNode, number>, open: Visit[]): number | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return 1
  const known = sizes.get(value)
  if (known !== undefined) return known
  const children = childrenOf(value)
  if (children.length === 0) return 1
  // What holds itself counts once.
  sizes.set(value, 1)
  open.push({ node: value, children, list: 0, index: 0, sum: 1 })
  return undefined
}

function childrenOf(node: PickleNode): readonly (readonly PickleValue[])[] {
  switch (node.kind) {
    case 'list':
    case 'tuple':
    case 'set':
    case 'frozenset':
      return [node.items]
    case 'dict':
      return [node.entries]
    case 'object':
      return [node.args, node.state === undefined ? [] : [node.state], node.items ?? [], node.entries ?? []]
    case 'array':
      return node.data instanceof Uint8Array ? [] : [node.data]
    default:
      return []
  }
}
