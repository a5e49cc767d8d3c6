/**
 * What the scoring script of Azure ML's no-code deployment does with `POST /score`, in the runner: `input_data` is a split table,
 * a list (one array) or an object of named arrays; the answer is the bare JSON value.
 *
 * @see Azure/azureml-assets, mlflow score script; azureml-inference-server-http
 */
import { type Batch, type Cell, type CellMap, type Column, isCellMap } from '../../batch.ts'
import { writePredictions } from '../../data/reply.ts'
import { enforceBody } from '../../enforce/index.ts'
import { fullMessage, MlmodelError } from '../../errors/index.ts'
import { parseJson } from '../../json.ts'
import type { Model } from '../../model.ts'
import type { ColumnSchema, Schema } from '../../signature.ts'
import type { Scoring } from '../scoring.ts'

export const azuremlScoring: Scoring = {
  read(call, model) {
    const document = parseJson(call.body)
    const [repeated] = document.duplicates
    if (repeated !== undefined && model.mode === 'strict')
      throw new MlmodelError('KEY_REPEATED', { key: repeated.key }, { where: { path: repeated.path } })
    const request = enforceBody(bodyOf(document.value, model), model.signature, {
      mode: model.mode,
      schemaFlags: { isSignatureFromTypeHint: model.mlmodel.isSignatureFromTypeHint },
    })
    return { data: request.data, params: request.params, losses: request.warnings.length + strangersOf(document.value, model) }
  },
  write(predictions) {
    return { status: 200, contentType: 'application/json', body: writePredictions(withTexts(predictions), { wrap: false }) }
  },
  fail(error) {
    // The server of Azure knows 200, 400, 500 and 502.
    const status = error.info.httpStatus < 500 ? 400 : 500
    const body = JSON.stringify({ message: fullMessage(error) })
    return { status, contentType: 'application/json', body: Buffer.from(body) }
  },
}

/** The request in MLflow's words. @throws AZURE_BODY */
function bodyOf(value: Cell, { signature }: Model): CellMap {
  const given = isCellMap(value) ? value.get('input_data') : undefined
  if (!isCellMap(value) || given === undefined || given === null) throw new MlmodelError('AZURE_BODY', {})
  const schema = signature?.inputs
  // Without a signature the script reads a text as JSON.
  const input =
    schema === undefined && typeof given === 'string' ? parseJson(given, { where: { path: '$.input_data' } }).value : given
  const params = value.get('params')
  const body = new Map<string, Cell>()
  if (isSplit(input, schema)) body.set('dataframe_split', input)
  // A list for a table is its rows; for anything else one array.
  else if (Array.isArray(input) && schema?.kind === 'columns' && input.every(Array.isArray))
    body.set('dataframe_split', new Map<string, Cell>([...namesOf(schema), ['data', input]]))
  else body.set('inputs', input)
  // `null`, `{}` and `false` are no params to the script.
  if (params !== undefined && params !== null && params !== false) body.set('params', params)
  return body
}

/** Keys that nobody reads: Azure's server drops them, strict mode does not. @throws AZURE_KEYS */
function strangersOf(value: Cell, { mode }: Model): number {
  const strangers = isCellMap(value) ? [...value.keys()].filter((key) => key !== 'input_data' && key !== 'params') : []
  if (strangers.length > 0 && mode === 'strict') throw new MlmodelError('AZURE_KEYS', { keys: strangers })
  return strangers.length
}

function namesOf(schema: ColumnSchema): readonly [string, Cell][] {
  if (schema.columns.some(({ name }) => name === undefined)) return []
  return [['columns', schema.columns.map(({ name }) => String(name))]]
}

/** `index` may be left out where there is a signature; tensors are never a table. */
function isSplit(input: Cell, schema: Schema | undefined): boolean {
  if (!isCellMap(input) || !input.has('data') || schema?.kind === 'tensors') return false
  if (![...input.keys()].every((key) => key === 'columns' || key === 'index' || key === 'data')) return false
  return input.has('columns') || input.has('index')
}

/** Bytes are base64 in one line there, where MLflow's own server ends it with a line feed. */
function withTexts(batch: Batch): Batch {
  if (batch.kind !== 'frame' || !batch.columns.some(({ dtype }) => dtype === 'bytes')) return batch
  const columns = batch.columns.map((column): Column => {
    if (column.dtype !== 'bytes') return column
    const values = column.values.map((bytes) => (bytes === null ? null : Buffer.from(bytes).toString('base64')))
    return { name: column.name, dtype: 'string', values, pandas: 'object' }
  })
  return { ...batch, columns }
}
