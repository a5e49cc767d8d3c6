/**
 * Reads skops files as data and judges every name in them by the list of the pickles. What counts is the field that skops' own
 * loader acts on, not the one that it shows (CVE-2025-54412, CVE-2025-54413).
 *
 * @see skops/io (protocols 0 to 2)
 */
import type { Cell } from '../batch.ts'
import type { Where } from '../errors/index.ts'
import { parseJson } from '../json.ts'
import type { Limits } from '../limits.ts'
import { callGlobal, stateProblem } from '../pickle/calls.ts'
import type { Judge } from '../pickle/machine.ts'
import { listedName, type NameEntry } from '../pickle/names.ts'
import { pendingOf } from '../pickle/pending.ts'
import { type GlobalNode, isNode, type ObjectNode, type PickleValue, type TupleNode } from '../pickle/value.ts'
import { Malformed, mostUnsafe, type Rejection, type UnsafeUse } from '../pickle/verdict.ts'
import { openZip, type ZipMember } from '../zip.ts'
import { readNpyArray } from './npy-array.ts'

/** A use that is not allowed, with its place in schema.json. */
export interface SkopsUse extends Omit<UnsafeUse, 'offset'> {
  /** JSON path. */
  readonly path: string
}

export interface SkopsVerdict {
  readonly outcome: 'safe' | 'unsafe' | 'reject'
  readonly unsafe: readonly SkopsUse[]
  /** `path` instead of an offset. */
  readonly rejection?: Omit<Rejection, 'offset'> & { readonly path: string }
  readonly names: readonly string[]
  /** What it holds; absent unless safe. */
  readonly value?: PickleValue
}

/** skops itself recurses over the nodes, and Python's stack ends near a thousand calls. */
const deepest = 200
/** A node is up to three levels of JSON. */
const deepestJson = 3 * deepest
/** Bytes of schema.json: a gradient boosting model of 1,000 trees has 3 MB. */
const largestSchema = 256 << 20

/** A node: objects of JSON are maps, so that no key of a file meets what JavaScript's objects inherit. */
type State = ReadonlyMap<string, Cell>

interface Reader {
  readonly members: ReadonlyMap<string, ZipMember>
  readonly used: Set<string>
  readonly limits: Limits
  protocol: bigint
  readonly judge: Judge
  readonly known: Map<Cell, PickleValue>
  readonly names: Set<string>
  path: string
  depth: number
}

/**
 * Judges a skops file.
 *
 * @throws MlmodelError ZIP_… where it is no sound zip file
 */
export function readSkops(bytes: Uint8Array, where: Where, limits: Limits): SkopsVerdict {
  const members = new Map(openZip(bytes, where, limits).map((member) => [member.name, member]))
  const unsafe: SkopsUse[] = []
  const names = new Set<string>()
  const reader: Reader = {
    members,
    used: new Set(['schema.json']),
    limits,
    protocol: 0n,
    known: new Map(),
    names,
    path: '$',
    depth: 0,
    judge: {
      limits,
      torch: false,
      unsafe(use) {
        const path = reader.path
        if (unsafe.length < mostUnsafe) unsafe.push({ ...use, path })
      },
      global: (module, name) => globalOf(reader, module, name),
      keep(value) {
        const pending = pendingOf(value)
        if (pending !== undefined)
          reader.judge.unsafe({ module: pending.module, name: pending.name, how: 'value', why: 'is kept as a value' }, 0)
      },
    },
  }
  let value: PickleValue | undefined
  let rejection: SkopsVerdict['rejection']
  try {
    const schema = readSchema(members.get('schema.json'), where, limits)
    const protocol = schema.get('protocol')
    if (typeof protocol !== 'bigint' || protocol < 0n || protocol > 2n)
      throw new Malformed('is of an unknown protocol of skops', 0)
    reader.protocol = protocol
    value = readNode(reader, schema, '$')
    reader.judge.keep(value, 0)
    for (const name of members.keys())
      if (!reader.used.has(name) && !/\.(npy|npz|bin)$/.test(name))
        throw new Malformed(`has the member ${name}, which nothing names`, 0)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    rejection = { why: error.message, path: reader.path, ...(error.limit && { limit: true }) }
  }
  const outcome = unsafe.length > 0 ? 'unsafe' : rejection !== undefined ? 'reject' : 'safe'
  return {
    outcome,
    unsafe,
    ...(rejection !== undefined && { rejection }),
    names: [...names],
    ...(outcome === 'safe' && { value: value! }),
  }
}

