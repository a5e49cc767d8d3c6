/** A client of an Azure ML online endpoint of an MLflow model. */
import { MlmodelError } from '../errors/index.ts'
import { columnsOf, type Input, listOf } from './input.ts'
import { readReply, writeRequest } from './json.ts'
import { predictionsOf } from './predictions.ts'
import type { ClientProtocol } from './protocol.ts'
import { accept, type CallOptions, type Transport } from './transport.ts'

export function azuremlClient(transport: Transport): ClientProtocol {
  let document: Promise<unknown> | undefined
  const documentOf = (options: CallOptions): Promise<unknown> => {
    document ??= transport.ask('/swagger.json?version=3', { method: 'GET' }, options).then((answer) => {
      return answer.status === 200 ? readReply(answer.text()) : undefined
    })
    document.catch(() => {
      document = undefined
    })
    return document
  }
  return {
    async ready(options) {
      return (await transport.ask('/', { method: 'GET' }, options)).status === 200
    },
    async metadata(options) {
      return { protocol: 'azureml', document: await documentOf(options) }
    },
    async predict(input, params, options) {
      // Lists by name are a table there only when they are written as one.
      const isTable = input.kind === 'rows' || (input.kind === 'named' && wantsTable(await documentOf(options)))
      const body = writeRequest({
        input_data: isTable ? splitOf(input) : arraysOf(input),
        ...(params !== undefined && { params }),
      })
      const sent = { method: 'POST', headers: { 'content-type': 'application/json' }, body } as const
      const answer = accept(await transport.ask('/score', sent, options))
      return predictionsOf(readReply(answer.text()), answer.headers.get('x-model-version') ?? undefined)
    },
  }
}

function wantsTable(document: unknown): boolean {
  const format = ['components', 'schemas', 'ServiceInput', 'properties', 'input_data', 'format'].reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    document,
  )
  return typeof format === 'string' && format.startsWith('pandas.DataFrame')
}

function splitOf(input: Input): object {
  const columns =
    input.kind === 'rows'
      ? columnsOf(input.rows)
      : input.kind === 'named'
        ? input.items.map(([name, item]) => [name, listOf(item) as readonly unknown[]] as const)
        : []
  const rows = columns[0]?.[1].length ?? 0
  const uneven = columns.find(([, values]) => !Array.isArray(values) || values.length !== rows)
  if (uneven !== undefined) throw new MlmodelError('CLIENT_INPUT', { why: `the column \`${uneven[0]}\` has not ${rows} rows` })
  return {
    columns: columns.map(([name]) => name),
    index: Array.from({ length: rows }, (_, row) => row),
    data: Array.from({ length: rows }, (_, row) => columns.map(([, values]) => values[row])),
  }
}

function arraysOf(input: Input): unknown {
  if (input.kind === 'named') return new Map(input.items.map(([name, item]) => [name, listOf(item)]))
  return input.kind === 'one' ? listOf(input.item) : input.rows
}
