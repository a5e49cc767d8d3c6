/** The pages of one leaf, through all row groups: read when their rows are wanted, so that a block of rows is all there is in memory. */
import { MlmodelError, type Where } from '../../errors/index.ts'
import type { Limits } from '../../limits.ts'
import { decompress } from '../columnar/compression.ts'
import { readHybrid } from './encodings.ts'
import { dictionaryEncodings, type Leaf, newStored, readPlain, readValues, type Stored } from './leaf.ts'
import { broken, type ColumnChunk, type Node } from './metadata.ts'
import { Cursor, numberIn, readStruct, structIn, ThriftError, type ThriftStruct } from './thrift.ts'

/** Bytes of the file from a position. */
export type ReadAt = (position: number, length: number) => Uint8Array

interface Page {
  /** Levels and rows in the page, missing ones counted. */
  readonly count: number
  /** Absent where every value is there. */
  readonly definitions?: Uint8Array | undefined
  readonly repetitions?: Uint8Array | undefined
  /** The values that are there, or their places in the dictionary. */
  readonly values: Stored
  readonly indices?: Int32Array | undefined
}

/** Values of consecutive rows of a column that is not nested. */
export interface FlatBlock {
  readonly values: Stored
  readonly validity?: Uint8Array | undefined
}

/** Levels and the values that are there, of consecutive rows of a leaf of a nested column. */
export interface NestedBlock {
  readonly definitions: readonly number[]
  readonly repetitions: readonly number[]
  readonly values: Stored
}

export interface LeafReader {
  /** The next rows of a column without nesting. */
  flat(rows: number): FlatBlock
  nested(rows: number): NestedBlock
}

/** Pages are read through a window, so that small ones cost no read each. */
const windowBytes = 1 << 17
/** Bytes in which nearly every page header ends; one with long statistics takes more. */
const headerBytes = [1 << 12, 1 << 20]
/** Below this a page may shrink as much as it likes: pages of one value repeated are honest. */
const ratioCheckedFrom = 32 << 20

/** @throws from the reader: PARQUET_BROKEN, PARQUET_LIMIT, and ThriftError */
export function openLeaf(node: Node, chunks: readonly ColumnChunk[], read: ReadAt, where: Where, limits: Limits): LeafReader {
  const leaf = node.leaf!
  const pages = pagesOf(node, chunks, read, where, limits)
  let page: Page | undefined
  let level = 0
  let value = 0

  const next = (): Page => {
    for (;;) {
      if (page !== undefined && level < page.count) return page
      page = pages.next().value ?? undefined
      if (page === undefined) throw broken(`the column \`${node.name}\` ends before its rows do`, where)
      level = 0
      value = 0
    }
  }

  return {
    flat(rows) {
      const values = newStored(leaf, rows)
      let validity: Uint8Array | undefined
      for (let done = 0; done < rows; ) {
        const from = next()
        const count = Math.min(rows - done, from.count - level)
        if (from.definitions === undefined) {
          copy(from, value, values, done, count)
          if (validity !== undefined) setBits(validity, done, count)
          value += count
        } else {
          validity ??= bitmapOf(rows, done)
          value += spread(from, level, value, values, done, count, validity)
        }
        level += count
        done += count
      }
      return { values, validity }
    },
    nested(rows) {
      const definitions: number[] = []
      const repetitions: number[] = []
      const parts: Stored[] = []
      let seen = 0
      for (;;) {
        // The row after the last ends the last: it is looked at, not taken.
        if (page !== undefined && level >= page.count && seen >= rows) {
          const following = pages.next().value ?? undefined
          if (following === undefined) break
          page = following
          level = 0
          value = 0
        }
        if (rows === 0) break
        const from = next()
        const start = level
        while (level < from.count) {
          const starts = from.repetitions === undefined || from.repetitions[level] === 0
          if (starts && seen === rows) break
          if (starts) seen++
          else if (seen === 0) throw broken(`the column \`${node.name}\` begins within a row`, where)
          level++
        }
        const taken = level - start
        let there = 0
        for (let index = start; index < level; index++) {
          const definition = from.definitions === undefined ? node.definitionLevel : from.definitions[index]!
          definitions.push(definition)
          repetitions.push(from.repetitions === undefined ? 0 : from.repetitions[index]!)
          if (definition === node.definitionLevel) there++
        }
        const part = newStored(leaf, there)
        copy(from, value, part, 0, there)
        parts.push(part)
        value += there
        if (level < from.count || (taken === 0 && seen === rows)) break
      }
      return { definitions, repetitions, values: joined(leaf, parts) }
    },
  }
}

function joined(leaf: Leaf, parts: readonly Stored[]): Stored {
  const all = newStored(
    leaf,
    parts.reduce((sum, part) => sum + part.length, 0),
  ) as unknown[]
  let at = 0
  for (const part of parts) for (let index = 0; index < part.length; index++) all[at++] = part[index]
  return all as Stored
}

