/**
 * Estimators of scikit-learn as a pickle or a skops file describes them: a record may name only harmless classes and still hold
 * numbers that make its library read out of bounds, or nothing that was ever fitted.
 */
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { isNode, type ObjectNode, type PickleValue } from '../pickle/value.ts'
import { readLightgbm } from '../trees/lightgbm.ts'
import { readXgboost } from '../trees/xgboost.ts'
import type { EstimatorSummary, Judgement } from './check.ts'
import { attribute, attributeNames, featuresOf } from './estimators/arrays.ts'
import { layersProblem, linearProblem, neighborsProblem, supportVectorProblem, widthProblem } from './estimators/numbers.ts'
import { predictorProblem, treeEstimatorProblem, treeStructureProblem } from './estimators/tree.ts'

/** Objects that are looked at; more of them are only more of the same, and bounded all the same. */
const mostObjects = 5_000_000
/** Findings of one file. */
const mostFindings = 20

type Rule = (node: ObjectNode) => string | undefined

/** Which rules a class has, by its package and name. */
function rulesOf({ module, name }: ObjectNode): readonly Rule[] {
  if (name === 'Tree' && module.startsWith('sklearn.tree.')) return [treeStructureProblem]
  if (name === 'TreePredictor') return [predictorProblem]
  if (/^(SVC|NuSVC|SVR|NuSVR|OneClassSVM)$/.test(name)) return [supportVectorProblem]
  if (/^(sklearn\.linear_model|sklearn\.discriminant_analysis|sklearn\.svm)\b/.test(module)) return [linearProblem]
  if (name === 'MLPClassifier' || name === 'MLPRegressor') return [layersProblem]
  if (module.startsWith('sklearn.')) return [treeEstimatorProblem, widthProblem, neighborsProblem]
  return []
}

/**
 * Checks every estimator in a file, and the boosters that it holds.
 *
 * @param root - what the file describes
 * @returns ESTIMATOR_BROKEN, ESTIMATOR_UNFITTED, BOOSTER_… and the like
 */
export function estimatorFindings(
  root: PickleValue,
  where: Finding['where'],
  limits: Limits = defaultLimits,
): readonly Finding[] {
  const findings: Finding[] = [...unfitted(root, where)]
  const seen = new Set<object>()
  const stack: PickleValue[] = [root]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array || seen.has(value)) continue
    seen.add(value)
    if (seen.size > mostObjects || findings.length >= mostFindings) break
    if (value.kind === 'object') findings.push(...objectFindings(value, where, limits))
    for (const part of partsOf(value)) if (typeof part === 'object' && part !== null) stack.push(part)
  }
  return findings
}

/** Adds to the judgement of a file what its estimators say; a file whose numbers do not fit is refused. */
export function withEstimators(judgement: Judgement, value: PickleValue | undefined, where: Finding['where']): Judgement {
  if (value === undefined) return judgement
  const findings = estimatorFindings(value, where)
  const estimator = summaryOf(value)
  return {
    ...judgement,
    verdict: findings.some(({ level }) => level === 'error') ? 'reject' : judgement.verdict,
    findings: [...judgement.findings, ...findings],
    ...(estimator !== undefined && { estimator }),
  }
}

/** What takes the data first: the estimator, or the first step of a pipeline. A ColumnTransformer picks its columns by name. */
function summaryOf(root: PickleValue): EstimatorSummary | undefined {
  let node: PickleValue | undefined = root
  for (let depth = 0; depth < 20 && isNode(node, 'object') && node.name === 'Pipeline'; depth++) node = firstStep(node)
  if (!isNode(node, 'object') || !node.module.startsWith('sklearn.') || node.name === 'ColumnTransformer') return undefined
  const features = featuresOf(node)
  if (features === undefined) return undefined
  const names = attribute(node, 'feature_names_in_')
  const texts = isNode(names, 'array') && Array.isArray(names.data) ? (names.data as readonly PickleValue[]) : []
  return { features, names: texts.every((name) => typeof name === 'string') ? (texts as readonly string[]) : [] }
}

