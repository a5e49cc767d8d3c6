/** Tensors as the library takes and gives them: element type, shape, and the elements in C order. */
import { elementCount, type Tensor } from '../batch.ts'
import { arrayOfDtype, dtypes, type NumericArray, type NumericDtype, numberToFloat16 } from '../dtype.ts'
import { integerRanges } from '../enforce/index.ts'
import { MlmodelError } from '../errors/index.ts'
import { cellOf, isTypedArray, type Path, typedValues } from './cell.ts'

/** The element types a tensor may be given in. */
export type TensorDtype = NumericDtype | 'datetime64' | 'string' | 'bytes'

/**
 * A tensor: `data` is the typed array of its element type, or a list of values that the type holds exactly. `float16` is
 * its raw bits as a Uint16Array (or numbers in a list), `bool` 0 and 1 (or booleans), `datetime64` nanoseconds (or Dates).
 */
export interface TensorInput<Dtype extends TensorDtype = TensorDtype> {
  readonly dtype: Dtype
  readonly shape: readonly number[]
  readonly data: NumericArray | readonly (number | bigint | boolean | string | null | Date | Uint8Array)[]
}

/** A tensor of predictions, or a column as one of rank 1. */
export interface TensorOutput {
  readonly dtype: Tensor['dtype']
  readonly shape: readonly number[]
  readonly data: Tensor['values']
}

/** Told by its three fields: a table's columns called `dtype`, `shape` and `data` are lists. */
export function isTensorInput(value: unknown): value is TensorInput {
  if (typeof value !== 'object' || value === null) return false
  const { dtype, shape, data } = value as Record<string, unknown>
  return typeof dtype === 'string' && Array.isArray(shape) && (Array.isArray(data) || isTypedArray(data))
}

/** @throws TENSOR_DATA */
export function tensorOf({ dtype, shape, data }: TensorInput, path: Path): Tensor {
  const refuse = (why: string): never => {
    throw new MlmodelError('TENSOR_DATA', { why }, path.length === 0 ? {} : { where: { column: path[0]! } })
  }
  if (!Object.hasOwn(dtypes, dtype) || dtype.startsWith('complex') || (dtype as string) === 'object')
    return refuse(`there is no element type \`${dtype}\``)
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) return refuse(`[${shape.join(', ')}] is no shape`)
  const count = elementCount(shape)
  if (data.length !== count) return refuse(`the shape [${shape.join(', ')}] has ${count} elements, the data ${data.length}`)
  if (dtype === 'string' || dtype === 'bytes') {
    const isElement = (item: unknown): boolean =>
      item === null || (dtype === 'string' ? typeof item === 'string' : item instanceof Uint8Array)
    if (isTypedArray(data) || !data.every(isElement))
      return refuse(`an element is no ${dtype === 'string' ? 'string' : 'Uint8Array'}`)
    return { dtype, shape, values: data } as Tensor
  }
  if (isTypedArray(data)) {
    const given = typedValues(data)
    const same = given.values instanceof arrayOfDtype[dtype]
    if (!same) return refuse(`a ${arrayOfDtype[dtype].name} holds ${dtype}, not a ${data.constructor.name}`)
    if (dtype === 'bool' && (given.values as Uint8Array).some((value) => value > 1)) return refuse('a bool is 0 or 1')
    return { dtype, shape, values: given.values }
  }
  const values = new arrayOfDtype[dtype](count)
  data.forEach((item, index) => {
    const element = elementOf(item, dtype)
    if (element === undefined) refuse(`element ${index} is no ${dtype}`)
    values[index] = element!
  })
  return { dtype, shape, values }
}

/** An element as its typed array holds it; undefined where it is not exact. A number is rounded to the nearest float. */
function elementOf(item: unknown, dtype: NumericDtype | 'datetime64'): number | bigint | undefined {
  if (dtype === 'bool') return typeof item === 'boolean' ? Number(item) : undefined
  if (dtype === 'datetime64') {
    if (typeof item === 'bigint') return item === BigInt.asIntN(64, item) ? item : undefined
    const cell = item instanceof Date ? cellOf(item, undefined, []) : null
    return cell !== null && typeof cell === 'object' && 'nanoseconds' in cell ? cell.nanoseconds : undefined
  }
  if (typeof item !== 'number' && typeof item !== 'bigint') return undefined
  if (dtype === 'float16') return numberToFloat16(Number(item))
  if (dtype === 'float32' || dtype === 'float64') return Number(item)
  if (typeof item === 'number' && !Number.isInteger(item)) return undefined
  const whole = BigInt(item)
  const [least, most] = integerRanges[dtype]!
  if (whole < least || whole > most) return undefined
  return dtype === 'int64' || dtype === 'uint64' ? whole : Number(whole)
}
