/**
 * NumPy's array-protocol type strings (`<f4`, `|b1`, `>M8[us]`, …) and its time units.
 *
 * @see numpy.org, "The array interface protocol"
 */
import { type Dtype, notATime } from '../dtype.ts'
import { MlmodelError, type Where } from '../errors/index.ts'

export interface ElementType {
  readonly dtype: Exclude<Dtype, 'object'>
  /** Bytes of one element. */
  readonly size: number
  readonly bigEndian: boolean
  /** The unit of a `datetime64`. */
  readonly unit?: string
}

const codes: Readonly<Record<string, ElementType['dtype']>> = {
  b1: 'bool',
  '?': 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  c8: 'complex64',
  c16: 'complex128',
}

/** Longest text or bytes element: NumPy's own bound is 2^31 bytes, ours stops a header from claiming memory (CWE-789). */
const longestElement = 1 << 24

/** Reads a type string; gives the reason as text when we cannot hold such elements. */
export function parseDescr(descr: string): ElementType | string {
  const match = /^([<>=|]?)(?:(\?|[biufc]\d{1,2})|([US])(\d{1,12})|M8\[(\w{1,2})\])$/.exec(descr)
  if (match === null) return /O/.test(descr) ? 'Python objects, which only a pickle can hold' : 'which is not read here'
  // `=` and no mark mean the byte order of the writer; every supported platform is little endian.
  const bigEndian = match[1] === '>'
  if (match[2] !== undefined) {
    const dtype = codes[match[2]]
    if (dtype === undefined) return 'which NumPy does not know or this platform does not have'
    return { dtype, size: match[2] === '?' ? 1 : Number(match[2].slice(1)), bigEndian }
  }
  if (match[3] !== undefined) {
    const size = Number(match[4]) * (match[3] === 'U' ? 4 : 1)
    if (size > longestElement) return `longer than ${longestElement} bytes each`
    return { dtype: match[3] === 'U' ? 'string' : 'bytes', size, bigEndian }
  }
  const unit = match[5]!
  if (!(unit in nanosecondsOf) && unit !== 'Y' && unit !== 'M') return 'a time unit that is not read here'
  return { dtype: 'datetime64', size: 8, bigEndian, unit }
}

const nanosecondsOf: Readonly<Record<string, bigint>> = {
  W: 604_800_000_000_000n,
  D: 86_400_000_000_000n,
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1000n,
  ns: 1n,
}

/**
 * Converts counts of a unit since 1970 to nanoseconds; NaT stays NaT.
 *
 * @throws NPY_BROKEN when a time lies outside 1677-09-21 to 2262-04-11, what nanoseconds can hold
 */
export function toNanoseconds(counts: BigInt64Array, unit: string, where: Where): BigInt64Array {
  if (unit === 'ns') return counts
  return counts.map((count) => {
    if (count === notATime) return notATime
    const value =
      unit === 'Y' || unit === 'M' ? monthsToNanoseconds(unit === 'Y' ? count * 12n : count) : count * nanosecondsOf[unit]!
    if (value === undefined || value <= notATime || value >= -notATime) {
      throw new MlmodelError('NPY_BROKEN', { why: 'a time is out of the range of nanoseconds' }, { where })
    }
    return value
  })
}

function monthsToNanoseconds(months: bigint): bigint | undefined {
  if (months < -12_000n || months > 12_000n) return undefined
  return BigInt(Date.UTC(1970, Number(months), 1)) * 1_000_000n
}
