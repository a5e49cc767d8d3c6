/** A typed client of scoring servers: MLflow's protocol, the Open Inference Protocol, Azure ML's endpoints. */
import { MlmodelError } from '../errors/index.ts'
import type { TensorInput } from '../javascript/tensor.ts'
import { azuremlClient } from './azureml.ts'
import { readInput } from './input.ts'
import { mlflowClient } from './mlflow.ts'
import { openInferenceClient } from './open-inference.ts'
import type { ServerPredictions } from './predictions.ts'
import type { ClientProtocol, ClientProtocolName, ServerMetadata } from './protocol.ts'
import { type CallOptions, openTransport, type Transport } from './transport.ts'

export interface ConnectOptions extends CallOptions {
  /** Default: what the address says (`/invocations`, `/score`, `/v2/models/…`), else what the server answers to. */
  readonly protocol?: ClientProtocolName
  /** Sent as `Authorization: Bearer …`. */
  readonly key?: string
  /** Which model of the server; default its only or default one. */
  readonly model?: string
  /** Sent with every request, such as Azure's `azureml-model-deployment`. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface ClientCallOptions<Params = Record<string, unknown>> extends CallOptions {
  /** Values for the signature's params; the others have their defaults. */
  readonly params?: Partial<Params>
}

/** What a model takes and gives, as `mlmodel types` writes it. */
export interface ClientTypes {
  readonly row?: object
  readonly tensors?: unknown
  readonly output?: unknown
  readonly params?: object
}

type NumericArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array

/** Rows, columns by name, tensors by name, one tensor, or nested lists. */
export type ClientInput =
  | readonly object[]
  | readonly unknown[]
  | NumericArray
  | TensorInput
  | { readonly [name: string]: readonly unknown[] | NumericArray | TensorInput }

/** What `predict` takes, by a model's types. */
export type ClientInputOf<Types extends ClientTypes> = Types extends { readonly row: infer Row }
  ? readonly Row[] | { readonly [Name in keyof Row]: readonly Row[Name][] | Extract<NumericArray, ArrayBufferView> }
  : Types extends { readonly tensors: infer Tensors }
    ? Tensors
    : ClientInput

type OutputOf<Types extends ClientTypes> = Types extends { readonly output: infer Output } ? Output : Record<string, unknown>
type ParamsOf<Types extends ClientTypes> = Types extends { readonly params: infer Params } ? Params : Record<string, unknown>

/** A model behind a server. */
export interface Client<Types extends ClientTypes = ClientTypes> {
  readonly protocol: ClientProtocolName
  /** Whether it can answer. @throws MlmodelError CLIENT_UNREACHABLE, CLIENT_TIMEOUT, CLIENT_ABORTED */
  ready(options?: CallOptions): Promise<boolean>
  /** What the server says of the model. @throws MlmodelError CLIENT_… */
  metadata(options?: CallOptions): Promise<ServerMetadata>
  /**
   * Scores rows (objects), columns (lists or typed arrays by name) or tensors.
   *
   * A bigint is an integer, a Date a datetime (UTC, no zone), a Uint8Array binary. Whole numbers beyond 2^53 come back as bigints,
   * NaN as NaN.
   *
   * @throws MlmodelError with the server's words; `arguments.status` is the HTTP status: CLIENT_REFUSED (4xx), CLIENT_NO_ACCESS,
   *   CLIENT_ABSENT, CLIENT_OVERLOADED (503), CLIENT_LATE (504), CLIENT_FAILED (5xx); CLIENT_UNREACHABLE, CLIENT_TIMEOUT,
   *   CLIENT_ABORTED, CLIENT_INPUT, CLIENT_REPLY
   */
  predict(input: ClientInputOf<Types>, options?: ClientCallOptions<ParamsOf<Types>>): Promise<ServerPredictions<OutputOf<Types>>>
}

/**
 * Connects to a model behind a scoring server.
 *
 * @param url - of the server, or of its scoring route
 * @throws MlmodelError CLIENT_NO_PROTOCOL where the server answers in none; CLIENT_UNREACHABLE, CLIENT_TIMEOUT, CLIENT_ABORTED
 * @example
 * const model = await connect<Churn>('http://localhost:5000', { timeout: 5000 })
 * for (const row of await model.predict([{ age: 41, city: 'Bern' }])) console.log(row)
 */
export async function connect<Types extends ClientTypes = ClientTypes>(
  url: string | URL,
  options: ConnectOptions = {},
): Promise<Client<Types>> {
  const place = placeOf(url)
  const transport = openTransport(place.base, options)
  const protocol = options.protocol ?? place.protocol ?? (await detect(transport))
  const client = open(protocol, transport, options.model ?? place.model, place.version)
  return {
    protocol,
    ready: (call = {}) => client.ready(call),
    metadata: (call = {}) => client.metadata(call),
    predict: async (input, call = {}) => {
      const found = await client.predict(readInput(input), call.params as Record<string, unknown> | undefined, call)
      return found as ServerPredictions<OutputOf<Types>>
    },
  }
}

function open(
  protocol: ClientProtocolName,
  transport: Transport,
  model: string | undefined,
  version: string | undefined,
): ClientProtocol {
  switch (protocol) {
    case 'mlflow':
      return mlflowClient(transport, model === undefined ? '/invocations' : `/invocations/${encodeURIComponent(model)}`)
    case 'azureml':
      return azuremlClient(transport)
    case 'open-inference':
      return openInferenceClient(transport, model, version)
  }
}

interface Place {
  readonly base: string
  readonly protocol: ClientProtocolName | undefined
  readonly model: string | undefined
  readonly version: string | undefined
}

/** The server's address of a route's. */
function placeOf(given: string | URL): Place {
  const url = new URL(given)
  const path = url.pathname.replace(/\/+$/, '')
  const place = (protocol: ClientProtocolName | undefined, route: RegExpExecArray | null): Place => ({
    base: `${url.origin}${path.slice(0, route === null ? path.length : route.index)}`,
    protocol,
    model: route?.[1] === undefined ? undefined : decodeURIComponent(route[1]),
    version: route?.[2] === undefined ? undefined : decodeURIComponent(route[2]),
  })
  const invocations = /\/invocations(?:\/([^/]+))?$/.exec(path)
  if (invocations !== null) return place('mlflow', invocations)
  const score = /\/score$/.exec(path)
  if (score !== null) return place('azureml', score)
  const models = /\/v2(?:\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/infer)?)?$/.exec(path)
  return models === null ? place(undefined, null) : place('open-inference', models)
}

/** A server that speaks several is asked in MLflow's protocol, whose JSON has a form for everything. */
async function detect(transport: Transport): Promise<ClientProtocolName> {
  const get = (path: string) => transport.ask(path, { method: 'GET' }, {})
  const [ping, version] = [await get('/ping'), await get('/version')]
  if ((ping.status === 200 || ping.status === 503) && version.status === 200) return 'mlflow'
  const server = await get('/v2')
  if (server.status === 200 && server.text().trimStart().startsWith('{')) return 'open-inference'
  const root = await get('/')
  if (root.status === 200 && root.text() === 'Healthy') return 'azureml'
  throw new MlmodelError('CLIENT_NO_PROTOCOL', { url: transport.base })
}
