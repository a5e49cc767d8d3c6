/**
 * The routes of MLflow's scoring server: `/invocations`, `/ping`, `/health`, `/version`.
 *
 * @see mlflow/pyfunc/scoring_server/__init__.py
 */
import { MlmodelError } from '../../errors/index.ts'
import { errorReply } from '../../model.ts'
import type { ApplicationOptions, ServerState } from '../application.ts'
import { type Incoming, type Outgoing, scoredBy } from '../message.ts'
import type { ModelEntry } from '../registry.ts'
import type { RouteTable } from '../router.ts'

const json = { 'content-type': 'application/json' }

export function mlflowRoutes(
  state: ServerState,
  { mlflowVersion, predictRoute, healthRoute }: Pick<ApplicationOptions, 'mlflowVersion' | 'predictRoute' | 'healthRoute'>,
): RouteTable {
  const healthy = (): Outgoing =>
    state.notReady === undefined
      ? { status: 200, headers: json, body: '\n' }
      : { status: 503, headers: json, body: JSON.stringify({ error: state.notReady }) }
  const invokeFirst = (request: Incoming): Promise<Outgoing> => invoke(state.registry.first, request)
  const routes: Record<string, RouteTable[string]> = {
    'GET /ping': healthy,
    'GET /health': healthy,
    'GET /version': () => ({ status: 200, headers: json, body: mlflowVersion }),
    'POST /invocations': invokeFirst,
    'POST /invocations/': () => ({ status: 307, headers: { location: '/invocations' }, body: '' }),
    'POST /invocations/{}': (request, [name = '']) => {
      const entry = state.registry.find(name)
      if (entry !== undefined) return invoke(entry, request)
      return failure(new MlmodelError('SERVE_NO_MODEL', { name, known: state.registry.entries.map((each) => each.name) }))
    },
  }
  // A platform may name paths that are ours already.
  if (predictRoute !== undefined) routes[`POST ${predictRoute}`] ??= invokeFirst
  if (healthRoute !== undefined) routes[`GET ${healthRoute}`] ??= healthy
  return routes
}

/** Answers one scoring request of MLflow's protocol. */
export async function invoke({ name, served, reason }: ModelEntry, request: Incoming): Promise<Outgoing> {
  if (served === undefined) return failure(new MlmodelError('SERVE_NOT_READY', { why: `${name}: ${reason}` }))
  try {
    const { body, isGone } = request
    const reply = await served.ask({ protocol: 'mlflow', contentType: request.header('content-type'), body, isGone })
    return {
      status: reply.status,
      headers: { 'content-type': reply.contentType, 'x-model-version': served.version },
      body: reply.body,
      scored: scoredBy(served, reply),
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