/** Bits of `rows` rows, the first `present` of them set. */
function bitmapOf(rows: number, present: number): Uint8Array {
  const validity = new Uint8Array((rows + 7) >> 3)
  setBits(validity, 0, present)
  return validity
}

function setBits(validity: Uint8Array, start: number, count: number): void {
  for (let row = start; row < start + count; row++) validity[row >> 3]! |= 1 << (row & 7)
}

function copy(page: Page, from: number, target: Stored, to: number, count: number): void {
  const { values, indices } = page
  if (indices === undefined) {
    if (Array.isArray(values))
      for (let index = 0; index < count; index++) (target as string[])[to + index] = values[from + index] as string
    else (target as Float64Array).set((values as Float64Array).subarray(from, from + count), to)
    return
  }
  const dictionary = values as Float64Array
  const numbers = target as Float64Array
  for (let index = 0; index < count; index++) numbers[to + index] = dictionary[indices[from + index]!]!
}

/** Puts values between missing ones; gives how many were there. */
function spread(
  page: Page,
  level: number,
  from: number,
  target: Stored,
  to: number,
  count: number,
  validity: Uint8Array,
): number {
  const { definitions, values, indices } = page
  const source = values as Float64Array
  const numbers = target as Float64Array
  let taken = 0
  for (let index = 0; index < count; index++) {
    if (definitions![level + index] === 0) continue
    const row = to + index
    const at = from + taken++
    numbers[row] = source[indices === undefined ? at : indices[at]!]!
    validity[row >> 3]! |= 1 << (row & 7)
  }
  return taken
}

function* pagesOf(
  node: Node,
  chunks: readonly ColumnChunk[],
  read: ReadAt,
  where: Where,
  limits: Limits,
): Generator<Page, undefined> {
  for (const chunk of chunks) yield* pagesOfChunk(node, chunk, read, where, limits)
  return undefined
}

function* pagesOfChunk(node: Node, chunk: ColumnChunk, read: ReadAt, where: Where, limits: Limits): Generator<Page, undefined> {
  const leaf = node.leaf!
  const end = chunk.start + chunk.length
  const fail = (why: string): MlmodelError => broken(`the column \`${node.name}\`: ${why}`, where)
  let position = chunk.start
  let window: Uint8Array = new Uint8Array(0)
  let windowStart = 0
  const need = (length: number): Uint8Array => {
    const offset = position - windowStart
    if (offset < 0 || offset + length > window.length) {
      window = read(position, Math.min(end - position, Math.max(length, windowBytes)))
      windowStart = position
    }
    return window.subarray(position - windowStart, position - windowStart + length)
  }
  let dictionary: Stored | undefined
  for (let seen = 0; seen < chunk.values; ) {
    if (position >= end) throw fail(`it ends after ${seen} of ${chunk.values} values`)
    const { header, length } = readHeader((most) => need(Math.min(end - position, most)), fail)
    position += length
    const type = numberIn(header, 1)
    const size = numberIn(header, 2) ?? -1
    const stored = numberIn(header, 3) ?? -1
    if (stored < 0 || stored > end - position) throw fail(`a page is said to take ${stored} bytes, ${end - position} are left`)
    if (size < 0) throw fail(`a page is said to hold ${size} bytes`)
    if (size > limits.pageBytes) throw limit('a page', size, limits.pageBytes, where)
    if (chunk.codec !== undefined && size > ratioCheckedFrom && size > stored * limits.inflateRatio)
      throw limit('a page compressed to one part', Math.floor(size / Math.max(stored, 1)), limits.inflateRatio, where)
    const bytes = need(stored)
    position += stored
    if (type === 1) continue
    const head = structIn(header, type === 0 ? 5 : type === 2 ? 7 : 8)
    const count = numberIn(head, 1)
    if (head === undefined || count === undefined) throw fail('a page without a header of its kind')
    if (count < 0 || count > limits.pageValues) throw limit('a page of values', count, limits.pageValues, where)
    if (type === 2) {
      if (dictionary !== undefined) throw fail('it has two dictionaries')
      dictionary = readPlain(leaf, unpacked(chunk, bytes, size), 0, count)
      continue
    }
    if (count > chunk.values - seen) throw fail(`its pages hold more than ${chunk.values} values`)
    seen += count
    if (type === 0) yield pageVersion1(node, head, count, unpacked(chunk, bytes, size), dictionary, limits)
    else if (type === 3) yield pageVersion2(node, head, count, bytes, size, chunk, dictionary, limits)
    else throw fail(`a page of kind ${type}`)
  }
  return undefined
}

