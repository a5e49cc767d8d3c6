/**
 * The methods of `inference.GRPCInferenceService`, on messages that are still bytes, and the health check that Kubernetes asks. A
 * ModelInferRequest goes to a runner as it came; only the name of its model is read here.
 *
 * @see schemas/open_inference_grpc.proto; github.com/kserve/open-inference-protocol, inference_grpc.md
 */
import { fullMessage, MlmodelError } from '../../errors/index.ts'
import {
  type Chunks,
  int32,
  joined,
  nextField,
  openField,
  openMessage,
  text,
  writeBytes,
  writeInteger,
  writeVarint,
} from '../../onnx/protobuf.ts'
import type { ServerState } from '../application.ts'
import type { CallReply } from '../calls.ts'
import { type Scored, scoredBy } from '../message.ts'
import { type Registry, whyNotOpen } from '../registry.ts'
import type { ServedModel } from '../served-model.ts'
import type { TensorMetadata } from './metadata.ts'
import { guarded, readTarget } from './proto-request.ts'
import {
  findModel,
  type ModelStatistics,
  modelMetadata,
  modelStatistics,
  refuseLoadParameters,
  repositoryIndex,
  serverMetadata,
} from './routes.ts'

export type GrpcReply =
  | { readonly message: Uint8Array; readonly scored?: Scored }
  /** `status` is HTTP's. */
  | { readonly refused: { readonly status: number; readonly text: string } }

export interface GrpcMethod {
  /** Path of the REST route that does the same: who may ask that may ask this. */
  readonly sameAs: string
  /**
   * Reads the message before it returns, so that what is wrong with it is thrown.
   *
   * @param timeout - milliseconds that the client still waits; undefined: it does not say
   * @param isGone - whether the client has cancelled the call
   */
  answer(message: Uint8Array, timeout: number | undefined, isGone: () => boolean): Uint8Array | Promise<Uint8Array | GrpcReply>
}

const service = '/inference.GRPCInferenceService/'

/** All methods by their paths. */
export function grpcMethods(state: ServerState): Readonly<Record<string, GrpcMethod>> {
  const { registry } = state
  const find = (name: string, version: string | undefined): ServedModel => {
    const found = findModel(registry.find(name), name, version)
    if (found instanceof Error) throw found
    return found
  }
  const model = (message: Uint8Array): ServedModel => {
    const { first, second } = readTexts(message)
    return find(first, second)
  }
  const methods: Record<string, GrpcMethod> = {
    ServerLive: { sameAs: 'GET /v2/health/live', answer: () => joined(flag(1, true)) },
    ServerReady: { sameAs: 'GET /v2/health/ready', answer: () => joined(flag(1, state.notReady === undefined)) },
    ModelReady: {
      sameAs: 'GET /v2/models/any/ready',
      answer: (message) => joined(flag(1, model(message).notReady === undefined)),
    },
    ServerMetadata: {
      sameAs: 'GET /v2',
      answer() {
        const { name, version, extensions } = serverMetadata
        return joined([...words(1, name), ...words(2, version), ...extensions.flatMap((extension) => writeBytes(3, extension))])
      },
    },
    ModelMetadata: {
      sameAs: 'GET /v2/models/any',
      answer(message) {
        const { name, versions, platform, inputs, outputs } = modelMetadata(model(message))
        return joined([
          ...words(1, name),
          ...versions.flatMap((version) => writeBytes(2, version)),
          ...words(3, platform),
          ...inputs.flatMap((tensor) => writeBytes(4, tensorMetadata(tensor))),
          ...outputs.flatMap((tensor) => writeBytes(5, tensorMetadata(tensor))),
        ])
      },
    },
    ModelInfer: {
      sameAs: 'POST /v2/models/any/infer',
      answer(message, timeout, isGone) {
        const { name, version } = readTarget(message)
        return infer(find(name, version), message, timeout, isGone)
      },
    },
    ModelStatistics: {
      sameAs: 'GET /v2/models/stats',
      answer(message) {
        const { first } = readTexts(message)
        const asked = first === '' ? registry.entries.flatMap(({ served }) => served ?? []) : [model(message)]
        return joined(asked.flatMap((served) => writeBytes(1, statisticsMessage(modelStatistics(served)))))
      },
    },
    RepositoryIndex: {
      sameAs: 'POST /v2/repository/index',
      answer: (message) =>
        joined(
          repositoryIndex(registry.entries, readReadyOnly(message)).flatMap(({ name, version, state: now, reason }) =>
            writeBytes(1, [...words(1, name), ...words(2, version ?? ''), ...words(3, now), ...words(4, reason)]),
          ),
        ),
    },
    RepositoryModelLoad: {
      sameAs: 'POST /v2/repository/models/any/load',
      answer(message) {
        const { name, parameters } = readRepositoryRequest(message)
        refuseLoadParameters(parameters)
        return load(registry, name)
      },
    },
    RepositoryModelUnload: {
      sameAs: 'POST /v2/repository/models/any/unload',
      answer(message) {
        const { name } = readRepositoryRequest(message)
        return registry.unload(name).then(() => done(name))
      },
    },
  }
  return {
    ...Object.fromEntries(Object.entries(methods).map(([name, method]) => [service + name, method])),
    '/grpc.health.v1.Health/Check': {
      sameAs: 'GET /v2/health/ready',
      answer(message) {
        const { first } = readTexts(message)
        if (first !== '' && !service.includes(`/${first}/`)) throw new MlmodelError('SERVE_NO_MODEL', { name: first, known: [] })
        // SERVING, NOT_SERVING
        return joined(writeInteger(1, state.notReady === undefined ? 1 : 2))
      },
    },
  }
}

