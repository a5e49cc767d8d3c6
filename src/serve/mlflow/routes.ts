/**
 * The routes of MLflow's scoring server: `/invocations`, `/ping`, `/health`, `/version`.
 *
 * @see mlflow/pyfunc/scoring_server/__init__.py
 */
import { MlmodelError } from '../../errors/index.ts'
import { errorReply } from '../../model.ts'
import type { ServerState } from '../application.ts'
import type { Incoming, Outgoing } from '../message.ts'
import type { RouteTable } from '../router.ts'
import type { ServedModel } from '../served-model.ts'

const json = { 'content-type': 'application/json' }

export function mlflowRoutes(state: ServerState, options: { readonly mlflowVersion: string }): RouteTable {
  const healthy = (): Outgoing =>
    state.notReady === undefined
      ? { status: 200, headers: json, body: '\n' }
      : { status: 503, headers: json, body: JSON.stringify({ error: state.notReady }) }
  return {
    'GET /ping': healthy,
    'GET /health': healthy,
    'GET /version': () => ({ status: 200, headers: json, body: options.mlflowVersion }),
    'POST /invocations': (request) => invoke(state.defaultModel, request),
    'POST /invocations/': () => ({ status: 307, headers: { location: '/invocations' }, body: '' }),
  }
}

/** Answers one scoring request of MLflow's protocol. */
export async function invoke(model: ServedModel, request: Incoming): Promise<Outgoing> {
  try {
    const reply = await model.ask({ protocol: 'mlflow', contentType: request.header('content-type'), body: request.body })
    return {
      status: reply.status,
      headers: { 'content-type': reply.contentType, 'x-model-version': model.version },
      body: reply.body,
    }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return failure(error)
  }
}

/** A request that no runner answered: too late, too many, not ready. */
function failure(error: MlmodelError): Outgoing {
  // MLflow's words under a JSON media type, which its clients compare.
  if (error.kind === 'timeout') return { status: 504, headers: json, body: 'Request processing time exceeded limit' }
  const { status, contentType, body } = errorReply(error)
  return { status, headers: { 'content-type': contentType, ...(status === 503 && { 'retry-after': '1' }) }, body }
}
