/**
 * Tensors of the Open Inference Protocol: in JSON a flat or nested list in row-major order, in binary the elements one after the
 * other, little-endian. No length is believed before it is compared with the bytes that are there.
 *
 * @see github.com/kserve/open-inference-protocol, inference_rest.md; Triton's extension `binary_tensor_data`
 */
import { type Cell, isCellMap, type NumericTensor, type Tensor } from '../../batch.ts'
import { arrayOfDtype, type Dtype, dtypes, type NumericArray, type NumericDtype, numberToFloat16 } from '../../dtype.ts'
import { MlmodelError } from '../../errors/index.ts'

/** Datatype of the protocol → element type; BYTES is text in JSON, and bytes that may be text in binary. */
const byDatatype = new Map<string, NumericDtype | 'string'>(
  Object.entries(dtypes).flatMap(([dtype, { openInference }]) =>
    openInference === undefined || dtype === 'bytes' ? [] : [[openInference, dtype as NumericDtype | 'string']],
  ),
)

export function datatypeOf(dtype: Dtype): string {
  return dtypes[dtype].openInference ?? 'BYTES'
}

/** @throws OIP_DATATYPE */
export function dtypeOfDatatype(datatype: string, path: string): NumericDtype | 'string' {
  const dtype = byDatatype.get(datatype)
  if (dtype === undefined)
    throw new MlmodelError('OIP_DATATYPE', { datatype, known: [...byDatatype.keys()] }, { where: { path } })
  return dtype
}

/**
 * The number of elements of a shape, exactly: a product of sizes from a stranger overflows a number.
 *
 * @param most - more elements than that cannot be in the request
 * @throws OIP_SHAPE
 */
export function elementsOf(shape: readonly number[], most: number, path: string): number {
  let product = 1n
  for (const dimension of shape) product *= BigInt(dimension)
  if (product > BigInt(most)) throw new MlmodelError('OIP_SHAPE_LARGE', { shape, elements: most }, { where: { path } })
  return Number(product)
}

/** @throws OIP_SHAPE */
export function readShape(value: Cell | undefined, path: string): readonly number[] {
  if (!Array.isArray(value)) throw new MlmodelError('OIP_SHAPE', {}, { where: { path } })
  return checkShape(value, path)
}

/** @throws OIP_SHAPE */
export function checkShape(sizes: readonly Cell[], path: string): readonly number[] {
  const wrong = (): MlmodelError => new MlmodelError('OIP_SHAPE', {}, { where: { path } })
  if (sizes.length > 64) throw wrong()
  return sizes.map((each) => {
    if (typeof each !== 'bigint' || each < 0n || each > 2n ** 53n - 1n) throw wrong()
    return Number(each)
  })
}

/**
 * Reads the `data` of an input.
 *
 * @throws OIP_DATA_COUNT, OIP_DATA_VALUE with the place of the element
 */
export function readJsonTensor(data: Cell | undefined, datatype: string, shape: readonly number[], path: string): Tensor {
  const dtype = dtypeOfDatatype(datatype, `${path}.datatype`)
  const where = { path: `${path}.data` }
  if (!Array.isArray(data)) throw new MlmodelError('OIP_DATA_MISSING', {}, { where: { path } })
  const flat: Cell[] = []
  flatten(data, flat, shape, `${path}.data`)
  const count = elementsOf(shape, flat.length, `${path}.shape`)
  if (flat.length !== count) throw new MlmodelError('OIP_DATA_COUNT', { found: flat.length, wanted: count, shape }, { where })
  if (dtype === 'string') {
    const values = flat.map((cell, index) => {
      if (cell === null || typeof cell === 'string') return cell
      // A whole number for a text is its digits, as everywhere (rule L10); open-inference-openapi writes every number as a float.
      if (typeof cell === 'bigint' || Number.isSafeInteger(cell)) return String(cell)
      throw badValue(cell, datatype, `${path}.data[${index}]`)
    })
    return { dtype, shape, values }
  }
  const values = new arrayOfDtype[dtype](count) as NumericArray
  for (let index = 0; index < count; index++) {
    const value = readNumber(flat[index]!, dtype)
    if (value === undefined) throw badValue(flat[index]!, datatype, `${path}.data[${index}]`)
    values[index] = value as never
    // A number beyond the type's largest would become infinity.
    if (dtype === 'float32' && Math.abs(values[index] as number) === Number.POSITIVE_INFINITY && Number.isFinite(value))
      throw badValue(flat[index]!, datatype, `${path}.data[${index}]`)
  }
  return { dtype, shape, values } as NumericTensor
}

/** Lists in lists are as good as one list when they are as the shape says. */
function flatten(data: readonly Cell[], flat: Cell[], shape: readonly number[], path: string): void {
  const stack: { readonly list: readonly Cell[]; at: number }[] = [{ list: data, at: 0 }]
  const isNested = Array.isArray(data[0])
  while (stack.length > 0) {
    const top = stack.at(-1)!
    if (top.at === top.list.length) {
      stack.pop()
      continue
    }
    const item = top.list[top.at++]!
    if (!Array.isArray(item)) {
      if (isNested && stack.length !== shape.length) throw new MlmodelError('OIP_DATA_NESTED', { shape }, { where: { path } })
      flat.push(item)
      continue
    }
    if (!isNested || stack.length >= shape.length || item.length !== shape[stack.length])
      throw new MlmodelError('OIP_DATA_NESTED', { shape }, { where: { path } })
    stack.push({ list: item, at: 0 })
  }
}

