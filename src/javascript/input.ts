/**
 * What a caller of the library hands in: rows, columns or tensors of JavaScript values, read and fitted to the signature.
 * Lists of values are read as the same values in a request (`dataframe_records`, `dataframe_split`, `inputs`); typed arrays
 * and tensors have a type already and are fitted as MLflow fits arrays in process.
 */
import type { Batch, Cell, Column, Frame, Tensor } from '../batch.ts'
import type { NumericArray } from '../dtype.ts'
import { type EnforcedRequest, enforceBody, enforceParams, enforceTyped, type Mode, type Warning } from '../enforce/index.ts'
import { MlmodelError, problemMessage } from '../errors/index.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import { type Schema, type Signature, specNames, type ValueType } from '../signature.ts'
import { cellOf, entriesOf, isTypedArray, nameOf, paramsCell, typedValues } from './cell.ts'
import { readOrdinaryLists, readOrdinaryRows } from './ordinary.ts'
import { isTensorInput, type TensorInput, tensorOf } from './tensor.ts'

/** A column: values as a row has them, or a typed array. */
export type ColumnInput = readonly unknown[] | NumericArray

/** Rows as objects, nested lists for one array, columns or tensors by name, one tensor, or a batch of this library. */
export type ModelInput =
  | readonly object[]
  | readonly unknown[]
  | NumericArray
  | TensorInput
  | Batch
  | { readonly [name: string]: ColumnInput | TensorInput }

export interface ReadInputOptions {
  readonly mode: Mode
  readonly limits?: Limits
  readonly isSignatureFromTypeHint?: boolean
}

/**
 * Reads and enforces.
 *
 * @param params - an object of values, or absent for the defaults
 * @throws VALUE_NO_DATA, INPUT_NO_FORM, COLUMNS_UNEVEN, TENSOR_DATA; kinds `body`, `signature`, `params` with all problems
 */
export function readInput(
  input: unknown,
  params: unknown,
  signature: Signature | undefined,
  options: ReadInputOptions,
): Omit<EnforcedRequest, 'llm'> {
  const reading: Reading = { params: paramsCell(params), signature, options }
  if (isBatch(input)) return typed(input, reading)
  if (isTypedArray(input)) return typed({ kind: 'array', tensor: vectorOf(input) }, reading)
  if (isTensorInput(input)) return typed({ kind: 'array', tensor: tensorOf(input, []) }, reading)
  if (Array.isArray(input)) return readList(input, reading)
  const entries = entriesOf(input)
  if (entries === undefined || entries.length === 0) throw new MlmodelError('INPUT_NO_FORM', { found: nameOf(input) })
  return readNamed(entries, reading)
}

interface Reading {
  readonly params: Cell | undefined
  readonly signature: Signature | undefined
  readonly options: ReadInputOptions
}

function isBatch(input: unknown): input is Batch {
  const kind = (input as { kind?: unknown } | null | undefined)?.kind
  return kind === 'frame' || kind === 'array' || kind === 'named' || kind === 'value'
}

function typed(data: Batch, { params, signature, options }: Reading): Omit<EnforcedRequest, 'llm'> {
  const fitted = enforceTyped(data, signature, options.mode)
  const checked = enforceParams(params, signature, options.mode)
  return { data: fitted.data, params: checked.params, warnings: [...fitted.warnings, ...checked.warnings] }
}

function asBody(form: string, value: Cell, { params, signature, options }: Reading): Omit<EnforcedRequest, 'llm'> {
  const body = new Map([[form, value]])
  if (params !== undefined) body.set('params', params)
  return enforceBody(body, signature, {
    mode: options.mode,
    limits: options.limits ?? defaultLimits,
    schemaFlags: { isSignatureFromTypeHint: options.isSignatureFromTypeHint },
  })
}

/** Data that fits already: only the params are left to be enforced. */
function fitting(data: Batch, { params, signature, options }: Reading): Omit<EnforcedRequest, 'llm'> {
  return { data, ...enforceParams(params, signature, options.mode) }
}

