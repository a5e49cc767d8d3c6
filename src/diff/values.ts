/** Two predictions of the same data, value by value. */
import type { Batch } from '../batch.ts'
import { type Output, outputsOf, type Value } from './outputs.ts'

/** What may differ: `ratio` × max(1, |old|), or steps of the number type. */
export type Tolerance = { readonly kind: 'ratio'; readonly most: number } | { readonly kind: 'ulp'; readonly most: number }

/** How often one class became another. */
export interface ClassChange {
  readonly old: string
  readonly new: string
  readonly rows: number
}

export interface OutputDifference {
  readonly name: string
  /** Element types, where they are not the same. */
  readonly types?: { readonly old: string; readonly new: string }
  /** Rows with any difference, and those with one beyond the tolerance. */
  readonly changed: number
  readonly beyond: number
  /** Row of the first change, from 0 on. */
  readonly first?: number
  /** Largest of numbers, infinite beside NaN; absent where nothing changed or nothing is a number. */
  readonly absolute?: number
  /** Of the old number, where that is not 0. */
  readonly relative?: number
  /** Steps between neighbouring numbers of the type; absent where the types differ. */
  readonly ulp?: number
  /** Where an output is one label a row: every change, most frequent first. */
  readonly classes?: readonly ClassChange[]
}

export interface ValueDiff {
  readonly rows: { readonly old: number; readonly new: number }
  /** Rows with a change in any output. */
  readonly changed: number
  /** Rows beyond the tolerance, rows that one side lacks included. */
  readonly beyond: number
  /** Outputs of one side only. */
  readonly removed: readonly string[]
  readonly added: readonly string[]
  readonly outputs: readonly OutputDifference[]
}

/** Distinct labels beyond which an output is no class. */
const mostClasses = 1000

/** Compares two answers to the same rows; outputs go by name, a single one by itself. */
export function diffPredictions(before: Batch, after: Batch, tolerance: Tolerance): ValueDiff {
  const [old, now] = [outputsOf(before), outputsOf(after)]
  const single = old.length === 1 && now.length === 1
  const partner = (output: Output) => (single ? now[0] : now.find(({ name }) => name === output.name))
  const rows = { old: rowsOf(old), new: rowsOf(now) }
  const common = Math.min(rows.old, rows.new)
  const changed = new Uint8Array(common)
  const beyond = new Uint8Array(common)
  const outputs = old.flatMap((output) => {
    const other = partner(output)
    return other === undefined ? [] : [diffOutput(output, other, tolerance, changed, beyond)]
  })
  const lone = Math.max(rows.old, rows.new) - common
  return {
    rows,
    changed: sum(changed) + lone,
    beyond: sum(beyond) + lone,
    removed: old.filter((output) => partner(output) === undefined).map(({ name }) => name),
    added: single ? [] : now.filter(({ name }) => !old.some((one) => one.name === name)).map(({ name }) => name),
    outputs,
  }
}

/** @param changed - a mark for each row, set here */
function diffOutput(old: Output, now: Output, tolerance: Tolerance, changed: Uint8Array, beyond: Uint8Array): OutputDifference {
  const rows = Math.min(old.rows, now.rows, changed.length)
  const stepsOf = old.dtype === now.dtype ? stepsFor(old.dtype) : undefined
  const most = { absolute: -1, relative: -1, ulp: -1 }
  const classes = old.width === 1 && now.width === 1 && isLabel(old) && isLabel(now) ? new Map<string, ClassChange>() : undefined
  let first: number | undefined
  let count = 0
  let over = 0
  for (let row = 0; row < rows; row++) {
    let differs = old.width !== now.width
    let isOver = differs
    for (let at = 0; at < old.width && old.width === now.width; at++) {
      const [a, b] = [old.value(row * old.width + at), now.value(row * now.width + at)]
      if (isEqual(a, b)) continue
      differs = true
      const gap = gapOf(a, b)
      if (gap !== undefined) {
        most.absolute = Math.max(most.absolute, gap)
        if (Number(a) !== 0) most.relative = Math.max(most.relative, gap / Math.abs(Number(a)))
        const steps = stepsOf?.(a as never, b as never)
        if (steps !== undefined) most.ulp = Math.max(most.ulp, steps)
        isOver ||= !isWithin(tolerance, Number(a), gap, steps)
      } else isOver = true
      if (classes !== undefined && classes.size < mostClasses) countClass(classes, label(a), label(b))
    }
    if (!differs) continue
    first ??= row
    count++
    changed[row] = 1
    if (isOver) {
      over++
      beyond[row] = 1
    }
  }
  return {
    name: old.name,
    ...(old.dtype !== now.dtype && { types: { old: old.dtype, new: now.dtype } }),
    changed: count,
    beyond: over,
    ...(first !== undefined && { first }),
    ...(most.absolute >= 0 && { absolute: most.absolute }),
    ...(most.relative >= 0 && { relative: most.relative }),
    ...(most.ulp >= 0 && { ulp: most.ulp }),
    ...(classes !== undefined &&
      classes.size > 0 && { classes: [...classes.values()].sort((a, b) => b.rows - a.rows || (a.old < b.old ? -1 : 1)) }),
  }
}

