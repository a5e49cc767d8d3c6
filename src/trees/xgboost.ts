/**
 * Reads the models of XGBoost: JSON and UBJSON (one schema), the binary forms before them, and what its pickles hold.
 *
 * @see https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html and doc/model.schema
 */
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { parseUbjson } from '../ubjson.ts'
import { brokenBooster, type Fields, fieldsOf, parseBoosterJson } from './fields.ts'
import type { CategorySet, Tree } from './forest.ts'
import { readXgboostBinary } from './xgboost-binary.ts'
import { checkedModel, evenRounds, mostFeatures, mostGroups, type XgboostModel } from './xgboost-model.ts'
import { xgboostTree } from './xgboost-tree.ts'

export type { XgboostModel } from './xgboost-model.ts'

const library = 'XGBoost'
/** Categories are float32 values that are whole (XGBoost's OutOfRangeCat). */
const mostCategories = 2 ** 24

/**
 * Reads a model by what its bytes are, never by its name: XGBoost itself writes UBJSON under `.xgb`.
 *
 * @throws BOOSTER_BROKEN, BOOSTER_LIMIT, BOOSTER_UNSUPPORTED, UBJSON_BROKEN, UBJSON_LIMIT, JSON_SYNTAX and other JSON errors
 */
export function readXgboost(bytes: Uint8Array, limits: Limits = defaultLimits): XgboostModel {
  if (bytes.length > limits.boosterBytes)
    throw new MlmodelError('BOOSTER_LIMIT', { library, what: `${bytes.length} bytes`, limit: limits.boosterBytes })
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1')
  if (/^\{[LiUIl]/.test(start)) return readDocument(parseUbjson(bytes, limits), 'ubjson')
  if (/^\s*\{\s*("|\})/.test(start)) return readDocument(parseBoosterJson(bytes, library, limits), 'json')
  return readXgboostBinary(bytes)
}

/** The document is a model, or a pickle's pair of configuration and model. */
function readDocument(document: unknown, form: 'json' | 'ubjson'): XgboostModel {
  const top = fieldsOf(document, library)
  if (!top.has('learner') && top.has('Model')) return readLearner(top.fields('Model'), form)
  return readLearner(top, form)
}

function readLearner(top: Fields, form: 'json' | 'ubjson'): XgboostModel {
  const learner = top.fields('learner')
  const parameters = learner.fields('learner_model_param')
  const features = parameters.integer('num_feature', 0, mostFeatures)
  const classes = parameters.integer('num_class', 0, mostGroups)
  const targets = parameters.has('num_target') ? parameters.integer('num_target', 0, mostGroups) : 1
  const groups = Math.max(1, classes, targets)
  const objective = learner.fields('objective')
  const booster = learner.fields('gradient_booster')
  const shared = {
    form,
    version: top.has('version') ? [...top.integers('version', 3)] : undefined,
    objective: objective.text('name'),
    objectiveParameters: parametersOf(objective),
    baseScore: baseScores(parameters),
    baseScoreIsMargin: false,
    features,
    classes,
    targets: Math.max(1, targets),
    groups,
    featureNames: learner.has('feature_names') ? learner.texts('feature_names') : [],
    featureTypes: learner.has('feature_types') ? learner.texts('feature_types') : [],
    attributes: learner.has('attributes') ? textsOf(learner.fields('attributes')) : new Map<string, string>(),
  }
  const name = booster.text('name')
  if (name === 'gblinear') {
    const weights = Float32Array.from(booster.fields('model').numbers('weights'))
    return checkedModel({ ...shared, booster: name, ...noTrees, linearWeights: weights })
  }
  if (name !== 'gbtree' && name !== 'dart')
    throw new MlmodelError('BOOSTER_UNSUPPORTED', { library, what: `the booster \`${name}\`` })
  const gbtree = name === 'dart' ? booster.fields('gbtree') : booster
  return checkedModel({
    ...shared,
    booster: name,
    ...readTrees(gbtree.fields('model'), features, groups),
    treeWeight: name === 'dart' ? Float32Array.from(booster.numbers('weight_drop')) : undefined,
    linearWeights: undefined,
  })
}

const noTrees = {
  trees: [],
  treeGroup: new Int32Array(0),
  iterationStarts: Int32Array.of(0),
  treeWeight: undefined,
  categories: [],
}

/** Until 3.0 one number as text, since then a list as text: `5E-1`, `[1.5E2,1E0]`. */
function baseScores(parameters: Fields): readonly number[] {
  const text = parameters.text('base_score')
  const parts = /^\[.*\]$/.test(text) ? text.slice(1, -1).split(',') : [text]
  return parts.map((part) => {
    if (!/^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(part))
      throw brokenBooster(library, 'its base score is no number', `${parameters.path}.base_score`)
    return Math.fround(Number(part))
  })
}

function textsOf(fields: Fields): ReadonlyMap<string, string> {
  return new Map(fields.keys.map((key) => [key, fields.text(key)]))
}

/** The objective's name stands beside an object or two of parameters, whose names differ by objective and version. */
function parametersOf(objective: Fields): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const group of objective.keys) {
    if (group === 'name') continue
    const value = objective.get(group)
    if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) continue
    const fields = objective.fields(group)
    for (const key of fields.keys) {
      const each = fields.get(key)
      if (typeof each === 'string' || typeof each === 'number') parameters.set(key, String(each))
    }
  }
  return parameters
}

interface ReadTrees extends Pick<XgboostModel, 'treeGroup' | 'iterationStarts' | 'categories'> {
  readonly trees: readonly Tree[]
}

function readTrees(model: Fields, features: number, groups: number): ReadTrees {
  const parameters = model.fields('gbtree_model_param')
  const list = model.list('trees')
  const count = parameters.integer('num_trees', 0, 2 ** 31 - 1)
  if (count !== list.length) throw brokenBooster(library, `it says that it has ${count} trees, and has ${list.length}`)
  const parallel = parameters.has('num_parallel_tree') ? parameters.integer('num_parallel_tree', 0, 2 ** 31 - 1) : 1
  const trees = list.map((value, index) => readTree(fieldsOf(value, library, `${model.path}.trees[${index}]`), index, features))
  const perRound = Math.max(1, parallel) * (trees.some(({ leafWidth }) => leafWidth > 1) ? 1 : groups)
  return {
    trees,
    treeGroup: model.integers('tree_info'),
    iterationStarts: model.has('iteration_indptr') ? model.integers('iteration_indptr') : evenRounds(count, perRound),
    categories: model.has('cats') ? readCategories(model.fields('cats')) : [],
  }
}

function readTree(tree: Fields, index: number, features: number): Tree {
  const parameters = tree.fields('tree_param')
  const count = parameters.integer('num_nodes', 1, 2 ** 31 - 1)
  const width = parameters.has('size_leaf_vector') ? Math.max(1, parameters.integer('size_leaf_vector', 0, mostGroups)) : 1
  const own = parameters.has('num_feature') ? parameters.integer('num_feature', 0, mostFeatures) : features
  // The arrays that scoring does not need count all the same: XGBoost refuses a file where they differ.
  tree.integers('parents', count)
  tree.numbers('sum_hessian', count)
  tree.numbers('loss_changes', count)
  const left = tree.integers('left_children', count)
  const right = tree.integers('right_children', count)
  const weights = tree.numbers('base_weights', width > 1 ? count * width : count)
  const leafWeights = width > 1 && tree.has('leaf_weights') ? tree.numbers('leaf_weights') : undefined
  const nodes = {
    left,
    right,
    feature: tree.integers('split_indices', count),
    defaultLeft: tree.integers('default_left', count),
    condition: tree.numbers('split_conditions', count),
    type: tree.has('split_type') ? tree.integers('split_type', count) : undefined,
    categories: tree.has('categories_nodes') ? readSplitCategories(tree) : new Map<number, CategorySet>(),
    leafVector: width === 1 ? undefined : leafVector(width, right, weights, leafWeights),
  }
  return xgboostTree(nodes, Math.min(features, own), parameters.integer('num_deleted', 0, count), `tree ${index}`)
}

/** Multi-output leaves: a table of their own since 3.1, with its row in place of the right child; before, the weights of the node. */
function leafVector(width: number, right: Int32Array, weights: Float64Array, leafWeights: Float64Array | undefined) {
  return {
    width,
    at(node: number, into: Float64Array, place: number): boolean {
      const from = (leafWeights === undefined ? node : right[node]!) * width
      const source = leafWeights ?? weights
      if (from < 0 || from + width > source.length) return false
      for (let output = 0; output < width; output++) into[place + output] = Math.fround(source[from + output]!)
      return true
    },
  }
}

/** The categories of a tree's splits: one list for all, with a start and a length per node. */
function readSplitCategories(tree: Fields): ReadonlyMap<number, CategorySet> {
  const nodes = tree.integers('categories_nodes')
  const starts = tree.integers('categories_segments', nodes.length)
  const lengths = tree.integers('categories_sizes', nodes.length)
  const all = tree.integers('categories')
  const sets = new Map<number, CategorySet>()
  nodes.forEach((node, index) => {
    const [start, length] = [starts[index]!, lengths[index]!]
    if (start < 0 || length < 0 || start + length > all.length || sets.has(node))
      throw brokenBooster(library, `the categories of node ${node} are not where they should be`, tree.path)
    const values = Uint32Array.from(all.subarray(start, start + length)).sort()
    if (values.length > 0 && values.at(-1)! >= mostCategories)
      throw brokenBooster(library, `a category is not between 0 and ${mostCategories - 1}`, tree.path)
    sets.set(node, { form: 'list', values })
  })
  // Segments that overlap would make many bytes of few.
  if (lengths.reduce((sum, length) => sum + length, 0) > all.length)
    throw brokenBooster(library, 'the categories of its nodes overlap', tree.path)
  return sets
}

/**
 * The categories of the training data: text as offsets into bytes, numbers as they are. XGBoost 3.2 counts the offsets of pandas'
 * strings in characters: categories that are not ASCII are cut in the file itself, and read here as they stand there.
 */
function readCategories(cats: Fields): XgboostModel['categories'] {
  return cats.list('enc').map((value, index) => {
    const encoded = fieldsOf(value, library, `${cats.path}.enc[${index}]`)
    if (!encoded.has('offsets')) {
      const numbers = encoded.numbers('values')
      return numbers.length === 0 ? undefined : numbers
    }
    const offsets = encoded.integers('offsets')
    if (offsets.length === 0) return undefined
    const bytes = Uint8Array.from(encoded.integers('values'), (byte) => byte & 0xff)
    const decoder = new TextDecoder('utf-8')
    return Array.from({ length: offsets.length - 1 }, (_, code) => {
      const [from, to] = [offsets[code]!, offsets[code + 1]!]
      if (from < 0 || to < from || to > bytes.length)
        throw brokenBooster(library, `category ${code} of feature ${index} is not where it should be`, encoded.path)
      return decoder.decode(bytes.subarray(from, to))
    })
  })
}