function readSchema(member: ZipMember | undefined, where: Where, limits: Limits): State {
  if (member === undefined) throw new Malformed('has no schema.json', 0)
  const jsonLimits = { ...limits, jsonBytes: largestSchema, jsonDepth: deepestJson }
  return stateOf(parseJson(member.read(), { where: { ...where, path: 'schema.json' }, limits: jsonLimits }).value)
}

function stateOf(json: Cell | undefined): State {
  if (!(json instanceof Map)) throw new Malformed('has a node that is no object', 0)
  return json as State
}

function textOf(state: State, key: string): string {
  const text = state.get(key)
  if (typeof text !== 'string') throw new Malformed(`has a node without ${key}`, 0)
  return text
}

function listOf(json: Cell | undefined): readonly Cell[] {
  if (!Array.isArray(json)) throw new Malformed('has a node whose content is no list', 0)
  return json as readonly Cell[]
}

function readNode(reader: Reader, json: Cell | undefined, path: string): PickleValue {
  const before = reader.path
  reader.path = path
  if (++reader.depth > deepest) throw new Malformed(`nests nodes deeper than ${deepest}`, 0, true)
  const state = stateOf(json)
  const loader = textOf(state, '__loader__')
  const id = state.get('__id__') ?? null
  const read = loaders.get(loader)
  if (read === undefined) throw new Malformed(`has a node of the unknown loader ${loader}`, 0)
  // Every node is judged, also one whose number is known already and which skops would not look at.
  const known = id === null ? undefined : reader.known.get(id)
  const value = loader === 'CachedNode' ? known : read(reader, state)
  if (value === undefined) throw new Malformed('refers to a node that is not there', 0)
  if (id !== null && known === undefined) reader.known.set(id, value)
  reader.depth--
  reader.path = before
  return known ?? value
}

function child(reader: Reader, state: State, ...keys: readonly string[]): PickleValue {
  let json: Cell | undefined = state
  for (const key of keys) json = stateOf(json).get(key)
  return readNode(reader, json, `${reader.path}.${keys.join('.')}`)
}

function kept(reader: Reader, value: PickleValue): PickleValue {
  reader.judge.keep(value, 0)
  return value
}

function globalOf(reader: Reader, module: string, name: string): GlobalNode {
  const entry = listedName(module, name)
  const full = `${module}.${name}`
  if (!reader.names.has(full)) {
    reader.names.add(full)
    if (entry === undefined) reader.judge.unsafe({ module, name, how: 'unlisted', why: 'is not on the list' }, 0)
  }
  return { kind: 'global', module, name, entry, offset: 0 }
}

/** The class that the node names, by the two fields that skops imports. */
function subjectOf(reader: Reader, state: State): GlobalNode {
  return globalOf(reader, textOf(state, '__module__'), textOf(state, '__class__'))
}

function objectOf(subject: GlobalNode, more: Partial<ObjectNode> = {}): ObjectNode {
  return { kind: 'object', module: subject.module, name: subject.name, entry: subject.entry, args: [], offset: 0, ...more }
}

function refuse(reader: Reader, { module, name }: { readonly module: string; readonly name: string }, why: string): void {
  reader.judge.unsafe({ module, name, how: 'call', why }, 0)
}

/** Refuses a listed class whose rule is none of these; one that is not listed was told already. */
function wants(reader: Reader, subject: GlobalNode, fits: (entry: NameEntry) => boolean, what: string): boolean {
  if (subject.entry === undefined) return false
  if (fits(subject.entry)) return true
  refuse(reader, subject, `is used as ${what}`)
  return false
}

const isBuiltin = (subject: GlobalNode, ...names: readonly string[]): boolean =>
  subject.module === 'builtins' && names.includes(subject.name)

function readDict(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  const types = child(reader, state, 'key_types')
  const content = stateOf(state.get('content'))
  if (!isNode(types, 'list')) throw new Malformed('has a dictionary without types of its keys', 0)
  const entries: PickleValue[] = []
  let index = 0
  for (const [key, json] of content) {
    const type = types.items[index++]
    const value = kept(reader, readNode(reader, json, `${reader.path}.content.${key}`))
    // Python stops where either list ends.
    if (type !== undefined) entries.push(keyOf(reader, key, type), value)
  }
  if (isBuiltin(subject, 'dict')) return { kind: 'dict', entries }
  wants(reader, subject, ({ items }) => items === 'dict', 'a dictionary')
  return objectOf(subject, { entries })
}

