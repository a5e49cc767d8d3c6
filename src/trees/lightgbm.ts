/**
 * Reads LightGBM's text form, versions v2 to v4.
 *
 * @see LightGBM src/boosting/gbdt_model_text.cpp, src/io/tree.cpp
 */
import { MlmodelError } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { brokenBooster } from './fields.ts'
import { type LightgbmTree, readLightgbmTree, words } from './lightgbm-tree.ts'

export type { LightgbmTree, LinearLeaves } from './lightgbm-tree.ts'

export interface LightgbmModel {
  /** `v4`. */
  readonly version: string
  /** 1 for regression and two classes. */
  readonly classes: number
  /** Tree i belongs to the output i % treesPerIteration. */
  readonly treesPerIteration: number
  readonly features: number
  readonly featureNames: readonly string[]
  /** `[low:high]` of the training data, categories as `1:2:3`, `none` for a feature that never splits. */
  readonly featureInfos: readonly string[]
  /** With its parameters: `binary sigmoid:1`; undefined for a custom one. */
  readonly objective: string | undefined
  /** Random forests: the trees' sum is divided by their number. */
  readonly averageOutput: boolean
  readonly trees: readonly LightgbmTree[]
  /** Of the training, by name. */
  readonly parameters: ReadonlyMap<string, string>
  /** By categorical column of the training's DataFrame, its categories in the order of their codes; undefined where the file does not say. */
  readonly pandasCategorical: readonly (readonly (string | number | boolean | null)[])[] | undefined
}

const library = 'LightGBM'
const broken = (why: string) => brokenBooster(library, why)

/**
 * Reads a model.
 *
 * @param input - the file, or the text that a pickle or skops file of a wrapper holds
 * @throws BOOSTER_BROKEN, BOOSTER_LIMIT
 */
export function readLightgbm(input: Uint8Array | string, limits: Limits = defaultLimits): LightgbmModel {
  if (input.length > limits.boosterBytes)
    throw new MlmodelError('BOOSTER_LIMIT', { library, what: `${input.length} bytes`, limit: limits.boosterBytes })
  // Latin-1 keeps places as bytes, in which tree_sizes counts; names are decoded one by one.
  const text = (
    typeof input === 'string' ? Buffer.from(input, 'utf8') : Buffer.from(input.buffer, input.byteOffset, input.length)
  ).toString('latin1')
  if (!/^tree\r?\n/.test(text)) throw broken('it does not begin with the line `tree`')
  const firstTree = lineStart(text, 'Tree=')
  const header = readHeader(text.slice(0, firstTree < 0 ? endOfHeader(text) : firstTree))
  const whole = (key: string, least: number, most = 2 ** 31 - 1): number => {
    const value = header.get(key) ?? ''
    if (!/^\d{1,10}$/.test(value) || Number(value) < least || Number(value) > most)
      throw broken(`its header has no sensible ${key}`)
    return Number(value)
  }
  const classes = whole('num_class', 1)
  const features = whole('max_feature_idx', 0) + 1
  const treesPerIteration = header.has('num_tree_per_iteration') ? whole('num_tree_per_iteration', 1) : classes
  const featureNames = named(header, 'feature_names', features).map((name) => Buffer.from(name, 'latin1').toString('utf8'))
  const featureInfos = header.has('feature_infos') ? named(header, 'feature_infos', features) : []
  const { blocks, end } = treeBlocks(text, firstTree, header.get('tree_sizes'))
  if (blocks.length === 0) throw broken('it has no trees')
  if (blocks.length % treesPerIteration !== 0)
    throw broken(`it has ${blocks.length} trees, which are no whole rounds of ${treesPerIteration}`)
  const trees = blocks.map((block, index) => readLightgbmTree(linesOf(block), index, features))
  return {
    version: header.get('version') ?? '',
    classes,
    treesPerIteration,
    features,
    featureNames,
    featureInfos,
    objective: header.get('objective'),
    averageOutput: header.has('average_output'),
    trees,
    ...readFooter(text.slice(end), header.get('version') ?? ''),
  }
}

/** Where a line that begins so starts; -1 for none. */
function lineStart(text: string, start: string, from = 0): number {
  const at = text.indexOf(`\n${start}`, from)
  return at < 0 ? -1 : at + 1
}

