/** The values of one leaf of the schema: decoded as they are stored, and turned into vectors of what they mean. */
import { arrayOfDtype, type NumericArray } from '../../dtype.ts'
import { narrowed } from '../columnar/pandas.ts'
import type { Vector } from '../columnar/vector.ts'
import { joinStreams, readDelta, readDeltaBytes, readDeltaLengths, readHybrid } from './encodings.ts'
import type { Node } from './metadata.ts'
import { Cursor, ThriftError } from './thrift.ts'

export type Leaf = NonNullable<Node['leaf']>

/** Stored values: numbers contiguous, bytes and texts one by one. */
export type Stored = NumericArray | string[] | Uint8Array[]

/** An empty place for `length` values of a leaf. */
export function newStored(leaf: Leaf, length: number): Stored {
  switch (leaf.type) {
    case 'BOOLEAN':
      return new Uint8Array(length)
    case 'INT32':
      return new Int32Array(length)
    case 'INT64':
    case 'INT96':
      return new BigInt64Array(length)
    case 'FLOAT':
      return new Float32Array(length)
    case 'DOUBLE':
      return new Float64Array(length)
    default:
      if (leaf.logical.kind === 'float16') return new Uint16Array(length)
      return leaf.logical.kind === 'decimal' ? new Float64Array(length) : new Array(length)
  }
}

/** @throws ThriftError where the bytes end too early */
export function readPlain(leaf: Leaf, bytes: Uint8Array, at: number, count: number): Stored {
  switch (leaf.type) {
    case 'BOOLEAN': {
      const packed = new Cursor(bytes, at).take((count + 7) >> 3)
      return Uint8Array.from({ length: count }, (_, index) => (packed[index >> 3]! >> (index & 7)) & 1)
    }
    case 'INT32':
      return fixed(bytes, at, count, Int32Array)
    case 'INT64':
      return fixed(bytes, at, count, BigInt64Array)
    case 'FLOAT':
      return fixed(bytes, at, count, Float32Array)
    case 'DOUBLE':
      return fixed(bytes, at, count, Float64Array)
    case 'INT96':
      return int96(new Cursor(bytes, at).take(count * 12), count)
    case 'FIXED_LEN_BYTE_ARRAY': {
      const all = new Cursor(bytes, at).take(count * leaf.length)
      return meant(
        leaf,
        Array.from({ length: count }, (_, index) => all.subarray(index * leaf.length, (index + 1) * leaf.length)),
      )
    }
    case 'BYTE_ARRAY':
      return leaf.logical.kind === 'text' ? texts(bytes, at, count) : meant(leaf, pieces(bytes, at, count))
  }
}

function pieces(bytes: Uint8Array, at: number, count: number): Uint8Array[] {
  const cursor = new Cursor(bytes, at)
  return Array.from({ length: count }, () => cursor.take(length32(cursor)))
}

function length32(cursor: Cursor): number {
  const { bytes, at } = cursor
  cursor.take(4)
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}

function texts(bytes: Uint8Array, at: number, count: number): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const cursor = new Cursor(bytes, at)
  const values = new Array<string>(count)
  for (let index = 0; index < count; index++) {
    const length = length32(cursor)
    const start = cursor.at
    cursor.take(length)
    values[index] = buffer.toString('utf8', start, start + length)
  }
  return values
}

type ArrayConstructor<T> = {
  new (buffer: ArrayBufferLike, offset: number, length: number): T
  readonly BYTES_PER_ELEMENT: number
}

function fixed<T>(bytes: Uint8Array, at: number, count: number, type: ArrayConstructor<T>): T {
  const data = new Cursor(bytes, at).take(count * type.BYTES_PER_ELEMENT)
  const aligned = data.byteOffset % type.BYTES_PER_ELEMENT === 0 ? data : new Uint8Array(data)
  return new type(aligned.buffer, aligned.byteOffset, count)
}

/** Nanoseconds of the day and the Julian day, as Impala and old Spark write timestamps. */
function int96(bytes: Uint8Array, count: number): BigInt64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return BigInt64Array.from(
    { length: count },
    (_, index) =>
      (BigInt(view.getInt32(index * 12 + 8, true)) - 2_440_588n) * 86_400_000_000_000n + view.getBigInt64(index * 12, true),
  )
}