/** JSON has text keys only: `type(text)` makes them what they were. */
function keyOf(reader: Reader, key: string, type: PickleValue): PickleValue {
  if (!isNode(type, 'global')) throw new Malformed('has a key whose type is no type', 0)
  if (type.entry !== undefined && type.entry.rule !== 'type') refuse(reader, type, 'is the type of a key')
  if (/^int|^uint/.test(type.name) && /^-?\d{1,4300}$/.test(key)) return BigInt(key)
  if (type.name.startsWith('float')) return Number(key)
  // bool('False') is True.
  if (type.name === 'bool') return key !== ''
  return key
}

function readDefaultDict(reader: Reader, state: State): PickleValue {
  const main = child(reader, state, 'content', 'main')
  const factory = kept(reader, child(reader, state, 'content', 'default_factory'))
  const subject = globalOf(reader, 'collections', 'defaultdict')
  const ok = factory === null || isNode(factory, 'global') || (isNode(factory, 'object') && factory.entry?.rule === 'partial')
  if (!ok) refuse(reader, subject, 'has a factory that is no type')
  return objectOf(subject, { args: [factory], entries: isNode(main, 'dict') ? [...main.entries] : [] })
}

function readItems(reader: Reader, state: State): PickleValue[] {
  return listOf(state.get('content')).map((json, index) =>
    kept(reader, readNode(reader, json, `${reader.path}.content[${index}]`)),
  )
}

function readList(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  // The types of a dictionary's keys are a list of types.
  const items = listOf(state.get('content')).map((json, index) => readNode(reader, json, `${reader.path}.content[${index}]`))
  for (const item of items) kept(reader, item)
  if (isBuiltin(subject, 'list')) return { kind: 'list', items }
  wants(reader, subject, (entry) => entry.items === 'list', 'a list')
  return objectOf(subject, { items })
}

function readSet(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  const items = readItems(reader, state)
  if (isBuiltin(subject, 'frozenset')) return { kind: 'frozenset', items }
  wants(reader, subject, () => isBuiltin(subject, 'set'), 'a set')
  return { kind: 'set', items }
}

function readTuple(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  const items = readItems(reader, state)
  if (isBuiltin(subject, 'tuple')) return { kind: 'tuple', items }
  wants(reader, subject, ({ rule }) => rule === 'named-tuple', 'a tuple')
  return objectOf(subject, { args: items })
}

/** Protocol 0 names the function in its content; its class and module are only shown. */
function readFunction(reader: Reader, state: State): PickleValue {
  const content = state.get('content')
  let subject = subjectOf(reader, state)
  if (reader.protocol === 0n || (typeof content === 'object' && content !== null)) {
    const inner = stateOf(content)
    subject = globalOf(reader, textOf(inner, 'module_path'), textOf(inner, 'function'))
  }
  return kept(reader, subject)
}

function readPartial(reader: Reader, state: State): PickleValue {
  const callee = kept(reader, child(reader, state, 'content', 'func'))
  const args = child(reader, state, 'content', 'args')
  const named = child(reader, state, 'content', 'kwds')
  const namespace = child(reader, state, 'content', 'namespace')
  const subject = globalOf(reader, 'functools', 'partial')
  const made = objectOf(subject, { args: [callee] })
  made.state = { kind: 'tuple', items: [callee, args, named, namespace] }
  const problem = stateProblem('partial', made.state)
  if (problem !== undefined) refuse(reader, subject, problem)
  return made
}

function readObject(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  const attributes = state.get('content') == null ? undefined : kept(reader, child(reader, state, 'content'))
  const made = objectOf(subject)
  const { entry } = subject
  if (entry === undefined) return made
  const makes = [
    'class',
    'slots',
    'native',
    'xgboost-booster',
    'lightgbm-booster',
    'mapping',
    'default-dict',
    'distribution',
  ].includes(entry.rule)
  if (!makes) refuse(reader, subject, 'is made into an object')
  if (attributes === undefined || attributes === null) return made
  const problem = stateProblem(entry.rule, attributes)
  if (problem !== undefined) reader.judge.unsafe({ module: subject.module, name: subject.name, how: 'state', why: problem }, 0)
  made.state = attributes
  return made
}

