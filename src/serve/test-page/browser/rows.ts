/** What somebody pasted or dropped: a whole request, rows as JSON, JSON Lines or CSV, told by looking at it. */
import type { ModelDescription } from './fields.ts'
import { isList, isMap, type Json, type JsonMap, readJson, writeJson } from './json.ts'
import { bodyKeys, type PageRequest, type Values } from './request.ts'

export type ReadRows = { readonly request: PageRequest; readonly said: string } | { readonly wrong: string }

const json = 'application/json'

/** Makes a request of a text. CSV is the server's to read; JSON is only wrapped. */
export function readRows(text: string, model: ModelDescription, params: Values): ReadRows {
  const trimmed = text.replace(/^\ufeff/, '').trim()
  if (trimmed === '') return { wrong: 'Paste rows here, or drop a file on the page' }
  if (!/^[[{]/.test(trimmed)) return readCsv(text, model, params)
  let value: Json
  try {
    value = readJson(trimmed)
  } catch (error) {
    const lines = readLines(trimmed)
    if (lines === undefined) return { wrong: `This is no JSON: ${(error as Error).message}` }
    value = lines
  }
  return wrap(value, model, params)
}

/** JSON Lines: a value on every line. */
function readLines(text: string): readonly Json[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length < 2) return undefined
  try {
    return lines.map((line) => readJson(line))
  } catch {
    return undefined
  }
}

function wrap(value: Json, model: ModelDescription, params: Values): ReadRows {
  if (isMap(value) && [...bodyKeys, 'messages', 'prompt', 'input'].some((key) => value.has(key) && !hasInput(model, key))) {
    const whole = value.has('params') || params.size === 0 ? value : new Map([...value, ['params', params]])
    return { request: requestOf(whole), said: `A request${countOf(value)}` }
  }
  const { form, isTabular, inputs } = model
  const withParams = (key: string, data: Json): PageRequest =>
    requestOf(new Map<string, Json>([[key, data], ...(params.size > 0 ? ([['params', params]] as const) : [])]))
  const key = form?.key ?? 'inputs'
  if (isMap(value)) {
    const lists = inputs.filter((field) => value.has(field.key)).map((field) => value.get(field.key))
    const isColumns = isTabular && lists.length > 0 && lists.every(isList) && inputs.every(({ kind }) => kind !== 'json')
    if (!isTabular) return { request: withParams(key, value), said: 'Tensors by their names' }
    if (isColumns) return { request: withParams('inputs', value), said: 'Columns by their names' }
    const records = form?.layout === 'rows' || form?.layout === 'row' ? key : 'dataframe_records'
    return { request: withParams(records, [value]), said: '1 row of JSON' }
  }
  const rows = value as readonly Json[]
  if (isTabular && rows.length > 0 && rows.every(isMap) && form?.layout !== 'rows' && form?.layout !== 'row')
    return { request: withParams('dataframe_records', rows), said: `${rowsText(rows.length)} of JSON` }
  if (isTabular && form?.layout === 'split' && rows.length > 0 && rows.every(isList)) {
    const named = inputs.every(({ name }) => name !== undefined)
    const columns = named ? ([['columns', inputs.map((field) => field.key)]] as const) : []
    const split = new Map<string, Json>([...columns, ['data', rows]])
    return { request: withParams('dataframe_split', split), said: `${rowsText(rows.length)} of JSON, without names` }
  }
  return { request: withParams(key, rows), said: `${rowsText(rows.length)} of JSON` }
}

function hasInput({ inputs }: ModelDescription, name: string): boolean {
  return inputs.some(({ key }) => key === name)
}

function readCsv(text: string, { isTabular, inputs }: ModelDescription, params: Values): ReadRows {
  if (inputs.length > 0 && !isTabular)
    return { wrong: 'This model takes tensors: paste JSON, or drop an image where it takes one' }
  if (params.size > 0) return { wrong: 'A request of CSV carries no params: leave them as they are, or give the rows as JSON' }
  const rows = countCsvRows(text)
  return {
    request: { contentType: 'text/csv', body: text, value: undefined, file: undefined },
    said: `CSV: ${rowsText(rows)} below the header`,
  }
}

/** Line ends outside of quotes, the header not counted; only for people. */
export function countCsvRows(text: string): number {
  let rows = 0
  let isQuoted = false
  let isBlank = true
  for (const character of text) {
    if (character === '"') isQuoted = !isQuoted
    if (character === '\n' && !isQuoted) {
      if (!isBlank) rows++
      isBlank = true
    } else if (character !== '\r') isBlank = false
  }
  return Math.max(0, rows + (isBlank ? 0 : 1) - 1)
}

function countOf(body: JsonMap): string {
  const split = body.get('dataframe_split')
  const data = isMap(split) ? split.get('data') : (body.get('dataframe_records') ?? body.get('instances') ?? body.get('inputs'))
  return isList(data) ? ` with ${rowsText(data.length)}` : ''
}

function rowsText(count: number): string {
  return count === 1 ? '1 row' : `${count.toLocaleString('en')} rows`
}

/** A request of JSON. */
export function requestOf(value: Json): PageRequest {
  return { contentType: json, body: writeJson(value), value, file: undefined }
}

/** The media type of a file that goes to the server as it is; undefined for texts, which are looked at. */
export function mediaTypeOfFile(name: string): string | undefined {
  return /\.(?:parquet|pq)$/i.test(name) ? 'application/vnd.apache.parquet' : undefined
}
