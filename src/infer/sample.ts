/** A sample of data as Python would hold it: a DataFrame, an ndarray, a dict of ndarrays, or any value. */
import { type Batch, type Cell, type CellMap, isCellMap, isTensor, type Tensor } from '../batch.ts'
import { readCsv } from '../data/csv/read.ts'
import { detectFormat, headBytes, type InputFormat, inputFormatNames } from '../data/format.ts'
import { readJsonLines } from '../data/json-lines.ts'
import { readNpy, readNpyHeader } from '../data/npy.ts'
import { peek, readWhole, type Source } from '../data/source.ts'
import { readTable as readFrames } from '../data/table.ts'
import { readInstances } from '../enforce/array-forms.ts'
import { readFrame } from '../enforce/frame-forms.ts'
import { csvPlan } from '../enforce/index.ts'
import { makeArray } from '../enforce/numpy.ts'
import { makeTable, type Name, type Table } from '../enforce/pandas-frame.ts'
import { openReport } from '../enforce/report.ts'
import { Refusal, raising } from '../enforce/sink.ts'
import { tableOfFrame } from '../enforce/table-of-frame.ts'
import type { ValueDtype } from '../enforce/values.ts'
import { MlmodelError } from '../errors/index.ts'
import { parseJson } from '../json.ts'
import { defaultLimits, type Limits } from '../limits.ts'
import type { ValueType } from '../signature.ts'
import { openZip } from '../zip.ts'
import { inferColumns, joinColumns } from './schema.ts'

export interface SampleColumn {
  readonly name: Name
  /** A refusal where MLflow finds no type. */
  readonly type: ValueType | Refusal
  readonly missing: boolean
}

export interface SampleArray {
  readonly tensor: Tensor
  /** NumPy's name of the element type where ours says less (`datetime64[D]`). */
  readonly numpyDtype?: string
}

export type Sample =
  /** `head` is the beginning of the table. */
  | { readonly kind: 'table'; readonly columns: readonly SampleColumn[]; readonly rows: number; readonly head: Table }
  | { readonly kind: 'array'; readonly array: SampleArray }
  | { readonly kind: 'arrays'; readonly arrays: ReadonlyMap<string, SampleArray> }
  | { readonly kind: 'value'; readonly value: Cell }

/** What a value of JSON is to be in Python; `value` leaves lists lists and objects dicts. */
export const sampleKinds = ['table', 'array', 'value'] as const
export type SampleKind = (typeof sampleKinds)[number]

export interface SampleOptions {
  /** A key of `inputFormatNames`; told by content and name when absent. */
  readonly format?: string | undefined
  /** Of a JSON value; absent: by its form. */
  readonly as?: SampleKind | undefined
  /** Element types of arrays in JSON, by name; the empty name is that of the only array. */
  readonly arrayTypes?: ReadonlyMap<string, ValueDtype>
  readonly limits?: Limits
}

export interface ReadSample {
  readonly sample: Sample
  /** `params` beside the data in a request. */
  readonly params?: CellMap
  /** Whether it was a JSON value, the only form that `as` says something of. */
  readonly isJson?: true
}

/**
 * Reads a sample. CSV is read as pandas reads it, streamed; Parquet and Arrow likewise, whole; a line of JSON Lines is a record; JSON is one of the forms of MLflow's server, the `columns` and
 * `data` of an input example, or any value.
 *
 * @throws INFER_FORMAT for images, INFER_DATA, and the errors of the formats
 */
export async function readSample(given: Source, options: SampleOptions = {}): Promise<ReadSample> {
  const { source, format } = await recognise(given, options.format)
  const limits = options.limits ?? defaultLimits
  const where = { file: source.name }
  switch (format) {
    case 'csv':
      return { sample: await sampleOfCsv(source, limits) }
    case 'json': {
      const bytes = await readWhole(source, limits.jsonBytes)
      try {
        return { ...sampleOfJson(parseJson(bytes, { where, limits }).value, options), isJson: true }
      } catch (error) {
        if (error instanceof Refusal) throw new MlmodelError('INFER_DATA', { why: error.message }, { where })
        throw error
      }
    }
    case 'npy':
      return { sample: { kind: 'array', array: readArray(await readWhole(source, limits.arrayBytes), where, limits) } }
    case 'npz':
      return { sample: { kind: 'arrays', arrays: readArrays(await readWhole(source, limits.arrayBytes), where, limits) } }
    case 'parquet':
    case 'arrow':
      return { sample: await sampleOfColumns(source, format, limits) }
    case 'jsonl':
      return { sample: await sampleOfLines(source, limits) }
    default:
      throw new MlmodelError('INFER_FORMAT', { format }, { where })
  }
}

async function recognise(given: Source, asked: string | undefined): Promise<{ source: Source; format: InputFormat }> {
  if (asked !== undefined) return { source: given, format: inputFormatNames[asked]! }
  const { head, source } = await peek(given, headBytes)
  const format = detectFormat(head, source.name)
  if (format === undefined) throw new MlmodelError('INPUT_FORMAT_UNKNOWN', { path: source.name })
  return { source, format }
}

async function sampleOfCsv(source: Source, limits: Limits): Promise<Sample> {
  const plan = csvPlan(undefined, 'untyped', 'compat')
  let sample: (Sample & { kind: 'table' }) | undefined
  for await (const frame of readCsv(source, plan, { limits })) {
    const next = sampleOfTable(tableOfFrame(frame))
    sample =
      sample === undefined
        ? next
        : { ...sample, columns: joinColumns(sample.columns, next.columns), rows: sample.rows + next.rows }
  }
  return sample!
}

