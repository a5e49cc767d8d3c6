/**
 * One form for what MLflow recorded (`parsed` and `output` of the oracle, README there) and for what the product gives,
 * so that the two can be compared: exactly, or within a tolerance.
 *
 * Not told apart, as the oracle's README allows: a Python scalar and a NumPy scalar of the same kind, a list and an array
 * of cells, and None, NaN and NA in a column of text or bytes.
 */
import type { Batch, Cell, Column, Frame, Tensor } from '../../src/batch.ts'
import { readIso } from './moment.ts'

/** A value without a fixed type; `integer` and `float` stay apart. */
export type Atom =
  | null
  | boolean
  | string
  | { readonly integer: bigint }
  | { readonly float: number }
  | { readonly bytes: string }
  | { readonly moment: bigint | null; readonly date: boolean }
  | { readonly other: string }
  | readonly Atom[]
  | { readonly pairs: readonly (readonly [string, Atom])[] }

export type ColumnClass = string

export interface CanonicalColumn {
  readonly name: string | number
  /** NumPy's name; `string` and `bytes` for columns of text or bytes however pandas holds them; `missing` when nothing is there. */
  readonly dtype: string
  /** How pandas holds text, when the dtype is `string`: `str` or `object`. */
  readonly pandas?: 'str' | 'object'
  readonly values: readonly Atom[]
}
export interface CanonicalFrame {
  readonly kind: 'frame'
  readonly rows: number
  /** Absent for 0, 1, 2, … */
  readonly index?: readonly Atom[]
  readonly columns: readonly CanonicalColumn[]
}
export interface CanonicalTensor {
  readonly kind: 'tensor'
  readonly dtype: string
  readonly shape: readonly number[]
  readonly values: readonly Atom[]
}
export interface CanonicalNamed {
  readonly kind: 'named'
  readonly items: readonly (readonly [string, CanonicalTensor | CanonicalValue])[]
}
export interface CanonicalValue {
  readonly kind: 'value'
  readonly value: Atom
}
export type Canonical = CanonicalFrame | CanonicalTensor | CanonicalNamed | CanonicalValue

// The oracle's JSON, read with JSON.parse: its integers beyond 2^53 are text.
// biome-ignore lint/suspicious/noExplicitAny: a foreign document; every branch checks what it reads
export type Foreign = any

/** The canonical form of an oracle's `parsed` or `output`. */
export function canonicalOfOracle(parsed: Foreign): Canonical {
  switch (parsed.kind) {
    case 'dataframe': {
      const columns = parsed.columns.map((column: Foreign) =>
        settle(
          nameOf(column.name),
          column.dtype,
          column.values.map((value: Foreign) => atomOfDtype(value, column.dtype)),
        ),
      )
      const index = parsed.index === 'range' ? undefined : parsed.index.map(atomOfTag)
      return frame(parsed.rows, columns, index)
    }
    case 'tensor':
      return tensorOfOracle(parsed)
    case 'dict':
      return {
        kind: 'named',
        items: parsed.items.map(([key, value]: [string, Foreign]) => [key, memberOfOracle(value)] as const),
      }
    case 'list':
      return { kind: 'value', value: parsed.values.map(atomOfTag) }
    case 'scalar':
      return { kind: 'value', value: atomOfTag(parsed.value) }
    case 'series':
      return {
        kind: 'tensor',
        dtype: plainDtype(parsed.dtype),
        shape: [parsed.values.length],
        values: parsed.values.map((value: Foreign) => atomOfDtype(value, parsed.dtype)),
      }
    default:
      throw new Error(`unknown kind ${String(parsed.kind)}`)
  }
}

/** pandas names the columns of data without names by position, as Python's or NumPy's integers. */
function nameOf(name: Foreign): string | number {
  const atom = atomOfTag(name)
  if (typeof atom === 'string') return atom
  return typeof atom === 'object' && atom !== null && 'integer' in atom ? Number(atom.integer) : atomText(atom)
}

function memberOfOracle(value: Foreign): CanonicalTensor | CanonicalValue {
  if (value !== null && typeof value === 'object' && value.kind === 'tensor') return tensorOfOracle(value)
  if (value !== null && typeof value === 'object' && value.kind === 'list')
    return { kind: 'value', value: value.values.map(atomOfTag) }
  return { kind: 'value', value: atomOfTag(value) }
}

function tensorOfOracle(tensor: Foreign): CanonicalTensor {
  return settleTensor(
    tensor.dtype,
    tensor.shape,
    tensor.values.map((value: Foreign) => atomOfDtype(value, tensor.dtype)),
  )
}

/** A value of `values` where the dtype says its type; tagged where the dtype is `object`. */
function atomOfDtype(value: Foreign, dtype: string): Atom {
  if (dtype === 'object') return atomOfTag(value)
  if (/^u?int\d+$/.test(dtype)) return { integer: BigInt(value) }
  if (/^float\d+$/.test(dtype)) return { float: floatOf(value) }
  if (dtype.startsWith('datetime64')) return { moment: momentOf(value), date: false }
  if (dtype === 'bytes') return value === null ? null : { bytes: value }
  return value
}

