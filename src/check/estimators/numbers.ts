/** Estimators that are arrays of numbers: each must be as wide as the others say. */
import { isNode, type ObjectNode, type PickleValue } from '../../pickle/value.ts'
import { arrayOf, attribute, featuresOf, firstAttribute, integerOf, numbersOf } from './arrays.ts'

/** What is wrong with the coefficients of a linear model; its lack of them is judged elsewhere. */
export function linearProblem(node: ObjectNode): string | undefined {
  const value = attribute(node, 'coef_')
  if (value === undefined) return undefined
  // Of `sparsify()`, or one number.
  if (isNode(value, 'object') || isNode(value, 'scalar') || typeof value === 'number') return undefined
  const coefficients = arrayOf(value)
  if (coefficients === undefined || !'iuf'.includes(coefficients.dtype.code)) return 'has a coef_ that is no array of numbers'
  const { shape } = coefficients
  const features = featuresOf(node)
  const rows = shape.length === 2 ? shape[0]! : 1
  if (shape.length < 1 || shape.length > 2 || (features !== undefined && shape.at(-1) !== features))
    return `has a coef_ of shape (${shape.join(', ')}) for ${features} features`
  const intercepts = arrayOf(attribute(node, 'intercept_'))
  if (intercepts !== undefined && intercepts.shape.length === 1 && intercepts.shape[0] !== rows && intercepts.shape[0] !== 1)
    return `has ${intercepts.shape[0]} intercepts for ${rows} rows of coef_`
  const classes = arrayOf(attribute(node, 'classes_'))
  if (classes === undefined || classes.shape.length !== 1) return undefined
  const count = classes.shape[0]!
  return rows === (count === 2 ? 1 : count) && count > 1
    ? undefined
    : `has ${count} classes and a coef_ of shape (${shape.join(', ')})`
}

/** Of how many classes libsvm made the model; 2 for the kinds that have none. */
const isClassifier = (name: string) => name === 'SVC' || name === 'NuSVC'

/** What is wrong with a model of libsvm, whose C code trusts every length. */
export function supportVectorProblem(node: ObjectNode): string | undefined {
  const vectors = arrayOf(attribute(node, 'support_vectors_'))
  // With a precomputed kernel there are none, and sparse ones are objects.
  if (vectors === undefined || vectors.shape[0] === 0) return undefined
  const [count, width] = vectors.shape
  const features = featuresOf(node)
  if (vectors.shape.length !== 2 || (features !== undefined && width !== features))
    return `has support vectors of shape (${vectors.shape.join(', ')}) for ${features} features`
  const support = arrayOf(attribute(node, 'support_'))
  if (support !== undefined && support.shape[0] !== count) return `has ${support.shape[0]} support indices for ${count} vectors`
  const perClass = numbersOf(firstAttribute(node, ['_n_support', 'n_support_']))
  const classes = isClassifier(node.name) ? (perClass?.length ?? 2) : 2
  if (perClass !== undefined) {
    const sum = isClassifier(node.name) ? perClass.reduce((total, each) => total + each, 0) : perClass[0]
    if (sum !== count || perClass.some((each) => each < 0))
      return `counts ${perClass.join(' + ')} support vectors, and has ${count}`
  }
  const labels = arrayOf(attribute(node, 'classes_'))
  if (isClassifier(node.name) && labels !== undefined && labels.shape[0] !== classes)
    return `has ${labels.shape[0]} classes, and support vectors of ${classes}`
  const dual = arrayOf(firstAttribute(node, ['_dual_coef_', 'dual_coef_']))
  if (dual !== undefined && (dual.shape[0] !== classes - 1 || dual.shape[1] !== count))
    return `has dual coefficients of shape (${dual.shape.join(', ')}) for ${count} vectors of ${classes} classes`
  const intercepts = arrayOf(firstAttribute(node, ['_intercept_', 'intercept_']))
  const pairs = (classes * (classes - 1)) / 2
  return intercepts !== undefined && intercepts.shape[0] !== pairs
    ? `has ${intercepts.shape[0]} intercepts for ${pairs} pairs of classes`
    : undefined
}

/** What is wrong with the layers of a neural network. */
export function layersProblem(node: ObjectNode): string | undefined {
  const weights = listOf(attribute(node, 'coefs_'))
  const intercepts = listOf(attribute(node, 'intercepts_'))
  if (weights === undefined || intercepts === undefined) return undefined
  if (weights.length !== intercepts.length || weights.length === 0)
    return `has ${weights.length} layers and ${intercepts.length} intercepts`
  let width = featuresOf(node)
  for (const [layer, value] of weights.entries()) {
    const shape = arrayOf(value)?.shape
    const bias = arrayOf(intercepts[layer])?.shape
    if (shape?.length !== 2 || (width !== undefined && shape[0] !== width) || bias?.[0] !== shape[1])
      return `has a layer ${layer} of shape (${shape?.join(', ') ?? 'none'}) that does not follow the one before`
    width = shape[1]
  }
  return undefined
}

function listOf(value: PickleValue | undefined): readonly PickleValue[] | undefined {
  return isNode(value, 'list') || isNode(value, 'tuple') ? value.items : undefined
}

/** By class, attributes whose axis has one place for each feature. */
const widths: Readonly<Record<string, readonly (readonly [name: string, axis: number])[]>> = {
  StandardScaler: [
    ['mean_', 0],
    ['scale_', 0],
    ['var_', 0],
  ],
  MinMaxScaler: [
    ['scale_', 0],
    ['min_', 0],
  ],
  MaxAbsScaler: [['scale_', 0]],
  RobustScaler: [
    ['center_', 0],
    ['scale_', 0],
  ],
  PCA: [
    ['mean_', 0],
    ['components_', 1],
  ],
  TruncatedSVD: [['components_', 1]],
  KMeans: [['cluster_centers_', 1]],
  MiniBatchKMeans: [['cluster_centers_', 1]],
  GaussianNB: [
    ['theta_', 1],
    ['var_', 1],
    ['sigma_', 1],
  ],
  MultinomialNB: [['feature_log_prob_', 1]],
  BernoulliNB: [['feature_log_prob_', 1]],
  ComplementNB: [['feature_log_prob_', 1]],
  KNeighborsClassifier: [['_fit_X', 1]],
  KNeighborsRegressor: [['_fit_X', 1]],
}

/** What is wrong with the widths of an estimator's arrays. */
export function widthProblem(node: ObjectNode): string | undefined {
  const features = featuresOf(node)
  if (features === undefined || !Object.hasOwn(widths, node.name)) return undefined
  for (const [name, axis] of widths[node.name]!) {
    const shape = arrayOf(attribute(node, name))?.shape
    if (shape !== undefined && shape.length > axis && shape[axis] !== features)
      return `has a ${name} of shape (${shape.join(', ')}) for ${features} features`
  }
  return undefined
}

/** The attribute that counts samples, where a model keeps its training data. */
export function neighborsProblem(node: ObjectNode): string | undefined {
  const rows = arrayOf(attribute(node, '_fit_X'))?.shape[0]
  const answers = arrayOf(attribute(node, '_y'))?.shape[0]
  const said = integerOf(attribute(node, 'n_samples_fit_'))
  if (rows === undefined) return undefined
  if (answers !== undefined && answers !== rows) return `has ${rows} rows and ${answers} answers`
  return said !== undefined && said !== rows ? `says that it has ${said} rows, and has ${rows}` : undefined
}