const integerBounds: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int8: [-128n, 127n],
  int16: [-32_768n, 32_767n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 255n],
  uint16: [0n, 65_535n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
}

/** Undefined for what is no value of the type. null is a missing number, which only floats can hold. */
function readNumber(cell: Cell, dtype: NumericDtype): number | bigint | undefined {
  if (dtype === 'bool') {
    if (typeof cell === 'boolean') return cell ? 1 : 0
    // open-inference-openapi writes every number as a float.
    return cell === 0n || cell === 1n || cell === 0 || cell === 1 ? Number(cell) : undefined
  }
  if (dtype === 'float16' || dtype === 'float32' || dtype === 'float64') {
    const number = readFloat(cell)
    if (dtype !== 'float16' || number === undefined) return number
    const half = numberToFloat16(number)
    return Number.isFinite(number) && (half & 0x7fff) === 0x7c00 ? undefined : half
  }
  // `2.0` is what JavaScript-free writers make of a whole number.
  const whole = typeof cell === 'number' && Number.isSafeInteger(cell) ? BigInt(cell) : cell
  if (typeof whole !== 'bigint') return undefined
  const [least, most] = integerBounds[dtype]!
  if (whole < least || whole > most) return undefined
  return dtype === 'int64' || dtype === 'uint64' ? whole : Number(whole)
}

function readFloat(cell: Cell): number | undefined {
  if (cell === null) return Number.NaN
  if (typeof cell === 'number') return cell
  if (typeof cell !== 'bigint') return undefined
  const number = Number(cell)
  return Number.isFinite(number) ? number : undefined
}

function badValue(cell: Cell, datatype: string, path: string): MlmodelError {
  const found = cell === null ? 'null' : Array.isArray(cell) ? 'a list' : isCellMap(cell) ? 'an object' : String(cell)
  return new MlmodelError('OIP_DATA_VALUE', { found, datatype }, { where: { path } })
}

/**
 * Reads an input whose elements stand behind the JSON.
 *
 * @throws OIP_BINARY_SIZE, OIP_BINARY_TEXT
 */
export function readBinaryTensor(bytes: Uint8Array, datatype: string, shape: readonly number[], path: string): Tensor {
  const dtype = dtypeOfDatatype(datatype, `${path}.datatype`)
  if (dtype === 'string') return readByteStrings(bytes, shape, path)
  const { size } = dtypes[dtype]
  const count = elementsOf(shape, Math.floor(bytes.length / size), `${path}.shape`)
  if (count * size !== bytes.length)
    throw new MlmodelError('OIP_BINARY_SIZE', { found: bytes.length, wanted: count * size, shape }, { where: { path } })
  // The bytes stand anywhere in the body; a typed array wants them aligned.
  const own = new Uint8Array(bytes.length)
  own.set(bytes)
  if (dtype === 'bool') for (let index = 0; index < own.length; index++) own[index] = own[index] === 0 ? 0 : 1
  return { dtype, shape, values: new arrayOfDtype[dtype](own.buffer) } as NumericTensor
}

/** Each element is its length (32 bits) and its bytes. All lengths are summed before a byte is copied. */
function readByteStrings(bytes: Uint8Array, shape: readonly number[], path: string): Tensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const count = elementsOf(shape, Math.floor(bytes.length / 4), `${path}.shape`)
  const values: Uint8Array[] = []
  let at = 0
  for (let index = 0; index < count; index++) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Number.POSITIVE_INFINITY
    if (at + 4 + length > bytes.length) throw new MlmodelError('OIP_BINARY_TEXT', { element: index }, { where: { path } })
    values.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  if (at !== bytes.length)
    throw new MlmodelError('OIP_BINARY_SIZE', { found: bytes.length, wanted: at, shape }, { where: { path } })
  return { dtype: 'bytes', shape, values }
}

/** BYTES that came in binary, as text. @throws OIP_BINARY_UTF8 */
export function decodeText(values: readonly (Uint8Array | null)[], path: string): readonly (string | null)[] {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return values.map((bytes, element) => {
    try {
      return bytes === null ? null : decoder.decode(bytes)
    } catch {
      throw new MlmodelError('OIP_BINARY_UTF8', { element }, { where: { path } })
    }
  })
}

/** The elements of an output as the bytes that stand behind the JSON. */
export function writeBinaryTensor(tensor: Tensor): Buffer {
  if (!Array.isArray(tensor.values)) {
    const { buffer, byteOffset, byteLength } = tensor.values as Float64Array
    return Buffer.from(buffer, byteOffset, byteLength)
  }
  const parts: Buffer[] = []
  for (const value of tensor.values as readonly Cell[]) {
    const bytes = value instanceof Uint8Array ? value : Buffer.from(typeof value === 'string' ? value : '')
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    parts.push(length, Buffer.from(bytes))
  }
  return Buffer.concat(parts)
}
