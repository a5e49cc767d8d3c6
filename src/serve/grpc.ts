/** The listening gRPC socket: HTTP/2 by the optional package `@grpc/grpc-js`, behind the same guard as HTTP. */
import type {
  Metadata,
  Server,
  ServerInterceptingCallInterface,
  ServerUnaryCall,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { MlmodelError } from '../errors/index.ts'
import type { ServerState } from './application.ts'
import { type GuardOptions, openGuard } from './guard.ts'
import type { Incoming } from './message.ts'
import { idOf, type Observation, type Observer } from './observe.ts'
import { answerGrpc, type GrpcMethod, type GrpcReply, grpcMethods } from './open-inference/grpc-methods.ts'

export interface GrpcOptions extends GuardOptions {
  readonly port: number
  /** Bytes of a message, decompressed. */
  readonly maxBody: number
  /** PEM. */
  readonly tls?: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined
  readonly observer?: Observer | undefined
  readonly onWarning: (text: string) => void
}

export interface GrpcServer {
  readonly port: number
  /** No new calls; settles when those in progress are answered. */
  stop(): Promise<void>
  close(): Promise<void>
}

type Grpc = typeof import('@grpc/grpc-js')

/** HTTP status → code of gRPC. */
const codes: Readonly<Record<number, number>> = {
  400: 3, // INVALID_ARGUMENT
  401: 16, // UNAUTHENTICATED
  403: 7, // PERMISSION_DENIED
  404: 5, // NOT_FOUND
  413: 8, // RESOURCE_EXHAUSTED
  415: 3,
  421: 7,
  500: 13, // INTERNAL
  501: 12, // UNIMPLEMENTED
  503: 14, // UNAVAILABLE
  504: 4, // DEADLINE_EXCEEDED
}

/** Calls of one connection at a time; connections without calls, and pings that find those that are dead. */
const [maxStreams, idleTime, pingTime, pingTimeout] = [256, 300_000, 60_000, 20_000]
/** What a client may send before an answer is waited for: faster over long ways than HTTP/2's 64 KiB. */
const flowWindow = 1 << 20
/** Milliseconds between two looks at messages on their way; how many looks one may take to come. */
const [sweepTime, mostSweeps] = [250, 480]
/** Bytes in buffers of this process beyond which nothing more is received. */
const leastBuffers = 1 << 30
/** A status travels in a header. */
const mostDetails = 1_000

/**
 * Starts to listen.
 *
 * @throws SERVE_NO_GRPC where the package is not installed, SERVE_GRPC_ADDRESS
 */
export async function listenGrpc(state: ServerState, options: GrpcOptions): Promise<GrpcServer> {
  const grpc = await loadGrpc()
  // Its words go to stderr, which is not its own.
  grpc.setLogVerbosity(grpc.logVerbosity.NONE)
  const methods = grpcMethods(state)
  const refuse = openGuard(options)
  const receiving = trackReceiving(options.maxBody)
  const server = new grpc.Server({
    'grpc.max_receive_message_length': options.maxBody,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': maxStreams,
    'grpc.max_connection_idle_ms': idleTime,
    'grpc.keepalive_time_ms': pingTime,
    'grpc.keepalive_timeout_ms': pingTimeout,
    'grpc-node.flow_control_window': flowWindow,
    interceptors: [
      ({ path }, call) => {
        const guard = guardCall(grpc, refuse, receiving, methods[path]!, call)
        return new grpc.ServerInterceptingCall(call, { start: (next) => next(guard) })
      },
    ],
  })
  addMethods(server, methods, options)
  try {
    const port = await bind(grpc, server, options)
    return {
      port,
      stop: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
      async close() {
        receiving.stop()
        server.forceShutdown()
      },
    }
  } catch (error) {
    receiving.stop()
    server.forceShutdown()
    throw error
  }
}

/** Optional: it is found where this code is installed, never in the current folder. */
async function loadGrpc(): Promise<Grpc> {
  try {
    return await import('@grpc/grpc-js')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const absent = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    throw new MlmodelError('SERVE_NO_GRPC', absent ? {} : { why: message.trim().split('\n')[0]! }, { cause })
  }
}

function bind(grpc: Grpc, server: Server, { host, port, tls }: GrpcOptions): Promise<number> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const credentials =
    tls === undefined
      ? grpc.ServerCredentials.createInsecure()
      : grpc.ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }])
  return new Promise((resolve, reject) =>
    server.bindAsync(address, credentials, (error, bound) => {
      if (error === null) resolve(bound)
      else reject(new MlmodelError('SERVE_GRPC_ADDRESS', { address, why: error.message }, { cause: error }))
    }),
  )
}

function addMethods(server: Server, methods: Readonly<Record<string, GrpcMethod>>, options: GrpcOptions): void {
  const asIs = (message: Uint8Array): Buffer => Buffer.from(message.buffer, message.byteOffset, message.length)
  const handlers: UntypedServiceImplementation = {}
  for (const [path, method] of Object.entries(methods))
    handlers[path] = (call: ServerUnaryCall<Buffer, Uint8Array>, answer: sendUnaryData<Uint8Array>) =>
      void handle(path, method, call, answer, options)
  const definition = Object.keys(methods).map((path) => [
    path,
    {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: (message: Buffer) => message,
      responseSerialize: asIs,
      responseDeserialize: (message: Buffer) => message,
    },
  ])
  server.addService(Object.fromEntries(definition), handlers)
}

