/** One tree of LightGBM's text: lines of `name=value`, where lists are separated by blanks. */

import { brokenBooster } from './fields.ts'
import { type CategorySet, missingFlags, splitKinds, type Tree, treeProblem } from './forest.ts'

/** A leaf of a linear tree: `constant` and the sum of coefficients times features; a row with a missing value in one takes the leaf's value. */
export interface LinearLeaves {
  readonly constant: Float64Array
  /** Where each leaf's features and coefficients begin, and the end. */
  readonly starts: Int32Array
  readonly feature: Int32Array
  readonly coefficient: Float64Array
}

export interface LightgbmTree extends Tree {
  /** Already part of the leaves' values; what refitting and dart would multiply by. */
  readonly shrinkage: number
  readonly linear: LinearLeaves | undefined
}

/** The bits of `decision_type` (LightGBM include/LightGBM/tree.h). */
const categoricalBit = 1
const defaultLeftBit = 2

/**
 * Reads and checks a tree.
 *
 * @param lines - of the tree, `Tree=3` first, without the blank ones
 * @throws BOOSTER_BROKEN
 */
export function readLightgbmTree(lines: readonly string[], index: number, features: number): LightgbmTree {
  const broken = (why: string) => brokenBooster('LightGBM', `tree ${index} ${why}`)
  const values = new Map<string, string>()
  for (const line of lines.slice(1)) {
    const equals = line.indexOf('=')
    if (equals < 1) throw broken(`has the line \`${line.slice(0, 60)}\``)
    const key = line.slice(0, equals)
    if (values.has(key)) throw broken(`has ${key} twice`)
    values.set(key, line.slice(equals + 1))
  }
  const whole = (key: string, least: number): number => {
    const text = values.get(key)
    if (text === undefined || !/^\d{1,10}$/.test(text) || Number(text) < least) throw broken(`has no sensible ${key}`)
    return Number(text)
  }
  const list = (key: string, length: number): readonly string[] => {
    const text = values.get(key)
    if (text === undefined) throw broken(`has no ${key}`)
    const parts = words(text)
    if (parts.length !== length) throw broken(`has ${parts.length} values of ${key}, not ${length}`)
    return parts
  }
  const integers = (key: string, length: number) =>
    Int32Array.from(list(key, length), (text) => {
      if (!/^-?\d{1,10}$/.test(text) || (Number(text) | 0) !== Number(text)) throw broken(`has ${show(text)} in ${key}`)
      return Number(text)
    })
  const numbers = (key: string, length: number) =>
    Float64Array.from(list(key, length), (text) => {
      const number = numberOf(text)
      if (number === undefined) throw broken(`has ${show(text)} in ${key}`)
      return number
    })
  // Every leaf takes at least two characters of the text, so a length that lies fails before anything is made of it.
  const leaves = whole('num_leaves', 1)
  const categorical = whole('num_cat', 0)
  const leaf = numbers('leaf_value', leaves)
  const splits = leaves - 1
  const decision =
    splits === 0 ? new Int32Array(0) : values.has('decision_type') ? integers('decision_type', splits) : new Int32Array(splits)
  const sets = categorical === 0 || splits === 0 ? [] : readSets(categorical, integers, list, broken)
  const threshold = splits === 0 ? new Float64Array(0) : numbers('threshold', splits)
  const tree: LightgbmTree = {
    feature: splits === 0 ? new Int32Array(0) : integers('split_feature', splits),
    threshold,
    kind: Uint8Array.from(decision, (bits) => ((bits & categoricalBit) === 0 ? splitKinds.lessOrEqual : splitKinds.member)),
    missing: Uint8Array.from(decision, (bits) => missingOf(bits)),
    left: splits === 0 ? new Int32Array(0) : integers('left_child', splits),
    right: splits === 0 ? new Int32Array(0) : integers('right_child', splits),
    members: membersOf(decision, threshold, sets, broken),
    leaf,
    leafWidth: 1,
    shrinkage: values.has('shrinkage') ? (numberOf(values.get('shrinkage')!) ?? Number.NaN) : 1,
    linear: values.get('is_linear') === '1' ? readLinear(leaves, features, values, integers, numbers, broken) : undefined,
  }
  for (const [key, length] of optionalLists)
    if (values.has(key))
      list(key, splits === 0 && length === 'splits' ? words(values.get(key)!).length : length === 'splits' ? splits : leaves)
  const problem = treeProblem(tree, features)
  if (problem !== undefined) throw broken(problem)
  return tree
}