/** Whole, because a missing value anywhere makes another type of a column in pandas. */
async function sampleOfColumns(source: Source, format: 'parquet' | 'arrow', limits: Limits): Promise<Sample> {
  for await (const frame of readFrames(source, format, { limits, whole: true })) return sampleOfTable(tableOfFrame(frame))
  throw new MlmodelError('INFER_NOTHING', {}, { where: { file: source.name } })
}

async function sampleOfLines(source: Source, limits: Limits): Promise<Sample> {
  for await (const { body } of readJsonLines(source, { limits, batchRows: Number.POSITIVE_INFINITY })) {
    const { value } = parseJson(body, { where: { file: source.name }, limits })
    return sampleOfTable(readTable('dataframe_records', (value as CellMap).get('dataframe_records')!))
  }
  throw new MlmodelError('INFER_NOTHING', {}, { where: { file: source.name } })
}

/** A table in memory. */
export function sampleOfTable(table: Table): Sample & { kind: 'table' } {
  return { kind: 'table', columns: inferColumns(table), rows: table.rows, head: table }
}

/** Data in memory: what pandas, NumPy or Python would hold it as. */
export function sampleOfBatch(batch: Batch): Sample {
  switch (batch.kind) {
    case 'frame':
      return sampleOfTable(tableOfFrame(batch))
    case 'array':
      return { kind: 'array', array: { tensor: batch.tensor } }
    case 'named': {
      const items = [...batch.items]
      const arrays = new Map(items.flatMap(([name, item]) => (isTensor(item) ? [[name, { tensor: item }] as const] : [])))
      return arrays.size === items.length ? { kind: 'arrays', arrays } : { kind: 'value', value: new Map(items) as CellMap }
    }
    case 'value':
      return { kind: 'value', value: batch.value }
  }
}

function readArray(bytes: Uint8Array, where: { readonly file: string }, limits: Limits): SampleArray {
  const { element } = readNpyHeader(bytes, where, limits)
  const tensor = readNpy(bytes, where, limits)
  return element.unit === undefined ? { tensor } : { tensor, numpyDtype: `datetime64[${element.unit}]` }
}

function readArrays(bytes: Uint8Array, where: { readonly file: string }, limits: Limits): ReadonlyMap<string, SampleArray> {
  const arrays = new Map<string, SampleArray>()
  for (const member of openZip(bytes, where, limits, 'array')) {
    const place = { ...where, path: member.name }
    arrays.set(member.name.replace(/\.npy$/, ''), readArray(member.read(), place, limits))
  }
  return arrays
}

const forms = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const

/** @throws Refusal where pandas or NumPy raise */
function sampleOfJson(document: Cell, { as, arrayTypes }: SampleOptions): ReadSample {
  const form = isCellMap(document) ? forms.find((name) => document.has(name)) : undefined
  const value = form === undefined ? document : (document as CellMap).get(form)!
  const given = form === undefined ? undefined : (document as CellMap).get('params')
  const params = isCellMap(given) ? { params: given } : {}
  if (form === 'dataframe_split' || form === 'dataframe_records')
    return { sample: sampleOfTable(readTable(form, value)), ...params }
  if (form === undefined && as === undefined && isSplit(value))
    return { sample: sampleOfTable(readTable('dataframe_split', value)) }
  if (as === 'table') return { sample: sampleOfTable(makeTable(value)), ...params }
  if (as === 'array' || (as === undefined && arrayTypes !== undefined && form !== 'instances'))
    return { sample: sampleOfArrays(value, arrayTypes), ...params }
  if (form === 'instances' && as === undefined) return { sample: sampleOfInstances(value, arrayTypes), ...params }
  return { sample: { kind: 'value', value }, ...params }
}

/** The form in which MLflow stores a DataFrame as an input example. */
function isSplit(value: Cell): boolean {
  if (!isCellMap(value) || !Array.isArray(value.get('data'))) return false
  return [...value.keys()].every((key) => key === 'columns' || key === 'data' || key === 'index')
}

function readTable(form: 'dataframe_split' | 'dataframe_records', value: Cell): Table {
  const report = openReport('compat')
  const table = readFrame(form, value, undefined, report)
  report.finish()
  return table ?? report.fail()
}

function sampleOfArrays(value: Cell, types: SampleOptions['arrayTypes']): Sample {
  const rows = Array.isArray(value) && value.length > 0 && (value as readonly Cell[]).every(isCellMap)
  if (rows) return sampleOfInstances(value, types)
  if (!isCellMap(value)) return { kind: 'array', array: { tensor: makeArray(value, types?.get(''), raising) } }
  const arrays = new Map([...value].map(([name, item]) => [name, { tensor: makeArray(item, types?.get(name), raising) }]))
  return { kind: 'arrays', arrays }
}

/** Rows of objects become an array for each name. */
function sampleOfInstances(value: Cell, types: SampleOptions['arrayTypes']): Sample {
  const rows = Array.isArray(value) && isCellMap((value as readonly Cell[])[0])
  if (types !== undefined && rows) {
    const names = new Set((value as readonly CellMap[]).flatMap((row) => [...row.keys()]))
    const stacked = new Map<string, Cell>()
    for (const name of names)
      stacked.set(
        name,
        (value as readonly CellMap[]).map((row) => row.get(name) ?? null),
      )
    return sampleOfArrays(stacked, types)
  }
  if (!rows) return sampleOfArrays(value, types)
  const report = openReport('compat')
  const read = readInstances(value, undefined, report)
  report.finish()
  const arrays = new Map<string, SampleArray>()
  if (isCellMap(read)) for (const [name, tensor] of read) if (isTensor(tensor)) arrays.set(name, { tensor })
  return { kind: 'arrays', arrays }
}
