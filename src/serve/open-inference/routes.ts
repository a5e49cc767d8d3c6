/**
 * The routes of the Open Inference Protocol: server and model metadata, health, inference; and of its extensions: the model
 * repository, statistics.
 *
 * @see github.com/kserve/open-inference-protocol, inference_rest.md; Triton's docs/protocol
 */
import { MlmodelError } from '../../errors/index.ts'
import { version } from '../../version.ts'
import type { ServerState } from '../application.ts'
import { type Incoming, jsonReply, type Outgoing, type Route, scoredBy } from '../message.ts'
import { type ModelEntry, whyNotOpen } from '../registry.ts'
import type { RouteTable } from '../router.ts'
import type { ServedModel } from '../served-model.ts'
import { inputMetadata, outputMetadata, type TensorMetadata } from './metadata.ts'
import { headerLength } from './request.ts'

/** What the protocol says of the server. */
export const serverMetadata = {
  name: 'mlmodel',
  version,
  extensions: ['binary_tensor_data', 'model_repository', 'statistics'],
} as const

export function openInferenceRoutes(state: ServerState): RouteTable {
  const { registry } = state
  const metadata = (): Outgoing => jsonReply(200, serverMetadata)
  const live = (): Outgoing => jsonReply(200, { live: true })
  const ready = (): Outgoing =>
    state.notReady === undefined ? jsonReply(200, { ready: true }) : jsonReply(503, { ready: false, error: state.notReady })
  const withModel =
    (route: (model: ServedModel, request: Incoming) => Outgoing | Promise<Outgoing>): Route =>
    (request, [name = '', wanted]) => {
      const found = findModel(registry.find(name), name, wanted)
      return found instanceof Error ? failure(found) : route(found, request)
    }
  const modelRoutes: Readonly<Record<string, Route>> = {
    'GET ': withModel((model) => jsonReply(200, modelMetadata(model))),
    'GET /ready': withModel(({ name, notReady }) =>
      notReady === undefined ? jsonReply(200, { name, ready: true }) : jsonReply(503, { name, ready: false, error: notReady }),
    ),
    'GET /stats': withModel((model) => jsonReply(200, { model_stats: [modelStatistics(model)] })),
    'POST /infer': withModel(infer),
  }
  const routes: Record<string, Route> = {
    'GET /v2': metadata,
    'GET /v2/': metadata,
    'GET /v2/health/live': live,
    'GET /v2/health/ready': ready,
    'GET /v2/models': () => jsonReply(200, { models: registry.entries.map(({ name }) => name) }),
    'GET /v2/models/stats': () =>
      jsonReply(200, {
        model_stats: registry.entries.flatMap(({ served }) => (served === undefined ? [] : [modelStatistics(served)])),
      }),
    'POST /v2/repository/index': ({ body }) => jsonReply(200, repositoryIndex(registry.entries, wantsReady(body))),
    'POST /v2/repository/models/{}/load': ({ body }, [name = '']) =>
      change(() => {
        refuseLoadParameters(loadParameters(body))
        return registry.load(name)
      }, registry.find(name)),
    'POST /v2/repository/models/{}/unload': (_, [name = '']) => change(() => registry.unload(name)),
  }
  for (const [line, route] of Object.entries(modelRoutes)) {
    const [method, rest] = line.split(' ')
    routes[`${method} /v2/models/{}${rest}`] = route
    routes[`${method} /v2/models/{}/versions/{}${rest}`] = route
  }
  return routes
}

/** The version that answers, or why none does. */
export function findModel(entry: ModelEntry | undefined, name: string, version: string | undefined): ServedModel | MlmodelError {
  if (entry === undefined) return new MlmodelError('SERVE_NO_MODEL', { name, known: [] })
  const { served, reason } = entry
  if (served === undefined) return new MlmodelError('SERVE_NOT_READY', { why: `${name}: ${reason}` })
  if (version !== undefined && version !== '' && version !== served.version)
    return new MlmodelError('SERVE_NO_VERSION', { name, version, current: served.version })
  return served
}

export interface ModelMetadata {
  readonly name: string
  readonly versions: readonly string[]
  readonly platform: string
  readonly inputs: readonly TensorMetadata[]
  readonly outputs: readonly TensorMetadata[]
}