/** What is written besides, and must be as long. Old versions leave some of a tree without splits empty. */
const optionalLists = [
  ['split_gain', 'splits'],
  ['internal_value', 'splits'],
  ['internal_count', 'splits'],
] as const

type Integers = (key: string, length: number) => Int32Array
type Numbers = (key: string, length: number) => Float64Array
type Words = (key: string, length: number) => readonly string[]
type Broken = (why: string) => Error

function show(text: string): string {
  return `\`${text.slice(0, 40)}\``
}

/** Words between blanks. */
export function words(text: string): readonly string[] {
  const trimmed = text.trim()
  return trimmed === '' ? [] : trimmed.split(/ +/)
}

/** A number as C++ writes it; undefined for anything else. */
export function numberOf(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text)
  const special = /^([+-]?)(inf|nan)(inity|\(.*\))?$/i.exec(text)
  if (special === null) return undefined
  return special[2]!.toLowerCase() === 'nan'
    ? Number.NaN
    : special[1] === '-'
      ? Number.NEGATIVE_INFINITY
      : Number.POSITIVE_INFINITY
}

function missingOf(bits: number): number {
  const left = (bits & defaultLeftBit) === 0 ? 0 : missingFlags.left
  const type = (bits >> 2) & 3
  return left | (type === 1 ? missingFlags.zero | missingFlags.nan : type === 2 ? missingFlags.nan : 0)
}

/** One bitset of 32-bit words for each split by categories, all in one list. */
function readSets(count: number, integers: Integers, list: Words, broken: Broken): readonly CategorySet[] {
  const bounds = integers('cat_boundaries', count + 1)
  const last = bounds.at(-1)!
  if (bounds[0] !== 0 || bounds.some((bound, place) => place > 0 && bound < bounds[place - 1]!))
    throw broken('has cat_boundaries that do not rise from 0')
  const all = Uint32Array.from(list('cat_threshold', last), (text) => {
    if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffffffff) throw broken(`has ${show(text)} in cat_threshold`)
    return Number(text)
  })
  return Array.from({ length: count }, (_, place) => ({
    form: 'bits' as const,
    values: all.subarray(bounds[place]!, bounds[place + 1]!),
  }))
}

/** The threshold of a split by categories is the number of its set. */
function membersOf(
  decision: Int32Array,
  threshold: Float64Array,
  sets: readonly CategorySet[],
  broken: Broken,
): ReadonlyMap<number, CategorySet> {
  const members = new Map<number, CategorySet>()
  decision.forEach((bits, split) => {
    if ((bits & categoricalBit) === 0) return
    const set = sets[threshold[split]!]
    if (set === undefined) throw broken(`has no category set ${threshold[split]} of ${sets.length}`)
    members.set(split, set)
  })
  return members
}

function readLinear(
  leaves: number,
  features: number,
  values: ReadonlyMap<string, string>,
  integers: Integers,
  numbers: Numbers,
  broken: Broken,
): LinearLeaves {
  const counts = integers('num_features', leaves)
  const starts = new Int32Array(leaves + 1)
  counts.forEach((count, leaf) => {
    if (count < 0) throw broken(`has a leaf of ${count} features`)
    starts[leaf + 1] = starts[leaf]! + count
  })
  const total = starts[leaves]!
  if (total !== words(values.get('leaf_features') ?? '').length)
    throw broken(`has num_features that do not fit its leaf_features`)
  const feature = integers('leaf_features', total)
  for (const each of feature) if (each < 0 || each >= features) throw broken(`has a leaf with feature ${each} of ${features}`)
  return { constant: numbers('leaf_const', leaves), starts, feature, coefficient: numbers('leaf_coeff', total) }
}
