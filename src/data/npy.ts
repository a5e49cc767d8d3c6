/**
 * NumPy's NPY files, read and written: format versions 1 to 3, both byte orders, both memory orders. Arrays of Python
 * objects are pickles and are refused; the header is read by a small grammar, never evaluated.
 *
 * @see numpy/lib/format.py (NEP 1)
 */
import { type BytesTensor, elementCount, type StringTensor, type Tensor } from '../batch.ts'
import { arrayOfDtype, type ComplexDtype, dtypes, type NumericArray, type NumericDtype } from '../dtype.ts'
import { MlmodelError, type Where } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { type ElementType, parseDescr, toNanoseconds } from './npy-dtype.ts'

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

export interface NpyHeader {
  readonly element: ElementType
  readonly fortranOrder: boolean
  readonly shape: readonly number[]
  /** Bytes before the first element. */
  readonly dataStart: number
}

/** Whether the bytes begin as an NPY file does. */
export function looksLikeNpy(bytes: Uint8Array): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}

/**
 * Reads one array held in memory. The values may share memory with `bytes`.
 *
 * @throws NPY_BROKEN, NPY_DTYPE, NPY_LIMIT
 */
export function readNpy(bytes: Uint8Array, where: Where = {}, limits: Limits = defaultLimits): Tensor {
  const header = readNpyHeader(bytes, where, limits)
  const data = bytes.subarray(header.dataStart)
  const count = elementCount(header.shape)
  const expected = BigInt(count) * BigInt(header.element.size)
  if (BigInt(data.length) !== expected) throw dataLengthError(header, expected, String(data.length), where)
  const tensor = decodeNpy(data, header, count, where)
  return header.fortranOrder && header.shape.length > 1 ? toRowMajor(tensor) : tensor
}

/**
 * Reads the header alone; `bytes` need only hold the beginning of the file.
 *
 * @throws NPY_BROKEN, NPY_DTYPE, NPY_LIMIT
 */
export function readNpyHeader(bytes: Uint8Array, where: Where = {}, limits: Limits = defaultLimits): NpyHeader {
  const dataStart = npyHeaderEnd(bytes, where, limits)
  if (dataStart > bytes.length) throw broken('its header is cut off', where)
  const version = bytes[6]!
  const text = Buffer.from(bytes.subarray(version === 1 ? 10 : 12, dataStart)).toString(version === 3 ? 'utf8' : 'latin1')
  const fields = parseHeader(text, where)
  const element = parseDescr(fields.descr)
  if (typeof element === 'string') throw new MlmodelError('NPY_DTYPE', { descr: fields.descr, why: element }, { where })
  checkShape(fields.shape, element, where, limits)
  return { element, fortranOrder: fields.fortranOrder, shape: fields.shape.map(Number), dataStart }
}

/** Bytes that say how long the header is: magic, version and length. */
export const npyPrefixBytes = 12

/**
 * Where the header ends and the data begins; `bytes` need only hold the first {@link npyPrefixBytes}.
 *
 * @throws NPY_BROKEN, NPY_LIMIT
 */
export function npyHeaderEnd(bytes: Uint8Array, where: Where, limits: Limits): number {
  if (!looksLikeNpy(bytes) || bytes.length < 10) throw broken('it does not begin as an NPY file', where)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = bytes[6]!
  if (version < 1 || version > 3 || bytes[7] !== 0) throw broken(`its format version is ${version}.${bytes[7]}`, where)
  const lengthBytes = version === 1 ? 2 : 4
  if (bytes.length < 8 + lengthBytes) throw broken('its header is cut off', where)
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > limits.npyHeaderBytes) {
    throw new MlmodelError(
      'NPY_LIMIT',
      { what: 'bytes of header', found: String(length), limit: limits.npyHeaderBytes },
      { where },
    )
  }
  return 8 + lengthBytes + length
}

function checkShape(shape: readonly bigint[], element: ElementType, where: Where, limits: Limits): void {
  if (shape.length > limits.npyDimensions) {
    throw new MlmodelError(
      'NPY_LIMIT',
      { what: 'dimensions', found: String(shape.length), limit: limits.npyDimensions },
      { where },
    )
  }
  // Zeros are left out of the product, as NumPy does: (2, 0, 2^63 - 1) is refused though it holds nothing.
  let bytes = BigInt(Math.max(element.size, 1))
  for (const dimension of shape) if (dimension > 0n) bytes *= dimension
  if (bytes > BigInt(limits.arrayBytes)) {
    throw new MlmodelError('NPY_LIMIT', { what: 'bytes', found: String(bytes), limit: limits.arrayBytes }, { where })
  }
}

interface HeaderFields {
  readonly descr: string
  readonly fortranOrder: boolean
  readonly shape: readonly bigint[]
}