function readConstructor(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  return callGlobal(subject, argumentsOf(child(reader, state, 'content')), reader.judge, 0)
}

function argumentsOf(value: PickleValue): TupleNode {
  if (!isNode(value, 'tuple')) throw new Malformed('calls with what is no tuple of arguments', 0)
  return value
}

/** The class of the loss is called with arguments of the file, then given a state. */
function readReduced(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  const isTree = textOf(state, '__loader__') === 'TreeNode'
  // Whatever the node says, skops makes a Tree of a TreeNode.
  const maker = isTree ? globalOf(reader, 'sklearn.tree._tree', 'Tree') : subject
  const args = argumentsOf(child(reader, state, '__reduce__', 'args'))
  const attributes = kept(reader, child(reader, state, 'content'))
  if (maker.entry !== undefined && maker.entry.rule !== 'native') refuse(reader, maker, 'is called')
  const made = callGlobal(maker, args, reader.judge, 0)
  if (isNode(made, 'object') && attributes !== null) {
    const problem = stateProblem('native', attributes)
    if (problem !== undefined) refuse(reader, maker, problem)
    made.state = attributes
  }
  return made
}

function readMethod(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  child(reader, state, 'content', 'obj')
  const func = stateOf(state.get('content')).get('func')
  refuse(reader, { module: subject.module, name: `${subject.name}.${String(func)}` }, 'is a method kept as a value')
  return null
}

function readOperator(reader: Reader, state: State): PickleValue {
  child(reader, state, 'attrs')
  reader.judge.unsafe({ module: 'operator', name: textOf(state, '__class__'), how: 'unlisted', why: 'is not on the list' }, 0)
  return null
}

function readJson(_: Reader, state: State): PickleValue {
  const text = textOf(state, 'content')
  if (/^-?\d+$/.test(text)) {
    if (text.length > 4301) throw new Malformed('has an integer of more than 4300 digits', 0, true)
    return BigInt(text)
  }
  if (text === 'NaN') return Number.NaN
  if (text === 'Infinity' || text === '-Infinity') return text === 'Infinity' ? Infinity : -Infinity
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new Malformed('has a value that is no JSON', 0)
  }
  if (typeof parsed === 'object' && parsed !== null) throw new Malformed('has a value that is no single number or text', 0)
  return parsed as PickleValue
}

function memberOf(reader: Reader, state: State): Uint8Array {
  const name = textOf(state, 'file')
  const member = reader.members.get(name)
  if (member === undefined) throw new Malformed(`names the member ${name}, which is not there`, 0)
  reader.used.add(name)
  return member.read()
}

function readArray(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  const type = state.get('type')
  wants(reader, subject, ({ rule }) => rule === 'array-class' || rule === 'type', 'an array')
  if (type === 'numpy') {
    const array = readNpyArray(memberOf(reader, state), reader.limits)
    return subject.entry?.rule === 'type'
      ? { kind: 'scalar', dtype: array.dtype, data: array.data as Uint8Array }
      : { ...array, module: subject.module, name: subject.name }
  }
  if (type !== 'json') throw new Malformed('has an array of an unknown type', 0)
  const items = readItems(reader, state)
  const shape = child(reader, state, 'shape')
  const lengths = isNode(shape, 'tuple') ? shape.items.map(Number) : []
  const dtype = { kind: 'dtype', code: 'O', size: 8, bigEndian: false, objects: true, built: true } as const
  // Of more than one dimension, the content is a list of lists.
  return {
    kind: 'array',
    module: subject.module,
    name: subject.name,
    dtype,
    shape: lengths,
    fortran: false,
    data: flattened(items, lengths.length),
    built: true,
  }
}

function flattened(items: readonly PickleValue[], dimensions: number): readonly PickleValue[] {
  let level = items
  for (let axis = 1; axis < dimensions; axis++) {
    level = level.flatMap((item) => {
      if (!isNode(item, 'list')) throw new Malformed('has an array of objects that is not as deep as its shape', 0)
      return item.items
    })
  }
  return level
}