/** Answers one call; never throws for a bad one. */
export async function answerGrpc(
  method: GrpcMethod,
  message: Uint8Array,
  timeout: number | undefined,
  isGone: () => boolean,
): Promise<GrpcReply> {
  try {
    const answer = await guarded(() => method.answer(message, timeout, isGone))
    return answer instanceof Uint8Array ? { message: answer } : answer
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return { refused: { status: error.info.httpStatus, text: fullMessage(error) } }
  }
}

async function infer(
  model: ServedModel,
  message: Uint8Array,
  timeout: number | undefined,
  isGone: () => boolean,
): Promise<GrpcReply> {
  const reply = await model.ask(
    {
      protocol: 'open-inference',
      contentType: undefined,
      body: message,
      isGone,
      details: { form: 'protobuf', model: model.name, version: model.version },
    },
    timeout,
  )
  if (reply.status < 400) return { message: reply.body, scored: scoredBy(model, reply) }
  return { refused: { status: reply.status, text: refusalText(reply) } }
}

async function load(registry: Registry, name: string): Promise<Uint8Array | GrpcReply> {
  try {
    await registry.load(name)
    return done(name)
  } catch (error) {
    const entry = registry.find(name)
    if (entry === undefined || !(error instanceof MlmodelError)) throw error
    return { refused: { status: error.info.httpStatus, text: whyNotOpen(error, entry) } }
  }
}

/** What KServe's clients are told. */
function done(name: string): Uint8Array {
  return joined([...words(1, name), ...flag(2, true)])
}

/** The words of a runner's refusal, which are written for REST. */
function refusalText({ body }: CallReply): string {
  const { error, path } = JSON.parse(Buffer.from(body).toString('utf8')) as { readonly error: string; readonly path?: string }
  return path === undefined ? error : `${error} (at ${path})`
}

/** The texts of a request with a name and a version. */
function readTexts(message: Uint8Array): { readonly first: string; readonly second: string } {
  const found = { first: '', second: '' }
  for (const cursor = openMessage(message, 1); nextField(cursor); ) {
    if (cursor.field === 1) found.first = text(cursor)
    else if (cursor.field === 2) found.second = text(cursor)
  }
  return found
}

function readReadyOnly(message: Uint8Array): boolean {
  let ready = false
  for (const cursor = openMessage(message, 1); nextField(cursor); ) if (cursor.field === 2) ready = int32(cursor) !== 0
  return ready
}

/** Triton names the repository before the model; KServe and MLServer the model alone. */
function readRepositoryRequest(message: Uint8Array): { readonly name: string; readonly parameters: readonly string[] } {
  const texts = ['', '']
  const parameters: string[] = []
  for (const cursor = openMessage(message, 4); nextField(cursor); ) {
    if (cursor.field === 1 || cursor.field === 2) texts[cursor.field - 1] = text(cursor)
    else if (cursor.field === 3)
      for (const entry = openField(cursor); nextField(entry); ) if (entry.field === 1) parameters.push(text(entry))
  }
  return { name: texts[1] === '' ? texts[0]! : texts[1]!, parameters }
}

function tensorMetadata({ name, datatype, shape }: TensorMetadata): Chunks {
  return [...words(1, name), ...words(2, datatype), ...(shape.length === 0 ? [] : writeBytes(3, shape.map(signedVarint)))]
}

function statisticsMessage({ inference_stats: stats, ...about }: ModelStatistics): Chunks {
  const durations = [
    stats.success,
    stats.fail,
    stats.queue,
    stats.compute_input,
    stats.compute_infer,
    stats.compute_output,
    stats.cache_hit,
    stats.cache_miss,
  ]
  return [
    ...words(1, about.name),
    ...words(2, about.version),
    ...writeInteger(3, about.last_inference),
    ...writeInteger(4, about.inference_count),
    ...writeInteger(5, about.execution_count),
    ...writeBytes(
      6,
      durations.flatMap(({ count, ns }, index) => writeBytes(index + 1, [...writeInteger(1, count), ...writeInteger(2, ns)])),
    ),
  ]
}

/** A text field; an empty one is not sent. */
function words(field: number, value: string): Chunks {
  return value === '' ? [] : writeBytes(field, value)
}

function flag(field: number, value: boolean): Chunks {
  return value ? writeInteger(field, 1) : []
}

/** A size that may be -1. */
function signedVarint(size: number): Uint8Array {
  return writeVarint(BigInt(size))
}
