/**
 * The routes of Azure ML's inference server: `/`, `/score`, `/swagger.json`.
 *
 * @see azureml-inference-server-http, server/routes.py
 */
import { randomUUID } from 'node:crypto'
import { MlmodelError } from '../../errors/index.ts'
import type { ServerState } from '../application.ts'
import { writeDocument } from '../json-document.ts'
import { type Incoming, jsonReply, type Outgoing, type Route, scoredBy } from '../message.ts'
import type { RouteTable } from '../router.ts'
import type { ServedModel } from '../served-model.ts'

/** @param atRoot - whether `/` is Azure's probe too, and not the Test page */
export function azuremlRoutes(state: ServerState, atRoot: boolean): RouteTable {
  const healthy = (): Outgoing =>
    state.notReady === undefined
      ? { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: 'Healthy' }
      : notReady(state.notReady)
  return {
    ...(atRoot && { 'GET /': withIds(healthy) }),
    'GET /swagger.json': withIds((request) => swagger(state, request)),
    'POST /score': withIds((request) => {
      const mime = request.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
      if (!/^application\/(json|.+\+json)$/.test(mime)) return refusal(415, 'Expects Content-Type to be application/json')
      return score(state, request.body, request.isGone)
    }),
    'GET /score': withIds((request) => score(state, bodyOfQuery(request.query), request.isGone)),
    'OPTIONS /score': withIds(() => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '' })),
  }
}

/** Longer names of a request are refused. */
const longestId = 100

/** Gives a request back under the names that its sender and Azure know it by. */
function withIds(route: (request: Incoming) => Outgoing | Promise<Outgoing>): Route {
  return async (request) => {
    const idOf = (name: string): string => request.header(name) ?? ''
    const id = idOf('x-request-id') || randomUUID()
    const client = idOf('x-ms-client-request-id') || idOf('x-ms-request-id')
    const legacy = idOf('x-ms-request-id') || client || id
    const tooLong = [id, client, legacy].some((text) => text.length > longestId)
    const reply = tooLong ? refusal(431, `A request id must not exceed ${longestId} characters`) : await route(request)
    const trace = idOf('traceid')
    const ids = {
      'x-request-id': id,
      'x-ms-request-id': legacy,
      'x-ms-client-request-id': client,
      ...(trace !== '' && { traceid: trace }),
    }
    const echoed = Object.entries(ids).filter(([, text]) => /^[\x20-\x7e]+$/.test(text) && text.length <= longestId)
    return { ...reply, headers: { ...reply.headers, ...Object.fromEntries(echoed) } }
  }
}

async function score(state: ServerState, body: Uint8Array, isGone: Incoming['isGone']): Promise<Outgoing> {
  const { name, served, reason } = state.registry.first
  if (served === undefined) return notReady(`${name}: ${reason}`)
  const began = performance.now()
  try {
    const reply = await served.ask({ protocol: 'azureml', contentType: 'application/json', body, isGone })
    const isFailure = reply.status >= 500
    return {
      status: reply.status,
      headers: {
        'content-type': reply.contentType,
        'x-model-version': served.version,
        'x-ms-run-function-failed': isFailure ? 'True' : 'False',
        ...(reply.status === 200 && { 'x-ms-run-fn-exec-ms': (performance.now() - began).toFixed(3) }),
      },
      body: reply.body,
      scored: scoredBy(served, reply),
    }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    if (error.kind === 'overload') return notReady(error.message)
    // What runs out of time is a failure of the script there.
    return refusal(500, error.message, true)
  }
}

function refusal(status: number, message: string, runFailed = false): Outgoing {
  return jsonReply(status, { message }, { 'x-ms-run-function-failed': runFailed ? 'True' : 'False' })
}

function notReady(message: string): Outgoing {
  const { status, headers, body } = refusal(503, message)
  return { status, headers: { ...headers, 'retry-after': '1' }, body }
}

/** The query as a body: each value is JSON where it can be, else text; what stands there twice is a list. */
function bodyOfQuery(query: string): Uint8Array {
  const given = new URLSearchParams(query)
  const members = [...new Set(given.keys())].map((name) => {
    const values = given.getAll(name).map(jsonOf)
    return `${JSON.stringify(name)}: ${values.length === 1 ? values[0] : `[${values.join(', ')}]`}`
  })
  return Buffer.from(`{${members.join(', ')}}`)
}

function jsonOf(text: string): string {
  try {
    JSON.parse(text)
    return text
  } catch {
    return JSON.stringify(text)
  }
}

const documents = new WeakMap<ServedModel, Map<string, Promise<string>>>()

async function swagger(state: ServerState, request: Incoming): Promise<Outgoing> {
  const { name, served, reason } = state.registry.first
  if (served === undefined) return notReady(`${name}: ${reason}`)
  const { azureSwagger, swaggerVersions } = await import('./swagger.ts')
  const asked = new URLSearchParams(request.query).get('version') ?? '2'
  const version = Object.hasOwn(swaggerVersions, asked) ? swaggerVersions[asked] : undefined
  if (version === undefined) {
    const known = [...new Set(Object.values(swaggerVersions))].join(', ')
    return refusal(404, `Swagger version [${asked}] is not valid. Supported versions: [${known}].`)
  }
  const made = documents.get(served) ?? new Map<string, Promise<string>>()
  documents.set(served, made)
  let text = made.get(version)
  if (text === undefined) {
    text = azureSwagger(served.mlmodel, version).then((document) => writeDocument(document, 'line'))
    made.set(version, text)
  }
  const headers = { 'content-type': 'application/json', 'x-ms-run-function-failed': 'False' }
  return { status: 200, headers, body: await text }
}
