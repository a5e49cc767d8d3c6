/**
 * One record batch of Arrow: the places of its buffers, and the vectors they make.
 *
 * @see https://arrow.apache.org/docs/format/Columnar.html
 */
import { isValid } from '../../batch.ts'
import { arrayOfDtype, type NumericArray, type NumericDtype } from '../../dtype.ts'
import type { Limits } from '../../limits.ts'
import type { ArrowField, ArrowType } from '../columnar/arrow-schema.ts'
import { type Codec, decompress } from '../columnar/compression.ts'
import { FlatBufferError, type Table } from '../columnar/flatbuffer.ts'
import type { Vector } from '../columnar/vector.ts'

/** Thrown where something is too large; the reader of the file says where. */
export class ArrowLimitError extends Error {
  readonly found: number
  readonly limit: number

  constructor(what: string, found: number, limit: number) {
    super(what)
    this.found = found
    this.limit = limit
  }
}

/** A type that is not read here. */
export class ArrowTypeError extends Error {}

/** Below this a buffer may shrink as much as it likes. */
const ratioCheckedFrom = 32 << 20

/** Vectors of a batch's fields, read in the order of the schema. */
export class BatchReader {
  readonly rows: number
  readonly #body: Uint8Array
  readonly #nodes: readonly (readonly [number, number])[]
  readonly #buffers: readonly (readonly [number, number])[]
  readonly #variadic: readonly number[]
  readonly #codec: Codec | undefined
  readonly #limits: Limits
  readonly #dictionaries: ReadonlyMap<number, Vector>
  #node = 0
  #buffer = 0
  #view = 0

  constructor(header: Table, body: Uint8Array, dictionaries: ReadonlyMap<number, Vector>, limits: Limits) {
    this.#body = body
    this.#limits = limits
    this.#dictionaries = dictionaries
    this.rows = this.#count(header.long(0))
    this.#nodes = header.pairs(1)
    this.#buffers = header.pairs(2)
    this.#variadic = header.longs(4)
    const compression = header.table(3)
    this.#codec = compression === undefined ? undefined : compression.byte(0) === 0 ? 'lz4-frame' : 'zstd'
  }

  #count(length: number): number {
    if (length < 0) throw new FlatBufferError(`${length} values`)
    if (length > this.#limits.pageValues) throw new ArrowLimitError('a batch of rows', length, this.#limits.pageValues)
    return length
  }

  /** The next buffer, decompressed; it has `least` bytes or more. */
  #next(least: number): Uint8Array {
    const place = this.#buffers[this.#buffer++]
    if (place === undefined) throw new FlatBufferError('a buffer is missing')
    const [offset, length] = place
    if (offset < 0 || length < 0 || offset + length > this.#body.length)
      throw new FlatBufferError(`a buffer at bytes ${offset} to ${offset + length} of ${this.#body.length}`)
    const stored = this.#body.subarray(offset, offset + length)
    const bytes = this.#codec === undefined || length === 0 ? stored : this.#unpacked(stored, this.#codec)
    if (bytes.length < least) throw new FlatBufferError(`a buffer of ${bytes.length} bytes where ${least} are needed`)
    return bytes
  }

