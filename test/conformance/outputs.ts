/** Predictions compared: JSON replies, and outputs whose rows are known only in part. */
import { isFloat, isInteger, isList, isObject, type Raw, readBody } from './body.ts'
import { type Atom, atomText, type Canonical, type CanonicalTensor } from './canonical.ts'
import { near, type Tolerance } from './compare.ts'

/** The first difference between two JSON replies as parsed JSON: integers exact, floats within the tolerance; undefined for none. */
export function replyDifference(expected: string, got: string, tolerance: Tolerance): string | undefined {
  const wanted = readBody(expected)
  const given = readBody(got)
  if (wanted === undefined || given === undefined) return `no JSON: ${got.slice(0, 200)}`
  return rawDifference(wanted.value, given.value, tolerance, '$')
}

function rawDifference(expected: Raw, got: Raw, tolerance: Tolerance, at: string): string | undefined {
  if (isList(expected) && isList(got)) {
    if (expected.length !== got.length) return `${at}: ${expected.length} values against ${got.length}`
    for (const [position, item] of expected.entries()) {
      const found = rawDifference(item, got[position]!, tolerance, `${at}[${position}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (isObject(expected) && isObject(got)) {
    const keys = [...expected.pairs.keys()]
    if (keys.join('\u0000') !== [...got.pairs.keys()].join('\u0000'))
      return `${at}: keys ${JSON.stringify(keys)} against ${JSON.stringify([...got.pairs.keys()])}`
    for (const key of keys) {
      const found = rawDifference(expected.pairs.get(key)!, got.pairs.get(key)!, tolerance, `${at}.${key}`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (isFloat(expected) && isFloat(got))
    return near(expected.float, got.float, tolerance) ? undefined : `${at}: ${expected.float} against ${got.float}`
  if (isInteger(expected) && isInteger(got))
    return expected.integer === got.integer ? undefined : `${at}: ${expected.integer} against ${got.integer}`
  return expected === got && (typeof expected !== 'object' || expected === null)
    ? undefined
    : `${at}: ${JSON.stringify(expected, digits)} against ${JSON.stringify(got, digits)}`
}

function digits(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** An output by name with its rank: a column of lists is a tensor of as many dimensions more. */
export function asTensors(form: Canonical): ReadonlyMap<string, CanonicalTensor> {
  if (form.kind === 'tensor') return new Map([['', form]])
  if (form.kind === 'value') return new Map()
  if (form.kind === 'named') {
    return new Map(
      form.items.map(([name, item]) => [
        name,
        item.kind === 'tensor'
          ? item
          : stack(Array.isArray(item.value) ? (item.value as readonly Atom[]) : [item.value], 'object'),
      ]),
    )
  }
  return new Map(form.columns.map((column) => [String(column.name), stack(column.values, column.dtype)]))
}

function stack(values: readonly Atom[], dtype: string): CanonicalTensor {
  const shape = [values.length]
  let flat = values
  while (flat.length > 0 && flat.every((value) => Array.isArray(value) && value.length === (flat[0] as readonly Atom[]).length)) {
    shape.push((flat[0] as readonly Atom[]).length)
    flat = (flat as readonly (readonly Atom[])[]).flat() as readonly Atom[]
  }
  return { kind: 'tensor', dtype, shape, values: flat }
}

/**
 * The first difference by name and rank, on the rows that count; undefined for none. Kinds of numbers are told apart, and
 * dtypes where both sides say one (a column of lists says none).
 */
export function tensorsDifference(
  expected: Canonical,
  got: Canonical,
  tolerance: Tolerance,
  rows?: readonly boolean[],
): string | undefined {
  const wanted = asTensors(expected)
  const given = asTensors(got)
  if ([...wanted.keys()].join('\u0000') !== [...given.keys()].join('\u0000'))
    return `outputs ${[...wanted.keys()].join(', ')} against ${[...given.keys()].join(', ')}`
  for (const [name, tensor] of wanted) {
    const other = given.get(name)!
    if (tensor.shape.join() !== other.shape.join()) return `${name}: shape [${tensor.shape}] against [${other.shape}]`
    if (
      tensor.dtype !== other.dtype &&
      ![tensor.dtype, other.dtype].some((dtype) => ['object', 'string', 'missing', 'empty'].includes(dtype))
    )
      return `${name}: ${tensor.dtype} against ${other.dtype}`
    const size = tensor.values.length / (tensor.shape[0] || 1)
    for (const [position, value] of tensor.values.entries()) {
      if (rows !== undefined && rows[Math.floor(position / size)] !== true) continue
      const found = other.values[position]!
      if (
        isFloatAtom(value) && isFloatAtom(found)
          ? !near(value.float, found.float, tolerance)
          : !sameButFloats(value, found, tolerance)
      )
        return `${name}[${position}]: ${atomText(value)} against ${atomText(found)}`
    }
  }
  return undefined
}

function sameButFloats(expected: Atom, got: Atom, tolerance: Tolerance): boolean {
  if (isPairs(expected) && isPairs(got)) {
    return (
      expected.pairs.length === got.pairs.length &&
      expected.pairs.every(([key, value], position) => {
        const [otherKey, other] = got.pairs[position]!
        return (
          key === otherKey &&
          (isFloatAtom(value) && isFloatAtom(other)
            ? near(value.float, other.float, tolerance)
            : sameButFloats(value, other, tolerance))
        )
      })
    )
  }
  return atomText(expected) === atomText(got)
}

function isFloatAtom(atom: Atom): atom is { readonly float: number } {
  return typeof atom === 'object' && atom !== null && 'float' in atom
}
function isPairs(atom: Atom): atom is { readonly pairs: readonly (readonly [string, Atom])[] } {
  return typeof atom === 'object' && atom !== null && 'pairs' in atom
}
