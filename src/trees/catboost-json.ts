/** CatBoost's JSON form (`save_format: json`), which says the same as the binary one. */
import type { Limits } from '../limits.ts'
import {
  type CatboostCtrFeature,
  type CatboostCtrTable,
  type CatboostModel,
  type CatboostTree,
  type CtrProjection,
  checkedModel,
  conditionAt,
  ctrTypes,
  namesByColumn,
} from './catboost-model.ts'
import { brokenBooster, type Fields, fieldsOf, parseBoosterJson } from './fields.ts'

const library = 'CatBoost'
const broken = (why: string) => brokenBooster(library, why)

/**
 * Reads a model in JSON.
 *
 * @throws BOOSTER_BROKEN, BOOSTER_LIMIT, JSON_SYNTAX and other JSON errors
 */
export function readCatboostJson(bytes: Uint8Array, limits: Limits): CatboostModel {
  const top = fieldsOf(parseBoosterJson(bytes, library, limits), library)
  const features = top.fields('features_info')
  const each = <Item>(key: string, make: (item: Fields) => Item): readonly Item[] =>
    features.has(key)
      ? features.list(key).map((item, index) => make(fieldsOf(item, library, `${features.path}.${key}[${index}]`)))
      : []
  const floats = each('float_features', (item) => ({
    ...columnOf(item),
    borders: Float32Array.from(item.has('borders') ? item.numbers('borders') : []),
    missing: missingOf(item),
  }))
  const categorical = each('categorical_features', (item) => ({
    ...columnOf(item),
    values: item.has('values') ? item.integers('values') : new Int32Array(0),
  }))
  const others = [...each('text_features', columnOf), ...each('embedding_features', columnOf)]
  const tables =
    top.has('ctr_data') && top.get('ctr_data') !== null ? readTables(top.fields('ctr_data')) : new Map<string, CatboostCtrTable>()
  const names = [...tables.keys()]
  const scaleAndBias = top.has('scale_and_bias') ? top.list('scale_and_bias') : [1, [0]]
  const [scale, bias] = scaleAndBias
  if (typeof scale !== 'number' || !(typeof bias === 'number' || Array.isArray(bias)))
    throw broken('its scale_and_bias is no pair')
  const featureNames = namesByColumn([...floats, ...categorical, ...others], bytes.length)
  const oblivious = top.has('oblivious_trees')
  const list = top.list(oblivious ? 'oblivious_trees' : 'trees')
  const biases = typeof bias === 'number' ? [bias] : [...fieldsOf({ bias }, library).numbers('bias')]
  const read = list.map((tree, index) => {
    const fields = fieldsOf(tree, library, `$.${oblivious ? 'oblivious_trees' : 'trees'}[${index}]`)
    return oblivious ? readOblivious(fields) : readBranching(fields)
  })
  const model = checkedModel({
    form: 'json',
    features: featureNames.length,
    featureNames,
    floatFeatures: floats,
    categoricalFeatures: categorical.map(({ index, flatIndex, name }) => ({ index, flatIndex, name })),
    oneHotFeatures: categorical.filter(({ values }) => values.length > 0).map(({ index, values }) => ({ index, values })),
    ctrFeatures: each('ctrs', (item) => readCtr(item, names)),
    ctrTables: [...tables.values()],
    estimatedConditions: 0,
    unread: others.length > 0 ? ['features made of text or embeddings'] : [],
    dimensions: dimensionsOf(read[0]?.tree, biases.length),
    trees: read.map(({ tree }) => tree),
    scale,
    bias: biases,
    info: infoOf(top),
  })
  // The split says its feature and border beside the number: both must be the same condition.
  read.forEach(({ floats: said }, index) => {
    for (const { number, feature, border } of said) {
      const condition = conditionAt(model, number)
      const found = condition?.kind === 'float' ? model.floatFeatures[condition.feature] : undefined
      if (condition?.kind !== 'float' || found?.index !== feature || found.borders[condition.border] !== Math.fround(border))
        throw broken(`tree ${index} has a split whose number and border disagree`)
    }
  })
  return model
}

