/**
 * The routes of Azure ML's inference server: `/`, `/score`, `/swagger.json`.
 *
 * @see azureml-inference-server-http
 */
import { randomUUID } from 'node:crypto'
import { MlmodelError } from '../../errors/index.ts'
import type { ServerState } from '../application.ts'
import { type Incoming, jsonReply, type Outgoing } from '../message.ts'
import type { RouteTable } from '../router.ts'

/** @param atRoot - whether `/` is Azure's probe too, and not the Test page */
export function azuremlRoutes(state: ServerState, atRoot: boolean): RouteTable {
  const healthy = (): Outgoing =>
    state.notReady === undefined
      ? { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: 'Healthy' }
      : jsonReply(503, { message: state.notReady })
  return {
    ...(atRoot && { 'GET /': healthy }),
    'POST /score': (request) => score(state, request),
  }
}

async function score(state: ServerState, request: Incoming): Promise<Outgoing> {
  const id = idOf(request.header('x-ms-request-id')) ?? idOf(request.header('x-request-id')) ?? randomUUID()
  const client = idOf(request.header('x-ms-client-request-id'))
  const headers = { 'x-ms-request-id': id, 'x-request-id': id, ...(client !== undefined && { 'x-ms-client-request-id': client }) }
  const began = performance.now()
  const finish = (reply: Outgoing, failed: boolean): Outgoing => ({
    ...reply,
    headers: {
      ...reply.headers,
      ...headers,
      'x-ms-run-function-failed': failed ? 'True' : 'False',
      'x-ms-run-fn-exec-ms': (performance.now() - began).toFixed(3),
    },
  })
  const mime = request.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (mime !== 'application/json')
    return {
      ...jsonReply(415, { message: 'the Content-Type must be application/json' }),
      headers: { 'content-type': 'application/json', ...headers },
    }
  const { name, served, reason } = state.registry.first
  try {
    if (served === undefined) throw new MlmodelError('SERVE_NOT_READY', { why: `${name}: ${reason}` })
    const reply = await served.ask({ protocol: 'azureml', contentType: 'application/json', body: request.body })
    return finish(
      {
        status: reply.status,
        headers: { 'content-type': reply.contentType, 'x-model-version': served.version },
        body: reply.body,
      },
      reply.status >= 400,
    )
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    const { httpStatus } = error.info
    const retry: Readonly<Record<string, string>> = httpStatus === 503 ? { 'retry-after': '1' } : {}
    return finish(jsonReply(httpStatus, { message: error.message }, retry), true)
  }
}

/** What a client calls its request, where it can stand in a header of ours. */
function idOf(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.:/+=@-]{1,100}$/.test(text) ? text : undefined
}
