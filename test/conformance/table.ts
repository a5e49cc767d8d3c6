/** How MLflow lays a JSON body out as columns: by form, without converting anything. */
import { type Body, isList, isObject, type Raw, type RawObject } from './body.ts'
import type { Spec } from './spec.ts'

/** `llm`: a body with `messages`, `prompt` or `input`, which is one row of values as they are. */
export type Form = 'split' | 'records' | 'instances' | 'inputs' | 'llm' | 'csv'

/** A cell that is not there: a key that a row lacks. */
export const absent = Symbol('absent')
export type RawCell = Raw | typeof absent

export interface Layout {
  readonly form: Form
  /** By name, or by position where the data has no names. */
  readonly columns: ReadonlyMap<string | number, readonly RawCell[]>
  /** `inputs` with one object: whole values by name, before they are taken for columns or for one row. */
  readonly named?: ReadonlyMap<string, Raw>
  /** `inputs` or `instances` with a bare list or scalar. */
  readonly bare?: Raw
  /** `instances` whose rows do not have the same keys. */
  readonly unevenRows: boolean
  /** dataframe_split with one name twice. */
  readonly duplicateNames: boolean
  readonly params: Raw | undefined
}

const forms = ['dataframe_split', 'dataframe_records', 'instances', 'inputs']

/** Lays a body out; undefined where no form of MLflow fits. */
export function layOut(body: Body, spec: Spec | undefined): Layout | undefined {
  if (!isObject(body.value)) return undefined
  const { pairs } = body.value
  const plain = { unevenRows: false, duplicateNames: false, params: pairs.get('params') }
  if (['messages', 'prompt', 'input'].some((key) => pairs.has(key))) {
    // Enforced as a dict given to predict: one row, unless a value is a list of something else than text.
    const oneRow =
      isOneRow(pairs, spec) ||
      [...pairs.values()].every((value) => !isList(value) || value.every((item) => typeof item === 'string'))
    const columns = new Map([...pairs].map(([key, value]) => [key, oneRow || !isList(value) ? [value] : value] as const))
    return { ...plain, form: 'llm', columns, named: pairs }
  }
  const given = forms.filter((form) => pairs.has(form))
  if (given.length !== 1) return undefined
  const data = pairs.get(given[0]!)!
  switch (given[0]) {
    case 'dataframe_split':
      return isObject(data) ? splitLayout(data, plain) : undefined
    case 'dataframe_records':
      return isList(data) ? { ...plain, form: 'records', columns: ofRecords(data) } : undefined
    case 'instances':
      if (isList(data) && isObject(data[0])) {
        if (!data.every(isObject)) return undefined
        const keys = (row: Raw) => [...(row as RawObject).pairs.keys()].sort().join('\u0000')
        return {
          ...plain,
          form: 'instances',
          columns: ofRecords(data),
          unevenRows: data.some((row) => keys(row) !== keys(data[0]!)),
        }
      }
      return inputsLayout(data, spec, plain)
    default:
      return inputsLayout(data, spec, plain)
  }
}

type Plain = Pick<Layout, 'unevenRows' | 'duplicateNames' | 'params'>

function splitLayout(data: RawObject, plain: Plain): Layout | undefined {
  const rows = data.pairs.get('data')
  const names = data.pairs.get('columns')
  if (rows === undefined) return undefined
  const labels = isList(names) ? names.map((name) => (typeof name === 'string' ? name : String(name))) : undefined
  const duplicateNames = labels !== undefined && new Set(labels).size !== labels.length
  let columns: Map<string | number, RawCell[]>
  if (isObject(rows)) columns = new Map([...rows.pairs].map(([name, cells]) => [name, isList(cells) ? [...cells] : [cells]]))
  else if (!isList(rows)) return undefined
  else if (rows.length > 0 && rows.every(isObject)) columns = ofRecords(rows)
  else {
    columns = new Map((labels ?? []).map((label) => [label, new Array<RawCell>(rows.length).fill(absent)]))
    for (const [position, row] of rows.entries()) {
      const cells = isList(row) ? row : [row]
      for (const [column, cell] of cells.entries()) {
        const key = labels?.[column] ?? column
        const held = columns.get(key) ?? new Array<RawCell>(rows.length).fill(absent)
        columns.set(key, held)
        held[position] = cell
      }
    }
  }
  return { ...plain, form: 'split', columns, duplicateNames }
}

function ofRecords(rows: readonly Raw[]): Map<string | number, RawCell[]> {
  const columns = new Map<string | number, RawCell[]>()
  for (const [position, row] of rows.entries()) {
    const cells: Iterable<readonly [string | number, Raw]> = isObject(row) ? row.pairs : (isList(row) ? row : [row]).entries()
    for (const [key, cell] of cells) {
      const held = columns.get(key) ?? new Array<RawCell>(rows.length).fill(absent)
      columns.set(key, held)
      held[position] = cell
    }
  }
  return columns
}

function inputsLayout(data: Raw, spec: Spec | undefined, plain: Plain): Layout {
  const base = { ...plain, form: 'inputs' as const }
  if (isObject(data)) return ofNamed(data.pairs, spec, base)
  if (isList(data) && data.length > 0 && data.every(isObject)) return { ...base, columns: ofRecords(data) }
  if (isList(data)) {
    const only = onlyName(spec)
    // A list without objects belongs to the only column or tensor.
    if (only !== undefined && !data.some(isObject)) return ofNamed(new Map([[only, data]]), spec, { ...base, bare: data })
    return { ...base, columns: ofRecords(data), bare: data }
  }
  return { ...base, columns: new Map([[0, [data]]]), bare: data }
}

function ofNamed(pairs: ReadonlyMap<string, Raw>, spec: Spec | undefined, base: Plain & { form: 'inputs'; bare?: Raw }): Layout {
  const oneRow = isOneRow(pairs, spec)
  const columns = new Map([...pairs].map(([name, value]) => [name, oneRow || !isList(value) ? [value] : value] as const))
  return { ...base, columns, named: pairs }
}

/** MLflow takes a dict for one row when the schema has an array or object column, or when all values are scalars. */
function isOneRow(pairs: ReadonlyMap<string, Raw>, spec: Spec | undefined): boolean {
  if (spec?.kind !== 'columns') return false
  if (spec.columns.some(({ type }) => type.kind === 'array' || type.kind === 'object')) return true
  return [...pairs.values()].every((value) => !isList(value) && !isObject(value))
}

function onlyName(spec: Spec | undefined): string | undefined {
  if (spec === undefined) return undefined
  const specs = spec.kind === 'columns' ? spec.columns : spec.tensors
  return new Set(specs.map(({ name }) => name)).size === 1 ? specs[0]!.name : undefined
}
