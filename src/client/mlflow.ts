/** A client of MLflow's scoring protocol. */
import { MlmodelError } from '../errors/index.ts'
import { type Input, listOf } from './input.ts'
import { readReply, writeRequest } from './json.ts'
import { predictionsOf } from './predictions.ts'
import type { ClientProtocol } from './protocol.ts'
import { accept, type Transport } from './transport.ts'

/** @param path - of the scoring route */
export function mlflowClient(transport: Transport, path: string): ClientProtocol {
  return {
    async ready(options) {
      return (await transport.ask('/ping', { method: 'GET' }, options)).status === 200
    },
    async metadata(options) {
      const answer = await transport.ask('/version', { method: 'GET' }, options)
      return { protocol: 'mlflow', ...(answer.status === 200 && { version: answer.text().trim() }) }
    },
    async predict(input, params, options) {
      const body = writeRequest({ ...formOf(input), ...(params !== undefined && { params }) })
      const sent = { method: 'POST', headers: { 'content-type': 'application/json' }, body } as const
      const answer = accept(await transport.ask(path, sent, options))
      const reply = readReply(answer.text())
      if (typeof reply !== 'object' || reply === null || !Object.hasOwn(reply, 'predictions'))
        throw new MlmodelError('CLIENT_REPLY', { why: 'there are no `predictions`' })
      return predictionsOf((reply as { predictions: unknown }).predictions, answer.headers.get('x-model-version') ?? undefined)
    },
  }
}

function formOf(input: Input): Readonly<Record<string, unknown>> {
  if (input.kind === 'rows') return { dataframe_records: input.rows }
  if (input.kind === 'one') return { inputs: listOf(input.item) }
  return { inputs: new Map(input.items.map(([name, item]) => [name, listOf(item)])) }
}