/** Bytes as the leaf's type means them, where that is no longer bytes. */
function meant(leaf: Leaf, values: Uint8Array[]): Stored {
  const { logical } = leaf
  if (logical.kind === 'text')
    return values.map((value) => Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8'))
  if (logical.kind === 'float16') return Uint16Array.from(values, (value) => value[0]! | (value[1]! << 8))
  return logical.kind === 'decimal' ? Float64Array.from(values, (value) => decimalOf(bigEndian(value), logical.scale)) : values
}

function bigEndian(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n
  if (bytes.length > 32) throw new ThriftError(`a decimal of ${bytes.length} bytes`)
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`))
}

/** The nearest double, by way of the digits: a division would round twice. */
function decimalOf(unscaled: bigint, scale: number): number {
  return Number(`${unscaled}e${-scale}`)
}

/** Parquet's numbers of the encodings of values. */
export const dictionaryEncodings: ReadonlySet<number> = new Set([2, 8])

/** @throws ThriftError */
export function readValues(leaf: Leaf, encoding: number, bytes: Uint8Array, at: number, count: number, most: number): Stored {
  if (encoding === 0) return readPlain(leaf, bytes, at, count)
  if (encoding === 3 && leaf.type === 'BOOLEAN') {
    const values = new Uint8Array(count)
    readHybrid(bytes, at + 4, 1, values)
    return values
  }
  if (encoding === 5 && (leaf.type === 'INT32' || leaf.type === 'INT64')) {
    const values = newStored(leaf, count) as Int32Array | BigInt64Array
    if (count > 0) readDelta(bytes, at, values)
    return values
  }
  if (encoding === 6 && leaf.type === 'BYTE_ARRAY') return meant(leaf, readDeltaLengths(bytes, at, count))
  if (encoding === 7 && leaf.type.endsWith('BYTE_ARRAY')) {
    const values = readDeltaBytes(bytes, at, count, most)
    if (leaf.type === 'FIXED_LEN_BYTE_ARRAY' && values.some((value) => value.length !== leaf.length))
      throw new ThriftError('a value of another length')
    return meant(leaf, values)
  }
  const width = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8, FIXED_LEN_BYTE_ARRAY: leaf.length }[leaf.type as 'INT32']
  if (encoding === 9 && width !== undefined) return readPlain(leaf, joinStreams(bytes, at, count, width), 0, count)
  throw new ThriftError(`there is no encoding ${encoding} of ${leaf.type}`)
}

/**
 * What the stored values mean.
 *
 * @param values - as many as `length`; at missing places anything
 */
export function vectorOfStored(leaf: Leaf, values: Stored, length: number, validity: Uint8Array | undefined): Vector {
  const base = { length, validity }
  const { logical } = leaf
  switch (logical.kind) {
    case 'null':
      return { ...base, kind: 'null' }
    case 'text':
      return { ...base, kind: 'text', values: withNulls(values as string[], validity) }
    case 'decimal':
      return {
        ...base,
        kind: 'decimal',
        values:
          values instanceof Float64Array
            ? values
            : Float64Array.from(values as Int32Array, (value) => decimalOf(BigInt(value), logical.scale)),
      }
    case 'date':
      return { ...base, kind: 'date', values: values as Int32Array }
    case 'time':
      return { ...base, kind: 'time', unit: logical.unit, values: toBigInts(values as Int32Array | BigInt64Array) }
    case 'timestamp':
      return {
        ...base,
        kind: 'timestamp',
        unit: logical.unit,
        zone: logical.utc ? 'UTC' : undefined,
        values: toBigInts(values as Int32Array | BigInt64Array),
      }
    case 'float16':
      return { ...base, kind: 'number', dtype: 'float16', values: values as Uint16Array }
    case 'integer': {
      const dtype = `${logical.signed ? '' : 'u'}int${logical.bits}` as 'int32'
      const stored = values as Int32Array | BigInt64Array
      if (!(dtype in arrayOfDtype) || stored instanceof BigInt64Array !== (logical.bits === 64))
        throw new ThriftError(`integers of ${logical.bits} bits in ${leaf.type}`)
      const kept =
        dtype === 'int32' || (dtype as string) === 'int64'
          ? stored
          : stored instanceof BigInt64Array
            ? new BigUint64Array(stored.buffer, stored.byteOffset, stored.length)
            : narrowed(stored, dtype)
      return { ...base, kind: 'number', dtype, values: kept }
    }
    case 'plain':
      return plainVector(leaf, values, base, validity)
  }
}

function plainVector(
  leaf: Leaf,
  values: Stored,
  base: { length: number; validity: Uint8Array | undefined },
  validity: Uint8Array | undefined,
): Vector {
  switch (leaf.type) {
    case 'INT96':
      return { ...base, kind: 'timestamp', unit: 'ns', values: values as BigInt64Array }
    case 'BYTE_ARRAY':
    case 'FIXED_LEN_BYTE_ARRAY':
      return { ...base, kind: 'bytes', values: withNulls(values as Uint8Array[], validity) }
    default: {
      const dtype = ({ BOOLEAN: 'bool', INT32: 'int32', INT64: 'int64', FLOAT: 'float32', DOUBLE: 'float64' } as const)[leaf.type]
      return { ...base, kind: 'number', dtype, values: values as NumericArray }
    }
  }
}

/** Places without a value are holes, which `map` would leave. */
function withNulls<T>(values: readonly (T | undefined)[], validity: Uint8Array | undefined): readonly (T | null)[] {
  return validity === undefined ? (values as readonly T[]) : Array.from(values, (value) => value ?? null)
}

function toBigInts(values: Int32Array | BigInt64Array): BigInt64Array {
  return values instanceof BigInt64Array ? values : BigInt64Array.from(values, BigInt)
}