function readMasked(reader: Reader, state: State): PickleValue {
  globalOf(reader, 'numpy.ma.core', 'MaskedArray')
  const data = child(reader, state, 'content', 'data')
  const mask = child(reader, state, 'content', 'mask')
  if (!isNode(data, 'array')) throw new Malformed('has a masked array of what is none', 0)
  return isNode(mask, 'array') && mask.data instanceof Uint8Array ? { ...data, mask: mask.data } : data
}

/** The class is called without arguments, then given its numbers. */
function readRandomState(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  wants(
    reader,
    subject,
    () => /^numpy\.random(\.mtrand)?$/.test(subject.module) && subject.name === 'RandomState',
    'a random generator',
  )
  return objectOf(subject, { state: kept(reader, child(reader, state, 'content')) })
}

/** The class of the generator stands as text in the state. */
function readRandomGenerator(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  wants(
    reader,
    subject,
    () => /^numpy\.random(\._generator)?$/.test(subject.module) && subject.name === 'Generator',
    'a random generator',
  )
  const generator = kept(reader, child(reader, state, 'content', 'bit_generator'))
  const name = isNode(generator, 'dict') ? generator.entries[generator.entries.indexOf('bit_generator') + 1] : undefined
  if (typeof name !== 'string' || !/^(MT19937|PCG64|PCG64DXSM|Philox|SFC64)$/.test(name))
    reader.judge.unsafe({ module: 'numpy.random', name: String(name), how: 'call', why: 'is called as a random generator' }, 0)
  if (stateOf(state.get('content')).get('seed_seq') !== undefined) kept(reader, child(reader, state, 'content', 'seed_seq'))
  return objectOf(subject, { state: generator })
}

function readDtype(reader: Reader, state: State): PickleValue {
  const array = child(reader, state, 'content')
  if (!isNode(array, 'array')) throw new Malformed('has a type of no array', 0)
  return array.dtype
}

/** scipy reads the member with NumPy, without objects. */
function readSparse(reader: Reader, state: State): PickleValue {
  const subject = subjectOf(reader, state)
  wants(reader, subject, () => subject.module.startsWith('scipy.sparse'), 'a sparse matrix')
  if (state.get('type') !== 'scipy') throw new Malformed('has a sparse matrix of an unknown type', 0)
  const entries: PickleValue[] = []
  for (const member of openZip(memberOf(reader, state), {}, reader.limits))
    entries.push(member.name.replace(/\.npy$/, ''), readNpyArray(member.read(), reader.limits))
  return objectOf(subject, { state: { kind: 'dict', entries } })
}

const loaders: ReadonlyMap<string, (reader: Reader, state: State) => PickleValue> = new Map(
  Object.entries({
    DictNode: readDict,
    DefaultDictNode: readDefaultDict,
    ListNode: readList,
    SetNode: readSet,
    TupleNode: readTuple,
    FunctionNode: readFunction,
    PartialNode: readPartial,
    TypeNode: (reader: Reader, state: State) => kept(reader, subjectOf(reader, state)),
    SliceNode(reader: Reader, state: State) {
      const content = stateOf(state.get('content'))
      const parts = ['start', 'stop', 'step'].map((key) => {
        const part = content.get(key) ?? null
        if (part instanceof Map || Array.isArray(part)) throw new Malformed('has a slice of what are no numbers', 0)
        return part as PickleValue
      })
      return callGlobal(globalOf(reader, 'builtins', 'slice'), { kind: 'tuple', items: parts }, reader.judge, 0)
    },
    ConstructorFromReduceNode: readConstructor,
    ObjectNode: readObject,
    MethodNode: readMethod,
    JsonNode: readJson,
    BytesNode: (reader: Reader, state: State) => memberOf(reader, state),
    BytearrayNode: (reader: Reader, state: State) => ({ kind: 'bytearray', bytes: memberOf(reader, state) }),
    OperatorFuncNode: readOperator,
    NdArrayNode: readArray,
    MaskedArrayNode: readMasked,
    RandomStateNode: readRandomState,
    RandomGeneratorNode: readRandomGenerator,
    DTypeNode: readDtype,
    SparseMatrixNode: readSparse,
    TreeNode: readReduced,
    LossNode: readReduced,
    // Before skops 0.11.
    SGDNode: readReduced,
    CachedNode: () => null,
  } satisfies Record<string, (reader: Reader, state: State) => PickleValue>),
)
