/**
 * The arrays of tree ensembles, checked before ONNX Runtime follows them: a child out of range or a circle is a read out of
 * bounds or an endless walk.
 *
 * @see https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleClassifier.html
 */
import { MlmodelError } from '../errors/index.ts'
import { type AttributeReader, attributeReader } from './attribute.ts'
import type { OnnxGraph, OnnxNode } from './graph.ts'

/**
 * Checks every tree ensemble among these nodes.
 *
 * @param main - the graph whose inputs' widths are known
 * @throws ONNX_INVALID
 */
export function checkTrees(bytes: Uint8Array, nodes: readonly OnnxNode[], main: OnnxGraph): void {
  const trees = nodes.filter(({ domain, operator }) => domain === 'ai.onnx.ml' && operator.startsWith('TreeEnsemble'))
  if (trees.length === 0) return
  const read = attributeReader(bytes)
  for (const node of trees) {
    const width = inputWidth(main, node.inputs[0])
    if (node.operator === 'TreeEnsemble') checkEnsemble(node, read, width)
    else checkNamedNodes(node, read, width)
  }
}

const invalid = (node: OnnxNode, why: string) =>
  new MlmodelError('ONNX_INVALID', { why: `the ${node.operator} \`${node.name}\` ${why}` })

/** The number of features, where a graph input of fixed width feeds the trees. */
function inputWidth(graph: OnnxGraph, name: string | undefined): number | undefined {
  const type = graph.inputs.find((input) => input.name === name)?.type
  const last = type?.kind === 'tensor' ? type.shape?.at(-1) : undefined
  return typeof last === 'number' ? last : undefined
}

/** TreeEnsembleRegressor and TreeEnsembleClassifier: a node is named by its tree and a number within it. */
function checkNamedNodes(node: OnnxNode, read: AttributeReader, width: number | undefined): void {
  const trees = read.integers(node, 'nodes_treeids')
  const ids = read.integers(node, 'nodes_nodeids')
  const features = read.integers(node, 'nodes_featureids')
  const left = read.integers(node, 'nodes_truenodeids')
  const right = read.integers(node, 'nodes_falsenodeids')
  const leaves = read.matches(node, 'nodes_modes', 'LEAF')
  const values = Math.max(read.floatCount(node, 'nodes_values'), read.tensorElements(node, 'nodes_values_as_tensor'))
  const count = ids.length
  if (count === 0) throw invalid(node, 'has no nodes')
  const lengths = {
    nodes_treeids: trees.length,
    nodes_featureids: features.length,
    nodes_truenodeids: left.length,
    nodes_falsenodeids: right.length,
    nodes_modes: leaves.length,
    nodes_values: values,
  }
  for (const [name, length] of Object.entries(lengths)) {
    if (length !== count) throw invalid(node, `has ${count} nodes and ${length} ${name}`)
  }
  const find = nodeFinder(node, trees, ids)
  const parents = new Uint8Array(count)
  const children = new Int32Array(2 * count).fill(-1)
  for (let index = 0; index < count; index++) {
    if (leaves[index] === 1) continue
    checkFeature(node, features[index]!, width)
    const pair = [find(trees[index]!, left[index]!), find(trees[index]!, right[index]!)]
    for (let side = 0; side < 2; side++) {
      const child = pair[side]
      if (child === undefined)
        throw invalid(node, `has the node ${ids[index]} in tree ${trees[index]} with a child that is not there`)
      // Both sides may be one node: a split that decides nothing.
      if (side === 0 || child !== pair[0]) parents[child]!++
      if (parents[child]! > 1) throw invalid(node, `reaches the node ${ids[child]} of tree ${trees[child]} over two ways`)
      children[2 * index + side] = child
    }
  }
  checkReached(node, parents, children)
  checkTargets(node, read, find)
}

/** Rows of the arrays by tree and number: nodes nearly always stand in order, tree by tree, numbered from 0. */
function nodeFinder(node: OnnxNode, trees: Float64Array, ids: Float64Array): (tree: number, id: number) => number | undefined {
  const starts = new Map<number, number>()
  let inOrder = true
  for (let index = 0; index < ids.length && inOrder; index++) {
    const tree = trees[index]!
    if (index === 0 || tree !== trees[index - 1]) {
      inOrder = !starts.has(tree) && ids[index] === 0
      starts.set(tree, index)
    } else inOrder = ids[index] === ids[index - 1]! + 1
  }
  if (inOrder) {
    return (tree, id) => {
      const index = (starts.get(tree) ?? Number.NaN) + id
      return id >= 0 && trees[index] === tree ? index : undefined
    }
  }
  const byTree = new Map<number, Map<number, number>>()
  ids.forEach((id, index) => {
    const tree = byTree.get(trees[index]!) ?? new Map<number, number>()
    if (tree.has(id)) throw invalid(node, `has the node ${id} of tree ${trees[index]} twice`)
    byTree.set(trees[index]!, tree.set(id, index))
  })
  return (tree, id) => byTree.get(tree)?.get(id)
}

