/** A client of the Open Inference Protocol over REST: binary tensors where the server takes them, else JSON. */
import { MlmodelError } from '../errors/index.ts'
import type { TensorOutput } from '../javascript/tensor.ts'
import { columnsOf, type Input } from './input.ts'
import { readReply, writeRequest } from './json.ts'
import { predictionsOf } from './predictions.ts'
import type { ClientProtocol, ServerTensor } from './protocol.ts'
import { binaryOf, jsonOf, plainOf, readBinary, readJson, wireTensor } from './tensors.ts'
import { type Answer, accept, type CallOptions, type Transport } from './transport.ts'

const headerLength = 'inference-header-content-length'

interface Known {
  readonly path: string
  readonly model: string
  readonly version: string | undefined
  readonly takesBinary: boolean
  readonly inputs: readonly ServerTensor[]
  readonly outputs: readonly ServerTensor[]
}

/** @param name - of the model; else the only one that the server lists */
export function openInferenceClient(transport: Transport, name: string | undefined, version: string | undefined): ClientProtocol {
  let known: Promise<Known> | undefined
  const describe = (options: CallOptions): Promise<Known> => {
    known ??= learn(transport, name, version, options)
    known.catch(() => {
      known = undefined
    })
    return known
  }
  return {
    async ready(options) {
      const path = name === undefined ? '/v2/health/ready' : `/v2/models/${encodeURIComponent(name)}/ready`
      return (await transport.ask(path, { method: 'GET' }, options)).status === 200
    },
    async metadata(options) {
      const { model, version: own, inputs, outputs } = await describe(options)
      return { protocol: 'open-inference', model, ...(own !== undefined && { version: own }), inputs, outputs }
    },
    async predict(input, params, options) {
      const server = await describe(options)
      const { headers, body } = requestOf(input, params, server)
      const answer = accept(await transport.ask(`${server.path}/infer`, { method: 'POST', headers, body }, options))
      return readAnswer(answer, server)
    },
  }
}

async function learn(
  transport: Transport,
  name: string | undefined,
  version: string | undefined,
  options: CallOptions,
): Promise<Known> {
  const get = async (path: string): Promise<Record<string, unknown>> =>
    objectOf(readReply(accept(await transport.ask(path, { method: 'GET' }, options)).text()))
  const server = await get('/v2')
  const model = name ?? (await onlyModel(transport, options))
  const path = `/v2/models/${encodeURIComponent(model)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`
  const metadata = await get(path)
  const extensions = Array.isArray(server['extensions']) ? server['extensions'] : []
  const versions = Array.isArray(metadata['versions']) ? metadata['versions'] : []
  return {
    path,
    model,
    version: version ?? (versions.length === 1 ? String(versions[0]) : undefined),
    takesBinary: extensions.includes('binary_tensor_data'),
    inputs: tensorsOf(metadata['inputs']),
    outputs: tensorsOf(metadata['outputs']),
  }
}

function tensorsOf(given: unknown): readonly ServerTensor[] {
  if (!Array.isArray(given)) return []
  return given.flatMap((each) => {
    const { name, datatype, shape } = (each ?? {}) as Partial<ServerTensor>
    if (typeof name !== 'string' || typeof datatype !== 'string') return []
    return [{ name, datatype, shape: Array.isArray(shape) ? shape.map(Number) : [] }]
  })
}

/** Servers list their models here, in the order of what they have for it: ours and KServe's, then the repository extension. */
async function onlyModel(transport: Transport, options: CallOptions): Promise<string> {
  const listed = await transport.ask('/v2/models', { method: 'GET' }, options)
  const names = listed.status === 200 ? objectOf(readReply(listed.text()))['models'] : undefined
  const models = Array.isArray(names) ? names.map(String) : await indexed(transport, options)
  if (models.length !== 1) throw new MlmodelError('CLIENT_NO_MODEL', { known: models })
  return models[0]!
}

