/** What a model of the set must answer to a file: MLflow's answer, or by L9, X4, X5 and X9 an answer where MLflow has none. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Canonical, canonicalOfBatch, canonicalOfOracle, type Foreign } from './canonical.ts'
import type { Tolerance } from './compare.ts'
import { inputOf, sharedRows } from './inputs.ts'
import type { Library } from './package-under-test.ts'
import { contentTypeOf } from './rules/x7.ts'
import { readSpec, type Spec } from './spec.ts'
import { isTable, jsonOf, readTable, tableInput } from './typed-table.ts'

/** A model of the set, with what its expected.json says. */
export interface Subject {
  readonly library: Library
  readonly name: string
  readonly folder: string
  readonly cases: readonly Foreign[]
  readonly native: Foreign
  readonly schema: Foreign
  readonly signature: Foreign
  readonly tolerance: Tolerance
  /** Written, and answered, by an older MLflow. */
  readonly old: boolean
}

export type Wanted =
  | { readonly ok: true; readonly output: Canonical; readonly rule?: string; readonly rows?: readonly boolean[] }
  | { readonly ok: false; readonly status: number; readonly rule?: string }

/** The answer that a case of a model that runs asks for: MLflow's, or a rule's. */
export function wantedOf(subject: Subject, given: Foreign, bytes: Buffer, mode: 'strict' | 'compat'): Wanted {
  if (given.differs_from_first) return asFirst(subject)
  if (mode === 'compat') {
    if (given.ok) return { ok: true, output: canonicalOfOracle(given.output) }
    const status = given.error?.http_status ?? 400
    return given.via !== 'invocations' || status === 500 ? { ok: false, status: 400 } : { ok: false, status }
  }
  const spec = readSpec(subject.schema)
  const flattened = given.ok ? keptRank(subject, given, spec, bytes) : undefined
  if (flattened !== undefined) return flattened
  if (given.ok) return { ok: true, output: canonicalOfOracle(given.output) }
  const accepted = acceptedOf(subject, given, spec, bytes)
  return accepted ?? { ok: false, status: given.via === 'invocations' ? crashAs400(given.error?.http_status ?? 400) : 400 }
}

function crashAs400(status: number): number {
  return status === 500 ? 400 : status
}

function asFirst(subject: Subject): Wanted {
  const first = subject.cases.find(({ file, ok }) => file === 'input.json' && ok) ?? subject.cases.find(({ ok }) => ok)
  return { ok: true, output: canonicalOfOracle(first.output) }
}

/** L9: where MLflow flattened a table's outputs to more rows than went in, the tensors that the same model gave elsewhere. */
function keptRank(subject: Subject, given: Foreign, spec: Spec | undefined, bytes: Buffer): Wanted | undefined {
  const output = canonicalOfOracle(given.output)
  if (output.kind !== 'frame') return undefined
  const rows = rowsOf(subject, spec, given, bytes)
  if (rows === undefined || rows === output.rows || rows === 0) return undefined
  const whole = subject.native !== undefined ? canonicalOfOracle(subject.native) : unflattened(output, rows)
  return whole === undefined ? undefined : { ok: true, output: whole, rule: 'L9' }
}

function rowsOf(subject: Subject, spec: Spec | undefined, given: Foreign, bytes: Buffer): number | undefined {
  if (isTable(given.file)) return readTable(subject.library, given.file, bytes).rows
  const mime = given.file.endsWith('.csv') ? 'text/csv' : 'application/json'
  if (spec === undefined)
    return given.file.endsWith('.csv')
      ? bytes
          .toString('utf8')
          .trimEnd()
          .split(/\r\n|\n|\r/).length - 1
      : undefined
  const input = inputOf(spec, mime, bytes.toString('utf8'))
  return input?.kind === 'frame' ? input.rows : undefined
}

