/** The protocol's messages by the published .proto and the package that gRPC's own clients use: the reference for our codec. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))

/** A message as plain JavaScript. */
// biome-ignore lint/suspicious/noExplicitAny: messages are what the .proto says, and tests look at what they look at
export type Message = any

interface Method {
  readonly path: string
  readonly requestStream: boolean
  readonly responseStream: boolean
  requestSerialize(message: Message): Buffer
  requestDeserialize(bytes: Buffer): Message
  responseSerialize(message: Message): Buffer
  responseDeserialize(bytes: Buffer): Message
}

// It comes with @grpc/grpc-js.
const require = createRequire(createRequire(import.meta.url).resolve('@grpc/grpc-js'))
const loader = require('@grpc/proto-loader') as {
  loadSync(file: string, options: object): Readonly<Record<string, Readonly<Record<string, Method>>>>
}

/** The service of `schemas/open_inference_grpc.proto`. */
export const service = loader.loadSync(`${root}/schemas/open_inference_grpc.proto`, {
  keepCase: true,
  longs: String,
  defaults: true,
  oneofs: true,
})['inference.GRPCInferenceService']!
