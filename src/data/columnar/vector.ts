/**
 * Columns as Parquet and Arrow hold them, before pandas' types: contiguous values, a bitmap of those that are there, and
 * offsets where a value is a list.
 */
import type { NumericArray, NumericDtype } from '../../dtype.ts'

export type TimeUnit = 's' | 'ms' | 'us' | 'ns'

interface Base {
  readonly length: number
  /** Arrow's bitmap, least significant bit first; absent when no value is missing. */
  readonly validity?: Uint8Array | undefined
}

/** One column, or one part of a nested column. Values at missing places are of no meaning. */
export type Vector = Base &
  (
    | { readonly kind: 'null' }
    /** bool as bytes of 0 and 1, float16 as its bits. */
    | { readonly kind: 'number'; readonly dtype: NumericDtype; readonly values: NumericArray }
    /** The nearest doubles. */
    | { readonly kind: 'decimal'; readonly values: Float64Array }
    /** Days since 1970. */
    | { readonly kind: 'date'; readonly values: Int32Array }
    | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly zone?: string | undefined; readonly values: BigInt64Array }
    | { readonly kind: 'time' | 'duration'; readonly unit: TimeUnit; readonly values: BigInt64Array }
    /** null where missing. */
    | { readonly kind: 'text'; readonly values: readonly (string | null)[] }
    | { readonly kind: 'bytes'; readonly values: readonly (Uint8Array | null)[] }
    /** `length + 1` offsets into `items`; the first need not be 0. A map is a list of pairs. */
    | { readonly kind: 'list' | 'map'; readonly offsets: Int32Array; readonly items: Vector }
    | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly vector: Vector }[] }
    /** pandas' categories: each value is a place in the dictionary. */
    | { readonly kind: 'category'; readonly indices: Int32Array; readonly dictionary: Vector }
  )

/** How many values a bitmap marks as missing. */
export function countMissing(validity: Uint8Array | undefined, length: number): number {
  if (validity === undefined) return 0
  let present = 0
  for (let row = 0; row < length; row++) present += (validity[row >> 3]! >> (row & 7)) & 1
  return length - present
}

/** Vectors of one kind, one behind the other. */
export function concatVectors(parts: readonly Vector[]): Vector {
  const [first] = parts
  if (first === undefined) return { kind: 'null', length: 0 }
  if (parts.length === 1) return first
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const base = { length, validity: concatValidity(parts, length) }
  const of = <K extends Vector['kind']>(_: K): Extract<Vector, { kind: K }>[] => parts as Extract<Vector, { kind: K }>[]
  switch (first.kind) {
    case 'null':
      return { kind: 'null', length }
    case 'text':
      return { ...base, kind: 'text', values: of('text').flatMap(({ values }) => values) }
    case 'bytes':
      return { ...base, kind: 'bytes', values: of('bytes').flatMap(({ values }) => values) }
    case 'list':
    case 'map': {
      const lists = parts as Extract<Vector, { kind: 'list' | 'map' }>[]
      const offsets = new Int32Array(length + 1)
      let row = 0
      let shift = 0
      for (const list of lists) {
        for (let index = 0; index < list.length; index++) offsets[row++] = shift + list.offsets[index]!
        offsets[row] = shift + (list.offsets[list.length] ?? 0)
        shift += list.items.length
      }
      return { ...base, kind: first.kind, offsets, items: concatVectors(lists.map(({ items }) => items)) }
    }
    case 'struct':
      return {
        ...base,
        kind: 'struct',
        fields: first.fields.map(({ name }, at) => ({
          name,
          vector: concatVectors(of('struct').map((part) => trimmed(part.fields[at]!.vector, part.length))),
        })),
      }
    case 'category': {
      const categories = of('category')
      const indices = new Int32Array(length)
      let row = 0
      let before = 0
      for (const [at, { indices: own, dictionary }] of categories.entries()) {
        if (at > 0 && categories[at - 1]!.dictionary !== dictionary) before += categories[at - 1]!.dictionary.length
        for (const index of own) indices[row++] = index + before
      }
      const dictionaries = categories
        .map(({ dictionary }) => dictionary)
        .filter((dictionary, at, all) => at === 0 || all[at - 1] !== dictionary)
      return { ...base, kind: 'category', indices, dictionary: concatVectors(dictionaries) }
    }
    default: {
      const numbers = parts as readonly { readonly values: Float64Array }[]
      const values = new (first.values.constructor as Float64ArrayConstructor)(length)
      let row = 0
      for (const [at, { values: own }] of numbers.entries()) {
        values.set(own.subarray(0, parts[at]!.length), row)
        row += parts[at]!.length
      }
      return { ...first, ...base, values } as Vector
    }
  }
}

/** A struct's fields may be longer than it. */
function trimmed(vector: Vector, length: number): Vector {
  if (vector.length === length) return vector
  if ('values' in vector) return { ...vector, length, values: vector.values.slice(0, length) } as Vector
  if (vector.kind === 'category') return { ...vector, length, indices: vector.indices.slice(0, length) }
  return { ...vector, length }
}

function concatValidity(parts: readonly Vector[], length: number): Uint8Array | undefined {
  if (parts.every(({ validity }) => validity === undefined)) return undefined
  const all = new Uint8Array((length + 7) >> 3)
  let row = 0
  for (const { validity, length: own } of parts) {
    for (let index = 0; index < own; index++, row++) {
      if (validity === undefined || ((validity[index >> 3]! >> (index & 7)) & 1) === 1) all[row >> 3]! |= 1 << (row & 7)
    }
  }
  return all
}
