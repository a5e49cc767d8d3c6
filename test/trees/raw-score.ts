/** The plainest evaluators of boosters' records: what the tests hold against the libraries' own raw scores, to show that a reader carries everything. */
import type { CatboostModel, CatboostTree } from '../../src/trees/catboost.ts'
import { conditionAt } from '../../src/trees/catboost.ts'
import { hasCategory, missingFlags, splitKinds, type Tree } from '../../src/trees/forest.ts'
import type { LightgbmModel, LightgbmTree } from '../../src/trees/lightgbm.ts'
import type { XgboostModel } from '../../src/trees/xgboost.ts'

export type Row = readonly (number | string | null)[]

/** The leaf that a row of numbers comes to. */
function leafOf(tree: Tree, row: readonly number[]): number {
  let at = tree.feature.length === 0 ? ~0 : 0
  while (at >= 0) at = (goesLeft(tree, at, row[tree.feature[at]!]!) ? tree.left : tree.right)[at]!
  return ~at
}

function goesLeft(tree: Tree, split: number, x: number): boolean {
  const flags = tree.missing[split]!
  const left = (flags & missingFlags.left) !== 0
  const kind = tree.kind[split]!
  if (kind === splitKinds.member || kind === splitKinds.notMember) {
    // LightGBM's missing values are in no set; XGBoost's go by the default.
    if (Number.isNaN(x)) return kind === splitKinds.member ? false : left
    const category = Math.trunc(x)
    const isMember = category >= 0 && hasCategory(tree.members.get(split)!, category)
    return kind === splitKinds.member ? isMember : !isMember
  }
  if (Number.isNaN(x) && (flags & missingFlags.nan) !== 0) return left
  if ((flags & missingFlags.zero) !== 0 && Math.abs(x) <= 1e-35) return left
  const value = Number.isNaN(x) ? 0 : x
  return kind === splitKinds.less ? value < tree.threshold[split]! : value <= tree.threshold[split]!
}

function margin(model: XgboostModel, score: number): number {
  if (model.baseScoreIsMargin) return score
  if (/^(binary:logistic|reg:logistic|binary:logitraw)$/.test(model.objective)) return Math.log(score / (1 - score))
  return /^(count:poisson|reg:gamma|reg:tweedie)$/.test(model.objective) ? Math.log(score) : score
}

/** Scores before the objective. */
export function xgboostRaw(model: XgboostModel, row: Row): number[] {
  const x = row.map((cell) => (cell === null ? Number.NaN : Math.fround(Number(cell))))
  const sums = Array.from({ length: model.groups }, (_, group) => margin(model, model.baseScore[group] ?? model.baseScore[0]!))
  const { linearWeights } = model
  if (linearWeights !== undefined) {
    return sums.map((sum, group) => {
      let total = sum + linearWeights[model.features * model.groups + group]!
      x.forEach((value, feature) => {
        if (!Number.isNaN(value)) total += value * linearWeights[feature * model.groups + group]!
      })
      return total
    })
  }
  model.trees.forEach((tree, index) => {
    const leaf = leafOf(tree, x)
    const weight = model.treeWeight?.[index] ?? 1
    for (let output = 0; output < tree.leafWidth; output++)
      sums[tree.leafWidth === 1 ? model.treeGroup[index]! : output]! += weight * tree.leaf[leaf * tree.leafWidth + output]!
  })
  return sums
}

function lightgbmLeaf(tree: LightgbmTree, x: readonly number[]): number {
  const leaf = leafOf(tree, x)
  const { linear } = tree
  if (linear === undefined) return tree.leaf[leaf]!
  let sum = linear.constant[leaf]!
  for (let at = linear.starts[leaf]!; at < linear.starts[leaf + 1]!; at++) {
    const value = x[linear.feature[at]!]!
    if (Number.isNaN(value)) return tree.leaf[leaf]!
    sum += value * linear.coefficient[at]!
  }
  return sum
}

