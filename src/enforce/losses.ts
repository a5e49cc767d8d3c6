/**
 * The closed list of differences, as far as it is about values: which of them MLflow changed, by which rule, and the right
 * value where the list has one. Judged after the conversion, from the value sent and the value made of it.
 *
 * @see docs/differences.md
 */
import type { ValueType } from '../signature.ts'
import { isBase64 } from './base64.ts'
import type { Layout } from './layout.ts'
import { integerRanges } from './numpy.ts'
import { parseNumpyDatetime } from './numpy-datetime.ts'
import { floatOfText, integerOfText } from './python.ts'
import type { Rule } from './sink.ts'
import { type Cell, isCellMap, isInteger, isList, isMissing } from './values.ts'

/** A value that was sent, and what MLflow made of it. */
export interface Leaf {
  /** A column type of MLflow or an element type. */
  readonly type: string
  readonly form: Layout['form']
  /** Undefined for a key that a row lacks. */
  readonly raw: Cell | undefined
  readonly got: Cell
  /** Inside an array, object or map. */
  readonly nested: boolean
  /** Whether `raw` was written as a number that no double holds. */
  readonly overflow: boolean
}

export interface Verdict {
  readonly rule: Rule
  /** What strict mode gives instead; without it the value is refused. */
  readonly value?: Cell
}

const kinds: Readonly<Record<string, 'boolean' | 'float' | 'text' | 'bytes' | 'date'>> = {
  boolean: 'boolean',
  bool: 'boolean',
  float: 'float',
  double: 'float',
  float16: 'float',
  float32: 'float',
  float64: 'float',
  string: 'text',
  binary: 'bytes',
  bytes: 'bytes',
  datetime: 'date',
  datetime64: 'date',
}

/** What the list says about one value; undefined where nothing was lost. */
export function judge(leaf: Leaf): Verdict | undefined {
  const type = leaf.type === 'integer' ? 'int32' : leaf.type === 'long' ? 'int64' : leaf.type
  if (isInteger(type)) return judgeInteger(leaf, type)
  switch (kinds[type]) {
    case 'boolean':
      return judgeBoolean(leaf)
    case 'float':
      return judgeFloat(leaf)
    case 'text':
      return judgeText(leaf)
    case 'bytes':
      return judgeBytes(leaf)
    case 'date':
      return judgeDate(leaf)
    default:
      return undefined
  }
}

function isAbsent(raw: Cell | undefined): raw is null | undefined {
  return raw === undefined || isMissing(raw)
}

function judgeInteger({ raw }: Leaf, type: string): Verdict | undefined {
  if (typeof raw === 'number' && Number.isFinite(raw) && !Number.isInteger(raw)) return { rule: 'L2' }
  const whole = typeof raw === 'bigint' ? raw : typeof raw === 'string' ? integerOfText(raw) : undefined
  const [least, most] = integerRanges[type]!
  if (whole !== undefined) return whole < least || whole > most ? { rule: 'L1' } : undefined
  if (typeof raw !== 'number' || Number.isNaN(raw)) return undefined
  return raw < Number(least) || raw >= Number(most) + 1 ? { rule: 'L1' } : undefined
}

function judgeBoolean({ raw, got }: Leaf): Verdict | undefined {
  if (typeof got !== 'boolean') return undefined
  if (isAbsent(raw)) return { rule: 'L4' }
  if (typeof raw === 'boolean' || raw === 0n || raw === 1n || raw === 0 || raw === 1) return undefined
  return { rule: 'L3' }
}

function judgeFloat({ raw, got, overflow }: Leaf): Verdict | undefined {
  if (typeof got !== 'number' || Math.abs(got) !== Number.POSITIVE_INFINITY) return undefined
  if (typeof raw === 'number' && !Number.isFinite(raw) && !overflow) return undefined
  if (typeof raw === 'string' && /inf/i.test(raw) && floatOfText(raw) !== undefined) return undefined
  return { rule: 'L6' }
}