/** Rows where there are objects, else one array as nested lists. */
function readList(list: readonly unknown[], reading: Reading): Omit<EnforcedRequest, 'llm'> {
  const ordinary =
    reading.options.isSignatureFromTypeHint === true ? undefined : readOrdinaryRows(list, reading.signature?.inputs)
  if (ordinary !== undefined) return fitting(ordinary, reading)
  const isRow = (item: unknown): boolean => entriesOf(item) !== undefined && !isTensorInput(item)
  if (!list.every(isRow)) {
    const odd = list.some(isRow) ? list.findIndex((item) => !isRow(item)) : -1
    if (odd >= 0)
      throw new MlmodelError(
        'VALUE_NO_DATA',
        { found: nameOf(list[odd]), why: 'the other rows are objects' },
        { where: { row: odd + 1 } },
      )
    return asBody('inputs', cellOf(list, undefined, ['inputs']), reading)
  }
  const types = typesByName(reading.signature?.inputs)
  const rows = list.map((row, index) => {
    const cells = new Map<string, Cell>()
    for (const [name, value] of entriesOf(row)!) {
      if (value !== undefined) cells.set(name, cellOf(value, types.get(name), ['dataframe_records', index, name]))
    }
    return cells
  })
  return asBody('dataframe_records', rows, reading)
}

/** The types of columns by name; none where the signature wants tensors. */
function typesByName(schema: Schema | undefined): ReadonlyMap<string, ValueType> {
  if (schema?.kind !== 'columns') return new Map()
  const names = specNames(schema)
  return new Map(schema.columns.map(({ type }, index) => [String(names[index]), type]))
}

type Named = readonly (readonly [string, unknown])[]

function readNamed(entries: Named, reading: Reading): Omit<EnforcedRequest, 'llm'> {
  for (const [name, value] of entries) {
    if (!Array.isArray(value) && !isTypedArray(value) && !isTensorInput(value)) {
      throw new MlmodelError('INPUT_NO_FORM', { found: `${nameOf(value)} in \`${name}\`` }, { where: { column: name } })
    }
  }
  const lists = entries.filter(([, value]) => Array.isArray(value))
  const arrays = entries.filter(([, value]) => !Array.isArray(value))
  const schema = reading.signature?.inputs
  const asTensors =
    arrays.some(([, value]) => isTensorInput(value)) || (schema?.kind === 'tensors' && schema.tensors[0]!.name !== undefined)
  const read = asTensors ? readTensors : readColumns
  const whole = asTensors ? undefined : rowsOf(entries)
  if (arrays.length === 0) return read(lists, whole, reading)
  const batch = (): Batch => (asTensors ? { kind: 'named', items: namedTensors(arrays) } : frameOf(arrays))
  if (lists.length === 0) return typed(batch(), reading)
  const named = schema !== undefined && specNames(schema).every((name) => typeof name === 'string')
  if (!named) {
    // Nothing to tell the two apart by: lists get the types they have by themselves.
    const inferred = read(lists, whole, { ...reading, params: undefined, signature: undefined })
    const names = entries.map(([name]) => name)
    return typed(ordered(join(inferred.data, batch()), names), reading)
  }
  return merge(
    entries,
    schema,
    [
      {
        names: lists.map(([name]) => name),
        read: (inputs) => read(lists, whole, { ...reading, params: undefined, signature: { inputs } }),
      },
      {
        names: arrays.map(([name]) => name),
        read: (inputs) => typed(batch(), { ...reading, params: undefined, signature: { inputs } }),
      },
    ],
    reading,
  )
}

interface Part {
  readonly names: readonly string[]
  read(schema: Schema): Omit<EnforcedRequest, 'llm'>
}

/** Lists are fitted as a request, arrays as arrays, each to its part of the signature; what is missing is missed once. */
function merge(
  entries: Named,
  schema: Schema,
  parts: readonly Part[],
  { params, signature, options }: Reading,
): Omit<EnforcedRequest, 'llm'> {
  const given = entries.map(([name]) => name)
  const names = specNames(schema).map(String)
  const required = names.filter((_, index) => schema.kind === 'tensors' || schema.columns[index]!.required)
  const missing = required.filter((name) => !given.includes(name))
  const extra = given.filter((name) => !names.includes(name))
  if (missing.length > 0) {
    const problem = { code: 'COLUMNS_MISSING', arguments: { missing, extra }, where: {} } as const
    throw new MlmodelError('DATA_MISMATCH', { count: 1, first: problemMessage(problem) }, { problems: [problem] })
  }
  const failures: MlmodelError[] = []
  const batches: Batch[] = []
  const warnings: Warning[] = []
  for (const part of parts) {
    const inputs = restricted(schema, part.names)
    if (inputs === undefined) {
      const ignored = { code: 'COLUMNS_IGNORED', arguments: { columns: part.names } } as const
      warnings.push({ ...ignored, message: problemMessage({ ...ignored, where: {} }) })
      continue
    }
    try {
      const { data, warnings: more } = part.read(inputs)
      batches.push(data)
      warnings.push(...more)
    } catch (error) {
      if (!(error instanceof MlmodelError) || error.problems.length === 0) throw error
      failures.push(error)
    }
  }
  const [failure] = failures
  if (failure !== undefined) {
    const problems = failures.flatMap((one) => one.problems)
    throw new MlmodelError(failure.code, { ...failure.arguments, count: problems.length } as never, {
      where: failure.where,
      problems,
    })
  }
  const checked = enforceParams(params, signature, options.mode)
  const data = ordered(batches.reduce(join), names)
  return { data, params: checked.params, warnings: [...warnings, ...checked.warnings] }
}

