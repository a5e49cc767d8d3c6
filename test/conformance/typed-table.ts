/** Parquet and Arrow files as bodies that say the same, and rule X1, which is about the types that only such files have. */
import { type Canonical, type CanonicalFrame, canonicalOfBatch, type Foreign } from './canonical.ts'
import { inputOf } from './inputs.ts'
import type { Library } from './package-under-test.ts'
import type { Answer } from './reading.ts'
import type { Spec } from './spec.ts'

export function isTable(file: string): boolean {
  return /\.(parquet|arrow)$/.test(file)
}

export function readTable(library: Library, file: string, bytes: Buffer): CanonicalFrame {
  return canonicalOfBatch(
    file.endsWith('.arrow') ? library.readArrowBytes(bytes, {}) : library.readParquet(bytes, {}),
  ) as CanonicalFrame
}

/** A table's values as the body that a caller would write: rows for columns and for one tensor (X4), else a list by name. */
export function tableInput(library: Library, spec: Spec | undefined, file: string, bytes: Buffer): Canonical | undefined {
  const { rows, columns } = readTable(library, file, bytes)
  if (spec === undefined || columns.some(({ values }) => values.some((value) => Array.isArray(value)))) return undefined
  const data = Array.from({ length: rows }, (_, row) => `[${columns.map(({ values }) => jsonOf(values[row])).join(',')}]`)
  const names = JSON.stringify(columns.map(({ name }) => name))
  if (spec.kind === 'columns')
    return inputOf(spec, 'application/json', `{"dataframe_split":{"columns":${names},"data":[${data.join(',')}]}}`)
  const [only] = spec.tensors
  const flat = spec.tensors.length === 1 && only!.shape.length === 1
  const inputs =
    spec.tensors.length === 1
      ? `[${flat ? columns[0]!.values.map(jsonOf).join(',') : data.join(',')}]`
      : `{${columns.map(({ name, values }) => `${JSON.stringify(String(name))}:[${values.map(jsonOf).join(',')}]`).join(',')}}`
  const body = spec.tensors.length === 1 && only!.name !== undefined ? `{${JSON.stringify(only!.name)}:${inputs}}` : inputs
  return inputOf(spec, 'application/json', `{"inputs":${body}}`)
}

/** Where MLflow refuses a column's type that holds the signature's values exactly. */
export function predictTable(
  library: Library,
  spec: Spec | undefined,
  file: string,
  bytes: Buffer,
): { rule: string; answer: Answer } | undefined {
  if (spec?.kind !== 'columns') return undefined
  const { columns } = readTable(library, file, bytes)
  let used = false
  for (const { name, type } of spec.columns) {
    const column = columns.find((one) => one.name === name)
    if (type.kind !== 'scalar' || column === undefined) return undefined
    const target = { integer: 'int32', long: 'int64', float: 'float32', double: 'float64' }[type.name as 'long'] ?? type.name
    if (column.dtype === target) continue
    const exact =
      (/^u?int/.test(column.dtype) && /^float/.test(target)) ||
      `${column.dtype} ${target}` === 'int64 int32' ||
      `${column.dtype} ${target}` === 'float64 float32'
    if (!exact || !column.values.every((value) => fits(value as Foreign, target))) return undefined
    used = true
  }
  const parsed = used ? tableInput(library, spec, file, bytes) : undefined
  return parsed === undefined ? undefined : { rule: 'X1', answer: { ok: true, parsed } }
}

/** An integer in range, or one that the float holds; a float64 that a float32 holds or that is rounded to it. */
function fits(value: Foreign, target: string): boolean {
  if (value === null || typeof value !== 'object') return false
  if (!('integer' in value)) return 'float' in value && (Number.isNaN(value.float) || Math.fround(value.float) === value.float)
  if (target === 'int32') return value.integer === BigInt.asIntN(32, value.integer)
  const float = target === 'float32' ? Math.fround(Number(value.integer)) : Number(value.integer)
  return BigInt(float) === value.integer
}

export function jsonOf(atom: Foreign): string {
  if (typeof atom === 'object' && atom !== null && 'integer' in atom) return String(atom.integer)
  if (typeof atom === 'object' && atom !== null && 'float' in atom)
    return Object.is(atom.float, -0)
      ? '-0.0'
      : Number.isInteger(atom.float)
        ? `${atom.float}.0`.replace('e+', 'e').replace(/e(\d+)\.0$/, 'e$1')
        : String(atom.float)
  return JSON.stringify(atom)
}
