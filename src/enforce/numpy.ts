/**
 * `numpy.array(value, dtype)`: nested lists to an array. Without a dtype NumPy finds a common one; with one, each value
 * is set as `array[i] = value` would.
 *
 * @see numpy/_core/src/multiarray/array_coercion.c and arraytypes.c.src (NumPy 2.4)
 */
import { elementCount } from '../batch.ts'
import { trimEndOf } from '../trim.ts'
import { parseNumpyDatetime } from './numpy-datetime.ts'
import { floatOfText, integerOfText, textOf, truthOf } from './python.ts'
import { type Path, Refusal, type Sink } from './sink.ts'
import {
  arrayOf,
  type Cell,
  cellAt,
  type FixedDtype,
  isArray,
  isFloat,
  isInteger,
  isList,
  isMoment,
  isTensor,
  type NumpyArray,
  newValues,
  plainCell,
  scalarOf,
  setValue,
  type ValueDtype,
} from './values.ts'

/** Inclusive bounds of the integer types. */
export const integerRanges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int8: [-(2n ** 7n), 2n ** 7n - 1n],
  int16: [-(2n ** 15n), 2n ** 15n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 2n ** 8n - 1n],
  uint16: [0n, 2n ** 16n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
}

/**
 * Makes an array of a value. What cannot be set is reported and left zero, so that all such values are found at once.
 *
 * @throws Refusal for lists of unequal length, except to `object`, where they stay lists
 */
export function makeArray(value: Cell, dtype: ValueDtype | undefined, sink: Sink): NumpyArray {
  const { shape, leaves, dtypes } = dtype === 'object' ? looseShape(value) : uniformShape(value)
  return castLeaves(leaves, dtype ?? commonDtype(leaves, dtypes), shape, sink)
}

interface Laid {
  readonly shape: readonly number[]
  readonly leaves: readonly Cell[]
  /** Of the arrays met on the way; they count even where they are empty. */
  readonly dtypes: readonly ValueDtype[]
}

function uniformShape(value: Cell): Laid {
  const shape = outline(value)
  const leaves: Cell[] = []
  const dtypes: ValueDtype[] = []
  const visit = (node: Cell, depth: number): void => {
    const length = lengthOf(node)
    if (length !== shape[depth] && !(length === undefined && depth === shape.length)) {
      throw new Refusal('lists of unequal length or depth make no array', node)
    }
    if (isArray(node) && depth < shape.length) dtypes.push(node.dtype)
    if (length === undefined) leaves.push(node)
    else if (depth < shape.length) for (let index = 0; index < length; index++) visit(itemOf(node, index), depth + 1)
  }
  visit(value, 0)
  return { shape, leaves, dtypes }
}

/** As many dimensions as all parts share; what is below stays a list. */
function looseShape(value: Cell): Laid {
  const shape: number[] = []
  let nodes: readonly Cell[] = [value]
  for (;;) {
    const length = nodes.length === 0 ? undefined : lengthOf(nodes[0]!)
    if (length === undefined || nodes.some((node) => lengthOf(node) !== length))
      return { shape, leaves: nodes.map(plainCell), dtypes: [] }
    shape.push(length)
    nodes = nodes.flatMap((node) => Array.from({ length }, (_, index) => itemOf(node, index)))
  }
}

function outline(value: Cell): readonly number[] {
  const shape: number[] = []
  for (let node = value; ; ) {
    const length = lengthOf(node)
    if (length === undefined) return shape
    shape.push(length)
    if (length === 0) return isTensor(node) ? [...shape, ...node.shape.slice(1)] : shape
    node = itemOf(node, 0)
  }
}

/** The length of a sequence; undefined for what NumPy takes as one value (texts and objects too). */
function lengthOf(node: Cell): number | undefined {
  if (isList(node)) return node.length
  return isTensor(node) ? node.shape[0] : undefined
}

function itemOf(node: Cell, index: number): Cell {
  if (isList(node)) return node[index]!
  const array = node as NumpyArray
  return subArray(array, index)
}

/** `array[index]` along the first dimension, without copying. */
export function subArray(array: NumpyArray, index: number): Cell {
  const shape = array.shape.slice(1)
  const size = elementCount(shape)
  const values = (array.values as Float64Array).slice(index * size, (index + 1) * size) as unknown as NumpyArray['values']
  if (shape.length > 0) return arrayOf(array.dtype, shape, values)
  return array.dtype === 'object' ? (values[0] as Cell) : scalarOf(array.dtype, values)
}

