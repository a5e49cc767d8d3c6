/** From numbers as they were read (doubles, row by row) to contiguous columns and tensors of their type. */
import { arrayOfDtype, dtypes, type NumericArray, type NumericDtype, numberToFloat16 } from '../../dtype.ts'
import { bail, type Cursor, readBoolean, type Stage } from './cursor.ts'
import { readReal, readWhole } from './numbers.ts'

/** How values of an element type are read. */
export type Reading = 'real' | 'whole' | 'boolean' | 'text'

/** Tells how values of an element type are read. */
export function readingOf(dtype: NumericDtype | 'string'): Reading {
  if (dtype === 'string') return 'text'
  if (dtype === 'bool') return 'boolean'
  return dtype.startsWith('float') ? 'real' : 'whole'
}

/** One number of a type, from the cursor to the stage. */
export function readNumber(cursor: Cursor, reading: Reading, stage: Stage, index: number, unsigned: boolean): void {
  if (reading === 'real') cursor.at = readReal(cursor.bytes, cursor.at, stage.values, index)
  else if (reading === 'whole') cursor.at = readWhole(cursor.bytes, cursor.at, stage, index, unsigned)
  else stage.values[index] = readBoolean(cursor)
}

const integerRanges: Readonly<Partial<Record<NumericDtype, readonly [number, number]>>> = {
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-2147483648, 2147483647],
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 4294967295],
}
/** From here on a finite double rounds to an infinite float32, or half. */
const largestSingle = 3.4028235677973366e38
const overflow: Readonly<Partial<Record<NumericDtype, number>>> = { float32: largestSingle, float16: 65520 }

/**
 * Takes every `stride`-th number from `start` on. A value its type cannot hold is not plain.
 *
 * @param target - array of the type, as long as what is taken
 */
export function fill(target: NumericArray, dtype: NumericDtype, stage: Stage, start: number, stride: number): void {
  const { values } = stage
  const size = target.length
  if (dtype === 'float64' || dtype === 'bool') {
    for (let row = 0, at = start; row < size; row++, at += stride) target[row] = values[at]!
  } else if (dtype === 'float32' || dtype === 'float16') {
    fillNarrow(target as Float32Array | Uint16Array, dtype, values, start, stride)
  } else if (dtype === 'int64' || dtype === 'uint64') fillWide(target as BigInt64Array, dtype, stage, start, stride)
  else {
    const [least, most] = integerRanges[dtype]!
    for (let row = 0, at = start; row < size; row++, at += stride) {
      const value = values[at]!
      if (value < least || value > most) throw bail
      target[row] = value
    }
  }
}

function fillNarrow(
  target: Float32Array | Uint16Array,
  dtype: NumericDtype,
  values: Float64Array,
  start: number,
  stride: number,
): void {
  const limit = overflow[dtype]!
  const half = dtype === 'float16'
  for (let row = 0, at = start; row < target.length; row++, at += stride) {
    const value = values[at]!
    if (Math.abs(value) >= limit && Math.abs(value) !== Number.POSITIVE_INFINITY) throw bail
    target[row] = half ? numberToFloat16(value) : value
  }
}

/** 64-bit integers are written as two words: no BigInt is made. */
function fillWide(target: BigInt64Array, dtype: NumericDtype, stage: Stage, start: number, stride: number): void {
  const { values, wide } = stage
  const parts = new Int32Array(target.buffer, target.byteOffset, target.length * 2)
  for (let row = 0, at = start; row < target.length; row++, at += stride) {
    const value = values[at]!
    if (value < 0 && dtype === 'uint64') throw bail
    const pair = wide?.get(at)
    parts[row * 2] = pair === undefined ? value | 0 : pair[0]
    parts[row * 2 + 1] = pair === undefined ? Math.floor(value / 4294967296) : pair[1]
  }
}

/** Fills an array of float32 or of float64 alone, as {@link fill} does. */
export function fillReal(
  target: Float32Array | Float64Array,
  narrow: boolean,
  values: Float64Array,
  start: number,
  stride: number,
): void {
  for (let row = 0, at = start; row < target.length; row++, at += stride) {
    const value = values[at]!
    const magnitude = Math.abs(value)
    if (narrow && magnitude >= largestSingle && magnitude !== Number.POSITIVE_INFINITY) throw bail
    target[row] = value
  }
}

/** Up to this size in bytes V8 keeps a typed array's numbers in its own heap, where making one costs next to nothing. */
export const smallArray = 64

/** Arrays for several columns of `rows` values, side by side in one buffer: twenty small buffers cost more than the numbers in them. */
export function allocateColumns(
  columns: readonly { readonly dtype: NumericDtype | 'string' }[],
  rows: number,
): (NumericArray | undefined)[] {
  if (rows * 8 <= smallArray) return columns.map(({ dtype }) => (dtype === 'string' ? undefined : new arrayOfDtype[dtype](rows)))
  let size = 0
  const offsets = columns.map(({ dtype }) => {
    const offset = size
    // Each column starts at a multiple of 8 bytes, as 64-bit elements need.
    size += (rows * dtypes[dtype].size + 7) & ~7
    return offset
  })
  const buffer = new ArrayBuffer(size)
  return columns.map(({ dtype }, at) => (dtype === 'string' ? undefined : new arrayOfDtype[dtype](buffer, offsets[at]!, rows)))
}