function floatOf(value: Foreign): number {
  return value === null ? Number.NaN : Number(value)
}

function momentOf(text: string): bigint | null {
  if (text === 'NaT' || text === null) return null
  const read = readIso(text)
  if (read === undefined) throw new Error(`no moment: ${text}`)
  return read.nanoseconds
}

/** A tagged cell. */
export function atomOfTag(value: Foreign): Atom {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(atomOfTag)
  if ('$int' in value) return { integer: BigInt(value.$int) }
  if ('$float' in value) return { float: floatOf(value.$float) }
  if ('$bytes' in value) return { bytes: value.$bytes }
  if ('$np' in value) {
    const dtype = String(value.$np)
    if (dtype.startsWith('|S')) return { bytes: value.v }
    if (dtype.startsWith('<U')) return value.v
    return atomOfDtype(value.v, dtype === 'datetime64' ? 'datetime64[ns]' : dtype)
  }
  if ('$ndarray' in value) {
    const { dtype, shape, values } = value.$ndarray
    return nest(
      values.map((item: Foreign) => atomOfDtype(item, dtype)),
      shape,
    )
  }
  if ('$object' in value) return { pairs: value.$object.map(([key, cell]: [string, Foreign]) => [key, atomOfTag(cell)] as const) }
  if ('$timestamp' in value) return { moment: momentOf(value.$timestamp), date: false }
  if ('$datetime' in value) return { moment: momentOf(value.$datetime), date: false }
  if ('$date' in value) return { moment: momentOf(value.$date), date: true }
  if ('$nat' in value) return { moment: null, date: false }
  if ('$na' in value) return null
  return { other: JSON.stringify(value) }
}

function nest(values: readonly Atom[], shape: readonly number[]): Atom {
  if (shape.length === 0) return values[0] ?? null
  const size = shape.slice(1).reduce((product, dimension) => product * dimension, 1)
  return Array.from({ length: shape[0]! }, (_, row) => nest(values.slice(row * size, (row + 1) * size), shape.slice(1)))
}

/** The canonical form of what the product gives. */
export function canonicalOfBatch(batch: Batch): Canonical {
  switch (batch.kind) {
    case 'frame':
      return canonicalOfFrame(batch)
    case 'array':
      return canonicalOfTensor(batch.tensor)
    case 'named':
      return {
        kind: 'named',
        items: [...batch.items].map(
          ([name, item]) =>
            [name, isTensor(item) ? canonicalOfTensor(item) : ({ kind: 'value', value: atomOfCell(item) } as const)] as const,
        ),
      }
    case 'value':
      return { kind: 'value', value: atomOfCell(batch.value) }
  }
}

function canonicalOfFrame(batch: Frame): CanonicalFrame {
  return frame(batch.rows, batch.columns.map(canonicalOfColumn), batch.index?.map(atomOfCell))
}

function canonicalOfColumn(column: Column): CanonicalColumn {
  const values = Array.from({ length: column.values.length }, (_, row): Atom => {
    if ('validity' in column && column.validity !== undefined && ((column.validity[row >> 3]! >> (row & 7)) & 1) === 0) {
      return column.dtype === 'datetime64'
        ? { moment: null, date: false }
        : column.dtype.startsWith('float')
          ? { float: Number.NaN }
          : null
    }
    return elementAtom(column.dtype, column.values[row] as Foreign)
  })
  const holey = column.dtype === 'bool' && values.includes(null)
  return settle(column.name, holey ? 'object' : column.dtype, values, column.dtype === 'string' ? column.pandas : undefined)
}

function canonicalOfTensor(tensor: Tensor): CanonicalTensor {
  return settleTensor(
    tensor.dtype,
    tensor.shape,
    Array.from(tensor.values as ArrayLike<Foreign>, (value) => elementAtom(tensor.dtype, value)),
  )
}

/** One element of a typed array or list, as `src/batch.ts` says it is held. */
function elementAtom(dtype: string, value: Foreign): Atom {
  if (dtype === 'bool') return value !== 0 && value !== false
  if (/^u?int\d+$/.test(dtype)) return { integer: BigInt(value) }
  if (dtype === 'float16') return { float: halfToNumber(value) }
  if (dtype.startsWith('float')) return { float: value }
  if (dtype.startsWith('datetime64')) return { moment: value === -(2n ** 63n) ? null : value, date: false }
  if (dtype === 'bytes') return value === null ? null : { bytes: Buffer.from(value).toString('base64') }
  if (dtype === 'string') return value
  return atomOfCell(value)
}

