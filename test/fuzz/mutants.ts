/** Mutants of files as fast-check values, so that a failure shrinks to the fewest and smallest changes. */
import fc from 'fast-check'
import type { Seed } from './seeds.ts'

/** Numbers that lengths, counts and offsets break at. */
const edges = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff]

export type Edit =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'number'; readonly at: number; readonly edge: number; readonly size: number; readonly little: boolean }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'token'; readonly at: number; readonly token: number }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number; readonly times: number }
  | { readonly kind: 'splice'; readonly at: number; readonly seed: number; readonly from: number; readonly length: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'digits'; readonly at: number; readonly text: string }

export interface Mutation {
  readonly seed: number
  readonly edits: readonly Edit[]
}

const place = fc.nat({ max: 0xffff })
/** Texts that stand where a number stood. */
const digits = fc.constantFrom(
  '-1',
  '0',
  '1',
  '99999999',
  '2147483647',
  '4294967296',
  '9007199254740993',
  '1e999',
  'nan',
  '',
  '00',
)

/** Mutations of some seeds. Places are fractions of 2^16 of a file's length, so that they fit every seed. */
export function mutations(seeds: number): fc.Arbitrary<Mutation> {
  const edit: fc.Arbitrary<Edit> = fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat({ max: 7 }) }),
    fc.record({ kind: fc.constant('byte' as const), at: place, value: fc.nat({ max: 255 }) }),
    fc.record({
      kind: fc.constant('number' as const),
      at: place,
      edge: fc.nat({ max: edges.length - 1 }),
      size: fc.constantFrom(1, 2, 4, 8),
      little: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('insert' as const), at: place, bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }) }),
    fc.record({ kind: fc.constant('token' as const), at: place, token: fc.nat({ max: 1000 }) }),
    fc.record({ kind: fc.constant('remove' as const), at: place, length: fc.integer({ min: 1, max: 64 }) }),
    fc.record({
      kind: fc.constant('repeat' as const),
      at: place,
      length: fc.integer({ min: 1, max: 64 }),
      times: fc.constantFrom(1, 2, 300),
    }),
    fc.record({
      kind: fc.constant('splice' as const),
      at: place,
      seed: fc.nat({ max: seeds - 1 }),
      from: place,
      length: fc.integer({ min: 1, max: 512 }),
    }),
    fc.record({ kind: fc.constant('cut' as const), at: place }),
    fc.record({ kind: fc.constant('digits' as const), at: place, text: digits }),
  )
  return fc.record({ seed: fc.nat({ max: seeds - 1 }), edits: fc.array(edit, { minLength: 1, maxLength: 6 }) })
}

/** Makes the mutant's bytes. */
export function mutant({ seed, edits }: Mutation, seeds: readonly Seed[], tokens: readonly string[]): Uint8Array {
  let bytes: Uint8Array = seeds[seed]!.bytes
  for (const edit of edits) bytes = edited(bytes, edit, seeds, tokens)
  return Uint8Array.from(bytes)
}

function edited(bytes: Uint8Array, edit: Edit, seeds: readonly Seed[], tokens: readonly string[]): Uint8Array {
  const at = placeIn(bytes, edit.at)
  switch (edit.kind) {
    case 'flip':
      return replaced(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << edit.bit)))
    case 'byte':
      return replaced(bytes, at, Uint8Array.of(edit.value))
    case 'number':
      return replaced(bytes, at, numberBytes(edges[edit.edge]!, edit.size, edit.little))
    case 'insert':
      return joined(bytes.subarray(0, at), edit.bytes, bytes.subarray(at))
    case 'token': {
      const token = tokens.length === 0 ? '' : tokens[edit.token % tokens.length]!
      return joined(bytes.subarray(0, at), Buffer.from(token, 'latin1'), bytes.subarray(at))
    }
    case 'remove':
      return joined(bytes.subarray(0, at), bytes.subarray(at + edit.length))
    case 'repeat': {
      const part = bytes.subarray(at, at + edit.length)
      return joined(bytes.subarray(0, at), ...Array<Uint8Array>(edit.times).fill(part), bytes.subarray(at))
    }
    case 'splice': {
      const other = seeds[edit.seed]!.bytes
      const from = placeIn(other, edit.from)
      return joined(bytes.subarray(0, at), other.subarray(from, from + edit.length), bytes.subarray(at))
    }
    case 'cut':
      return bytes.subarray(0, at)
    case 'digits':
      return withDigits(bytes, at, edit.text)
  }
}

const placeIn = (bytes: Uint8Array, fraction: number) => Math.floor((fraction / 0x10000) * (bytes.length + 1))

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts)

function replaced(bytes: Uint8Array, at: number, by: Uint8Array): Uint8Array {
  return joined(bytes.subarray(0, at), by, bytes.subarray(at + by.length))
}

function numberBytes(value: number, size: number, little: boolean): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  const own = bytes.subarray(0, size)
  return little ? own : Uint8Array.from(own).reverse()
}

/** Puts another text in place of the next number that is written in digits. */
function withDigits(bytes: Uint8Array, at: number, text: string): Uint8Array {
  const isDigit = (byte: number | undefined) => byte !== undefined && byte >= 0x30 && byte <= 0x39
  let from = at
  while (from < bytes.length && !isDigit(bytes[from])) from++
  let to = from
  while (isDigit(bytes[to])) to++
  return joined(bytes.subarray(0, from), Buffer.from(text), bytes.subarray(to))
}