/** `reshape(-1)` undone: as many values a row as there are. */
function unflattened(output: Extract<Canonical, { kind: 'frame' }>, rows: number): Canonical | undefined {
  if (output.rows % rows !== 0) return undefined
  return {
    kind: 'named',
    items: output.columns.map(
      ({ name, dtype, values }) => [String(name), { kind: 'tensor', dtype, shape: [rows, output.rows / rows], values }] as const,
    ),
  }
}

/** X4, X5, X9 and L9: what we answer where MLflow refuses; undefined where we refuse as well. */
function acceptedOf(subject: Subject, given: Foreign, spec: Spec | undefined, bytes: Buffer): Wanted | undefined {
  const text = bytes.toString('utf8')
  const mime = given.file.endsWith('.csv')
    ? 'text/csv'
    : given.via === 'invocations'
      ? contentTypeOf(given.content_type).mime
      : 'application/json'
  const matrix = given.file.endsWith('.npy')
  const table = isTable(given.file)
  const input = matrix
    ? matrixColumns(subject, bytes)
    : table
      ? tableInput(subject.library, spec, given.file, bytes)
      : given.file.endsWith('.npz')
        ? undefined
        : inputOf(spec, mime, text)
  if (input === undefined) return undefined
  const tensorCsv = spec?.kind === 'tensors' && mime === 'text/csv'
  // A body that only the model refused (X5, L9), CSV by the signature (X9), CSV for tensors and NPY for columns (X4).
  const evaluated = table
    ? spec?.kind === 'columns'
    : given.via === 'invocations' && /evaluating the model/.test(given.error?.message ?? '')
  const rule =
    matrix || tensorCsv || (table && spec?.kind === 'tensors')
      ? 'X4'
      : given.via === 'cli'
        ? 'X9'
        : evaluated
          ? /same length/.test(`${given.error?.last_line} ${given.error?.message}`)
            ? 'L9'
            : 'X5'
          : undefined
  if (rule === undefined) return undefined
  const main = reference(subject, spec, input)
  return main === undefined ? undefined : { ok: true, ...main, rule }
}

/** What the model answers to this input: the library's own answer, or an answer of MLflow's to the same rows. */
export function reference(
  subject: Subject,
  spec: Spec | undefined,
  input: Canonical,
): { output: Canonical; rows?: readonly boolean[] } | undefined {
  const texts = (file: string) => readFileSync(join(subject.folder, file), 'utf8')
  if (subject.native !== undefined) {
    // The native answer is to the main form.
    const main = subject.cases.find(({ file }) => file === 'input.json')
    const rows = main === undefined ? undefined : sharedRows(inputOf(spec, 'application/json', texts(main.file)), input)
    return rows === undefined ? undefined : { output: canonicalOfOracle(subject.native), rows }
  }
  for (const other of subject.cases) {
    if (!other.ok || other.differs_from_first || !/\.(json|csv)$/.test(other.file)) continue
    const rows = sharedRows(
      inputOf(spec, other.file.endsWith('.csv') ? 'text/csv' : 'application/json', texts(other.file)),
      input,
    )
    if (rows !== undefined) return { output: canonicalOfOracle(other.output), rows }
  }
  return undefined
}

/** X4: an NPY matrix for named columns, as wide as the signature. */
export function matrixColumns(subject: Subject, bytes: Buffer): Canonical | undefined {
  const spec = readSpec(subject.schema)
  const tensor = canonicalOfBatch({ kind: 'array', tensor: subject.library.readNpy(bytes, {}) })
  if (
    spec?.kind !== 'columns' ||
    tensor.kind !== 'tensor' ||
    tensor.shape.length !== 2 ||
    tensor.shape[1] !== spec.columns.length
  )
    return undefined
  const width = spec.columns.length
  const text = { dataframe_split: { columns: spec.columns.map(({ name }) => name), data: [] } }
  const rows = Array.from(
    { length: tensor.shape[0]! },
    (_, row) =>
      `[${tensor.values
        .slice(row * width, (row + 1) * width)
        .map(jsonOf)
        .join(',')}]`,
  )
  return inputOf(spec, 'application/json', JSON.stringify(text).replace('"data":[]', `"data":[${rows.join(',')}]`))
}