async function handle(
  path: string,
  method: GrpcMethod,
  call: ServerUnaryCall<Buffer, Uint8Array>,
  answer: sendUnaryData<Uint8Array>,
  { observer, onWarning }: GrpcOptions,
): Promise<void> {
  const incoming = incomingOf(`POST ${path}`, call.metadata, call.getHost())
  const observation = observer?.begin(incoming)
  tellRequest(call, observation, incoming)
  let reply: GrpcReply
  try {
    reply = await answerGrpc(method, call.request, millisecondsLeft(call.getDeadline()), () => call.cancelled)
  } catch (error) {
    // A bug of ours: its words are for the log.
    onWarning(`bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    reply = { refused: { status: 500, text: 'the server failed on this request' } }
  }
  if ('refused' in reply) {
    const { status, text } = reply.refused
    answer(statusOf(status, text))
    observation?.end({ status: call.cancelled ? 499 : status, bytes: 0, reply: undefined })
    return
  }
  const { message: body, scored } = reply
  answer(null, body)
  observation?.end({
    status: call.cancelled ? 499 : 200,
    bytes: body.length,
    reply: { status: 200, headers: {}, body, scored },
  })
}

/** Says what the request is called, as HTTP does. */
function tellRequest(call: ServerUnaryCall<Buffer, Uint8Array>, observation: Observation | undefined, incoming: Incoming): void {
  const id = observation?.id ?? idOf(incoming.header('x-request-id'))
  if (id === undefined) return
  const metadata = call.metadata.clone()
  for (const key of Object.keys(metadata.getMap())) metadata.remove(key)
  metadata.set('x-request-id', id)
  for (const [name, value] of Object.entries(observation?.headers ?? {})) metadata.set(name, value)
  call.sendMetadata(metadata)
}

function millisecondsLeft(deadline: Date | number): number | undefined {
  const left = Number(deadline) - Date.now()
  return left === Number.POSITIVE_INFINITY ? undefined : Math.max(0, left)
}

function statusOf(httpStatus: number, text: string): { readonly code: number; readonly details: string } {
  // Halves of surrogate pairs cannot be encoded.
  const details = Buffer.from(text.slice(0, mostDetails)).toString('utf8')
  return { code: codes[httpStatus] ?? 13, details }
}

/** Before the message is received: who asks, and whether there is room for it. */
function guardCall(
  grpc: Grpc,
  refuse: ReturnType<typeof openGuard>,
  receiving: Receiving,
  method: GrpcMethod,
  call: ServerInterceptingCallInterface,
) {
  return new grpc.ServerListenerBuilder()
    .withOnReceiveMetadata((metadata, next) => {
      const refused = refuse(incomingOf(method.sameAs, metadata, call.getHost()))
      if (refused !== undefined) {
        const { error } = JSON.parse(String(refused.body)) as { readonly error: string }
        call.sendStatus(statusOf(refused.status, error))
      } else if (receiving.isFull()) call.sendStatus(statusOf(503, tooMuch))
      else {
        receiving.add(call)
        next(metadata)
      }
    })
    .withOnReceiveMessage((message, next) => {
      receiving.remove(call)
      next(message)
    })
    .withOnCancel(() => receiving.remove(call))
    .build()
}

const tooMuch = 'too many large requests are on their way'

/** A call as the guard, the access log and traces know requests. @param line - `GET /path` */
function incomingOf(line: string, metadata: Metadata, host: string): Incoming {
  const [method = '', path = ''] = line.split(' ')
  return {
    method,
    path,
    query: '',
    header(name) {
      if (name === 'host') return host
      const [value] = metadata.get(name)
      return typeof value === 'string' ? value : undefined
    },
    body: new Uint8Array(0),
  }
}

/** Calls whose message is on its way. */
interface Receiving {
  isFull(): boolean
  add(call: ServerInterceptingCallInterface): void
  remove(call: ServerInterceptingCallInterface): void
  stop(): void
}

/** The package keeps what it has of each message; here it is looked how much that is, and for how long. */
function trackReceiving(maxBody: number): Receiving {
  const most = Math.max(leastBuffers, 8 * maxBody)
  const looks = new Map<ServerInterceptingCallInterface, number>()
  const isFull = (): boolean => process.memoryUsage().arrayBuffers > most
  const timer = setInterval(() => {
    if (looks.size === 0) return
    const full = isFull()
    for (const [call, count] of looks) {
      looks.set(call, count + 1)
      if (!full && count < mostSweeps) continue
      looks.delete(call)
      call.sendStatus(full ? statusOf(503, tooMuch) : statusOf(504, 'the message did not come in time'))
    }
  }, sweepTime)
  timer.unref()
  return {
    // Small messages are never many bytes.
    isFull: () => looks.size > 0 && isFull(),
    add: (call) => looks.set(call, 0),
    remove: (call) => looks.delete(call),
    stop: () => clearInterval(timer),
  }
}