function judgeText({ raw, got, nested }: Leaf): Verdict | undefined {
  if (isAbsent(raw)) return isMissing(got) ? undefined : { rule: nested ? 'L8' : 'L4', value: null }
  if (typeof raw === 'string')
    return nested && typeof got === 'string' && isCut(raw, got) ? { rule: 'L8', value: raw } : undefined
  if (typeof raw !== 'bigint') return { rule: 'L10' }
  const digits = String(raw)
  return got === digits ? undefined : { rule: 'L10', value: digits }
}

function isCut(raw: string, got: string): boolean {
  return got !== raw && [...raw][0] === got
}

function judgeBytes({ raw, got, nested, form }: Leaf): Verdict | undefined {
  if (isAbsent(raw)) return isMissing(got) ? undefined : { rule: 'L4', value: null }
  // Bytes come from a caller in this process, never from JSON.
  if (raw instanceof Uint8Array) return undefined
  if (typeof raw !== 'string') return { rule: 'L10' }
  const text = got instanceof Uint8Array ? Buffer.from(got).toString('latin1') : undefined
  if (nested) return text !== undefined && isCut(raw, text) ? { rule: 'L8', value: Buffer.from(raw, 'latin1') } : undefined
  if (form !== 'dataframe_split' && form !== 'dataframe_records') return undefined
  return isBase64(raw) ? undefined : { rule: 'L11' }
}

function judgeDate({ raw }: Leaf): Verdict | undefined {
  if (typeof raw === 'boolean') return { rule: 'L5' }
  if (typeof raw === 'number') {
    if (Number.isFinite(raw) && !Number.isInteger(raw)) return { rule: 'L2' }
    return Number.isNaN(raw) || Math.abs(raw) < 2 ** 63 ? undefined : { rule: 'L5' }
  }
  if (typeof raw !== 'string') return undefined
  const parsed = parseNumpyDatetime(raw.trim().replace(' Z', 'Z').replace(',', '.'))
  if (typeof parsed === 'string') return undefined
  const [least, most] = integerRanges['int64']!
  if (parsed.nanoseconds < least || parsed.nanoseconds > most) return { rule: 'L5' }
  if (parsed.nanoseconds === least && !/^(nat)?$/i.test(raw.trim())) return { rule: 'L5' }
  return /[.,]\d{9}\d*[1-9]/.test(raw) ? { rule: 'L2' } : undefined
}

/** Called with each value that is a leaf of its type; gives the value to go on with. */
export type Visit = (leaf: Pick<Leaf, 'type' | 'raw' | 'got' | 'nested'>, path: readonly (number | string)[]) => Cell

/** Walks a value and what was made of it side by side, as far as both have the shape of the type. */
export function walk(
  type: ValueType,
  raw: Cell | undefined,
  got: Cell,
  visit: Visit,
  path: readonly (number | string)[] = [],
  nested = false,
): Cell {
  switch (type.kind) {
    case 'scalar':
      return visit({ type: type.dataType, raw, got, nested }, path)
    case 'array':
    case 'sparkml_vector': {
      const items: ValueType = type.kind === 'array' ? type.items : { kind: 'scalar', dataType: 'double' }
      if (!isList(raw) || !isList(got) || raw.length !== got.length) return got
      const values = raw.map((item, index) => walk(items, item, got[index]!, visit, [...path, index], true))
      return values.some((value, index) => !Object.is(value, got[index])) ? values : got
    }
    case 'object':
    case 'map': {
      if (!isCellMap(raw) || !isCellMap(got)) return got
      const pairs = [...got].map(([key, item]) => {
        const inner = type.kind === 'map' ? type.values : type.properties.find(({ name }) => name === key)?.type
        return [
          key,
          inner === undefined || !raw.has(key) ? item : walk(inner, raw.get(key), item, visit, [...path, key], true),
        ] as const
      })
      return pairs.some(([key, item]) => !Object.is(item, got.get(key))) ? new Map(pairs) : got
    }
    case 'any':
      return got
  }
}
