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
    return { data: request.data, params: request.params, losses: request.warnings.length }
  },
  write(predictions) {
    return { status: 200, contentType: 'application/json', body: writePredictions(withTexts(predictions), { wrap: false }) }
  },
  fail(error) {
    // The server of Azure knows 200, 400, 500 and 502.
    const status = error.info.httpStatus === 415 ? 415 : error.info.httpStatus < 500 ? 400 : error.info.httpStatus
    const body = JSON.stringify({ message: fullMessage(error), code: error.code })
    return { status, contentType: 'application/json', body: Buffer.from(body) }
  },
}

/** The request in MLflow's words. @throws AZURE_BODY, AZURE_KEYS */
function bodyOf(value: Cell, { signature }: Model): CellMap {
  const input = isCellMap(value) ? value.get('input_data') : undefined
  if (!isCellMap(value) || input === undefined || input === null) throw new MlmodelError('AZURE_BODY', {})
  const strangers = [...value.keys()].filter((key) => key !== 'input_data' && key !== 'params')
  if (strangers.length > 0) throw new MlmodelError('AZURE_KEYS', { keys: strangers })
  const params = value.get('params')
  const body = new Map<string, Cell>()
  if (isSplit(input)) body.set('dataframe_split', input)
  // A list for a table is its rows; for anything else one array.
  else if (Array.isArray(input) && signature?.inputs?.kind === 'columns' && input.every(Array.isArray))
    body.set('dataframe_split', new Map<string, Cell>([...namesOf(signature), ['data', input]]))
  else body.set('inputs', input)
  if (params !== undefined && params !== null) body.set('params', params)
  return body
}

function namesOf(signature: Model['signature']): readonly [string, Cell][] {
  const schema = signature?.inputs
  if (schema?.kind !== 'columns' || schema.columns.some(({ name }) => name === undefined)) return []
  return [['columns', schema.columns.map(({ name }) => String(name))]]
}

/** `index` may be left out. */
function isSplit(input: Cell): boolean {
  if (!isCellMap(input) || !input.has('data')) return false
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
