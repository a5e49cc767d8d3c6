/**
 * CatBoost's own form: `CBM1`, the length of a FlatBuffer, the FlatBuffer, then the parts that it names.
 *
 * @see catboost/libs/model/flatbuffers/model.fbs, features.fbs, ctr_data.fbs; catboost/libs/model/model.cpp
 */
import { FlatBufferError, Table } from '../data/columnar/flatbuffer.ts'
import { MlmodelError } from '../errors/index.ts'
import {
  type CatboostCtrFeature,
  type CatboostCtrTable,
  type CatboostModel,
  type CatboostTree,
  type CtrProjection,
  type CtrType,
  checkedModel,
  ctrTypes,
  namesByColumn,
} from './catboost-model.ts'
import { brokenBooster } from './fields.ts'

const broken = (why: string) => brokenBooster('CatBoost', why)

/** Fields by number, in the order of the schema. */
const coreField = { trees: 1, info: 2, parts: 3 } as const
const treesField = {
  dimensions: 0,
  splits: 1,
  sizes: 2,
  starts: 3,
  categorical: 4,
  floats: 5,
  oneHot: 6,
  ctr: 7,
  leafValues: 8,
  steps: 10,
  leafIds: 11,
  text: 12,
  estimated: 13,
  scale: 14,
  bias: 15,
  biases: 16,
  embedding: 18,
} as const

/**
 * What may be made of a file's bytes: tables and lists can be referred to from any number of places, so that a few bytes could
 * stand for any number.
 */
interface Budget {
  left: number
}

/**
 * Reads a model in the binary form.
 *
 * @throws BOOSTER_BROKEN, BOOSTER_LIMIT
 */
export function readCatboostBinary(bytes: Uint8Array): CatboostModel {
  if (bytes.length < 8) throw broken('it is cut off')
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true)
  if (length + 8 > bytes.length) throw broken(`its core should have ${length} bytes, and ${bytes.length - 8} follow`)
  try {
    return readCore(bytes.subarray(8, 8 + length), bytes.subarray(8 + length), { left: bytes.length * 8 + (1 << 20) })
  } catch (error) {
    if (error instanceof FlatBufferError) throw broken(`it refers to ${error.message}`)
    throw error
  }
}

function readCore(core: Uint8Array, rest: Uint8Array, budget: Budget): CatboostModel {
  const root = Table.root(core)
  const trees = root.table(coreField.trees)
  if (trees === undefined) throw broken('it has no trees')
  const dimensions = trees.int(treesField.dimensions)
  if (dimensions < 1 || dimensions > 1 << 20) throw broken(`it has ${dimensions} dimensions`)
  const floats = tablesOf(trees, treesField.floats, budget).map((table) => ({
    index: table.int(1, -1),
    flatIndex: table.int(2, -1),
    name: nameOf(table, 4, budget),
    borders: floatsOf(table, 3, budget),
    missing: missingOf(table.byte(5)),
  }))
  const categorical = tablesOf(trees, treesField.categorical, budget).map((table) => columnOf(table, budget))
  const others = [treesField.text, treesField.embedding].flatMap((field) =>
    tablesOf(trees, field, budget).map((table) => columnOf(table, budget)),
  )
  const estimated = tablesOf(trees, treesField.estimated, budget)
  const featureNames = namesByColumn([...floats, ...categorical, ...others], core.length)
  const parts = root.texts(coreField.parts)
  const statistics = parts[0] === 'static_provider_v1' ? readTables(rest, budget) : []
  const biases = doublesOf(trees, treesField.biases, budget)
  return checkedModel({
    form: 'cbm',
    features: featureNames.length,
    featureNames,
    floatFeatures: floats,
    categoricalFeatures: categorical,
    oneHotFeatures: tablesOf(trees, treesField.oneHot, budget).map((table) => ({
      index: table.int(0, -1),
      values: intsOf(table, 1, budget),
    })),
    ctrFeatures: tablesOf(trees, treesField.ctr, budget).map((table) => readCtrFeature(table, statistics, budget)),
    ctrTables: statistics.map(({ table }) => table),
    estimatedConditions: estimated.reduce((sum, table) => sum + table.count(3, 4), 0),
    unread: [
      ...(estimated.length > 0 ? ['features made of text or embeddings'] : []),
      ...parts.filter((part) => part !== 'static_provider_v1').map((part) => `the part \`${part.slice(0, 60)}\``),
    ],
    dimensions,
    trees: readTrees(trees, dimensions, budget),
    scale: trees.double(treesField.scale, 1),
    bias: biases.length > 0 ? [...biases] : [trees.double(treesField.bias)],
    info: new Map(tablesOf(root, coreField.info, budget).map((table) => [nameOf(table, 0, budget), nameOf(table, 1, budget)])),
  })
}

