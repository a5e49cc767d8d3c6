/** What a caller hands in, told apart once for all protocols: rows, lists by name, one array. */
import { float16ToNumber, type NumericArray } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import type { TensorInput } from '../javascript/tensor.ts'
import { Float } from './json.ts'

export type Input =
  | { readonly kind: 'rows'; readonly rows: readonly Readonly<Record<string, unknown>>[] }
  | { readonly kind: 'named'; readonly items: readonly (readonly [string, unknown])[] }
  | { readonly kind: 'one'; readonly item: unknown }

/** @throws CLIENT_INPUT */
export function readInput(input: unknown): Input {
  if (isTensor(input) || isNumbers(input)) return { kind: 'one', item: input }
  if (Array.isArray(input)) {
    const objects = input.filter(isRecord)
    if (objects.length === 0 || input.length === 0) return { kind: 'one', item: input }
    if (objects.length < input.length) throw new MlmodelError('CLIENT_INPUT', { why: 'some rows are objects and some are not' })
    return { kind: 'rows', rows: objects }
  }
  if (!isRecord(input)) throw new MlmodelError('CLIENT_INPUT', { why: 'give rows, columns, tensors or nested lists' })
  return { kind: 'named', items: Object.entries(input) }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === '[object Object]' && !isTensor(value)
}

export function isTensor(value: unknown): value is TensorInput {
  const { dtype, shape, data } = (value ?? {}) as Record<string, unknown>
  return typeof dtype === 'string' && Array.isArray(shape) && (Array.isArray(data) || isNumbers(data))
}

/** A typed array that is not bytes of one value. */
export function isNumbers(value: unknown): value is NumericArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView)
}

/** Rows as columns; what a row lacks is null. */
export function columnsOf(rows: readonly Readonly<Record<string, unknown>>[]): readonly (readonly [string, unknown[]])[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return names.map((name) => [name, rows.map((row) => (Object.hasOwn(row, name) ? row[name] : null))])
}

/** An array as JSON has it: nested lists; the floats of typed arrays keep their point. */
export function listOf(item: unknown): unknown {
  if (isTensor(item)) return nest(elementsOf(item), item.shape)
  if (isNumbers(item)) return numbersOf(item)
  return Array.isArray(item)
    ? item.map((each) => (isNumbers(each) && !(each instanceof Uint8Array) ? numbersOf(each) : each))
    : item
}

function numbersOf(values: NumericArray): readonly unknown[] {
  const isFloat = values instanceof Float32Array || values instanceof Float64Array
  return Array.from(values as ArrayLike<number | bigint>, (value) => (isFloat ? new Float(value as number) : value))
}

/** The elements of a tensor as values of JSON. */
function elementsOf({ dtype, data }: TensorInput): readonly unknown[] {
  const isTyped = isNumbers(data)
  return Array.from(data as ArrayLike<unknown>, (value) => {
    if (dtype === 'bool') return value === 1 || value === true
    if (dtype === 'float16' && isTyped) return new Float(float16ToNumber(value as number))
    if (dtype.startsWith('float') && typeof value === 'number') return new Float(value)
    if (dtype === 'datetime64' && typeof value === 'bigint') return isoOf(value)
    return value
  })
}

/** Nanoseconds since 1970 as ISO 8601. */
export function isoOf(nanoseconds: bigint): string {
  const milliseconds = (nanoseconds - (((nanoseconds % 1_000_000n) + 1_000_000n) % 1_000_000n)) / 1_000_000n
  const rest = nanoseconds - milliseconds * 1_000_000n
  return `${new Date(Number(milliseconds)).toISOString().slice(0, -1)}${rest === 0n ? '' : String(rest).padStart(6, '0')}`
}

function nest(elements: readonly unknown[], shape: readonly number[]): unknown {
  let at = 0
  const build = (axis: number): unknown =>
    axis === shape.length ? elements[at++] : Array.from({ length: shape[axis]! }, () => build(axis + 1))
  const nested = build(0)
  if (at !== elements.length)
    throw new MlmodelError('CLIENT_INPUT', {
      why: `the shape [${shape.join(', ')}] has ${at} elements, the data ${elements.length}`,
    })
  return nested
}