function countClass(classes: Map<string, ClassChange>, old: string, now: string): void {
  const key = `${old}\0${now}`
  classes.set(key, { old, new: now, rows: (classes.get(key)?.rows ?? 0) + 1 })
}

/** Texts, whole numbers and booleans name a class; a number with a fraction does not. */
function isLabel({ dtype }: Output): boolean {
  return dtype === 'string' || dtype === 'bool' || /^u?int/.test(dtype)
}

function label(value: Value): string {
  return value === null ? 'null' : String(value)
}

function isEqual(a: Value, b: Value): boolean {
  // NaN is the same answer as NaN, and 0 the same as -0.
  return a === b || (typeof a === 'number' && Number.isNaN(a) && typeof b === 'number' && Number.isNaN(b))
}

/** The distance of two numbers; undefined when one is none. Infinite beside NaN. */
function gapOf(a: Value, b: Value): number | undefined {
  if (typeof a === 'bigint' && typeof b === 'bigint') return Number(a > b ? a - b : b - a)
  if ((typeof a !== 'number' && typeof a !== 'bigint') || (typeof b !== 'number' && typeof b !== 'bigint')) return undefined
  const gap = Math.abs(Number(a) - Number(b))
  return Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap
}

function isWithin(tolerance: Tolerance, old: number, gap: number, steps: number | undefined): boolean {
  if (tolerance.kind === 'ulp') return steps !== undefined && steps <= tolerance.most
  return gap <= tolerance.most * Math.max(1, Math.abs(old))
}

/** The number of representable numbers from one to the other; undefined for types that have no steps. */
function stepsFor(dtype: string): ((a: number, b: number) => number) | undefined {
  if (dtype === 'float32') {
    const [floats, bits] = views(new Float32Array(2), (buffer) => new Int32Array(buffer))
    return (a, b) => {
      floats[0] = a
      floats[1] = b
      return stepsBetween(
        a,
        b,
        () => ordered(BigInt(bits[0]!), 31n),
        () => ordered(BigInt(bits[1]!), 31n),
      )
    }
  }
  if (dtype === 'float64') {
    const [floats, bits] = views(new Float64Array(2), (buffer) => new BigInt64Array(buffer))
    return (a, b) => {
      floats[0] = a
      floats[1] = b
      return stepsBetween(
        a,
        b,
        () => ordered(bits[0]!, 63n),
        () => ordered(bits[1]!, 63n),
      )
    }
  }
  return undefined
}

function views<Floats extends Float32Array | Float64Array, Bits>(
  floats: Floats,
  bits: (buffer: ArrayBuffer) => Bits,
): [Floats, Bits] {
  return [floats, bits(floats.buffer as ArrayBuffer)]
}

function stepsBetween(a: number, b: number, from: () => bigint, to: () => bigint): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.POSITIVE_INFINITY
  const steps = from() - to()
  return Number(steps < 0n ? -steps : steps)
}

/** The bits of a float as an integer in the order of the numbers: negative ones count downwards from zero. */
function ordered(bits: bigint, sign: bigint): bigint {
  return bits < 0n ? -(bits + (1n << sign)) : bits
}

function rowsOf(outputs: readonly Output[]): number {
  return outputs.reduce((most, { rows }) => Math.max(most, rows), 0)
}

function sum(marks: Uint8Array): number {
  return marks.reduce((total, mark) => total + mark, 0)
}