function columnOf(item: Fields) {
  return {
    index: item.integer('feature_index', 0, 2 ** 31 - 1),
    flatIndex: item.integer('flat_feature_index', 0, 2 ** 31 - 1),
    name: item.has('feature_id') ? item.text('feature_id') : '',
  }
}

function missingOf(item: Fields) {
  const ways = { AsIs: 'as-is', AsFalse: 'as-false', AsTrue: 'as-true' } as const
  const way = item.has('nan_value_treatment') ? item.text('nan_value_treatment') : 'AsIs'
  if (!Object.hasOwn(ways, way)) throw broken(`a feature treats NaN in the unknown way ${way.slice(0, 40)}`)
  return ways[way as keyof typeof ways]
}

function dimensionsOf(first: CatboostTree | undefined, biases: number): number {
  if (first === undefined) return Math.max(1, biases)
  const leaves = first.kind === 'oblivious' ? 2 ** first.conditions.length : first.conditions.length + 1
  const dimensions = first.leaf.length / leaves
  if (!Number.isInteger(dimensions) || dimensions < 1)
    throw broken(`tree 0 has ${first.leaf.length} leaf values for ${leaves} leaves`)
  return dimensions
}

interface SaidFloat {
  readonly number: number
  readonly feature: number
  readonly border: number
}

interface ReadTree {
  readonly tree: CatboostTree
  readonly floats: readonly SaidFloat[]
}

function readSplit(split: Fields, floats: SaidFloat[]): number {
  const number = split.integer('split_index', 0, 2 ** 31 - 1)
  if (split.text('split_type') === 'FloatFeature')
    floats.push({ number, feature: split.integer('float_feature_index', 0, 2 ** 31 - 1), border: split.number('border') })
  return number
}

function readOblivious(tree: Fields): ReadTree {
  const floats: SaidFloat[] = []
  // A tree that splits nothing has no list.
  const splits = tree.get('splits') === null || !tree.has('splits') ? [] : tree.list('splits')
  if (splits.length > 30) throw broken(`a tree has ${splits.length} levels`)
  const conditions = Int32Array.from(splits, (split, level) =>
    readSplit(fieldsOf(split, library, `${tree.path}.splits[${level}]`), floats),
  )
  return { tree: { kind: 'oblivious', conditions, leaf: tree.numbers('leaf_values') }, floats }
}

/** Objects within objects, read without recursion: a tree may be as deep as the file is long. */
function readBranching(root: Fields): ReadTree {
  const conditions: number[] = []
  const no: number[] = []
  const yes: number[] = []
  const leaf: number[] = []
  const floats: SaidFloat[] = []
  let width: number | undefined
  let leaves = 0
  const stack: { readonly node: Fields; readonly into: number[]; readonly at: number }[] = [{ node: root, into: [], at: 0 }]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, into, at } = next
    if (node.has('value')) {
      const values = typeof node.get('value') === 'number' ? [node.number('value')] : node.numbers('value')
      width ??= values.length
      if (values.length !== width || width === 0) throw broken('its leaves have different numbers of values')
      for (const value of values) leaf.push(value)
      into[at] = ~leaves++
      continue
    }
    const number = conditions.length
    into[at] = number
    conditions.push(readSplit(node.fields('split'), floats))
    no.push(0)
    yes.push(0)
    stack.push({ node: node.fields('right'), into: yes, at: number }, { node: node.fields('left'), into: no, at: number })
  }
  return {
    tree: {
      kind: 'branching',
      conditions: Int32Array.from(conditions),
      no: Int32Array.from(no),
      yes: Int32Array.from(yes),
      leaf: Float64Array.from(leaf),
    },
    floats,
  }
}