/** One token: a quoted text without escapes, an integer (Python 2 wrote `3L`), a name, or punctuation. */
const token = /\s*(?:'([^'\\\n\0]*)'|"([^"\\\n\0]*)"|(\d+)L?|(True|False)|([{}(),:]))/y

/** Reads `{'descr': …, 'fortran_order': …, 'shape': (…)}`: just these three keys, once each, in any order. */
function parseHeader(text: string, where: Where): HeaderFields {
  let at = 0
  const next = (): RegExpExecArray => {
    token.lastIndex = at
    const match = token.exec(text)
    if (match === null) throw broken('its header is not a plain dictionary', where)
    at = token.lastIndex
    return match
  }
  const expect = (punctuation: string): void => {
    if (next()[5] !== punctuation) throw broken(`its header lacks a \`${punctuation}\``, where)
  }
  let descr: string | undefined
  let fortranOrder: boolean | undefined
  let shape: bigint[] | undefined
  expect('{')
  for (let match = next(); match[5] !== '}'; match = next()) {
    const key = match[1] ?? match[2]
    expect(':')
    if (key === 'descr' && descr === undefined) {
      const value = next()
      descr = value[1] ?? value[2]
      if (descr === undefined)
        throw new MlmodelError('NPY_DTYPE', { descr: 'structured', why: 'which is no single number or text' }, { where })
    } else if (key === 'fortran_order' && fortranOrder === undefined) {
      const value = next()[4]
      if (value === undefined) throw broken('its fortran_order is neither True nor False', where)
      fortranOrder = value === 'True'
    } else if (key === 'shape' && shape === undefined) {
      shape = []
      expect('(')
      for (let value = next(); value[5] !== ')'; value = next()) {
        if (value[3] === undefined) throw broken('its shape is not a tuple of whole numbers', where)
        shape.push(BigInt(value[3]))
        const separator = next()[5]
        if (separator === ')') {
          // `(3)` is a number in Python, not a tuple.
          if (shape.length === 1) throw broken('its shape is not a tuple', where)
          break
        }
        if (separator !== ',') throw broken('its shape is not a tuple', where)
      }
    } else throw broken('its header has a key that is unknown or stands twice', where)
    const separator = next()[5]
    if (separator === '}') break
    if (separator !== ',') throw broken('its header is not a plain dictionary', where)
  }
  if (text.slice(at).trim() !== '' || text.includes('\0')) throw broken('something follows its header', where)
  if (descr === undefined || fortranOrder === undefined || shape === undefined) {
    throw broken('its header lacks descr, fortran_order or shape', where)
  }
  return { descr, fortranOrder, shape }
}

/** The error for data that is shorter or longer than the header's shape. */
export function dataLengthError({ shape }: NpyHeader, expected: bigint, found: string, where: Where): MlmodelError {
  return broken(`shape (${shape.join(', ')}) needs ${expected} bytes of data, ${found} are there`, where)
}

/**
 * Makes a tensor of the bytes of `count` elements, in the order in which they are; the values may share the bytes' memory.
 *
 * @throws NPY_BROKEN
 */
export function decodeNpy(data: Uint8Array, header: NpyHeader, count: number, where: Where): Tensor {
  const { element, shape } = header
  if (element.dtype === 'string') return { dtype: 'string', shape, values: decodeUtf32(data, element, count, where) }
  if (element.dtype === 'bytes') {
    const values = Array.from({ length: count }, (_, index) =>
      trimZeros(data.subarray(index * element.size, (index + 1) * element.size)),
    )
    return { dtype: 'bytes', shape, values }
  }
  const unit = element.dtype === 'complex64' ? 4 : element.dtype === 'complex128' ? 8 : element.size
  const native = element.bigEndian && unit > 1 ? swapped(data, unit) : data
  if (element.dtype === 'complex64' || element.dtype === 'complex128') {
    const values = element.dtype === 'complex64' ? viewOf(native, Float32Array) : viewOf(native, Float64Array)
    return { dtype: element.dtype, shape, values }
  }
  const values = viewOf<NumericArray>(native, arrayOfDtype[element.dtype])
  if (element.dtype === 'bool')
    return { dtype: 'bool', shape, values: (values as Uint8Array).map((byte) => (byte === 0 ? 0 : 1)) }
  if (element.dtype !== 'datetime64') return { dtype: element.dtype, shape, values }
  return { dtype: 'datetime64', shape, values: toNanoseconds(values as BigInt64Array, element.unit ?? 'ns', where) }
}

type ArrayConstructor<T> = {
  new (buffer: ArrayBufferLike, offset: number, length: number): T
  readonly BYTES_PER_ELEMENT: number
}

/** A typed view of the bytes, copied only when they are not aligned. */
function viewOf<T>(bytes: Uint8Array, type: ArrayConstructor<T>): T {
  // Not slice(): a Buffer's shares memory.
  const aligned = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes)
  return new type(aligned.buffer, aligned.byteOffset, aligned.byteLength / type.BYTES_PER_ELEMENT)
}

