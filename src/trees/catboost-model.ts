/** What a CatBoost file says, whatever its form: all that scoring needs. */
import { brokenBooster } from './fields.ts'

/** A column of numbers. A value is compared with each border: x > border, as float32. */
export interface CatboostFloatFeature {
  /** Among the columns of numbers. */
  readonly index: number
  /** Among all columns. */
  readonly flatIndex: number
  readonly name: string
  readonly borders: Float32Array
  /** How NaN is compared: as it is (with nothing true), as below every border, or as above. */
  readonly missing: 'as-is' | 'as-false' | 'as-true'
}

/** A column of categories, hashed as text. */
export interface CatboostCategoricalFeature {
  readonly index: number
  readonly flatIndex: number
  readonly name: string
}

/** A categorical column compared with single categories, by their hashes. */
export interface CatboostOneHotFeature {
  /** Of the categorical column. */
  readonly index: number
  readonly values: Int32Array
}

export const ctrTypes = [
  'Borders',
  'Buckets',
  'BinarizedTargetMeanValue',
  'FloatTargetMeanValue',
  'Counter',
  'FeatureFreq',
] as const
export type CtrType = (typeof ctrTypes)[number]

/** The columns whose values together are looked up in a table of statistics. */
export interface CtrProjection {
  readonly categorical: readonly number[]
  readonly floats: readonly { readonly index: number; readonly border: number }[]
  readonly exact: readonly { readonly index: number; readonly value: number }[]
}

/** A statistic of the target for a combination of categories, compared with borders. */
export interface CatboostCtrFeature {
  readonly type: CtrType
  readonly projection: CtrProjection
  /** Into {@link CatboostModel.ctrTables}. */
  readonly table: number
  readonly targetBorder: number
  readonly priorNumerator: number
  readonly priorDenominator: number
  readonly shift: number
  readonly scale: number
  readonly borders: Float32Array
}

/** Statistics by hash: `width` numbers for each. */
export interface CatboostCtrTable {
  readonly type: CtrType
  readonly hashes: BigUint64Array
  readonly width: number
  readonly values: Float64Array
  readonly denominator: number
  readonly targetClasses: number
}

/** A tree whose levels each ask one condition: leaf number = sum of condition b << level. */
export interface ObliviousTree {
  readonly kind: 'oblivious'
  readonly conditions: Int32Array
  /** `dimensions` values for each of the 2^levels leaves. */
  readonly leaf: Float64Array
}

/** A tree of any shape; a child is a split's number, or the complement of a leaf's. */
export interface BranchingTree {
  readonly kind: 'branching'
  readonly conditions: Int32Array
  /** Where the condition does not hold. */
  readonly no: Int32Array
  readonly yes: Int32Array
  readonly leaf: Float64Array
}

export type CatboostTree = ObliviousTree | BranchingTree

export interface CatboostModel {
  readonly form: 'cbm' | 'json'
  /** Columns of a row. */
  readonly features: number
  /** By column; '' where it has none. */
  readonly featureNames: readonly string[]
  readonly floatFeatures: readonly CatboostFloatFeature[]
  readonly categoricalFeatures: readonly CatboostCategoricalFeature[]
  readonly oneHotFeatures: readonly CatboostOneHotFeature[]
  readonly ctrFeatures: readonly CatboostCtrFeature[]
  readonly ctrTables: readonly CatboostCtrTable[]
  /** Borders of features made of text or embeddings, which are not read: a model that has some cannot be scored here. */
  readonly estimatedConditions: number
  /** What else the model needs and we do not read, as words for a person. */
  readonly unread: readonly string[]
  /** Numbers of an answer before the loss function's own form. */
  readonly dimensions: number
  readonly trees: readonly CatboostTree[]
  readonly scale: number
  readonly bias: readonly number[]
  /** Training parameters, class names and the like, as JSON or text. */
  readonly info: ReadonlyMap<string, string>
}

/** A condition of a split, by its number: borders of the columns of numbers first, then of estimated features, categories, statistics. */
export type CatboostCondition =
  | { readonly kind: 'float' | 'one-hot' | 'ctr'; readonly feature: number; readonly border: number }
  | { readonly kind: 'estimated' }

/** Counts of conditions, in order. */
export function conditionCount(
  model: Pick<CatboostModel, 'floatFeatures' | 'oneHotFeatures' | 'ctrFeatures' | 'estimatedConditions'>,
): number {
  const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0)
  return (
    sum(model.floatFeatures.map(({ borders }) => borders.length)) +
    model.estimatedConditions +
    sum(model.oneHotFeatures.map(({ values }) => values.length)) +
    sum(model.ctrFeatures.map(({ borders }) => borders.length))
  )
}

