/**
 * XGBoost's binary form: with the mark `binf` from 1.0 to 2.0, without any until 0.90, and inside `CONFIG-offset:` in pickles of
 * 1.0 to 1.3. Structs are written as they lie in memory, little-endian.
 *
 * @see xgboost src/learner.cc (LearnerModelParamLegacy), src/gbm/gbtree_model.h, include/xgboost/tree_model.h
 */
import { MlmodelError } from '../errors/index.ts'
import { brokenBooster } from './fields.ts'
import type { Tree } from './forest.ts'
import { checkedModel, evenRounds, mostGroups, type XgboostModel } from './xgboost-model.ts'
import { xgboostTree } from './xgboost-tree.ts'

/** Bytes of the structs; each ends in reserved words. */
const learnerBytes = 136
const gbtreeBytes = 160
const gblinearBytes = 136
const treeBytes = 148
const nodeBytes = 20
const statisticsBytes = 16

interface Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  at: number
}

const configMark = 'CONFIG-offset:'

/**
 * Reads a model in the binary form.
 *
 * @throws BOOSTER_BROKEN, BOOSTER_UNSUPPORTED
 */
export function readXgboostBinary(bytes: Uint8Array): XgboostModel {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16)).toString('latin1')
  if (start.startsWith(configMark)) {
    // The length of the model, then the model, then the configuration as JSON.
    const reader = open(bytes, configMark.length)
    const length = readLength(reader)
    const from = take(reader, length)
    return readXgboostBinary(bytes.subarray(from, from + length))
  }
  const marked = start.startsWith('binf')
  return readLearner(open(bytes, marked ? 4 : 0), marked)
}

function open(bytes: Uint8Array, at: number): Reader {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at }
}

function readLearner(reader: Reader, marked: boolean): XgboostModel {
  const { view } = reader
  const at = take(reader, learnerBytes)
  const [major, minor] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)]
  const features = view.getUint32(at + 4, true)
  const classes = view.getInt32(at + 8, true)
  const targets = major > 1 || (major === 1 && minor >= 6) ? Math.max(1, view.getUint32(at + 28, true)) : 1
  if (classes < 0 || classes > mostGroups || targets > mostGroups || major > 9)
    throw brokenBooster('XGBoost', 'it does not begin as a model of XGBoost')
  const groups = Math.max(1, classes, targets)
  const objective = readName(reader, 'objective')
  const booster = readName(reader, 'booster')
  if (booster !== 'gbtree' && booster !== 'dart' && booster !== 'gblinear')
    throw brokenBooster('XGBoost', 'it does not begin as a model of XGBoost')
  const body = booster === 'gblinear' ? readLinear(reader) : readForest(reader, features, groups, major)
  const treeWeight = booster === 'dart' && body.trees.length > 0 ? readFloats(reader) : undefined
  const attributes = view.getInt32(at + 12, true) === 0 ? new Map<string, string>() : readAttributes(reader)
  // Until 0.90, this objective's own parameter follows.
  if (major === 0 && objective === 'count:poisson' && reader.at < reader.bytes.length) readText(reader)
  if (view.getInt32(at + 16, true) !== 0) readTexts(reader)
  if (reader.at !== reader.bytes.length)
    throw brokenBooster('XGBoost', `${reader.bytes.length - reader.at} bytes follow the model`)
  return checkedModel({
    form: marked ? 'binary' : 'raw',
    version: major === 0 && minor === 0 ? undefined : [major, minor],
    booster,
    objective,
    objectiveParameters: objectiveParameters(attributes),
    baseScore: [view.getFloat32(at, true)],
    baseScoreIsMargin: major === 0,
    features,
    classes,
    targets,
    groups,
    featureNames: [],
    featureTypes: [],
    attributes: publicAttributes(attributes),
    ...body,
    treeWeight,
    categories: [],
  })
}

interface Body extends Pick<XgboostModel, 'treeGroup' | 'iterationStarts' | 'linearWeights'> {
  readonly trees: readonly Tree[]
}

function readLinear(reader: Reader): Body {
  take(reader, gblinearBytes)
  return { trees: [], treeGroup: new Int32Array(0), iterationStarts: Int32Array.of(0), linearWeights: readFloats(reader) }
}