function readHeader(
  window: (most: number) => Uint8Array,
  fail: (why: string) => MlmodelError,
): { header: ThriftStruct; length: number } {
  for (const [attempt, most] of headerBytes.entries()) {
    const bytes = window(most)
    const cursor = new Cursor(bytes)
    try {
      return { header: readStruct(cursor), length: cursor.at }
    } catch (error) {
      if (!(error instanceof ThriftError)) throw error
      if (bytes.length < most || attempt === headerBytes.length - 1) throw fail(`a page header: ${error.message}`)
    }
  }
  throw fail('a page header')
}

function unpacked(chunk: ColumnChunk, bytes: Uint8Array, size: number): Uint8Array {
  if (chunk.codec !== undefined) return decompress(chunk.codec, bytes, size)
  if (bytes.length !== size) throw new ThriftError(`a page of ${size} bytes takes ${bytes.length}`)
  return bytes
}

const bitWidth = (most: number): number => 32 - Math.clz32(most)

function pageVersion1(
  node: Node,
  head: ThriftStruct,
  count: number,
  bytes: Uint8Array,
  dictionary: Stored | undefined,
  limits: Limits,
): Page {
  let at = 0
  const levels = (most: number, encoding: number | undefined): Uint8Array | undefined => {
    if (most === 0) return undefined
    if (encoding !== undefined && encoding !== 3) throw new ThriftError('levels in the deprecated encoding')
    const length = new Cursor(bytes, at).take(4)
    const size = new DataView(length.buffer, length.byteOffset, 4).getUint32(0, true)
    const run = new Cursor(bytes, at + 4).take(size)
    const output = new Uint8Array(count)
    readHybrid(run, 0, bitWidth(most), output)
    at += 4 + size
    return output
  }
  const repetitions = levels(node.repetitionLevel, numberIn(head, 4))
  const definitions = levels(node.definitionLevel, numberIn(head, 3))
  return pageOf(node, numberIn(head, 2) ?? 0, count, definitions, repetitions, bytes, at, dictionary, limits)
}

function pageVersion2(
  node: Node,
  head: ThriftStruct,
  count: number,
  bytes: Uint8Array,
  size: number,
  chunk: ColumnChunk,
  dictionary: Stored | undefined,
  limits: Limits,
): Page {
  const definitionBytes = numberIn(head, 5) ?? 0
  const repetitionBytes = numberIn(head, 6) ?? 0
  const cursor = new Cursor(bytes)
  const levels = (run: Uint8Array, most: number): Uint8Array | undefined => {
    if (most === 0) return undefined
    const output = new Uint8Array(count)
    readHybrid(run, 0, bitWidth(most), output)
    return output
  }
  const repetitions = levels(cursor.take(repetitionBytes), node.repetitionLevel)
  const definitions = levels(cursor.take(definitionBytes), node.definitionLevel)
  const rest = cursor.take(bytes.length - cursor.at)
  const size2 = size - definitionBytes - repetitionBytes
  if (size2 < 0) throw new ThriftError('levels larger than their page')
  const compressed = chunk.codec !== undefined && head.get(7) !== false && rest.length > 0
  return pageOf(
    node,
    numberIn(head, 4) ?? 0,
    count,
    definitions,
    repetitions,
    compressed ? decompress(chunk.codec!, rest, size2) : rest,
    0,
    dictionary,
    limits,
  )
}

function pageOf(
  node: Node,
  encoding: number,
  count: number,
  definitions: Uint8Array | undefined,
  repetitions: Uint8Array | undefined,
  bytes: Uint8Array,
  at: number,
  dictionary: Stored | undefined,
  limits: Limits,
): Page {
  const leaf = node.leaf!
  let there = count
  if (definitions !== undefined) {
    there = 0
    for (let index = 0; index < count; index++) {
      if (definitions[index] === node.definitionLevel) there++
      else if (definitions[index]! > node.definitionLevel) throw new ThriftError('a level beyond the deepest')
    }
  }
  if (repetitions?.some((level) => level > node.repetitionLevel) === true) throw new ThriftError('a level beyond the deepest')
  const levels = { count, definitions: there === count ? undefined : definitions, repetitions }
  if (!dictionaryEncodings.has(encoding))
    return {
      ...levels,
      values: there === 0 ? newStored(leaf, 0) : readValues(leaf, encoding, bytes, at, there, limits.pageBytes),
    }
  const indices = new Int32Array(there)
  if (there > 0) {
    if (dictionary === undefined) throw new ThriftError('a dictionary is missing')
    readHybrid(bytes, at + 1, new Cursor(bytes, at).byte(), indices)
    const size = dictionary.length
    for (let index = 0; index < there; index++)
      if (indices[index]! < 0 || indices[index]! >= size)
        throw new ThriftError(`a value is number ${indices[index]} of a dictionary of ${size}`)
  }
  return { ...levels, values: dictionary ?? newStored(leaf, 0), indices }
}

function limit(what: string, found: number, most: number, where: Where): MlmodelError {
  return new MlmodelError('PARQUET_LIMIT', { what, found, limit: most }, { where })
}