/** What the protocol says of a model. */
export function modelMetadata({ name, version: own, flavor, mlmodel, inputs, observedOutputs }: ServedModel): ModelMetadata {
  const { signature } = mlmodel
  return {
    name,
    versions: [own],
    platform: flavor === 'onnx' ? 'onnx_onnxv1' : `mlflow_${flavor}`,
    inputs: inputMetadata(inputs),
    outputs: signature?.outputs === undefined ? (observedOutputs ?? []) : outputMetadata(signature.outputs),
  }
}

interface Duration {
  readonly count: number
  readonly ns: number
}

export interface ModelStatistics {
  readonly name: string
  readonly version: string
  readonly last_inference: number
  readonly inference_count: number
  readonly execution_count: number
  readonly inference_stats: Readonly<
    Record<
      'success' | 'fail' | 'queue' | 'compute_input' | 'compute_infer' | 'compute_output' | 'cache_hit' | 'cache_miss',
      Duration
    >
  >
  readonly batch_stats: readonly never[]
}

/** @see Triton, docs/protocol/extension_statistics.md */
export function modelStatistics({ name, version: own, statistics }: ServedModel): ModelStatistics {
  const { success, failure: failed, computeNs, last, rows, batches } = statistics
  const none = { count: 0, ns: 0 }
  const compute = { count: success.count, ns: Math.round(computeNs) }
  return {
    name,
    version: own,
    last_inference: last,
    inference_count: rows,
    execution_count: batches.counts.reduce((sum, count) => sum + count, 0),
    inference_stats: {
      success: { count: success.count, ns: Math.round(success.ns) },
      fail: { count: failed.count, ns: Math.round(failed.ns) },
      queue: { count: success.count, ns: Math.max(0, Math.round(success.ns - computeNs)) },
      compute_input: none,
      compute_infer: compute,
      compute_output: none,
      cache_hit: none,
      cache_miss: none,
    },
    batch_stats: [],
  }
}

export interface IndexEntry {
  readonly name: string
  /** Of what answers. */
  readonly version?: string
  readonly state: string
  readonly reason: string
}

/** @see Triton, docs/protocol/extension_model_repository.md */
export function repositoryIndex(entries: readonly ModelEntry[], readyOnly: boolean): readonly IndexEntry[] {
  return entries
    .filter(({ state }) => !readyOnly || state === 'READY')
    .map(({ name, state, reason, served }) => ({ name, ...(served && { version: served.version }), state, reason }))
}

/** Clients send nothing, `{}` or `{"ready": true}`. */
function wantsReady(body: Uint8Array): boolean {
  if (body.length === 0 || body.length > 10_000) return false
  try {
    return (JSON.parse(Buffer.from(body).toString('utf8')) as { ready?: unknown } | null)?.ready === true
  } catch {
    return false
  }
}

/** Names of the parameters of a load; what is no JSON object of that form has none. */
function loadParameters(body: Uint8Array): readonly string[] {
  try {
    const { parameters } = JSON.parse(Buffer.from(body).toString('utf8')) as { readonly parameters?: object }
    return Object.keys(parameters ?? {})
  } catch {
    return []
  }
}

/** A model is loaded as it lies in its folder; files and settings that a client brings are not taken. @throws OIP_LOAD_PARAMETER */
export function refuseLoadParameters(names: readonly string[]): void {
  const [name] = names
  if (name !== undefined) throw new MlmodelError('OIP_LOAD_PARAMETER', { name })
}

async function change(work: () => Promise<unknown>, entry?: ModelEntry): Promise<Outgoing> {
  try {
    await work()
    return jsonReply(200, {})
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return failure(error, entry === undefined ? error.message : whyNotOpen(error, entry))
  }
}

async function infer(model: ServedModel, request: Incoming): Promise<Outgoing> {
  const json = request.header(headerLength)
  try {
    const reply = await model.ask({
      protocol: 'open-inference',
      contentType: request.header('content-type'),
      body: request.body,
      isGone: request.isGone,
      details: { model: model.name, version: model.version, ...(json !== undefined && { [headerLength]: json }) },
    })
    return {
      status: reply.status,
      headers: { 'content-type': reply.contentType, 'x-model-version': model.version, ...reply.headers },
      body: reply.body,
      scored: scoredBy(model, reply),
    }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return failure(error)
  }
}

function failure(error: MlmodelError, message = error.message): Outgoing {
  const { httpStatus } = error.info
  return jsonReply(httpStatus, { error: message, code: error.code }, httpStatus === 503 ? { 'retry-after': '1' } : {})
}