function checkFeature(node: OnnxNode, feature: number, width: number | undefined): void {
  if (feature < 0 || feature >= (width ?? 2 ** 31))
    throw invalid(node, `splits by feature ${feature}${width === undefined ? '' : ` of ${width}`}`)
}

/** With one parent at most each, nodes that no root reaches lie on a circle. */
function checkReached(node: OnnxNode, parents: Uint8Array, children: Int32Array): void {
  let reached = 0
  const stack: number[] = []
  for (let root = 0; root < parents.length; root++) {
    if (parents[root] !== 0) continue
    stack.push(root)
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      reached++
      const left = children[2 * index]!
      const right = children[2 * index + 1]!
      if (left >= 0) stack.push(left)
      if (right >= 0 && right !== left) stack.push(right)
    }
  }
  if (reached !== parents.length) throw invalid(node, 'has nodes that lead back to themselves')
}

function checkTargets(node: OnnxNode, read: AttributeReader, find: (tree: number, id: number) => number | undefined): void {
  const prefix = node.operator === 'TreeEnsembleClassifier' ? 'class' : 'target'
  const trees = read.integers(node, `${prefix}_treeids`)
  const nodes = read.integers(node, `${prefix}_nodeids`)
  const ids = read.integers(node, `${prefix}_ids`)
  const weights = Math.max(read.floatCount(node, `${prefix}_weights`), read.tensorElements(node, `${prefix}_weights_as_tensor`))
  if (trees.length !== ids.length || nodes.length !== ids.length || weights !== ids.length) {
    throw invalid(
      node,
      `has ${ids.length} ${prefix}_ids, ${trees.length} ${prefix}_treeids, ${nodes.length} ${prefix}_nodeids and ${weights} ${prefix}_weights`,
    )
  }
  const labels = Math.max(read.strings(node, 'classlabels_strings').length, read.bigIntegers(node, 'classlabels_int64s').length)
  const targets = prefix === 'class' ? labels : (read.integer(node, 'n_targets') ?? 0)
  ids.forEach((id, index) => {
    if (id < 0 || id >= targets) throw invalid(node, `gives weight to the ${prefix} ${id} of ${targets}`)
    if (find(trees[index]!, nodes[index]!) === undefined) throw invalid(node, `gives weight to a node that is not there`)
  })
}

/** TreeEnsemble (since ai.onnx.ml 5): inner nodes and leaves in arrays of their own, named by position. */
function checkEnsemble(node: OnnxNode, read: AttributeReader, width: number | undefined): void {
  const features = read.integers(node, 'nodes_featureids')
  const sides = [
    { children: read.integers(node, 'nodes_truenodeids'), leaves: read.integers(node, 'nodes_trueleafs') },
    { children: read.integers(node, 'nodes_falsenodeids'), leaves: read.integers(node, 'nodes_falseleafs') },
  ]
  const roots = read.integers(node, 'tree_roots')
  const targets = read.integers(node, 'leaf_targetids')
  const count = features.length
  if (count === 0 || roots.length === 0) throw invalid(node, 'has no nodes')
  if (sides.some(({ children, leaves }) => children.length !== count || leaves.length !== count))
    throw invalid(node, 'has arrays of different lengths')
  if (read.tensorElements(node, 'nodes_splits') !== count || read.tensorElements(node, 'nodes_modes') !== count)
    throw invalid(node, 'has arrays of different lengths')
  if (read.tensorElements(node, 'leaf_weights') !== targets.length) throw invalid(node, 'has leaves without weights')
  const outputs = read.integer(node, 'n_targets') ?? 0
  for (const target of targets)
    if (target < 0 || target >= outputs) throw invalid(node, `gives weight to the target ${target} of ${outputs}`)
  const parents = new Uint8Array(count)
  const inner = new Int32Array(2 * count).fill(-1)
  for (let index = 0; index < count; index++) {
    checkFeature(node, features[index]!, width)
    sides.forEach(({ children, leaves }, side) => {
      const child = children[index]!
      const isLeaf = leaves[index]! !== 0
      if (child < 0 || child >= (isLeaf ? targets.length : count))
        throw invalid(node, `has the node ${index} with a child that is not there`)
      if (isLeaf) return
      // A tree that is one leaf is written as a node whose sides are that leaf, so only inner nodes count.
      if (++parents[child]! > 1) throw invalid(node, `reaches the node ${child} over two ways`)
      inner[2 * index + side] = child
    })
  }
  for (const root of roots)
    if (root < 0 || root >= count || parents[root] !== 0) throw invalid(node, `has the root ${root}, which is none`)
  checkReached(node, parents, inner)
}
