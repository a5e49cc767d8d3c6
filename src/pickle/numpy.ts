/** Rules for NumPy's pickles: arrays, scalars, types, random generators. Shapes are checked against the bytes before anything is made (P7). */
import type { Limits } from '../limits.ts'
import type { Call, CallRule } from './calls.ts'
import { buildDtype, dtypeOfString, elementTotal, freezeDtype, readShape } from './dtype.ts'
import type { Rule } from './special-names.ts'
import { type ArrayNode, type DtypeNode, type GlobalNode, isNode, type PickleValue } from './value.ts'
import { Malformed } from './verdict.ts'

const bytesType: DtypeNode = { kind: 'dtype', code: 'b', size: 1, bigEndian: false, objects: false, built: true }

/** `_reconstruct(class, (0,), b'b')`: an empty array, whose state comes with BUILD. Any other shape would be allocated at once. */
const reconstruct: CallRule = (call) => {
  const [subject, shape, letter] = call.args
  const kind = letter instanceof Uint8Array ? Buffer.from(letter).toString('latin1') : letter
  if (!isNode(subject, 'global') || call.args.length !== 3) return call.refuse('is called without a class')
  if (subject.entry === undefined) return call.record()
  if (subject.entry.rule !== 'array-class' && subject.entry.rule !== 'array-subclass')
    return call.refuse(`makes an array of ${subject.module}.${subject.name}`)
  if (!isEmptyShape(shape) || kind !== 'b') throw new Malformed('makes an array that is not empty before its state', call.offset)
  return emptyArray(subject)
}

/** `_mareconstruct(class, base class, (0,), 'b')`. */
const maskedReconstruct: CallRule = (call) => {
  const [subject, base, shape, letter] = call.args
  const kind = letter instanceof Uint8Array ? Buffer.from(letter).toString('latin1') : letter
  if (!isNode(subject, 'global') || !isNode(base, 'global') || call.args.length !== 4)
    return call.refuse('is called without its classes')
  if (subject.entry === undefined || base.entry === undefined) return call.record()
  for (const each of [subject, base])
    if (each.entry?.rule !== 'array-class') return call.refuse(`makes an array of ${each.module}.${each.name}`)
  if (!isEmptyShape(shape) || kind !== 'b') throw new Malformed('makes an array that is not empty before its state', call.offset)
  return emptyArray(subject)
}

function isEmptyShape(shape: PickleValue | undefined): boolean {
  return isNode(shape, 'tuple') && shape.items.length === 1 && shape.items[0] === 0n
}

function emptyArray(subject: GlobalNode): ArrayNode {
  return {
    kind: 'array',
    module: subject.module,
    name: subject.name,
    dtype: bytesType,
    shape: [0],
    fortran: false,
    data: new Uint8Array(0),
    built: false,
  }
}

/** `numpy.dtype(text, align, copy)`. */
const dtype: CallRule = (call) => {
  const [text, ...flags] = call.args
  if (flags.length > 2 || !flags.every((flag) => typeof flag === 'boolean' || typeof flag === 'bigint'))
    return call.refuse('is called with other than flags')
  // A class: what `dtype=numpy.float64` became in old pickles of records.
  if (isNode(text, 'global') && text.entry?.rule === 'type')
    return dtypeOfTypeName(text) ?? call.refuse('is made of an unknown type')
  const made = typeof text === 'string' ? dtypeOfString(text) : undefined
  return made ?? call.refuse(`is made of ${typeof text === 'string' ? `“${text.slice(0, 40)}”` : 'what is no type'}`)
}

function dtypeOfTypeName({ name }: GlobalNode): DtypeNode | undefined {
  const match = /^(u?int|float|complex)(\d+)$/.exec(name)
  if (match === null) return name === 'object' || name === 'object_' ? dtypeOfString('O') : undefined
  return dtypeOfString(`${match[1] === 'uint' ? 'u' : match[1]![0]}${Number(match[2]) / 8}`)
}

/** `scalar(dtype, bytes)`: one element. */
const scalar: CallRule = (call) => {
  const [type, data] = call.args
  if (!isNode(type, 'dtype') || call.args.length !== 2) return call.refuse('is called without a type')
  const bytes = bytesOf(data)
  if (type.objects || bytes === undefined) return call.refuse('is made of an object')
  freezeDtype(type)
  if (bytes.length !== type.size)
    throw new Malformed(`has a scalar of ${bytes.length} bytes whose type has ${type.size}`, call.offset)
  return { kind: 'scalar', dtype: type, data: bytes }
}

/** `_frombuffer(bytes, dtype, shape, order)`: arrays of protocol 5. NumPy 2.4 adds an order of axes, for the order `K`. */
const fromBuffer: CallRule = (call) => {
  const [buffer, type, shape, order, axes] = call.args
  const { offset, judge } = call
  const known = order === 'C' || order === 'F' || order === 'K'
  if (call.args.length < 4 || call.args.length > 5 || !isNode(type, 'dtype') || !known)
    return call.refuse('is called without type and order')
  const data = isNode(buffer, 'bytearray') ? buffer.bytes : buffer
  if (!(data instanceof Uint8Array) || type.objects) return call.refuse('is made of what are no bytes')
  freezeDtype(type)
  const lengths = readShape(isNode(shape, 'tuple') ? shape.items : [shape ?? null], offset, judge.limits)
  checkBytes(data.length, type, lengths, offset)
  const array = { kind: 'array', module: 'numpy', name: 'ndarray', dtype: type, fortran: false, data, built: true } as const
  if (order !== 'K' || axes === undefined || axes === null)
    return { ...array, shape: lengths, fortran: order === 'F' && lengths.length > 1 }
  // The bytes are of the shape given, whose axes are then put into another order.
  const places = readShape(isNode(axes, 'tuple') ? axes.items : undefined, offset, judge.limits)
  if (
    places.length !== lengths.length ||
    new Set(places).size !== places.length ||
    places.some((place) => place >= places.length)
  )
    throw new Malformed('has an array whose order of axes is none', offset)
  return { ...array, shape: places.map((place) => lengths[place]!), ...axesOf(places) }
}

