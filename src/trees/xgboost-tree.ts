/** A tree as XGBoost holds it, one row per node, made into splits and leaves. */

import { brokenBooster } from './fields.ts'
import { type CategorySet, missingFlags, splitKinds, type Tree, treeProblem } from './forest.ts'

/** Per node; a leaf has no left child. */
export interface XgboostNodes {
  readonly left: Int32Array
  readonly right: Int32Array
  readonly feature: Int32Array
  readonly defaultLeft: ArrayLike<number>
  /** A split's threshold, or the value of a leaf. */
  readonly condition: ArrayLike<number>
  /** 1 where a split is by categories. */
  readonly type: ArrayLike<number> | undefined
  readonly categories: ReadonlyMap<number, CategorySet>
  /** A leaf's values where it has several (multi-output trees); undefined where `condition` is the one. */
  readonly leafVector: { readonly width: number; at(node: number, into: Float64Array, place: number): boolean } | undefined
}

/** A node that pruning took away keeps its row, with all bits of the split index set (kDeletedNodeMarker). */
const deletedIndex = 2 ** 31 - 1

/**
 * Makes and checks a tree.
 *
 * @param deleted - nodes that pruning took away, as the tree says
 * @param name - for errors, as "tree 3"
 * @throws BOOSTER_BROKEN
 */
export function xgboostTree(nodes: XgboostNodes, features: number, deleted: number, name: string): Tree {
  const broken = (why: string) => brokenBooster('XGBoost', `${name} ${why}`)
  const count = nodes.left.length
  if (count === 0) throw broken('has no nodes')
  // Node → split, or the complement of a leaf; deleted nodes have none.
  const numbers = new Int32Array(count)
  let splits = 0
  let leaves = 0
  let gone = 0
  for (let node = 0; node < count; node++) {
    if (node > 0 && nodes.feature[node] === deletedIndex && nodes.defaultLeft[node] === 1) {
      numbers[node] = deletedIndex
      gone++
    } else if (nodes.left[node] === -1) numbers[node] = ~leaves++
    else numbers[node] = splits++
  }
  if (gone !== deleted) throw broken(`says that ${deleted} nodes were deleted, and ${gone} are`)
  const child = (node: number): number => {
    const number = node >= 0 && node < count ? numbers[node]! : deletedIndex
    if (number === deletedIndex) throw broken(`has the child ${node}, which is not there`)
    return number
  }
  const width = nodes.leafVector?.width ?? 1
  const tree = {
    feature: new Int32Array(splits),
    threshold: new Float64Array(splits),
    kind: new Uint8Array(splits),
    missing: new Uint8Array(splits),
    left: new Int32Array(splits),
    right: new Int32Array(splits),
    members: new Map<number, CategorySet>(),
    leaf: new Float64Array(leaves * width),
    leafWidth: width,
  }
  for (let node = 0; node < count; node++) {
    const number = numbers[node]!
    if (number === deletedIndex) continue
    if (number < 0) {
      const place = ~number * width
      if (nodes.leafVector === undefined) tree.leaf[place] = Math.fround(nodes.condition[node]!)
      else if (!nodes.leafVector.at(node, tree.leaf, place)) throw broken(`has no values for the leaf at node ${node}`)
      continue
    }
    const categories = nodes.categories.get(node)
    if ((nodes.type?.[node] === 1) !== (categories !== undefined))
      throw broken(`has categories at node ${node} and no split by them, or the other way round`)
    if (categories !== undefined) tree.members.set(number, categories)
    tree.feature[number] = nodes.feature[node]!
    tree.threshold[number] = Math.fround(nodes.condition[node]!)
    tree.kind[number] = categories === undefined ? splitKinds.less : splitKinds.notMember
    tree.missing[number] = missingFlags.nan | (nodes.defaultLeft[node] === 0 ? 0 : missingFlags.left)
    tree.left[number] = child(nodes.left[node]!)
    tree.right[number] = child(nodes.right[node]!)
  }
  const problem = treeProblem(tree, features)
  if (problem !== undefined) throw broken(problem)
  return tree
}
