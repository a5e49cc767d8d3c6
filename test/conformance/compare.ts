/** Two canonical forms compared: exactly, or within a tolerance. */
import {
  type Atom,
  atomText,
  type Canonical,
  type CanonicalFrame,
  type CanonicalNamed,
  type CanonicalTensor,
} from './canonical.ts'

export interface Tolerance {
  readonly rtol: number
  readonly atol: number
}
export interface Compare {
  /** Absent: floats are equal bit by bit (any NaN is NaN). */
  readonly tolerance?: Tolerance
  /** Whether pandas' way of holding text (`str` or `object`) counts. */
  readonly pandas?: boolean
}

/** The first difference between two forms, in words; undefined when there is none. */
export function difference(expected: Canonical, got: Canonical, compare: Compare = {}): string | undefined {
  if (expected.kind !== got.kind) return `kind ${expected.kind} against ${got.kind}`
  if (expected.kind === 'frame' && got.kind === 'frame') return frameDifference(expected, got, compare)
  if (expected.kind === 'tensor' && got.kind === 'tensor') return tensorDifference(expected, got, compare, 'tensor')
  if (expected.kind === 'named' && got.kind === 'named') {
    const names = (named: CanonicalNamed) => JSON.stringify(named.items.map(([name]) => name))
    if (names(expected) !== names(got)) return `names ${names(expected)} against ${names(got)}`
    for (const [position, [name, item]] of expected.items.entries()) {
      const other = got.items[position]![1]
      const found =
        item.kind === 'tensor' && other.kind === 'tensor'
          ? tensorDifference(item, other, compare, name)
          : item.kind === 'value' && other.kind === 'value'
            ? atomDifference(item.value, other.value, compare, name)
            : `${name}: ${item.kind} against ${other.kind}`
      if (found !== undefined) return found
    }
    return undefined
  }
  if (expected.kind === 'value' && got.kind === 'value') return atomDifference(expected.value, got.value, compare, 'value')
  return 'kinds'
}

function frameDifference(expected: CanonicalFrame, got: CanonicalFrame, compare: Compare): string | undefined {
  if (expected.rows !== got.rows) return `${expected.rows} rows against ${got.rows}`
  const names = (of: CanonicalFrame) => JSON.stringify(of.columns.map(({ name }) => name))
  if (names(expected) !== names(got)) return `columns ${names(expected)} against ${names(got)}`
  const label = atomDifference(expected.index ?? [], got.index ?? [], compare, 'index')
  if (label !== undefined) return label
  for (const [position, column] of expected.columns.entries()) {
    const other = got.columns[position]!
    if (!sameClass(column, other)) return `column ${String(column.name)}: ${column.dtype} against ${other.dtype}`
    if (compare.pandas === true && column.dtype === 'string' && other.dtype === 'string' && column.pandas !== other.pandas) {
      return `column ${String(column.name)}: pandas ${column.pandas} against ${other.pandas}`
    }
    const found = atomDifference(column.values, other.values, compare, `column ${String(column.name)}`)
    if (found !== undefined) return found
  }
  return undefined
}

function tensorDifference(expected: CanonicalTensor, got: CanonicalTensor, compare: Compare, name: string): string | undefined {
  if (!sameClass(expected, got)) return `${name}: ${expected.dtype} against ${got.dtype}`
  if (JSON.stringify(expected.shape) !== JSON.stringify(got.shape))
    return `${name}: shape ${JSON.stringify(expected.shape)} against ${JSON.stringify(got.shape)}`
  return atomDifference(expected.values, got.values, compare, name)
}

/** Columns without one value can be text, bytes or objects alike. */
function sameClass(
  expected: { dtype: string; values: readonly Atom[] },
  got: { dtype: string; values: readonly Atom[] },
): boolean {
  if (expected.dtype === got.dtype) return true
  const open = ['string', 'bytes', 'object', 'missing', 'empty']
  const nothing = ['missing', 'empty']
  if (!open.includes(expected.dtype) || !open.includes(got.dtype)) return false
  return nothing.includes(expected.dtype) ? expected.values.length === got.values.length : nothing.includes(got.dtype)
}

function atomDifference(expected: Atom, got: Atom, compare: Compare, where: string): string | undefined {
  if (Array.isArray(expected) && Array.isArray(got)) {
    if (expected.length !== got.length) return `${where}: ${expected.length} values against ${got.length}`
    for (let position = 0; position < expected.length; position++) {
      const found = atomDifference(expected[position] as Atom, got[position] as Atom, compare, `${where}[${position}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (isPairs(expected) && isPairs(got)) {
    const keys = (of: readonly (readonly [string, Atom])[]) => JSON.stringify(of.map(([key]) => key))
    if (keys(expected.pairs) !== keys(got.pairs)) return `${where}: keys ${keys(expected.pairs)} against ${keys(got.pairs)}`
    for (const [position, [key, value]] of expected.pairs.entries()) {
      const found = atomDifference(value, got.pairs[position]![1], compare, `${where}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  const left = atomText(expected)
  const right = atomText(got)
  if (left === right) return undefined
  if (
    compare.tolerance !== undefined &&
    isFloatAtom(expected) &&
    isFloatAtom(got) &&
    near(expected.float, got.float, compare.tolerance)
  )
    return undefined
  return `${where}: ${left} against ${right}`
}

function isPairs(atom: Atom): atom is { readonly pairs: readonly (readonly [string, Atom])[] } {
  return typeof atom === 'object' && atom !== null && 'pairs' in atom
}
function isFloatAtom(atom: Atom): atom is { readonly float: number } {
  return typeof atom === 'object' && atom !== null && 'float' in atom
}

/** NumPy's `isclose`, NaN equal to NaN. */
export function near(expected: number, got: number, { rtol, atol }: Tolerance): boolean {
  if (Number.isNaN(expected) || Number.isNaN(got)) return Number.isNaN(expected) && Number.isNaN(got)
  if (!Number.isFinite(expected) || !Number.isFinite(got)) return expected === got
  return Math.abs(expected - got) <= atol + rtol * Math.abs(expected)
}