  #unpacked(stored: Uint8Array, codec: Codec): Uint8Array {
    if (stored.length < 8) throw new FlatBufferError('a compressed buffer without its length')
    const size = Number(new DataView(stored.buffer, stored.byteOffset, 8).getBigInt64(0, true))
    if (size === -1) return stored.subarray(8)
    if (size < 0) throw new FlatBufferError(`a buffer of ${size} bytes`)
    if (size > this.#limits.pageBytes) throw new ArrowLimitError('a buffer', size, this.#limits.pageBytes)
    if (size > ratioCheckedFrom && size > stored.length * this.#limits.inflateRatio)
      throw new ArrowLimitError('a buffer compressed to one part', Math.floor(size / stored.length), this.#limits.inflateRatio)
    return decompress(codec, stored.subarray(8), size)
  }

  /** @throws FlatBufferError, CompressionError, ArrowLimitError, ArrowTypeError */
  read(field: ArrowField): Vector {
    const node = this.#nodes[this.#node++]
    if (node === undefined) throw new FlatBufferError('a column is missing')
    const length = this.#count(node[0])
    if (field.type.kind === 'unsupported') throw new ArrowTypeError(field.type.name)
    if (field.dictionary === undefined && field.type.kind === 'null') return { kind: 'null', length }
    const validity = this.#validity(length, node[1])
    if (field.dictionary !== undefined) return this.#category(field.dictionary, length, validity)
    return this.#plain(field, length, validity)
  }

  #validity(length: number, missing: number): Uint8Array | undefined {
    const bits = this.#next(0)
    if (missing === 0 || (bits.length === 0 && missing !== length)) return undefined
    if (bits.length < (length + 7) >> 3) throw new FlatBufferError(`${bits.length} bytes of validity for ${length} values`)
    return bits
  }

  #category(dictionary: NonNullable<ArrowField['dictionary']>, length: number, validity: Uint8Array | undefined): Vector {
    const dtype = `${dictionary.signed ? '' : 'u'}int${dictionary.bits}`
    const values = this.#dictionaries.get(dictionary.id)
    if (values === undefined) throw new FlatBufferError(`the dictionary ${dictionary.id} is missing`)
    const indices = Int32Array.from(this.#numbers(dtype, length) as Int32Array, Number)
    for (let row = 0; row < length; row++) {
      if (isValid(validity, row) && (indices[row]! < 0 || indices[row]! >= values.length))
        throw new FlatBufferError(`a value is number ${indices[row]} of a dictionary of ${values.length}`)
    }
    return { kind: 'category', length, validity, indices, dictionary: values }
  }

  #numbers(dtype: string, length: number): NumericArray {
    if (!(dtype in arrayOfDtype)) throw new FlatBufferError(`numbers of type ${dtype}`)
    const type = arrayOfDtype[dtype as NumericDtype]
    return view<NumericArray>(this.#next(length * type.BYTES_PER_ELEMENT), type as ArrayConstructor<NumericArray>, length)
  }

  #plain(field: ArrowField, length: number, validity: Uint8Array | undefined): Vector {
    const { type } = field
    const base = { length, validity }
    switch (type.kind) {
      case 'bool':
        return { ...base, kind: 'number', dtype: 'bool', values: bits(this.#next((length + 7) >> 3), length) }
      case 'int': {
        const dtype = `${type.signed ? '' : 'u'}int${type.bits}` as NumericDtype
        return { ...base, kind: 'number', dtype, values: this.#numbers(dtype, length) }
      }
      case 'float': {
        const dtype = `float${type.bits}` as NumericDtype
        return { ...base, kind: 'number', dtype, values: this.#numbers(dtype, length) }
      }
      case 'decimal':
        return { ...base, kind: 'decimal', values: decimals(this.#next((length * type.bits) / 8), type, length) }
      case 'date': {
        const values =
          type.unit === 'day'
            ? (this.#numbers('int32', length) as Int32Array)
            : Int32Array.from(this.#numbers('int64', length) as BigInt64Array as unknown as ArrayLike<bigint>, (value) =>
                Math.floor(Number(value) / 86_400_000),
              )
        return { ...base, kind: 'date', values }
      }
      case 'time': {
        const values = this.#numbers(`int${type.bits}`, length)
        return {
          ...base,
          kind: 'time',
          unit: type.unit,
          values: values instanceof BigInt64Array ? values : BigInt64Array.from(values as Int32Array, BigInt),
        }
      }
      case 'timestamp':
        return {
          ...base,
          kind: 'timestamp',
          unit: type.unit,
          zone: type.zone,
          values: this.#numbers('int64', length) as BigInt64Array,
        }
      case 'duration':
        return { ...base, kind: 'duration', unit: type.unit, values: this.#numbers('int64', length) as BigInt64Array }
      case 'text':
        return {
          ...base,
          kind: 'text',
          values: this.#pieces(type.layout, length, validity, (buffer, start, end) => buffer.toString('utf8', start, end)),
        }
      case 'bytes':
        return {
          ...base,
          kind: 'bytes',
          values: this.#pieces(type.layout, length, validity, (buffer, start, end) => buffer.subarray(start, end)),
        }
      case 'fixed-bytes': {
        if (type.size < 0) throw new FlatBufferError(`values of ${type.size} bytes`)
        const data = this.#next(length * type.size)
        return {
          ...base,
          kind: 'bytes',
          values: Array.from({ length }, (_, row) =>
            isValid(validity, row) ? data.subarray(row * type.size, (row + 1) * type.size) : null,
          ),
        }
      }
      case 'list':
      case 'map': {
        const offsets = this.#offsets(type.kind === 'list' && type.large ? 'offsets64' : 'offsets32', length)
        const items = this.read(childOf(field))
        if (offsets[length]! > items.length)
          throw new FlatBufferError(`a list ends at item ${offsets[length]} of ${items.length}`)
        return { ...base, kind: type.kind, offsets, items }
      }
      case 'fixed-list': {
        if (type.size < 0 || type.size * length > this.#limits.pageValues)
          throw new ArrowLimitError('a list of items', type.size * length, this.#limits.pageValues)
        const items = this.read(childOf(field))
        if (items.length < type.size * length)
          throw new FlatBufferError(`${items.length} items for ${length} lists of ${type.size}`)
        return { ...base, kind: 'list', offsets: Int32Array.from({ length: length + 1 }, (_, row) => row * type.size), items }
      }
      case 'struct': {
        const fields = field.children.map((child) => ({ name: child.name, vector: this.read(child) }))
        if (fields.some(({ vector }) => vector.length < length)) throw new FlatBufferError('a struct with too few values')
        return { ...base, kind: 'struct', fields }
      }
      default:
        throw new ArrowTypeError(type.kind)
    }
  }

  /** Offsets that never go back, the first not below 0. */
  #offsets(layout: 'offsets32' | 'offsets64', length: number): Int32Array {
    // Of nothing, some writers write nothing.
    if (length === 0) {
      this.#next(0)
      return new Int32Array(1)
    }
    const wide = layout === 'offsets64'
    const given = this.#numbers(wide ? 'int64' : 'int32', length + 1)
    const offsets = wide ? new Int32Array(length + 1) : (given as Int32Array)
    let before = 0
    for (let index = 0; index <= length; index++) {
      const offset = Number(given[index])
      if (offset < before || offset > 0x7fffffff) throw new FlatBufferError(`an offset of ${offset} after ${before}`)
      offsets[index] = offset
      before = offset
    }
    return offsets
  }

  #pieces<T>(
    layout: 'offsets32' | 'offsets64' | 'view',
    length: number,
    validity: Uint8Array | undefined,
    piece: (buffer: Buffer, start: number, end: number) => T,
  ): (T | null)[] {
    if (layout === 'view') return this.#views(length, validity, piece)
    const offsets = this.#offsets(layout, length)
    const data = bufferOf(this.#next(offsets[length]!))
    const values = new Array<T | null>(length)
    for (let row = 0; row < length; row++)
      values[row] = isValid(validity, row) ? piece(data, offsets[row]!, offsets[row + 1]!) : null
    return values
  }

  /** 16 bytes each: the length, then the value if it is short, else its first bytes, a buffer and a place there. */
  #views<T>(
    length: number,
    validity: Uint8Array | undefined,
    piece: (buffer: Buffer, start: number, end: number) => T,
  ): (T | null)[] {
    const views = bufferOf(this.#next(length * 16))
    const count = this.#variadic[this.#view++] ?? 0
    if (count > this.#buffers.length) throw new FlatBufferError(`${count} buffers of texts`)
    const data = Array.from({ length: count }, () => bufferOf(this.#next(0)))
    return Array.from({ length }, (_, row) => {
      if (!isValid(validity, row)) return null
      const size = views.readInt32LE(row * 16)
      if (size >= 0 && size <= 12) return piece(views, row * 16 + 4, row * 16 + 4 + size)
      const buffer = data[views.readInt32LE(row * 16 + 8)]
      const start = views.readInt32LE(row * 16 + 12)
      if (buffer === undefined || size < 0 || start < 0 || start + size > buffer.length)
        throw new FlatBufferError('a text beyond its buffer')
      return piece(buffer, start, start + size)
    })
  }
}

function childOf(field: ArrowField): ArrowField {
  const [child] = field.children
  if (child === undefined || field.children.length !== 1) throw new FlatBufferError('a list without items')
  return child
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

type ArrayConstructor<T> = {
  new (buffer: ArrayBufferLike, offset: number, length: number): T
  readonly BYTES_PER_ELEMENT: number
}

function view<T>(bytes: Uint8Array, type: ArrayConstructor<T>, length: number): T {
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes)
  return new type(aligned.buffer, aligned.byteOffset, length)
}

function bits(packed: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, row) => (packed[row >> 3]! >> (row & 7)) & 1)
}

/** The nearest doubles of unscaled integers, lowest byte first. */
function decimals(bytes: Uint8Array, type: Extract<ArrowType, { kind: 'decimal' }>, length: number): Float64Array {
  const size = type.bits / 8
  if (![4, 8, 16, 32].includes(size)) throw new FlatBufferError(`decimals of ${type.bits} bits`)
  return Float64Array.from({ length }, (_, row) => {
    const digits = Buffer.from(bytes.subarray(row * size, (row + 1) * size))
      .reverse()
      .toString('hex')
    return Number(`${BigInt.asIntN(type.bits, BigInt(`0x${digits}`))}e${-type.scale}`)
  })
}