function readCtr(item: Fields, tables: readonly string[]): CatboostCtrFeature {
  const type = ctrTypes.find((name) => name === item.text('ctr_type'))
  if (type === undefined) throw broken('a statistic is of an unknown type')
  return {
    type,
    projection: readProjection(item),
    table: tables.indexOf(item.text('identifier')),
    targetBorder: item.integer('target_border_idx', 0, 2 ** 31 - 1),
    priorNumerator: item.number('prior_numerator'),
    // So spelled by CatBoost.
    priorDenominator: item.number('prior_denomerator'),
    shift: item.number('shift'),
    scale: item.number('scale'),
    borders: Float32Array.from(item.numbers('borders')),
  }
}

function readProjection(item: Fields): CtrProjection {
  const projection = {
    categorical: [] as number[],
    floats: [] as { index: number; border: number }[],
    exact: [] as { index: number; value: number }[],
  }
  item.list('elements').forEach((value, index) => {
    const element = fieldsOf(value, library, `${item.path}.elements[${index}]`)
    const kind = element.text('combination_element')
    if (kind === 'cat_feature_value') projection.categorical.push(element.integer('cat_feature_index', 0, 2 ** 31 - 1))
    else if (kind === 'float_feature')
      projection.floats.push({
        index: element.integer('float_feature_index', 0, 2 ** 31 - 1),
        border: Math.fround(element.number('border')),
      })
    else if (kind === 'cat_feature_exact_value')
      projection.exact.push({
        index: element.integer('cat_feature_index', 0, 2 ** 31 - 1),
        value: element.integer('value', -(2 ** 31), 2 ** 32),
      })
    else throw broken(`a statistic is of the unknown element ${kind.slice(0, 40)}`)
  })
  return projection
}

const emptyHash = 2n ** 64n - 1n

/** Flat lists: a hash as text, then its numbers. */
function readTables(data: Fields): Map<string, CatboostCtrTable> {
  const tables = new Map<string, CatboostCtrTable>()
  for (const key of data.keys) {
    const table = data.fields(key)
    const list = table.list('hash_map')
    const stride = table.integer('hash_stride', 2, 1 << 20)
    if (list.length % stride !== 0) throw broken('a table of its statistics ends within a row')
    const hashes: bigint[] = []
    const values: number[] = []
    for (let at = 0; at < list.length; at += stride) {
      const written = list[at]
      if (typeof written !== 'string' || !/^\d{1,20}$/.test(written) || BigInt(written) > emptyHash)
        throw broken('a hash of its statistics is no number')
      // What empty buckets hold is written once.
      if (BigInt(written) === emptyHash) continue
      hashes.push(BigInt(written))
      for (let place = at + 1; place < at + stride; place++) {
        const value = list[place]
        if (typeof value !== 'number') throw broken('a count of its statistics is no number')
        values.push(value)
      }
    }
    const type = ctrTypes.find((name) => name === typeOf(key))
    if (type === undefined) throw broken('a table of its statistics is of an unknown type')
    const isCount = type === 'Borders' || type === 'Buckets'
    tables.set(key, {
      type,
      hashes: BigUint64Array.from(hashes),
      width: stride - 1,
      values: Float64Array.from(values),
      denominator: table.has('counter_denominator') ? table.integer('counter_denominator', 0, 2 ** 31 - 1) : 0,
      targetClasses: isCount ? stride - 1 : 0,
    })
  }
  return tables
}

/** A table's name is JSON itself. */
function typeOf(key: string): unknown {
  try {
    return (JSON.parse(key) as { readonly type?: unknown } | null)?.type
  } catch {
    return undefined
  }
}

function infoOf(top: Fields): ReadonlyMap<string, string> {
  if (!top.has('model_info')) return new Map()
  const info = top.fields('model_info')
  return new Map(
    info.keys.map((key) => {
      const value = info.get(key)
      return [key, typeof value === 'string' ? value : (JSON.stringify(value) ?? '')]
    }),
  )
}