/** What the list of tables takes at least here; tables that are listed twice count twice. */
const bytesOfTable = 64

function tablesOf(table: Table, field: number, budget: Budget): readonly Table[] {
  spend(budget, table.count(field, 4) * bytesOfTable)
  return table.tables(field)
}

function spend(budget: Budget, bytes: number): void {
  budget.left -= bytes
  if (budget.left < 0)
    throw new MlmodelError('BOOSTER_LIMIT', {
      library: 'CatBoost',
      what: 'tables that refer to the same bytes over and over',
      limit: 8,
    })
}

function nameOf(table: Table, field: number, budget: Budget): string {
  const name = table.text(field) ?? ''
  spend(budget, name.length)
  return name
}

function columnOf(table: Table, budget: Budget) {
  return { index: table.int(0, -1), flatIndex: table.int(1, -1), name: nameOf(table, 2, budget) }
}

function missingOf(treatment: number) {
  const names = ['as-is', 'as-false', 'as-true'] as const
  const name = names[treatment]
  if (name === undefined) throw broken(`a feature treats NaN in the unknown way ${treatment}`)
  return name
}

/** A list's bytes, aligned. */
function alignedBytes(table: Table, field: number, size: number, budget: Budget): ArrayBuffer {
  const bytes = table.bytes(field, size)
  spend(budget, bytes.length)
  const own = new ArrayBuffer(bytes.length)
  new Uint8Array(own).set(bytes)
  return own
}

const intsOf = (table: Table, field: number, budget: Budget) => new Int32Array(alignedBytes(table, field, 4, budget))
const floatsOf = (table: Table, field: number, budget: Budget) => new Float32Array(alignedBytes(table, field, 4, budget))
const doublesOf = (table: Table, field: number, budget: Budget) => new Float64Array(alignedBytes(table, field, 8, budget))

function readTrees(table: Table, dimensions: number, budget: Budget): readonly CatboostTree[] {
  const splits = intsOf(table, treesField.splits, budget)
  const sizes = intsOf(table, treesField.sizes, budget)
  const starts = intsOf(table, treesField.starts, budget)
  const values = doublesOf(table, treesField.leafValues, budget)
  const steps = new Uint16Array(alignedBytes(table, treesField.steps, 4, budget))
  const leafIds = new Uint32Array(alignedBytes(table, treesField.leafIds, 4, budget))
  if (starts.length !== 0 && starts.length !== sizes.length) throw broken('its lists of trees differ in length')
  const trees: CatboostTree[] = []
  let split = 0
  let value = 0
  sizes.forEach((size, index) => {
    if (size < 0 || split + size > splits.length || (starts.length !== 0 && starts[index] !== split))
      throw broken(`tree ${index} is not where it should be among the splits`)
    if (steps.length === 0) {
      if (size > 30) throw broken(`tree ${index} has ${size} levels`)
      const count = 2 ** size * dimensions
      if (value + count > values.length) throw broken(`tree ${index} needs more leaf values than there are`)
      trees.push({
        kind: 'oblivious',
        conditions: splits.subarray(split, split + size),
        leaf: values.subarray(value, value + count),
      })
      value += count
    } else {
      const branching = readBranching({ splits, steps, leafIds, values }, split, size, dimensions, index)
      trees.push(branching)
      value += branching.leaf.length
    }
    split += size
  })
  if (split !== splits.length || value !== values.length) throw broken('its trees use not all of its splits and leaf values')
  return trees
}