/** The part of a schema for some names; undefined where it has none of them. */
function restricted(schema: Schema, wanted: readonly string[]): Schema | undefined {
  const isWanted = ({ name }: { readonly name?: string | number }): boolean => wanted.includes(String(name))
  if (schema.kind === 'tensors') {
    const tensors = schema.tensors.filter(isWanted)
    return tensors.length === 0 ? undefined : { kind: 'tensors', tensors }
  }
  const columns = schema.columns.filter(isWanted)
  return columns.length === 0 ? undefined : { kind: 'columns', columns }
}

function join(first: Batch, second: Batch): Batch {
  if (first.kind === 'frame' && second.kind === 'frame')
    return { kind: 'frame', rows: first.rows, columns: [...first.columns, ...second.columns] }
  if (first.kind === 'named' && second.kind === 'named')
    return { kind: 'named', items: new Map([...first.items, ...second.items]) }
  throw new MlmodelError('INPUT_NO_FORM', { found: 'columns beside tensors' })
}

function ordered(batch: Batch, names: readonly string[]): Batch {
  const at = (name: string | number): number => names.indexOf(String(name))
  if (batch.kind === 'frame') return { ...batch, columns: batch.columns.toSorted((one, other) => at(one.name) - at(other.name)) }
  if (batch.kind === 'named')
    return { kind: 'named', items: new Map([...batch.items].sort(([one], [other]) => at(one) - at(other))) }
  return batch
}

function rowsOf(entries: Named): number {
  const lengths = entries.map(([name, value]) => [name, (value as readonly unknown[]).length] as const)
  const [first, rows] = lengths[0]!
  const odd = lengths.find(([, length]) => length !== rows)
  if (odd !== undefined) {
    throw new MlmodelError('COLUMNS_UNEVEN', { column: odd[0], rows: odd[1], first, wanted: rows }, { where: { column: odd[0] } })
  }
  return rows
}

function readColumns(lists: Named, rows: number | undefined, reading: Reading): Omit<EnforcedRequest, 'llm'> {
  const ordinary =
    reading.options.isSignatureFromTypeHint === true ? undefined : readOrdinaryLists(lists, rows ?? 0, reading.signature?.inputs)
  if (ordinary !== undefined) return fitting(ordinary, reading)
  const types = typesByName(reading.signature?.inputs)
  const data = Array.from({ length: rows ?? 0 }, (_, row) =>
    lists.map(([name, list], column) =>
      cellOf((list as readonly unknown[])[row], types.get(name), ['dataframe_split', 'data', row, column]),
    ),
  )
  const split = new Map<string, Cell>([
    ['columns', lists.map(([name]) => name)],
    ['data', data],
  ])
  return asBody('dataframe_split', split, reading)
}

function readTensors(lists: Named, _rows: number | undefined, reading: Reading): Omit<EnforcedRequest, 'llm'> {
  const types = typesByName(reading.signature?.inputs)
  const values = new Map(lists.map(([name, list]) => [name, cellOf(list, arrayOf(types.get(name)), ['inputs', name])]))
  return asBody('inputs', values, reading)
}

function arrayOf(items: ValueType | undefined): ValueType | undefined {
  return items === undefined ? undefined : { kind: 'array', items }
}

function frameOf(arrays: Named): Frame {
  const columns = arrays.map(([name, array]): Column => ({ name, ...typedValues(array as NumericArray) }))
  return { kind: 'frame', rows: columns[0]!.values.length, columns }
}

function namedTensors(arrays: Named): Map<string, Tensor> {
  return new Map(
    arrays.map(([name, value]) => [name, isTensorInput(value) ? tensorOf(value, [name]) : vectorOf(value as NumericArray)]),
  )
}

function vectorOf(array: NumericArray): Tensor {
  return { ...typedValues(array), shape: [array.length] }
}