/** A cell of the product. */
export function atomOfCell(cell: Cell): Atom {
  if (cell === null || typeof cell === 'boolean' || typeof cell === 'string') return cell
  if (typeof cell === 'bigint') return { integer: cell }
  if (typeof cell === 'number') return { float: cell }
  if (cell instanceof Uint8Array) return { bytes: Buffer.from(cell).toString('base64') }
  if (cell instanceof Map)
    return { pairs: [...(cell as ReadonlyMap<string, Cell>)].map(([key, value]) => [key, atomOfCell(value)] as const) }
  if (Array.isArray(cell)) return (cell as readonly Cell[]).map(atomOfCell)
  if (isTensor(cell as Tensor)) {
    const tensor = cell as Tensor
    return nest(
      Array.from(tensor.values as ArrayLike<Foreign>, (value) => elementAtom(tensor.dtype, value)),
      tensor.shape,
    )
  }
  const moment = cell as { nanoseconds: bigint; kind: string }
  return { moment: moment.nanoseconds === -(2n ** 63n) ? null : moment.nanoseconds, date: moment.kind === 'date' }
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'shape' in value && 'dtype' in value
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 31
  const fraction = half & 1023
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15))
}

function frame(rows: number, columns: readonly CanonicalColumn[], index: readonly Atom[] | undefined): CanonicalFrame {
  // An index that counts 0, 1, 2, … is the one pandas makes.
  const counts =
    index?.every(
      (label, row) => typeof label === 'object' && label !== null && 'integer' in label && label.integer === BigInt(row),
    ) ?? true
  return { kind: 'frame', rows, columns, ...(counts || index === undefined ? {} : { index }) }
}

/** Names a column by what it holds: text, bytes, nothing at all, or its dtype. */
export function settle(
  name: string | number,
  dtype: string,
  values: readonly Atom[],
  pandas?: 'str' | 'object',
): CanonicalColumn {
  const held = classOf(dtype, values)
  if (held === 'string') {
    return { name, dtype: held, pandas: pandas ?? (dtype === 'str' ? 'str' : 'object'), values: values.map(missingIsNull) }
  }
  if (held === 'bytes' || held === 'missing') return { name, dtype: held, values: values.map(missingIsNull) }
  return { name, dtype: held, values }
}

function settleTensor(dtype: string, shape: readonly number[], values: readonly Atom[]): CanonicalTensor {
  const held = classOf(dtype, values)
  const text = held === 'string' || held === 'bytes' || held === 'missing'
  return { kind: 'tensor', dtype: held, shape, values: text ? values.map(missingIsNull) : values }
}

function classOf(dtype: string, values: readonly Atom[]): string {
  const plain = plainDtype(dtype)
  if (plain !== 'object' && plain !== 'string' && plain !== 'bytes') return plain
  const present = values.filter((value) => !isMissing(value))
  if (values.length > 0 && present.length === 0) return 'missing'
  if (plain !== 'object') return plain
  if (present.length === 0) return 'empty'
  if (present.every((value) => typeof value === 'string')) return 'string'
  if (present.every((value) => typeof value === 'object' && value !== null && 'bytes' in value)) return 'bytes'
  return 'object'
}

function plainDtype(dtype: string): string {
  if (dtype === 'str' || dtype === 'string') return 'string'
  return dtype.startsWith('datetime64') ? 'datetime64' : dtype
}

/** None, NaN, NA and NaT. */
export function isMissing(value: Atom): boolean {
  if (value === null) return true
  if (typeof value !== 'object' || Array.isArray(value)) return false
  if ('float' in value) return Number.isNaN(value.float)
  return 'moment' in value && value.moment === null
}

function missingIsNull(value: Atom): Atom {
  return isMissing(value) ? null : value
}

/** A value as one line of text: exact, -0 kept. */
export function atomText(atom: Atom): string {
  if (atom === null) return 'null'
  if (typeof atom === 'boolean') return String(atom)
  if (typeof atom === 'string') return JSON.stringify(atom)
  if (Array.isArray(atom)) return `[${atom.map((item) => atomText(item as Atom)).join(', ')}]`
  if ('integer' in atom) return String(atom.integer)
  if ('float' in atom)
    return Object.is(atom.float, -0)
      ? '-0.0'
      : Number.isInteger(atom.float) && Math.abs(atom.float) < 1e21
        ? `${atom.float}.0`
        : String(atom.float)
  if ('bytes' in atom) return `b:${atom.bytes}`
  if ('moment' in atom) return `${atom.date ? 'date' : 'moment'}:${atom.moment ?? 'NaT'}`
  if ('pairs' in atom) return `{${atom.pairs.map(([key, value]) => `${JSON.stringify(key)}: ${atomText(value)}`).join(', ')}}`
  return (atom as { other: string }).other
}

/** A form as one line of text, for a failure's expected and got. */
export function canonicalText(form: Canonical): string {
  switch (form.kind) {
    case 'frame':
      return `${form.rows} rows: ${form.columns.map((column) => `${String(column.name)} ${column.dtype}${atomText(column.values)}`).join('; ')}${form.index ? ` index ${atomText(form.index)}` : ''}`
    case 'tensor':
      return `${form.dtype}${JSON.stringify(form.shape)} ${atomText(form.values)}`
    case 'named':
      return `{${form.items.map(([name, item]) => `${name}: ${canonicalText(item)}`).join('; ')}}`
    case 'value':
      return atomText(form.value)
  }
}