async function indexed(transport: Transport, options: CallOptions): Promise<readonly string[]> {
  const sent = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"ready": true}' } as const
  const answer = await transport.ask('/v2/repository/index', sent, options)
  const index = answer.status === 200 ? readReply(answer.text()) : undefined
  return Array.isArray(index) ? index.map((each) => String((each as { name?: unknown }).name)) : []
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MlmodelError('CLIENT_REPLY', { why: 'it is no JSON object' })
  return value as Record<string, unknown>
}

interface Request {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
}

function requestOf(input: Input, params: Readonly<Record<string, unknown>> | undefined, server: Known): Request {
  const [first] = server.inputs
  const items: readonly (readonly [string, unknown])[] =
    input.kind === 'rows'
      ? columnsOf(input.rows)
      : input.kind === 'named'
        ? input.items
        : [[first?.name ?? 'input-0', input.item]]
  const blobs: Uint8Array[] = []
  const inputs = items.map(([name, item]) => {
    const wanted = server.inputs.find((each) => each.name === name)
    const tensor = wireTensor(name, item, wanted?.datatype)
    // A column is a vector here and a matrix of one column in the metadata of MLServer.
    const isColumn = tensor.shape.length === 1 && wanted?.shape.length === 2 && wanted.shape[1] === 1
    const shape = isColumn ? [...tensor.shape, 1] : tensor.shape
    const head = { name, datatype: tensor.datatype, shape }
    const blob = server.takesBinary ? binaryOf(tensor) : undefined
    if (blob === undefined) {
      const isBase64 =
        tensor.datatype === 'BYTES' && (tensor.values as readonly unknown[]).some((each) => each instanceof Uint8Array)
      return { ...head, ...(isBase64 && { parameters: { content_type: 'base64' } }), data: jsonOf(name, tensor) }
    }
    blobs.push(blob)
    return { ...head, parameters: { binary_data_size: blob.length } }
  })
  const parameters = { ...params, ...(server.takesBinary && { binary_data_output: true }) }
  const json = writeRequest({ ...(Object.keys(parameters).length > 0 && { parameters }), inputs })
  if (blobs.length === 0) return { headers: { 'content-type': 'application/json' }, body: json }
  const head = new TextEncoder().encode(json)
  return {
    headers: { 'content-type': 'application/octet-stream', [headerLength]: String(head.length) },
    body: joined([head, ...blobs]),
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function readAnswer(answer: Answer, server: Known) {
  const given = answer.headers.get(headerLength)
  const length = given === null ? answer.bytes.length : Number(given)
  if (!(length <= answer.bytes.length)) throw new MlmodelError('CLIENT_REPLY', { why: `${headerLength} is ${given}` })
  const reply = objectOf(readReply(new TextDecoder().decode(answer.bytes.subarray(0, length))))
  const listed = reply['outputs']
  if (!Array.isArray(listed)) throw new MlmodelError('CLIENT_REPLY', { why: 'there are no `outputs`' })
  let at = length
  const outputs = listed.map((each): [string, TensorOutput] => {
    const { name, datatype, shape, data, parameters } = objectOf(each)
    const sizes = Array.isArray(shape) ? shape.map(Number) : []
    const size = (parameters as { binary_data_size?: unknown } | undefined)?.binary_data_size
    if (typeof size !== 'number') return [String(name), readJson(String(datatype), sizes, data)]
    at += size
    return [String(name), readBinary(String(datatype), sizes, answer.bytes.subarray(at - size, at))]
  })
  const plain = outputs.map(([name, tensor]) => [name, column(plainOf(tensor), tensor.shape)] as const)
  // An only output without a name of its own is the answer itself.
  const isUnnamed = plain.length === 1 && /^output-\d+$/.test(plain[0]![0])
  const value = isUnnamed ? plain[0]![1] : Object.fromEntries(plain)
  const version = reply['model_version'] ?? server.version
  return predictionsOf<unknown>(value, version === undefined ? undefined : String(version), Object.fromEntries(outputs))
}

/** A matrix of one column is a value a row, as a table's columns come back from MLServer. */
function column(value: unknown, shape: readonly number[]): unknown {
  return shape.length === 2 && shape[1] === 1 ? (value as unknown[][]).map(([only]) => only) : value
}