function readForest(reader: Reader, features: number, groups: number, major: number): Body {
  const { view } = reader
  const at = take(reader, gbtreeBytes)
  const count = view.getInt32(at, true)
  if (count < 0 || count * (treeBytes + nodeBytes + statisticsBytes) > reader.bytes.length - reader.at)
    throw brokenBooster('XGBoost', `it says that it has ${count} trees, and ${reader.bytes.length - reader.at} bytes follow`)
  const trees: Tree[] = []
  for (let index = 0; index < count; index++) trees.push(readTree(reader, index, features, major))
  // Who wrote no number of parallel trees before 1.0 wrote one root here.
  const parallel = major >= 1 ? Math.max(1, view.getInt32(at + 4, true)) : 1
  const treeGroup = new Int32Array(count)
  const from = take(reader, count * 4)
  for (let index = 0; index < count; index++) treeGroup[index] = view.getInt32(from + index * 4, true)
  return { trees, treeGroup, iterationStarts: evenRounds(count, parallel * groups), linearWeights: undefined }
}

function readTree(reader: Reader, index: number, features: number, major: number): Tree {
  const { view } = reader
  const name = `tree ${index}`
  const at = take(reader, treeBytes)
  const count = view.getInt32(at + 4, true)
  if (view.getInt32(at, true) !== 1 && major === 0)
    throw new MlmodelError('BOOSTER_UNSUPPORTED', { library: 'XGBoost', what: 'trees of several roots' })
  if (count < 1) throw brokenBooster('XGBoost', `${name} says that it has ${count} nodes`)
  const from = take(reader, count * nodeBytes)
  take(reader, count * statisticsBytes)
  if (major === 0 && view.getInt32(at + 20, true) !== 0) readFloats(reader)
  const nodes = {
    left: new Int32Array(count),
    right: new Int32Array(count),
    feature: new Int32Array(count),
    defaultLeft: new Uint8Array(count),
    condition: new Float32Array(count),
    type: undefined,
    categories: new Map(),
    leafVector: undefined,
  }
  for (let node = 0; node < count; node++) {
    const place = from + node * nodeBytes
    nodes.left[node] = view.getInt32(place + 4, true)
    nodes.right[node] = view.getInt32(place + 8, true)
    // The highest bit of the split index is the default direction.
    const split = view.getUint32(place + 12, true)
    nodes.feature[node] = split & 0x7fffffff
    nodes.defaultLeft[node] = split >>> 31
    nodes.condition[node] = view.getFloat32(place + 16, true)
  }
  return xgboostTree(nodes, features, view.getInt32(at + 8, true), name)
}

/** The place of the next bytes, which are there. */
function take(reader: Reader, length: number): number {
  const { at } = reader
  if (length > reader.bytes.length - at)
    throw brokenBooster('XGBoost', `${length} bytes should follow byte ${at}, ${reader.bytes.length - at} do`)
  reader.at += length
  return at
}

function readLength(reader: Reader): number {
  const length = reader.view.getBigUint64(take(reader, 8), true)
  if (length > BigInt(reader.bytes.length - reader.at))
    throw brokenBooster('XGBoost', `a length of ${length} at byte ${reader.at - 8} goes beyond the file`)
  return Number(length)
}

function readText(reader: Reader): string {
  const length = readLength(reader)
  const at = take(reader, length)
  return Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + at, length).toString('utf8')
}

function readName(reader: Reader, what: string): string {
  const name = readText(reader)
  if (!/^[a-z0-9_:@-]{1,100}$/i.test(name)) throw brokenBooster('XGBoost', `its ${what} is no name`)
  return name
}

function readFloats(reader: Reader): Float32Array {
  const count = readLength(reader)
  const at = take(reader, count * 4)
  return Float32Array.from({ length: count }, (_, index) => reader.view.getFloat32(at + index * 4, true))
}

function readTexts(reader: Reader): void {
  const count = readLength(reader)
  for (let index = 0; index < count; index++) readText(reader)
}

function readAttributes(reader: Reader): Map<string, string> {
  const count = readLength(reader)
  const attributes = new Map<string, string>()
  for (let index = 0; index < count; index++) attributes.set(readText(reader), readText(reader))
  return attributes
}

const savedPrefix = 'SAVED_PARAM_'

/** Since 1.0 the objective's configuration is an attribute in JSON; some parameters stand beside it. */
function objectiveParameters(attributes: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  for (const [key, value] of attributes) if (key.startsWith(savedPrefix)) parameters.set(key.slice(savedPrefix.length), value)
  const text = attributes.get('objective')
  if (text === undefined) return parameters
  let configuration: unknown
  try {
    configuration = JSON.parse(text)
  } catch {
    throw brokenBooster('XGBoost', 'the configuration of its objective is no JSON')
  }
  for (const group of Object.values(configuration ?? {})) {
    if (typeof group !== 'object' || group === null) continue
    for (const [key, value] of Object.entries(group)) if (typeof value === 'string') parameters.set(key, value)
  }
  return parameters
}

function publicAttributes(attributes: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...attributes].filter(([key]) => key !== 'objective' && !key.startsWith(savedPrefix)))
}
