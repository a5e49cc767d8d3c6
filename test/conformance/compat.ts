/** Where compat mode may differ from the oracle: a float that C casts to an integer type which cannot hold it. */

import { readBody } from './body.ts'
import type { CanonicalColumn, CanonicalTensor, Foreign } from './canonical.ts'
import { canonicalText } from './canonical.ts'
import type { Got } from './enforce.ts'
import type { Answer } from './reading.ts'
import { numberOf } from './rules/leaf.ts'
import { integerRange, readSpec } from './spec.ts'
import { layOut, type RawCell } from './table.ts'

/**
 * Whether a case of a dataframe form casts a float out of an integer type's range (undefined in C: x86 gives the lowest
 * integer), and our answer is an error or differs only in values of such columns.
 */
export function isUndefinedCast(given: Foreign, outcome: Extract<Answer, { ok: true }>, got: Got): boolean {
  const spec = readSpec(given.schema)
  const body = readBody(given.body)
  if (spec === undefined || body === undefined) return false
  const layout = layOut(body, spec)
  if (layout === undefined || (layout.form !== 'split' && layout.form !== 'records')) return false
  const specs =
    spec.kind === 'columns'
      ? spec.columns.map(({ name, type }) => ({ name, type: type.kind === 'scalar' ? type.name : '' }))
      : spec.tensors.map(({ name, dtype }) => ({ name, type: dtype }))
  const undefinedNames = new Set<string>()
  for (const [position, { name, type }] of specs.entries()) {
    const cells = (name === undefined ? [...layout.columns.values()][position] : layout.columns.get(name)) ?? []
    if (castsUndefined(type, cells)) undefinedNames.add(String(name ?? [...layout.columns.keys()][position]))
  }
  if (undefinedNames.size === 0) return false
  if (!got.ok) return got.status === 400
  return canonicalText(without(outcome.parsed, undefinedNames)) === canonicalText(without(got.parsed, undefinedNames))
}

function castsUndefined(type: string, cells: readonly RawCell[]): boolean {
  const range = integerRange(type)
  const numbers = cells.map(numberOf)
  // One float (or null) makes the whole column floats.
  if (range === undefined || !cells.some((cell) => typeof cell === 'object' && cell !== null && 'float' in cell)) return false
  return numbers.some((number) => number !== undefined && (number < Number(range[0]) || number > Number(range[1])))
}

function without(
  parsed: Extract<Answer, { ok: true }>['parsed'],
  names: ReadonlySet<string>,
): Extract<Answer, { ok: true }>['parsed'] {
  const blank = <Part extends CanonicalColumn | CanonicalTensor>(part: Part): Part => ({ ...part, values: [] })
  if (parsed.kind === 'frame')
    return { ...parsed, columns: parsed.columns.map((column) => (names.has(String(column.name)) ? blank(column) : column)) }
  if (parsed.kind === 'tensor') return blank(parsed)
  if (parsed.kind !== 'named') return parsed
  return {
    ...parsed,
    items: parsed.items.map(([name, item]) => [name, names.has(name) && item.kind === 'tensor' ? blank(item) : item] as const),
  }
}