/** Scores before the objective. */
export function lightgbmRaw(model: LightgbmModel, row: Row): number[] {
  const x = row.map((cell) => (cell === null ? Number.NaN : Number(cell)))
  const sums = new Array<number>(model.treesPerIteration).fill(0)
  model.trees.forEach((tree, index) => {
    sums[index % model.treesPerIteration]! += lightgbmLeaf(tree, x)
  })
  // `raw_score` of a random forest is the sum; only the prediction is divided (averageOutput).
  return sums
}

const multiplier = 0x4906ba494954cb65n
const wrap = (value: bigint) => BigInt.asUintN(64, value)
/** CatBoost's CalcHash (catboost/libs/model/hash.h). */
const combined = (a: bigint, b: bigint) => wrap(multiplier * wrap(a + multiplier * b))

/** Raw formula values; `hashes` are those of the categories, as CatBoost itself says. */
export function catboostRaw(model: CatboostModel, row: Row, hashes: Readonly<Record<string, number>>): number[] {
  const floatOf = (index: number) => {
    const cell = row[model.floatFeatures.find((feature) => feature.index === index)!.flatIndex]
    return cell === null ? Number.NaN : Math.fround(Number(cell))
  }
  const hashOf = (index: number) =>
    hashes[String(row[model.categoricalFeatures.find((feature) => feature.index === index)!.flatIndex])]! | 0
  const holds = (number: number): boolean => {
    const condition = conditionAt(model, number)
    if (condition?.kind === 'float') {
      const feature = model.floatFeatures[condition.feature]!
      const x = floatOf(feature.index)
      if (Number.isNaN(x)) return feature.missing === 'as-true'
      return x > feature.borders[condition.border]!
    }
    if (condition?.kind === 'one-hot') {
      const feature = model.oneHotFeatures[condition.feature]!
      return hashOf(feature.index) === feature.values[condition.border]
    }
    if (condition?.kind !== 'ctr') throw new Error('a condition that is not read')
    const feature = model.ctrFeatures[condition.feature]!
    const table = model.ctrTables[feature.table]!
    let hash = 0n
    for (const index of feature.projection.categorical) hash = combined(hash, wrap(BigInt(hashOf(index))))
    for (const { index, border } of feature.projection.floats) hash = combined(hash, floatOf(index) > border ? 1n : 0n)
    for (const { index, value } of feature.projection.exact) hash = combined(hash, hashOf(index) === value ? 1n : 0n)
    const found = table.hashes.indexOf(hash)
    const numbers = found < 0 ? undefined : table.values.subarray(found * table.width, (found + 1) * table.width)
    const [count, total] = statistic(feature.type, feature.targetBorder, table.denominator, numbers)
    const value = ((count + feature.priorNumerator) / (total + feature.priorDenominator) + feature.shift) * feature.scale
    return value > feature.borders[condition.border]!
  }
  const sums = new Array<number>(model.dimensions).fill(0)
  for (const tree of model.trees) {
    const leaf = catboostLeaf(tree, holds)
    sums.forEach((_, dimension) => {
      sums[dimension]! += tree.leaf[leaf * model.dimensions + dimension]!
    })
  }
  return sums.map((sum, dimension) => sum * model.scale + (model.bias[dimension] ?? model.bias[0] ?? 0))
}

function statistic(
  type: string,
  border: number,
  denominator: number,
  numbers: Float64Array | undefined,
): readonly [number, number] {
  const sum = (list: ArrayLike<number>) => Array.from(list).reduce((total, each) => total + each, 0)
  if (type === 'Counter' || type === 'FeatureFreq') return [numbers?.[0] ?? 0, denominator]
  if (numbers === undefined) return [0, 0]
  if (type === 'Buckets') return [numbers[border]!, sum(numbers)]
  if (type === 'Borders') return [sum(numbers.subarray(border + 1)), sum(numbers)]
  return [numbers[0]!, numbers[1]!]
}

function catboostLeaf(tree: CatboostTree, holds: (condition: number) => boolean): number {
  if (tree.kind === 'oblivious')
    return Array.from(tree.conditions).reduce((leaf, condition, level) => leaf + (holds(condition) ? 2 ** level : 0), 0)
  let at = tree.conditions.length === 0 ? ~0 : 0
  while (at >= 0) at = (holds(tree.conditions[at]!) ? tree.yes : tree.no)[at]!
  return ~at
}