function swapped(bytes: Uint8Array, unit: number): Uint8Array {
  const copy = Buffer.from(bytes)
  if (unit === 2) copy.swap16()
  else if (unit === 4) copy.swap32()
  else copy.swap64()
  return copy.byteOffset % unit === 0 ? copy : new Uint8Array(copy)
}

function decodeUtf32(data: Uint8Array, element: ElementType, count: number, where: Where): string[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  const characters = element.size / 4
  return Array.from({ length: count }, (_, index) => {
    const points: number[] = []
    for (let c = 0; c < characters; c++) points.push(view.getUint32(index * element.size + c * 4, !element.bigEndian))
    // NumPy pads with NUL and cannot tell padding from text.
    while (points.at(-1) === 0) points.pop()
    if (points.some((point) => point > 0x10ffff)) throw broken('a character is beyond Unicode', where)
    let text = ''
    for (const point of points) text += String.fromCodePoint(point)
    return text
  })
}

function trimZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}

/** Reorders column-major (Fortran) elements into C order. */
export function toRowMajor(tensor: Tensor): Tensor {
  const { shape } = tensor
  const count = elementCount(shape)
  const parts = tensor.dtype === 'complex64' || tensor.dtype === 'complex128' ? 2 : 1
  const source = tensor.values as ArrayLike<unknown>
  const target = (
    Array.isArray(tensor.values)
      ? new Array(count)
      : new (tensor.values.constructor as new (n: number) => NumericArray)(count * parts)
  ) as unknown[]
  const strides = shape.map((_, axis) => elementCount(shape.slice(0, axis)))
  const index = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < count; to++) {
    for (let part = 0; part < parts; part++) target[to * parts + part] = source[from * parts + part]
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return { ...tensor, values: target } as unknown as Tensor
}

/**
 * Writes one array as `numpy.save` does (version 1.0, little endian, C order).
 *
 * @throws NPY_NOT_WRITABLE for cells of no fixed type and missing text, which NumPy could only pickle
 */
export function writeNpy(tensor: Tensor): Uint8Array {
  const { descr, data } = encode(tensor)
  const shape = tensor.shape.length === 1 ? `(${tensor.shape[0]},)` : `(${tensor.shape.join(', ')})`
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`
  // Magic, version and length take 10 bytes; NumPy pads the whole to a multiple of 64 and ends it with a line feed.
  const header = `${dictionary.padEnd(Math.ceil((dictionary.length + 11) / 64) * 64 - 11)}\n`
  const prefix = Buffer.from([...magic, 1, 0, header.length & 255, header.length >> 8])
  return Buffer.concat([prefix, Buffer.from(header, 'latin1'), data])
}

function encode(tensor: Tensor): { descr: string; data: Uint8Array } {
  if (tensor.dtype === 'object') throw new MlmodelError('NPY_NOT_WRITABLE', { why: 'its values have no fixed type' })
  if (tensor.dtype === 'string') return encodeStrings(tensor)
  if (tensor.dtype === 'bytes') return encodeBytes(tensor)
  const data = new Uint8Array(tensor.values.buffer, tensor.values.byteOffset, tensor.values.byteLength)
  return { descr: descrOf(tensor.dtype), data }
}

function descrOf(dtype: NumericDtype | ComplexDtype | 'datetime64'): string {
  if (dtype === 'datetime64') return '<M8[ns]'
  const { size } = dtypes[dtype]
  if (dtype.startsWith('complex')) return `<c${size}`
  const kind = dtype === 'bool' ? 'b' : dtype.startsWith('uint') ? 'u' : dtype.startsWith('int') ? 'i' : 'f'
  return `${size === 1 ? '|' : '<'}${kind}${size}`
}

function encodeStrings(tensor: StringTensor): { descr: string; data: Uint8Array } {
  const texts = tensor.values.map((value) => {
    if (value === null) throw new MlmodelError('NPY_NOT_WRITABLE', { why: 'a text is missing' })
    return Array.from(value, (character) => character.codePointAt(0)!)
  })
  const width = Math.max(1, ...texts.map((points) => points.length))
  const data = new Uint32Array(texts.length * width)
  texts.forEach((points, index) => {
    data.set(points, index * width)
  })
  return { descr: `<U${width}`, data: new Uint8Array(data.buffer) }
}

function encodeBytes(tensor: BytesTensor): { descr: string; data: Uint8Array } {
  const width = tensor.values.reduce((longest, value) => Math.max(longest, value?.length ?? 0), 1)
  const data = new Uint8Array(tensor.values.length * width)
  tensor.values.forEach((value, index) => {
    if (value === null) throw new MlmodelError('NPY_NOT_WRITABLE', { why: 'a value is missing' })
    data.set(value, index * width)
  })
  return { descr: `|S${width}`, data }
}

function broken(why: string, where: Where): MlmodelError {
  return new MlmodelError('NPY_BROKEN', { why }, { where })
}