function endOfHeader(text: string): number {
  const at = lineStart(text, 'end of trees')
  return at < 0 ? text.length : at
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => line !== '')
}

/** `name=value` lines, and names alone such as `average_output`. */
function readHeader(text: string): ReadonlyMap<string, string> {
  const header = new Map<string, string>()
  for (const line of linesOf(text).slice(1)) {
    const equals = line.indexOf('=')
    const key = equals < 0 ? line : line.slice(0, equals)
    if (header.has(key)) throw broken(`its header has ${key.slice(0, 60)} twice`)
    header.set(key, equals < 0 ? '' : line.slice(equals + 1))
  }
  return header
}

function named(header: ReadonlyMap<string, string>, key: string, count: number): readonly string[] {
  const names = words(header.get(key) ?? '')
  if (names.length !== count) throw broken(`it has ${names.length} ${key} for ${count} features`)
  return names
}

/**
 * The text of each tree. LightGBM goes by `tree_sizes` where they are there, so they must be where the trees are.
 *
 * @returns the blocks, and where the text goes on behind them
 */
function treeBlocks(
  text: string,
  first: number,
  sizes: string | undefined,
): { readonly blocks: readonly string[]; readonly end: number } {
  if (first < 0) {
    if (sizes !== undefined && words(sizes).length > 0) throw broken('it has tree_sizes and no trees')
    return { blocks: [], end: endOfHeader(text) }
  }
  const blocks: string[] = []
  let at = first
  while (text.startsWith('Tree=', at)) {
    const next = lineStart(text, 'Tree=', at)
    const end = next < 0 ? endOfTrees(text, at) : next
    const block = text.slice(at, end)
    if (!block.startsWith(`Tree=${blocks.length}`) || /\d/.test(block[`Tree=${blocks.length}`.length] ?? ''))
      throw broken(`its tree ${blocks.length} is not called so`)
    blocks.push(block)
    at = end
  }
  if (sizes === undefined) return { blocks, end: at }
  const listed = words(sizes)
  if (listed.length !== blocks.length) throw broken(`it has ${listed.length} tree_sizes for ${blocks.length} trees`)
  listed.forEach((size, index) => {
    if (size !== String(blocks[index]!.length))
      throw broken(`its tree ${index} has ${blocks[index]!.length} bytes, not ${size.slice(0, 20)}`)
  })
  return { blocks, end: at }
}

/** Behind the last tree stands `end of trees`; in v2, the importances of the features or nothing. */
function endOfTrees(text: string, from: number): number {
  for (const mark of ['end of trees', 'feature importances:', 'feature_importances:']) {
    const at = lineStart(text, mark, from)
    if (at >= 0) return at
  }
  return text.length
}

type Footer = Pick<LightgbmModel, 'parameters' | 'pandasCategorical'>

function readFooter(text: string, version: string): Footer {
  const lines = linesOf(text)
  if (version !== 'v2' && lines[0] !== 'end of trees') throw broken('its trees have no end: the file is cut off')
  const parameters = new Map<string, string>()
  const start = lines.indexOf('parameters:')
  if (start >= 0) {
    const end = lines.indexOf('end of parameters', start)
    if (end < 0) throw broken('its parameters have no end: the file is cut off')
    for (const line of lines.slice(start + 1, end)) {
      const match = /^\[([^:\]]+): ?(.*)\]$/.exec(line)
      if (match !== null) parameters.set(match[1]!, match[2]!)
    }
  }
  const written = lines.findLast((line) => line.startsWith('pandas_categorical:'))
  return {
    parameters,
    pandasCategorical: written === undefined ? undefined : pandasCategories(written.slice('pandas_categorical:'.length)),
  }
}

/** A list of lists as Python's json.dumps writes it, or `null`. */
function pandasCategories(text: string): LightgbmModel['pandasCategorical'] {
  let value: unknown
  try {
    value = JSON.parse(
      Buffer.from(text, 'latin1')
        .toString('utf8')
        .replace(/\bNaN\b/g, 'null'),
    )
  } catch {
    throw broken('its pandas_categorical is no JSON')
  }
  if (value === null) return undefined
  const isPlain = (item: unknown) => item === null || ['string', 'number', 'boolean'].includes(typeof item)
  if (!Array.isArray(value) || value.some((column) => !Array.isArray(column) || !column.every(isPlain)))
    throw broken('its pandas_categorical is no list of lists')
  return value
}