/** A node of a branching tree that ends in itself, where its step on the side is 0. */
const noLeaf = 0xffffffff

interface Lists {
  readonly splits: Int32Array
  readonly steps: Uint16Array
  readonly leafIds: Uint32Array
  readonly values: Float64Array
}

/**
 * A tree as nodes in one list: two steps to the nodes on the left and on the right. A step of 0 ends at the node itself and takes
 * its leaf; two of them make it a leaf.
 */
function readBranching(lists: Lists, start: number, size: number, dimensions: number, index: number): CatboostTree {
  const { splits, steps, leafIds, values } = lists
  if (steps.length !== splits.length * 2 || leafIds.length !== splits.length) throw broken('its lists of nodes differ in length')
  if (size < 1) throw broken(`tree ${index} has no nodes`)
  const conditions: number[] = []
  const no: number[] = []
  const yes: number[] = []
  const leaf: number[] = []
  const takeLeaf = (node: number): number => {
    const from = leafIds[node]!
    if (from === noLeaf || from + dimensions > values.length) throw broken(`tree ${index} has a leaf without values`)
    for (let place = 0; place < dimensions; place++) leaf.push(values[from + place]!)
    return ~(leaf.length / dimensions - 1)
  }
  const seen = new Uint8Array(size)
  const isLeaf = (node: number) => steps[2 * node] === 0 && steps[2 * node + 1] === 0
  // Where a node's number is written once it is known.
  const stack: { readonly node: number; readonly into: number[]; readonly at: number }[] = []
  const root: number[] = []
  stack.push({ node: start, into: root, at: 0 })
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { node, into, at } = next
    if (node >= start + size) throw broken(`tree ${index} has a node outside of it`)
    if (seen[node - start] === 1) throw broken(`tree ${index} reaches a node over two ways`)
    seen[node - start] = 1
    if (isLeaf(node)) {
      into[at] = takeLeaf(node)
      continue
    }
    const number = conditions.length
    into[at] = number
    conditions.push(splits[node]!)
    no.push(0)
    yes.push(0)
    for (const [side, children] of [no, yes].entries()) {
      const step = steps[2 * node + side]!
      if (step === 0) children[number] = takeLeaf(node)
      else stack.push({ node: node + step, into: children, at: number })
    }
  }
  if (seen.includes(0)) throw broken(`tree ${index} has a node that no way leads to`)
  return {
    kind: 'branching',
    conditions: Int32Array.from(conditions),
    no: Int32Array.from(no),
    yes: Int32Array.from(yes),
    leaf: Float64Array.from(leaf),
  }
}

interface KeyedTable {
  readonly key: string
  readonly table: CatboostCtrTable
}

interface CtrBase {
  readonly type: CtrType
  readonly projection: CtrProjection
  readonly key: string
}

function readBase(base: Table | undefined, budget: Budget): CtrBase {
  if (base === undefined) throw broken('a statistic has no base')
  const type = ctrTypes[base.byte(1)]
  if (type === undefined) throw broken('a statistic is of an unknown type')
  const combination = base.table(0)
  const pairs = (field: number) => {
    const bytes = combination === undefined ? new ArrayBuffer(0) : alignedBytes(combination, field, 8, budget)
    return { ints: new Int32Array(bytes), floats: new Float32Array(bytes) }
  }
  const [floats, exact] = [pairs(1), pairs(2)]
  const half = (length: number) => Array.from({ length: length / 2 }, (_, place) => place)
  const projection = {
    categorical: combination === undefined ? [] : [...intsOf(combination, 0, budget)],
    floats: half(floats.ints.length).map((place) => ({ index: floats.ints[2 * place]!, border: floats.floats[2 * place + 1]! })),
    exact: half(exact.ints.length).map((place) => ({ index: exact.ints[2 * place]!, value: exact.ints[2 * place + 1]! })),
  }
  return { type, projection, key: JSON.stringify([type, projection]) }
}