/** Row-major and column-major are told apart; any other order keeps its axes. */
function axesOf(places: readonly number[]): Pick<ArrayNode, 'fortran' | 'axes'> {
  if (places.every((place, index) => place === index)) return { fortran: false }
  if (places.every((place, index) => place === places.length - 1 - index)) return { fortran: true }
  return { fortran: false, axes: places }
}

/** `_ufunc_reconstruct(module, name)`: NumPy up to 1.19 wrote ufuncs so; it is the name itself. */
const ufuncReconstruct: CallRule = (call) => {
  const [module, name] = call.args
  if (call.args.length !== 2 || typeof module !== 'string' || typeof name !== 'string')
    return call.refuse('is called without names')
  const found = call.judge.global(module, name, call.offset)
  if (found.entry !== undefined && found.entry.rule !== 'value') return call.refuse(`gives ${found.module}.${found.name}`)
  return found
}

const generators: ReadonlySet<PickleValue> = new Set(['MT19937', 'PCG64', 'PCG64DXSM', 'Philox', 'SFC64'])

/** The name of a generator, its class, or one that was made before; NumPy 1.24 and later add the function that made it. */
const randomConstructor: CallRule = (call) => {
  const [generator, maker] = call.args
  if (call.args.length > 2) return call.refuse('is called with more than a generator')
  if (generator !== undefined && !isGenerator(generator)) return call.refuse('is called with what is no random generator')
  if (
    maker !== undefined &&
    maker !== null &&
    !(isNode(maker, 'global') && (maker.entry === undefined || maker.entry.rule === 'bit-generator-constructor'))
  )
    return call.refuse('is called with a function of its own')
  return call.record(call.args.slice(0, 1))
}

function isGenerator(value: PickleValue): boolean {
  if (typeof value === 'string') return generators.has(value)
  if (value instanceof Uint8Array) return generators.has(Buffer.from(value).toString('latin1'))
  if (isNode(value, 'global')) return value.entry === undefined || value.entry.rule === 'bit-generator'
  return isNode(value, 'object') && (value.entry === undefined || value.entry.rule === 'bit-generator-constructor')
}

/**
 * Gives an array its shape, type and elements, or a dtype its fields.
 *
 * @throws Malformed
 */
export function numpyBuild(target: ArrayNode | DtypeNode, state: PickleValue, offset: number, limits: Limits): void {
  if (target.kind === 'dtype') {
    buildDtype(target, state, offset, limits)
    return
  }
  if (target.built) throw new Malformed('gives an array a second state', offset)
  if (!isNode(state, 'tuple')) throw new Malformed('gives an array a state that is no tuple', offset)
  const { items } = state
  // Without its version in front, as NumPy wrote it before 1.0.
  const at = items.length === 4 ? 0 : 1
  const [shape, type, fortran, raw, mask, fill] = items.slice(at)
  if (!isNode(shape, 'tuple') || !isNode(type, 'dtype') || items.length < 4 || items.length > 7)
    throw new Malformed('gives an array a state without shape and type', offset)
  const lengths = readShape(shape.items, offset, limits)
  const total = elementTotal(lengths, offset)
  if (isNode(raw, 'list')) {
    if (!type.objects) throw new Malformed('has an array of numbers whose elements are a list', offset)
    if (raw.items.length !== total)
      throw new Malformed(`has an array of ${raw.items.length} objects for ${total} elements`, offset)
    target.data = raw.items
  } else {
    const data = bytesOf(raw)
    if (data === undefined || type.objects) throw new Malformed('has an array without elements', offset)
    checkBytes(data.length, type, lengths, offset)
    target.data = data
  }
  freezeDtype(type)
  target.dtype = type
  target.shape = lengths
  target.fortran = lengths.length > 1 && (fortran === true || (typeof fortran === 'bigint' && fortran !== 0n))
  const maskBytes = mask === undefined || mask === null ? undefined : bytesOf(mask)
  if (maskBytes !== undefined) {
    target.mask = maskBytes
    if (fill !== undefined) target.fill = fill
  }
  target.built = true
}

/**
 * Checks that the bytes are just what shape and type need.
 *
 * @throws Malformed
 */
export function checkBytes(present: number, type: DtypeNode, shape: readonly number[], offset: number): void {
  const needed = elementTotal(shape, offset) * type.size
  if (needed !== present)
    throw new Malformed(`has an array of shape (${shape.join(', ')}) that needs ${needed} bytes and has ${present}`, offset)
}

/** Python 2 wrote bytes as text. */
function bytesOf(value: PickleValue | undefined): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' && !/[^\u0000-\u00ff]/.test(value) ? Buffer.from(value, 'latin1') : undefined
}

const bitGeneratorCall: CallRule = (call: Call) =>
  call.args.length === 0 ? call.record() : call.refuse('is called with arguments')

/** Rules by name, for calls.ts. */
export const numpyCalls: { readonly [Each in Rule]?: CallRule } = {
  'array-reconstruct': reconstruct,
  'masked-reconstruct': maskedReconstruct,
  'array-from-buffer': fromBuffer,
  scalar,
  dtype,
  'ufunc-reconstruct': ufuncReconstruct,
  'random-constructor': randomConstructor,
  'bit-generator-constructor': randomConstructor,
  'bit-generator': bitGeneratorCall,
}