/** The dtype NumPy finds for values without one, promoting from left to right. */
function commonDtype(leaves: readonly Cell[], dtypes: readonly ValueDtype[]): ValueDtype {
  let common = dtypes.length === 0 ? undefined : dtypes.reduce(promote)
  for (const leaf of leaves) {
    const dtype = dtypeOfLeaf(leaf)
    common = common === undefined ? dtype : promote(common, dtype)
    if (common === 'object') return 'object'
  }
  return common ?? 'float64'
}

function dtypeOfLeaf(leaf: Cell): ValueDtype {
  if (isTensor(leaf)) return leaf.dtype as ValueDtype
  if (typeof leaf === 'boolean') return 'bool'
  if (typeof leaf === 'number') return 'float64'
  if (typeof leaf === 'string') return 'string'
  if (leaf instanceof Uint8Array) return 'bytes'
  if (isMoment(leaf)) return 'datetime64'
  if (typeof leaf !== 'bigint') return 'object'
  if (leaf >= integerRanges['int64']![0] && leaf <= integerRanges['int64']![1]) return 'int64'
  return leaf > 0n && leaf <= integerRanges['uint64']![1] ? 'uint64' : 'object'
}

/** `numpy.promote_types`. */
export function promote(first: ValueDtype, second: ValueDtype): ValueDtype {
  if (first === second) return first
  if (first === 'object' || second === 'object') return 'object'
  if (first === 'string' || second === 'string') return 'string'
  if (first === 'bytes' || second === 'bytes') return 'bytes'
  if (first === 'datetime64' || second === 'datetime64') return 'object'
  if (first === 'bool') return second
  if (second === 'bool') return first
  const [narrow, wide] = sizeOf(first) <= sizeOf(second) ? [first, second] : [second, first]
  if (isFloat(first) && isFloat(second)) return wide
  if (isFloat(first) || isFloat(second)) return floatFor(isFloat(first) ? first : second, isFloat(first) ? second : first)
  if (first.startsWith('u') === second.startsWith('u')) return wide
  if (sizeOf(narrow) < sizeOf(wide) && !wide.startsWith('u')) return wide
  const unsigned = first.startsWith('u') ? first : second
  return ({ uint8: 'int16', uint16: 'int32', uint32: 'int64' } as const)[unsigned as 'uint8'] ?? 'float64'
}

function sizeOf(dtype: ValueDtype): number {
  return Number(/\d+$/.exec(dtype)?.[0] ?? 8)
}

function floatFor(float: ValueDtype, integer: ValueDtype): ValueDtype {
  const least = sizeOf(integer) === 8 ? 16 : sizeOf(integer) === 16 ? 32 : 64
  return `float${Math.max(sizeOf(float), least)}` as ValueDtype
}

/** Sets each value into an array of `dtype`. */
export function castLeaves(leaves: readonly Cell[], dtype: ValueDtype, shape: readonly number[], sink: Sink): NumpyArray {
  const at = (index: number): Path => pathOf(index, shape)
  if (dtype === 'object') return arrayOf(dtype, shape, leaves as NumpyArray['values'])
  if (dtype === 'string')
    return arrayOf(
      dtype,
      shape,
      leaves.map((leaf) => numpyText(plainCell(leaf))),
    )
  if (dtype === 'bytes')
    return arrayOf(
      dtype,
      shape,
      leaves.map((leaf, index) => numpyBytes(plainCell(leaf), sink, () => at(index))),
    )
  const values = newValues(dtype, leaves.length)
  for (let index = 0; index < leaves.length; index++) {
    const value = setItem(plainCell(leaves[index]!), dtype)
    if (typeof value === 'string') sink.refuse(at(index), plainCell(leaves[index]!), value)
    else setValue(values, dtype, index, value)
  }
  return arrayOf(dtype, shape, values)
}

function pathOf(index: number, shape: readonly number[]): Path {
  const path: number[] = []
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    path.unshift(index % shape[axis]!)
    index = Math.floor(index / shape[axis]!)
  }
  return path
}

// NumPy's fixed-width texts end at the last character that is not NUL.
function numpyText(leaf: Cell): string {
  return trimEndOf(leaf instanceof Uint8Array ? Buffer.from(leaf).toString('latin1') : textOf(leaf), '\0')
}

/** NumPy encodes a text as ASCII: base64 is not decoded. */
function numpyBytes(leaf: Cell, sink: Sink, at: () => Path): Uint8Array {
  const text = leaf instanceof Uint8Array ? Buffer.from(leaf).toString('latin1') : textOf(leaf)
  if (!(leaf instanceof Uint8Array) && /[^\x00-\x7f]/.test(text)) sink.refuse(at(), leaf, 'only ASCII characters become bytes')
  return Buffer.from(trimEndOf(text, '\0'), 'latin1')
}

