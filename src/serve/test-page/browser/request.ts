/** The body of a request from the form's values, and the form's values from the body of an example. */
import type { BodyForm, Field, ModelDescription } from './fields.ts'
import { isList, isMap, type Json, type JsonMap } from './json.ts'

/** The values of one row, or of all tensors, by the keys of their fields; what is left out is not there. */
export type Values = ReadonlyMap<string, Json>

/** What is sent. */
export interface PageRequest {
  readonly contentType: string
  /** Text, or the bytes of a file. */
  readonly body: string | Blob
  /** The body's value, where it is JSON. */
  readonly value: Json | undefined
  /** The file whose bytes are sent. */
  readonly file: string | undefined
}

/** The body for one row, or for the tensors. */
export function bodyOf(model: Pick<ModelDescription, 'inputs' | 'form'>, values: Values, params: Values): JsonMap {
  const { inputs, form } = model
  const { key, layout } = form ?? fallback(inputs)
  const body = new Map<string, Json>([[key, formed(layout, inputs, values)]])
  if (params.size > 0) body.set('params', params)
  return body
}

/** Where the server could make no request of its own. */
function fallback(inputs: readonly Field[]): BodyForm {
  const isTensor = inputs.some(({ kind }) => kind === 'tensor')
  if (!isTensor) return { key: 'dataframe_split', layout: 'split' }
  return { key: 'inputs', layout: inputs[0]!.name === undefined ? 'bare' : 'named' }
}

function formed(layout: BodyForm['layout'], inputs: readonly Field[], values: Values): Json {
  // What the row leaves out is left out for all: a column that is not there.
  const there = inputs.filter(({ key, required }) => required || values.has(key))
  const cells = there.map(({ key }) => values.get(key) ?? null)
  const isNamed = inputs.every(({ name }) => name !== undefined)
  const row: Json = isNamed
    ? new Map(there.map(({ key }, index) => [key, cells[index]!]))
    : cells.length === 1
      ? cells[0]!
      : cells
  switch (layout) {
    case 'split':
      return new Map<string, Json>([...(isNamed ? ([['columns', there.map(({ key }) => key)]] as const) : []), ['data', [cells]]])
    case 'rows':
      return [row]
    case 'columns':
      return isNamed ? new Map(there.map(({ key }, index) => [key, [cells[index]!]])) : cells
    case 'row':
      return row
    case 'named':
      return new Map(there.map(({ key }, index) => [key, cells[index]!]))
    case 'bare':
      return cells[0] ?? []
  }
}

export const bodyKeys = ['dataframe_split', 'dataframe_records', 'inputs', 'instances'] as const

/** The rows of a body, each as the form's values; tensors are one. Empty for a form that is not known. */
export function rowsOf(model: Pick<ModelDescription, 'inputs' | 'isTabular'>, body: Json): readonly Values[] {
  if (!isMap(body)) return []
  const key = bodyKeys.find((name) => body.has(name))
  const data = key === undefined ? undefined : body.get(key)
  if (data === undefined) return []
  const { inputs } = model
  if (!model.isTabular) return tensorsOf(inputs, data)
  if (key === 'dataframe_split') return isMap(data) ? splitRows(inputs, data) : []
  if (isMap(data)) return columnRows(inputs, data)
  return isList(data) ? data.map((row) => valuesOf(inputs, row)) : []
}

function tensorsOf(inputs: readonly Field[], data: Json): readonly Values[] {
  if (isMap(data)) return [new Map(inputs.flatMap(({ key }) => entryOf(key, data.get(key))))]
  // `instances`: an object for each row.
  if (isList(data) && data.length > 0 && data.every(isMap))
    return [new Map(inputs.map(({ key }) => [key, data.map((row) => (row as JsonMap).get(key) ?? null)] as const))]
  const only = inputs[0]
  return only === undefined ? [] : [new Map([[only.key, data]])]
}

function splitRows(inputs: readonly Field[], data: JsonMap): readonly Values[] {
  const [columns, rows] = [data.get('columns'), data.get('data')]
  if (!isList(rows)) return []
  const names = isList(columns) ? columns.map((name) => String(typeof name === 'object' ? '' : name)) : undefined
  return rows.map((row) => {
    if (!isList(row)) return new Map()
    return new Map(
      inputs.flatMap(({ key, name }, index) =>
        entryOf(key, row[names === undefined || name === undefined ? index : names.indexOf(key)]),
      ),
    )
  })
}

function columnRows(inputs: readonly Field[], data: JsonMap): readonly Values[] {
  const lists = inputs.map(({ key }) => data.get(key))
  const length = Math.max(0, ...lists.map((list) => (isList(list) ? list.length : 0)))
  // One row, not lists of rows.
  if (!lists.every((list) => list === undefined || isList(list)))
    return [new Map(inputs.flatMap(({ key }) => entryOf(key, data.get(key))))]
  return Array.from(
    { length },
    (_, row) => new Map(inputs.flatMap(({ key }, index) => entryOf(key, (lists[index] as readonly Json[] | undefined)?.[row]))),
  )
}

function valuesOf(inputs: readonly Field[], row: Json): Values {
  if (isMap(row)) return new Map(inputs.flatMap(({ key }) => entryOf(key, row.get(key))))
  if (isList(row) && inputs.length > 1) return new Map(inputs.flatMap(({ key }, index) => entryOf(key, row[index])))
  const only = inputs[0]
  return only === undefined ? new Map() : new Map([[only.key, row]])
}

function entryOf(key: string, value: Json | undefined): readonly (readonly [string, Json])[] {
  return value === undefined ? [] : [[key, value]]
}

/** The params of a body. */
export function paramsOf(body: Json): Values {
  const params = isMap(body) ? body.get('params') : undefined
  return isMap(params) ? params : new Map()
}