function readCtrFeature(feature: Table, tables: readonly KeyedTable[], budget: Budget): CatboostCtrFeature {
  const ctr = feature.table(0)
  if (ctr === undefined) throw broken('a statistic has no description')
  const { type, projection, key } = readBase(ctr.table(0), budget)
  return {
    type,
    projection,
    table: tables.findIndex((table) => table.key === key),
    targetBorder: ctr.int(1),
    priorNumerator: ctr.float(2),
    priorDenominator: ctr.float(3, 1),
    shift: ctr.float(4),
    scale: ctr.float(5, 1),
    borders: floatsOf(feature, 1, budget),
  }
}

/** Sizes are 32 bits, or all ones and then 64 (util/ysaveload.h). */
function readSize(view: DataView, at: number): { readonly size: number; readonly next: number } {
  if (at + 4 > view.byteLength) throw broken('its statistics are cut off')
  const size = view.getUint32(at, true)
  if (size !== 0xffffffff) return { size, next: at + 4 }
  if (at + 12 > view.byteLength) throw broken('its statistics are cut off')
  return { size: Number(view.getBigUint64(at + 4, true)), next: at + 12 }
}

function readTables(rest: Uint8Array, budget: Budget): readonly KeyedTable[] {
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength)
  const count = readSize(view, 0)
  const tables: KeyedTable[] = []
  let at = count.next
  for (let index = 0; index < count.size; index++) {
    const { size, next } = readSize(view, at)
    if (next + size > rest.length) throw broken('its statistics are cut off')
    tables.push(readTable(Table.root(rest.subarray(next, next + size)), index, budget))
    at = next + size
  }
  return tables
}

/** Bytes of a bucket: a hash of 64 bits and a row of 32. */
const bucketBytes = 12
const emptyHash = 2n ** 64n - 1n

function readTable(table: Table, index: number, budget: Budget): KeyedTable {
  const { type, key } = readBase(table.table(0), budget)
  const buckets = new DataView(alignedBytes(table, 1, 1, budget))
  const blob = new DataView(alignedBytes(table, 2, 1, budget))
  const targetClasses = table.int(4)
  const isMean = type === 'BinarizedTargetMeanValue' || type === 'FloatTargetMeanValue'
  const width = isMean ? 2 : type === 'Counter' || type === 'FeatureFreq' ? 1 : targetClasses
  const size = buckets.byteLength / bucketBytes
  // CatBoost looks a hash up by walking from its place to the next empty bucket: without one it would walk for ever.
  if (!Number.isInteger(size) || size === 0 || (size & (size - 1)) !== 0)
    throw broken(`table ${index} of its statistics has ${buckets.byteLength} bytes of hashes`)
  if (width < 1 || width > 1 << 20 || blob.byteLength % (width * 4) !== 0)
    throw broken(`table ${index} of its statistics has ${blob.byteLength} bytes of counts`)
  const rows = blob.byteLength / (width * 4)
  const filled: number[] = []
  for (let bucket = 0; bucket < size; bucket++) {
    if (buckets.getBigUint64(bucket * bucketBytes, true) === emptyHash) continue
    if (buckets.getUint32(bucket * bucketBytes + 8, true) >= rows)
      throw broken(`table ${index} of its statistics names a row that is not there`)
    filled.push(bucket)
  }
  if (filled.length === size) throw broken(`table ${index} of its statistics has no empty bucket`)
  spend(budget, filled.length * width * 8)
  const values = new Float64Array(filled.length * width)
  filled.forEach((bucket, place) => {
    const row = buckets.getUint32(bucket * bucketBytes + 8, true)
    for (let number = 0; number < width; number++) {
      const from = (row * width + number) * 4
      values[place * width + number] = isMean && number === 0 ? blob.getFloat32(from, true) : blob.getInt32(from, true)
    }
  })
  return {
    key,
    table: {
      type,
      hashes: BigUint64Array.from(filled, (bucket) => buckets.getBigUint64(bucket * bucketBytes, true)),
      width,
      values,
      denominator: table.int(3),
      targetClasses,
    },
  }
}