function firstStep(pipeline: ObjectNode): PickleValue | undefined {
  return stepOf(pipeline, 0)
}

/** What a value holds. */
function partsOf(value: Exclude<PickleValue, null | boolean | bigint | number | string | Uint8Array>): readonly PickleValue[] {
  switch (value.kind) {
    case 'list':
    case 'tuple':
    case 'set':
    case 'frozenset':
      return value.items
    case 'dict':
      return value.entries
    case 'object':
      return [
        ...value.args,
        ...(value.state === undefined ? [] : [value.state]),
        ...(value.items ?? []),
        ...(value.entries ?? []),
      ]
    case 'array':
      return value.data instanceof Uint8Array ? [] : value.data
    default:
      return []
  }
}

function objectFindings(node: ObjectNode, where: Finding['where'], limits: Limits): readonly Finding[] {
  const estimator = `${node.module}.${node.name}`
  const findings: Finding[] = []
  for (const rule of rulesOf(node)) {
    const why = rule(node)
    if (why !== undefined) findings.push(finding('ESTIMATOR_BROKEN', { estimator, why }, { ...where, byte: node.offset }))
  }
  try {
    readHeldBooster(node, limits)
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    if (error.kind !== 'unsupported') findings.push(findingOfError(error, { ...where, byte: node.offset }))
  }
  return findings
}

/** A Booster in a pickle keeps its whole model in one attribute: bytes for XGBoost, text for LightGBM. */
function readHeldBooster(node: ObjectNode, limits: Limits): void {
  if (node.name !== 'Booster') return
  if (node.module === 'xgboost.core') {
    const handle = attribute(node, 'handle')
    if (isNode(handle, 'bytearray')) readXgboost(handle.bytes, limits)
    else if (handle instanceof Uint8Array) readXgboost(handle, limits)
  } else if (node.module === 'lightgbm.basic') {
    for (const name of ['handle', '_handle']) {
      const text = attribute(node, name)
      if (typeof text === 'string') readLightgbm(text, limits)
    }
  }
}

/** Estimators that need no fitting, or whose fitting leaves no attribute of its own. */
const stateless: ReadonlySet<string> = new Set([
  'Pipeline',
  'FeatureUnion',
  'FunctionTransformer',
  'Normalizer',
  'Binarizer',
  'HashingVectorizer',
  'FeatureHasher',
  'AdditiveChi2Sampler',
  'PatchExtractor',
  'SparseCoder',
])

/** The model itself, through pipelines, as scikit-learn's check_is_fitted sees it: no attribute ends in an underscore. */
function unfitted(root: PickleValue, where: Finding['where']): readonly Finding[] {
  let node: PickleValue | undefined = root
  for (let depth = 0; depth < 20 && isNode(node, 'object') && node.name === 'Pipeline'; depth++) node = lastStep(node)
  if (!isNode(node, 'object') || !node.module.startsWith('sklearn.') || stateless.has(node.name)) return []
  const names = attributeNames(node)
  // Only what is an estimator says of which version it is; the oldest versions did too.
  if (!names.includes('_sklearn_version') || names.some((name) => name.endsWith('_') && !name.startsWith('__'))) return []
  return [finding('ESTIMATOR_UNFITTED', { estimator: `${node.module}.${node.name}` }, { ...where, byte: node.offset })]
}

function lastStep(pipeline: ObjectNode): PickleValue | undefined {
  return stepOf(pipeline, -1)
}

/** Steps are pairs of a name and an estimator. */
function stepOf(pipeline: ObjectNode, place: number): PickleValue | undefined {
  const steps = attribute(pipeline, 'steps')
  const step = isNode(steps, 'list') ? steps.items.at(place) : undefined
  return isNode(step, 'tuple') || isNode(step, 'list') ? step.items.at(-1) : undefined
}
