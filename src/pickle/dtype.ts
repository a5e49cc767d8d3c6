/** NumPy's types of elements as pickles write them: a type string, then a state with byte order, fields and sizes. */
import type { Limits } from '../limits.ts'
import { type DtypeField, type DtypeNode, isNode, type PickleValue } from './value.ts'
import { Malformed } from './verdict.ts'

/** Sizes that NumPy has, by letter; letters that are absent take any. */
const sizes: Readonly<Record<string, readonly number[]>> = {
  b: [1],
  i: [1, 2, 4, 8],
  u: [1, 2, 4, 8],
  f: [2, 4, 8, 10, 12, 16],
  c: [8, 16, 20, 24, 32],
  O: [4, 8],
  M: [8],
  m: [8],
}
const longestElement = 1 << 24
const units: ReadonlySet<PickleValue> = new Set([
  'Y',
  'M',
  'W',
  'D',
  'h',
  'm',
  's',
  'ms',
  'us',
  'ns',
  'ps',
  'fs',
  'as',
  'generic',
])

/** Reads the type string of `numpy.dtype('f8', …)`: no commas, no words, no expressions; undefined where it is another. */
export function dtypeOfString(text: string): DtypeNode | undefined {
  const match = /^([<>|=]?)([biufcOSUVMm?])(\d{1,8})?$/.exec(text)
  if (match === null) return undefined
  const letter = match[2]!
  if (letter === '?') return match[3] === undefined ? node('b', 1, false) : undefined
  const digits = match[3] === undefined ? undefined : Number(match[3])
  const size = letter === 'U' ? (digits ?? 0) * 4 : (digits ?? ('MmO'.includes(letter) ? 8 : 0))
  if (sizes[letter] !== undefined ? !sizes[letter].includes(size) : size > longestElement) return undefined
  return node(letter, size, match[1] === '>')
}

function node(code: string, size: number, bigEndian: boolean): DtypeNode {
  return { kind: 'dtype', code, size, bigEndian, objects: code === 'O' }
}

/**
 * Says that something is of this type now: NumPy keeps the same object, so a state that came later would change what bytes that
 * were checked already stand for, pointers among them.
 */
export function freezeDtype(dtype: DtypeNode): void {
  dtype.built = true
}

/** Sets the state `(3 or 4, byte order, subarray, names, fields, itemsize, alignment, flags[, metadata])`. */
export function buildDtype(dtype: DtypeNode, state: PickleValue, offset: number, limits: Limits): void {
  if (dtype.built) throw new Malformed('gives a dtype a second state, or one after its use', offset)
  dtype.built = true
  if (!isNode(state, 'tuple')) throw wrong('is no tuple', offset)
  const [version, order, subarray, names, fields, itemsize, , , metadata] = state.items
  if ((version !== 3n && version !== 4n) || state.items.length < 8 || state.items.length > 9)
    throw wrong('is of another version', offset)
  if (order !== '<' && order !== '>' && order !== '|' && order !== '=') throw wrong('has no byte order', offset)
  dtype.bigEndian = order === '>'
  if (subarray !== null && subarray !== undefined) setSubarray(dtype, subarray, offset, limits)
  if (names !== null && names !== undefined) setFields(dtype, names, fields ?? null, offset, limits)
  else if (fields !== null && fields !== undefined) throw wrong('has fields without names', offset)
  if (typeof itemsize === 'bigint' && itemsize !== -1n && Number(itemsize) !== dtype.size) {
    // NumPy writes the size where the type string cannot say it.
    if (!'SUV'.includes(dtype.code) || itemsize < 0n || itemsize > BigInt(longestElement)) throw wrong('has another size', offset)
    if (dtype.size !== 0) throw wrong('has another size', offset)
    dtype.size = Number(itemsize)
  }
  if (metadata !== undefined && 'Mm'.includes(dtype.code)) setUnit(dtype, metadata, offset)
}

function setUnit(dtype: DtypeNode, metadata: PickleValue, offset: number): void {
  // (a dictionary of no meaning, (unit, count, numerator, denominator))
  const parts = isNode(metadata, 'tuple') ? metadata.items[1] : undefined
  const [name, count] = isNode(parts, 'tuple') ? parts.items : []
  const text = name instanceof Uint8Array ? Buffer.from(name).toString('latin1') : name
  if (!units.has(text!) || typeof count !== 'bigint' || count < 1n || count > 1_000_000n)
    throw wrong('has no unit of time', offset)
  dtype.unit = { name: text as string, count: Number(count) }
}

function setSubarray(dtype: DtypeNode, subarray: PickleValue, offset: number, limits: Limits): void {
  const [base, shape] = isNode(subarray, 'tuple') ? subarray.items : []
  if (!isNode(base, 'dtype') || base === dtype) throw wrong('has a subarray that is none', offset)
  const lengths = readShape(isNode(shape, 'tuple') ? shape.items : shape === undefined ? undefined : [shape], offset, limits)
  const size = elementTotal(lengths, offset) * base.size
  if (dtype.code !== 'V' || (dtype.size !== 0 && size !== dtype.size) || size > longestElement)
    throw wrong('has a subarray of another size', offset)
  freezeDtype(base)
  dtype.size = size
  dtype.subarray = { dtype: base, shape: lengths }
  dtype.objects = base.objects
}

function setFields(dtype: DtypeNode, names: PickleValue, fields: PickleValue, offset: number, limits: Limits): void {
  if (dtype.code !== 'V' || !isNode(names, 'tuple') || !isNode(fields, 'dict')) throw wrong('has fields that are none', offset)
  if (names.items.length > limits.csvColumns) throw new Malformed('has a dtype of too many fields', offset, true)
  const byName = new Map<PickleValue, PickleValue>()
  for (let index = 0; index < fields.entries.length; index += 2) byName.set(fields.entries[index]!, fields.entries[index + 1]!)
  const made: DtypeField[] = []
  for (const name of names.items) {
    const field = byName.get(name)
    const [type, at] = isNode(field, 'tuple') ? field.items : []
    const fits =
      typeof name === 'string' &&
      isNode(type, 'dtype') &&
      type !== dtype &&
      typeof at === 'bigint' &&
      at >= 0n &&
      Number(at) + type.size <= dtype.size
    if (!fits) throw wrong('has a field that does not lie in it', offset)
    freezeDtype(type)
    made.push({ name, dtype: type, offset: Number(at) })
    if (type.objects) dtype.objects = true
  }
  dtype.fields = made
}

/** Lengths of an array's dimensions. */
export function readShape(items: readonly PickleValue[] | undefined, offset: number, limits: Limits): number[] {
  if (items === undefined) throw new Malformed('has an array without a shape', offset)
  if (items.length > limits.npyDimensions) throw new Malformed(`has an array of ${items.length} dimensions`, offset, true)
  return items.map((item) => {
    if (typeof item !== 'bigint' || item < 0n || item > BigInt(Number.MAX_SAFE_INTEGER))
      throw new Malformed('has an array with a dimension that is no length', offset)
    return Number(item)
  })
}

/** Number of elements; zeros are left out of the bound, as NumPy does. */
export function elementTotal(shape: readonly number[], offset: number): number {
  let bound = 1
  for (const length of shape) if (length > 0) bound *= length
  if (bound > 2 ** 47) throw new Malformed('has an array of more elements than any file', offset)
  return shape.includes(0) ? 0 : bound
}

function wrong(why: string, offset: number): Malformed {
  return new Malformed(`has a dtype whose state ${why}`, offset)
}