/** Looks up a condition; `feature` and `border` are positions in the model's lists. */
export function conditionAt(model: CatboostModel, number: number): CatboostCondition | undefined {
  let left = number
  const within = (sizes: readonly number[]): readonly [number, number] | undefined => {
    for (const [feature, size] of sizes.entries()) {
      if (left < size) return [feature, left]
      left -= size
    }
    return undefined
  }
  const float = within(model.floatFeatures.map(({ borders }) => borders.length))
  if (float !== undefined) return { kind: 'float', feature: float[0], border: float[1] }
  if (left < model.estimatedConditions) return { kind: 'estimated' }
  left -= model.estimatedConditions
  const oneHot = within(model.oneHotFeatures.map(({ values }) => values.length))
  if (oneHot !== undefined) return { kind: 'one-hot', feature: oneHot[0], border: oneHot[1] }
  const ctr = within(model.ctrFeatures.map(({ borders }) => borders.length))
  return ctr === undefined ? undefined : { kind: 'ctr', feature: ctr[0], border: ctr[1] }
}

/** The names by column, of features that each say where they stand. */
export function namesByColumn(
  columns: readonly { readonly flatIndex: number; readonly name: string }[],
  most: number,
): readonly string[] {
  const names: string[] = []
  for (const { flatIndex, name } of columns) {
    if (flatIndex < 0 || flatIndex >= most) throw brokenBooster('CatBoost', `a feature says that it is column ${flatIndex}`)
    if (names[flatIndex] !== undefined) throw brokenBooster('CatBoost', `two features are column ${flatIndex}`)
    names[flatIndex] = name
  }
  return Array.from(names, (name) => name ?? '')
}

/**
 * Checks what belongs together.
 *
 * @throws BOOSTER_BROKEN
 */
export function checkedModel(model: CatboostModel): CatboostModel {
  const broken = (why: string) => brokenBooster('CatBoost', why)
  const conditions = conditionCount(model)
  const { dimensions } = model
  if (!Number.isFinite(model.scale) || model.bias.some((bias) => !Number.isFinite(bias)))
    throw broken('its scale or bias is no finite number')
  if (model.bias.length !== 1 && model.bias.length !== dimensions && model.bias.length !== 0)
    throw broken(`it has ${model.bias.length} biases for ${dimensions} dimensions`)
  for (const { borders, name } of model.floatFeatures) checkBorders(borders, `feature ${name}`)
  const columns = new Set(model.categoricalFeatures.map(({ index }) => index))
  const numbers = new Set(model.floatFeatures.map(({ index }) => index))
  for (const { index } of model.oneHotFeatures)
    if (!columns.has(index)) throw broken(`it compares the categorical column ${index}, which is not there`)
  model.ctrFeatures.forEach(({ borders, projection, table, type, targetBorder }, index) => {
    checkBorders(borders, `statistic ${index}`)
    if (
      projection.categorical.some((each) => !columns.has(each)) ||
      projection.exact.some((each) => !columns.has(each.index)) ||
      projection.floats.some((each) => !numbers.has(each.index))
    )
      throw broken(`its statistic ${index} is of a column that is not there`)
    const found = model.ctrTables[table]
    if (found === undefined || found.type !== type) throw broken(`its statistic ${index} has no table`)
    if (targetBorder < 0 || (found.targetClasses > 0 && targetBorder >= found.targetClasses))
      throw broken(`its statistic ${index} counts the class ${targetBorder} of ${found.targetClasses}`)
  })
  model.trees.forEach((tree, index) => {
    for (const condition of tree.conditions)
      if (condition < 0 || condition >= conditions) throw broken(`tree ${index} asks the condition ${condition} of ${conditions}`)
    const leaves = tree.kind === 'oblivious' ? 2 ** tree.conditions.length : tree.conditions.length + 1
    if (tree.leaf.length !== leaves * dimensions)
      throw broken(`tree ${index} has ${tree.leaf.length} leaf values, not ${leaves} times ${dimensions}`)
  })
  return model
}

function checkBorders(borders: Float32Array, what: string): void {
  for (let place = 0; place < borders.length; place++)
    if (Number.isNaN(borders[place]!) || (place > 0 && borders[place]! <= borders[place - 1]!))
      throw brokenBooster('CatBoost', `the borders of ${what} do not rise`)
}