/** The number that `array[i] = value` stores, or why NumPy raises. */
export function setItem(value: Cell, dtype: FixedDtype): number | bigint | string {
  if (dtype === 'bool') return truthOf(value) ? 1 : 0
  if (dtype === 'datetime64') return setDatetime(value)
  return isInteger(dtype) ? setInteger(value, dtype) : setFloat(value, dtype)
}

function setInteger(value: Cell, dtype: FixedDtype): bigint | string {
  const whole = integerOf(value)
  if (typeof whole === 'string') return whole
  const [least, most] = integerRanges[dtype]!
  return whole < least || whole > most ? `out of the range of ${dtype}` : whole
}

/** Python's `int(value)`, or why it raises. */
export function integerOf(value: Cell): bigint | string {
  if (typeof value === 'bigint') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 'no whole number'
  if (typeof value === 'string') return integerOfText(value) ?? 'no whole number'
  return 'no whole number'
}

function setFloat(value: Cell, dtype: FixedDtype): number | string {
  const number = floatOf(value)
  return typeof number === 'number' && dtype === 'float32' ? Math.fround(number) : number
}

/** Python's `float(value)` with None as NaN, or why it raises. */
export function floatOf(value: Cell): number | string {
  if (typeof value === 'number') return value
  if (value === null) return Number.NaN
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'bigint') {
    const number = Number(value)
    return Number.isFinite(number) ? number : 'beyond the range of float64'
  }
  return typeof value === 'string' ? (floatOfText(value) ?? 'no number') : 'no number'
}

function setDatetime(value: Cell): bigint | string {
  if (value === null) return integerRanges['int64']![0]
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'bigint') {
    const [least, most] = integerRanges['int64']!
    return value < least || value > most ? 'out of the range of int64 nanoseconds' : value
  }
  if (isMoment(value)) return value.nanoseconds
  if (typeof value !== 'string') return 'no date'
  const parsed = parseNumpyDatetime(value)
  return typeof parsed === 'string' ? parsed : BigInt.asIntN(64, parsed.nanoseconds)
}

/** `array.astype(dtype)` between arrays; integers wrap, floats are cut as the processor does. */
export function castArray(array: NumpyArray, dtype: ValueDtype, sink: Sink): NumpyArray {
  if (array.dtype === dtype) return array
  const length = array.values.length
  const cells = Array.from({ length }, (_, index) => cellAt(array.dtype, array.values, index))
  if (dtype === 'datetime64' && isNumber(array.dtype))
    return arrayOf(
      dtype,
      array.shape,
      BigInt64Array.from(cells, (cell) => nanosecondsOf(cell as number)),
    )
  if (!isNumber(array.dtype) || !isNumber(dtype)) return castLeaves(cells, dtype, array.shape, sink)
  const values = newValues(dtype, length)
  for (let index = 0; index < length; index++) setValue(values, dtype, index, castNumber(cells[index] as boolean, dtype))
  return arrayOf(dtype, array.shape, values)
}

/** A number counts nanoseconds; what int64 cannot hold becomes NaT. */
export function nanosecondsOf(value: boolean | number | bigint): bigint {
  return castNumber(value, 'int64') as bigint
}

function isNumber(dtype: ValueDtype): dtype is FixedDtype {
  return dtype === 'bool' || isInteger(dtype) || isFloat(dtype)
}

/** C's conversion of one number; out of range, a float gives what x86-64 gives. */
export function castNumber(value: boolean | number | bigint, dtype: FixedDtype): number | bigint {
  if (dtype === 'bool') return value === 0 || value === 0n || value === false ? 0 : 1
  if (typeof value === 'boolean') return isInteger(dtype) ? (value ? 1n : 0n) : value ? 1 : 0
  if (!isInteger(dtype)) return dtype === 'float32' ? Math.fround(Number(value)) : Number(value)
  const bits = sizeOf(dtype)
  if (typeof value === 'bigint') return dtype.startsWith('u') ? BigInt.asUintN(bits, value) : BigInt.asIntN(bits, value)
  const register = bits === 64 || dtype === 'uint32' ? 64 : 32
  const limit = 2 ** (register - 1)
  const whole = Math.trunc(value)
  const signed = (number: number): bigint => (number >= -limit && number < limit ? BigInt(number) : -(2n ** BigInt(register - 1)))
  // Above 2^63 compilers subtract it, convert, and flip the highest bit.
  if (dtype === 'uint64' && whole >= limit) return BigInt.asUintN(64, signed(whole - limit)) ^ (2n ** 63n)
  const wide = signed(whole)
  return dtype.startsWith('u') ? BigInt.asUintN(bits, wide) : BigInt.asIntN(bits, wide)
}
