/** Two answers, value by value, as JSON holds them. */
import { type Cell, isCellMap } from '../batch.ts'
import { jsonPath } from '../json/path.ts'
import { writeJsonValue } from '../json.ts'

export interface Tolerance {
  readonly relative: number
  readonly absolute: number
}

export interface CellDifference {
  /** Values that differ, of how many in the recorded answer. */
  readonly values: number
  readonly of: number
  /** The first one. */
  readonly path: string
  readonly was: string
  readonly is: string
  /** Among numbers. */
  readonly largest?: number
}

interface Pair {
  readonly was: Cell | undefined
  readonly is: Cell | undefined
  readonly path: readonly (string | number)[]
}

/**
 * Compares an answer with the recorded one. Lists and objects must have the same members; numbers may differ by the tolerance; NaN
 * equals NaN.
 *
 * @returns undefined when they are equal
 */
export function compareCells(recorded: Cell, given: Cell, tolerance: Tolerance): CellDifference | undefined {
  const pairs: Pair[] = [{ was: recorded, is: given, path: [] }]
  let first: Pair | undefined
  let values = 0
  let of = 0
  let largest: number | undefined
  while (pairs.length > 0) {
    const pair = pairs.pop()!
    const members = membersOf(pair)
    if (members !== undefined) {
      for (const member of members.reverse()) pairs.push(member)
      continue
    }
    of++
    const gap = gapOf(pair.was, pair.is)
    if (gap !== undefined && (gap === 0 || isWithin(gap, pair.was as number | bigint, tolerance))) continue
    if (gap === undefined && isSame(pair.was, pair.is)) continue
    values++
    first ??= pair
    if (gap !== undefined) largest = Math.max(largest ?? 0, gap)
  }
  if (first === undefined) return undefined
  const show = (value: Cell | undefined) => (value === undefined ? 'nothing' : shortened(writeJsonValue(value)))
  return {
    values,
    of,
    path: jsonPath(['predictions', ...first.path]),
    was: show(first.was),
    is: show(first.is),
    ...(largest !== undefined && { largest }),
  }
}

/** Members by place or name, where both are lists or both are objects; the longer one's. */
function membersOf({ was, is, path }: Pair): Pair[] | undefined {
  if (Array.isArray(was) && Array.isArray(is)) {
    const [a, b] = [was as readonly Cell[], is as readonly Cell[]]
    return Array.from({ length: Math.max(a.length, b.length) }, (_, at) => ({ was: a[at], is: b[at], path: [...path, at] }))
  }
  if (!isCellMap(was) || !isCellMap(is)) return undefined
  return [...new Set([...was.keys(), ...is.keys()])].map((key) => ({ was: was.get(key), is: is.get(key), path: [...path, key] }))
}

/** The distance of two numbers; undefined when one is none. NaN beside NaN has none, beside a number an infinite one. */
function gapOf(was: Cell | undefined, is: Cell | undefined): number | undefined {
  if (typeof was === 'bigint' && typeof is === 'bigint') return Number(was > is ? was - is : is - was)
  const [a, b] = [numberOf(was), numberOf(is)]
  if (a === undefined || b === undefined) return undefined
  if (Object.is(a, b) || a === b) return 0
  return Number.isNaN(a - b) ? Number.POSITIVE_INFINITY : Math.abs(a - b)
}

function numberOf(value: Cell | undefined): number | undefined {
  return typeof value === 'bigint' ? Number(value) : typeof value === 'number' ? value : undefined
}

function isWithin(gap: number, was: number | bigint, { relative, absolute }: Tolerance): boolean {
  return gap <= absolute + relative * Math.abs(Number(was))
}

function isSame(was: Cell | undefined, is: Cell | undefined): boolean {
  return was !== undefined && is !== undefined && writeJsonValue(was) === writeJsonValue(is)
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
