/**
 * The routes of the Open Inference Protocol: server and model metadata, health, inference.
 *
 * @see github.com/kserve/open-inference-protocol, inference_rest.md
 */
import { MlmodelError } from '../../errors/index.ts'
import { version } from '../../version.ts'
import type { ServerState } from '../application.ts'
import { type Incoming, jsonReply, type Outgoing } from '../message.ts'
import type { RouteTable } from '../router.ts'
import type { ServedModel } from '../served-model.ts'
import { inputMetadata, outputMetadata } from './metadata.ts'
import { headerLength } from './request.ts'

const extensions = ['binary_tensor_data']

export function openInferenceRoutes(state: ServerState): RouteTable {
  const metadata = (): Outgoing => jsonReply(200, { name: 'mlmodel', version, extensions })
  const live = (): Outgoing => jsonReply(200, { live: true })
  const ready = (): Outgoing =>
    state.notReady === undefined ? jsonReply(200, { ready: true }) : jsonReply(503, { ready: false, error: state.notReady })
  const withModel =
    (route: (model: ServedModel, request: Incoming) => Outgoing | Promise<Outgoing>) =>
    (request: Incoming, [name = '', wanted]: readonly string[]): Outgoing | Promise<Outgoing> => {
      const model = state.models.get(name)
      if (model === undefined) return jsonReply(404, { error: `there is no model \`${name}\`` })
      if (wanted !== undefined && wanted !== model.version)
        return jsonReply(404, { error: `\`${name}\` has no version ${wanted}, only ${model.version}` })
      return route(model, request)
    }
  const modelRoutes = {
    'GET ': withModel((model) => jsonReply(200, modelMetadata(model))),
    'GET /ready': withModel(({ name, notReady }) =>
      notReady === undefined ? jsonReply(200, { name, ready: true }) : jsonReply(503, { name, ready: false, error: notReady }),
    ),
    'POST /infer': withModel(infer),
  }
  const routes: Record<string, (request: Incoming, parameters: readonly string[]) => Outgoing | Promise<Outgoing>> = {
    'GET /v2': metadata,
    'GET /v2/': metadata,
    'GET /v2/health/live': live,
    'GET /v2/health/ready': ready,
    'GET /v2/models': () => jsonReply(200, { models: [...state.models.keys()] }),
  }
  for (const [line, route] of Object.entries(modelRoutes)) {
    const [method, rest] = line.split(' ')
    routes[`${method} /v2/models/{}${rest}`] = route
    routes[`${method} /v2/models/{}/versions/{}${rest}`] = route
  }
  return routes
}

/** What the protocol says of a model. */
export function modelMetadata({ name, version: own, flavor, mlmodel }: ServedModel): object {
  return {
    name,
    versions: [own],
    platform: flavor === 'onnx' ? 'onnx_onnxv1' : `mlflow_${flavor}`,
    inputs: inputMetadata(mlmodel.signature?.inputs),
    outputs: outputMetadata(mlmodel.signature?.outputs),
  }
}

async function infer(model: ServedModel, request: Incoming): Promise<Outgoing> {
  const json = request.header(headerLength)
  try {
    const reply = await model.ask({
      protocol: 'open-inference',
      contentType: request.header('content-type'),
      body: request.body,
      details: { model: model.name, version: model.version, ...(json !== undefined && { [headerLength]: json }) },
    })
    return {
      status: reply.status,
      headers: { 'content-type': reply.contentType, 'x-model-version': model.version, ...reply.headers },
      body: reply.body,
    }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    const { httpStatus } = error.info
    return jsonReply(httpStatus, { error: error.message, code: error.code }, httpStatus === 503 ? { 'retry-after': '1' } : {})
  }
}
