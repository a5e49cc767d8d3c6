/**
 * The form that all tree ensembles share: splits and leaves apart, children by number. What makes one (the readers of
 * boosters, of scikit-learn's estimators) checks it here; what scores one need not look again.
 */

/** What sends a row to the left of a split; x is the row's value of the split's feature. */
export const splitKinds = {
  /** x < threshold: XGBoost. */
  less: 0,
  /** x ≤ threshold: LightGBM, scikit-learn. */
  lessOrEqual: 1,
  /** x truncated is one of the split's categories: LightGBM, scikit-learn's HistGradientBoosting. */
  member: 2,
  /** x truncated is none of the split's categories: XGBoost, whose categories go right. */
  notMember: 3,
} as const

/** Flags of a split on missing values. Without {@link missingFlags.nan}, a NaN is compared as 0 (LightGBM's missing type "none"). */
export const missingFlags = {
  /** A missing value goes left. */
  left: 1,
  /** NaN is missing. */
  nan: 2,
  /** |x| ≤ 1e-35f is missing too (LightGBM's zero_as_missing). */
  zero: 4,
} as const

/** Categories of one split: a list in rising order, or bits of words (bit c % 32 of word c >> 5). */
export interface CategorySet {
  readonly form: 'list' | 'bits'
  readonly values: Uint32Array
}

export interface Tree {
  /** Per split, the first the root. */
  readonly feature: Int32Array
  readonly threshold: Float64Array
  /** Of {@link splitKinds}. */
  readonly kind: Uint8Array
  /** Of {@link missingFlags}. */
  readonly missing: Uint8Array
  /** A split's number, or the complement (~) of a leaf's. */
  readonly left: Int32Array
  readonly right: Int32Array
  /** By split; for the kinds that have categories. */
  readonly members: ReadonlyMap<number, CategorySet>
  /** Values, {@link leafWidth} for each leaf; a tree without splits is its leaf 0. */
  readonly leaf: Float64Array
  readonly leafWidth: number
}

/** The number of leaves. */
export function leafCount(tree: Tree): number {
  return tree.leaf.length / tree.leafWidth
}

/** Whether a category is in a set. */
export function hasCategory(set: CategorySet, category: number): boolean {
  if (set.form === 'bits')
    return category < set.values.length * 32 && ((set.values[category >> 5]! >>> (category & 31)) & 1) === 1
  let low = 0
  let high = set.values.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (set.values[middle]! < category) low = middle + 1
    else high = middle
  }
  return set.values[low] === category
}

/**
 * Checks that a tree is one: every array as long as it must be, features that exist, and every split and leaf reached from the
 * root on exactly one way. A circle would make scoring endless, a child out of range a read out of bounds.
 *
 * @param features - that a row has
 * @returns what is wrong, as a phrase after "tree 3"; undefined for a sound tree
 */
export function treeProblem(tree: Tree, features: number): string | undefined {
  const splits = tree.feature.length
  const { threshold, kind, missing, left, right, leafWidth } = tree
  if ([threshold, kind, missing, left, right].some(({ length }) => length !== splits)) return 'has arrays of different lengths'
  const leaves = tree.leaf.length / leafWidth
  if (!Number.isInteger(leaves) || leaves !== splits + 1) return `has ${splits} splits and ${leaves} leaves`
  for (let split = 0; split < splits; split++) {
    const feature = tree.feature[split]!
    if (feature < 0 || feature >= features) return `splits by feature ${feature} of ${features}`
    const hasMembers = kind[split]! >= splitKinds.member
    if (hasMembers !== tree.members.has(split)) return `has no categories for split ${split}`
    if (!hasMembers && Number.isNaN(threshold[split]!)) return `has a threshold that is no number at split ${split}`
  }
  return linkProblem(left, right, splits)
}

/** With one parent for each and all reached from the root there is no circle. */
function linkProblem(left: Int32Array, right: Int32Array, splits: number): string | undefined {
  if (splits === 0) return undefined
  const seen = new Uint8Array(2 * splits + 1)
  seen[0] = 1
  const stack = [0]
  for (let split = stack.pop(); split !== undefined; split = stack.pop()) {
    for (let side = 0; side < 2; side++) {
      const child: number = (side === 0 ? left : right)[split]!
      const isLeaf = child < 0
      const number = isLeaf ? ~child : child
      if (number >= splits + (isLeaf ? 1 : 0)) return `has the split ${split} with a child that is not there`
      const place = isLeaf ? splits + number : number
      if (seen[place] === 1) return `reaches ${isLeaf ? 'a leaf' : 'a split'} over two ways, or in a circle`
      seen[place] = 1
      if (!isLeaf) stack.push(child)
    }
  }
  const lost = seen.indexOf(0)
  return lost < 0 ? undefined : `has ${lost < splits ? `the split ${lost}` : `the leaf ${lost - splits}`}, which no way leads to`
}
