/** What an XGBoost file says, whatever its form: all that scoring needs. */

import { brokenBooster } from './fields.ts'
import type { Tree } from './forest.ts'

export interface XgboostModel {
  /** `binary` is the form until XGBoost 3.0, `raw` the one without a mark until 0.90. */
  readonly form: 'json' | 'ubjson' | 'binary' | 'raw'
  /** Of the library that wrote it; undefined where the file does not say. */
  readonly version: readonly number[] | undefined
  readonly booster: 'gbtree' | 'dart' | 'gblinear'
  readonly objective: string
  /** Such as `scale_pos_weight` or `num_class`, as they stand in the file. */
  readonly objectiveParameters: ReadonlyMap<string, string>
  /** One for all outputs, or one each. */
  readonly baseScore: readonly number[]
  /** Until 0.90 the base score was stored as it is added; since then it stands in the space of the predictions. */
  readonly baseScoreIsMargin: boolean
  readonly features: number
  /** 0 for regression and two classes. */
  readonly classes: number
  readonly targets: number
  /** Outputs before the objective: classes, or targets. */
  readonly groups: number
  /** Empty where the model was trained without names. */
  readonly featureNames: readonly string[]
  /** `float`, `int`, `i` (boolean), `q`, `c` (categorical); empty where unknown. */
  readonly featureTypes: readonly string[]
  /** `best_iteration` is here. */
  readonly attributes: ReadonlyMap<string, string>
  readonly trees: readonly Tree[]
  /** Per tree, the output that its leaves are added to; multi-output trees have 0. */
  readonly treeGroup: Int32Array
  /** Where each boosting round begins among the trees, and the end. */
  readonly iterationStarts: Int32Array
  /** Per tree, for dart. */
  readonly treeWeight: Float32Array | undefined
  /** gblinear: `groups` weights a feature, then as many of the bias. */
  readonly linearWeights: Float32Array | undefined
  /** By feature, the categories of the training data in the order of their codes (since XGBoost 3.1); undefined for numbers. */
  readonly categories: readonly (readonly string[] | Float64Array | undefined)[]
}

/** XGBoost counts features in 32 bits. */
export const mostFeatures = 2 ** 32 - 1
/** Outputs: more would only be memory. */
export const mostGroups = 1 << 20

/**
 * Checks what belongs together.
 *
 * @throws BOOSTER_BROKEN
 */
export function checkedModel(model: XgboostModel): XgboostModel {
  const broken = (why: string) => brokenBooster('XGBoost', why)
  const { trees, treeGroup, iterationStarts, groups } = model
  if (model.baseScore.length !== 1 && model.baseScore.length !== groups)
    throw broken(`it has ${model.baseScore.length} base scores for ${groups} outputs`)
  if (model.baseScore.some((score) => !Number.isFinite(score))) throw broken('its base score is no finite number')
  for (const [name, found] of [
    ['names', model.featureNames.length],
    ['types', model.featureTypes.length],
    ['category lists', model.categories.length],
  ] as const)
    if (found !== 0 && found !== model.features) throw broken(`it has ${found} feature ${name} for ${model.features} features`)
  if (treeGroup.length !== trees.length) throw broken(`its tree_info has ${treeGroup.length} values for ${trees.length} trees`)
  for (const group of treeGroup)
    if (group < 0 || group >= groups) throw broken(`a tree belongs to the output ${group} of ${groups}`)
  if (iterationStarts[0] !== 0 || iterationStarts.at(-1) !== trees.length)
    throw broken('its iteration_indptr does not span its trees')
  for (let round = 1; round < iterationStarts.length; round++)
    if (iterationStarts[round]! < iterationStarts[round - 1]!) throw broken('its iteration_indptr falls')
  if (model.treeWeight !== undefined && model.treeWeight.length !== trees.length)
    throw broken(`it has ${model.treeWeight.length} tree weights for ${trees.length} trees`)
  if (model.linearWeights !== undefined && model.linearWeights.length !== (model.features + 1) * groups)
    throw broken(`it has ${model.linearWeights.length} weights for ${model.features} features and ${groups} outputs`)
  trees.forEach((tree, index) => {
    if (tree.leafWidth !== 1 && tree.leafWidth !== groups)
      throw broken(`tree ${index} has leaves of ${tree.leafWidth} values for ${groups} outputs`)
  })
  return model
}

/** Rounds of equally many trees, as versions before 2.0 had them. */
export function evenRounds(trees: number, perRound: number): Int32Array {
  const rounds = Math.ceil(trees / Math.max(1, perRound))
  return Int32Array.from({ length: rounds + 1 }, (_, round) => Math.min(trees, round * perRound))
}
