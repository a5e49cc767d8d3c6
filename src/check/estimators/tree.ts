/**
 * scikit-learn's trees: what `Tree.predict` follows without looking. A child out of range is a read out of bounds, a circle an
 * endless walk.
 *
 * @see sklearn/tree/_tree.pyx, sklearn/ensemble/_hist_gradient_boosting/predictor.py
 */
import type { ArrayNode, ObjectNode } from '../../pickle/value.ts'
import { arrayOf, attribute, columnOf, featuresOf, integerOf, numbersOf } from './arrays.ts'

/** What is wrong with a `Tree`, which is made with its numbers of features, classes and outputs. */
export function treeStructureProblem(node: ObjectNode): string | undefined {
  const features = integerOf(node.args[0])
  const nodes = arrayOf(attribute(node, 'nodes'))
  const values = arrayOf(attribute(node, 'values'))
  const count = integerOf(attribute(node, 'node_count'))
  if (features === undefined || nodes === undefined || values === undefined || count === undefined)
    return 'lacks its nodes or values'
  if (nodes.shape.length !== 1 || nodes.shape[0] !== count || count < 1)
    return `says that it has ${count} nodes, and has ${nodes.shape.join(' × ')}`
  const outputs = integerOf(node.args[2])
  const classes = numbersOf(node.args[1])
  if (values.shape[0] !== count || values.shape.length !== 3 || (outputs !== undefined && values.shape[1] !== outputs))
    return `has values of shape (${values.shape.join(', ')}) for ${count} nodes`
  if (classes !== undefined && values.shape[2] !== classes.reduce((most, each) => Math.max(most, each), 1))
    return `has values of ${values.shape[2]} classes, not ${classes.join(', ')}`
  const left = columnOf(nodes, ['left_child'])
  const right = columnOf(nodes, ['right_child'])
  const feature = columnOf(nodes, ['feature'])
  if (left === undefined || right === undefined || feature === undefined) return 'has nodes without children or features'
  return walkProblem(left, right, (index) => left[index] === -1, feature, features)
}

/** What is wrong with the nodes of a `TreePredictor` of histogram boosting. */
export function predictorProblem(node: ObjectNode): string | undefined {
  const nodes = arrayOf(attribute(node, 'nodes'))
  if (nodes === undefined || nodes.shape.length !== 1 || nodes.shape[0] === 0) return 'lacks its nodes'
  const left = columnOf(nodes, ['left'])
  const right = columnOf(nodes, ['right'])
  const leaf = columnOf(nodes, ['is_leaf'])
  const feature = columnOf(nodes, ['feature_idx'])
  if (left === undefined || right === undefined || leaf === undefined || feature === undefined)
    return 'has nodes without children or features'
  return walkProblem(left, right, (index) => leaf[index] !== 0, feature, undefined) ?? bitsetProblem(node, nodes)
}

/** Splits by categories name a row of the bitsets. */
function bitsetProblem(node: ObjectNode, nodes: ArrayNode): string | undefined {
  const categorical = columnOf(nodes, ['is_categorical'])
  const index = columnOf(nodes, ['bitset_idx'])
  if (categorical === undefined || index === undefined) return undefined
  const rows = arrayOf(attribute(node, 'raw_left_cat_bitsets'))?.shape[0] ?? 0
  return categorical.some((flag, place) => flag !== 0 && index[place]! >= rows)
    ? 'names a set of categories that is not there'
    : undefined
}

/** With one parent for each and all reached from the root there is no circle. */
function walkProblem(
  left: Float64Array,
  right: Float64Array,
  isLeaf: (index: number) => boolean,
  feature: Float64Array,
  features: number | undefined,
): string | undefined {
  const count = left.length
  const seen = new Uint8Array(count)
  seen[0] = 1
  const stack = [0]
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    if (isLeaf(index)) continue
    if (feature[index]! < 0 || feature[index]! >= (features ?? 2 ** 31))
      return `splits by feature ${feature[index]} of ${features ?? 'any'}`
    for (const child of [left[index]!, right[index]!]) {
      if (child < 0 || child >= count) return `has the node ${index} with the child ${child} of ${count}`
      if (seen[child] === 1) return `reaches the node ${child} over two ways, or in a circle`
      seen[child] = 1
      stack.push(child)
    }
  }
  const lost = seen.indexOf(0)
  return lost < 0 ? undefined : `has the node ${lost}, which no way leads to`
}

/** An estimator with one tree, whose number of features both must have. */
export function treeEstimatorProblem(node: ObjectNode): string | undefined {
  const tree = attribute(node, 'tree_')
  const features = featuresOf(node)
  if (typeof tree !== 'object' || tree === null || !('kind' in tree) || tree.kind !== 'object' || features === undefined)
    return undefined
  const own = integerOf(tree.args[0])
  return own === undefined || own === features ? undefined : `was fitted with ${features} features, and its tree with ${own}`
}
