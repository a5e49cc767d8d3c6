/** The listening socket: reads requests within their limits, hands them to the application, writes replies. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Application } from './application.ts'
import { corsHeaders, type GuardOptions, openGuard, preflight } from './guard.ts'
import { type Incoming, jsonReply, type Outgoing } from './message.ts'

export interface ListenOptions extends GuardOptions {
  readonly port: number
  /** Bytes of a request's body. */
  readonly maxBody: number
  /** PEM, for HTTPS. */
  readonly tls?: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined
}

export interface HttpServer {
  readonly address: AddressInfo
  /** No new connections; those that are idle end, the others after their answer. Settles when the last has ended. */
  stop(): Promise<void>
  close(): Promise<void>
}

/** Milliseconds: a header that is not there by then, a request, a connection between requests (load balancers keep 60 s). */
const [headersTimeout, requestTimeout, keepAliveTimeout] = [10_000, 30_000, 65_000]
const maxHeaderSize = 16 << 10
const maxHeaders = 100

/** Starts to listen. */
export async function listen(application: Application, options: ListenOptions): Promise<HttpServer> {
  const limits = {
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    maxHeaderSize,
    connectionsCheckingInterval: 1_000,
    noDelay: true,
  }
  const listener: RequestListener = (request, response) => receive(request, response)
  const { tls } = options
  const server: Server =
    tls === undefined
      ? createServer(limits, listener)
      : createTlsServer({ ...limits, cert: Buffer.from(tls.cert), key: Buffer.from(tls.key), minVersion: 'TLSv1.2' }, listener)
  const refuse = openGuard(options)
  let stopping = false
  server.maxHeadersCount = maxHeaders

  function receive(message: IncomingMessage, response: ServerResponse): void {
    // The client went away; nobody waits for an answer.
    message.on('error', () => {})
    response.on('error', () => {})
    const incoming = incomingOf(message)
    // A connection that stays open would be waited for.
    if (stopping) response.shouldKeepAlive = false
    const allowed = options.origins.length === 0 ? undefined : corsHeaders(incoming, options.origins)
    if (allowed !== undefined) for (const [name, value] of Object.entries(allowed)) response.setHeader(name, value)
    // Before the body is read: a stranger sends none.
    const refused = preflight(incoming, options.origins) ?? refuse(incoming) ?? refuseLength(message, options.maxBody)
    if (refused !== undefined) {
      turnAway(message, response, refused)
      return
    }
    const chunks: Buffer[] = []
    let size = 0
    message.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= options.maxBody) chunks.push(chunk)
      else if (!response.headersSent) turnAway(message, response, tooLarge(options.maxBody))
    })
    message.on('end', () => {
      if (response.headersSent) return
      incoming.body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size)
      answer(incoming, response)
    })
  }

  function answer(incoming: Incoming, response: ServerResponse): void {
    try {
      const answered = application.answer(incoming)
      if (answered instanceof Promise)
        answered.then(
          (outgoing) => write(response, outgoing),
          () => broke(response),
        )
      else write(response, answered)
    } catch {
      broke(response)
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return {
    address: server.address() as AddressInfo,
    stop() {
      stopping = true
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      return ended
    },
    async close() {
      server.closeAllConnections()
    },
  }
}

/** Up to this size a body is written with its header in one piece, which saves a system call's worth of work. */
const onePiece = 16 << 10

/** A request whose body is still to come. */
function incomingOf(message: IncomingMessage): { -readonly [Key in keyof Incoming]: Incoming[Key] } {
  const url = message.url ?? '/'
  const mark = url.indexOf('?')
  return {
    method: message.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    header(name) {
      const value = message.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    body: noBody,
  }
}

const noBody = new Uint8Array(0)

function refuseLength(message: IncomingMessage, most: number): Outgoing | undefined {
  const length = message.headers['content-length']
  return length !== undefined && Number(length) > most ? tooLarge(most) : undefined
}

function tooLarge(most: number): Outgoing {
  return jsonReply(413, { error: `the body is larger than ${most} bytes` })
}

/** Answers without reading on; what still comes is dropped with the connection. */
function turnAway(message: IncomingMessage, response: ServerResponse, refused: Outgoing): void {
  const ended = message.complete || (message.headers['content-length'] ?? '0') === '0'
  write(response, ended ? refused : { ...refused, headers: { ...refused.headers, connection: 'close' } })
  message.resume()
}

function write(response: ServerResponse, { status, headers, body }: Outgoing): void {
  if (response.writableEnded || response.destroyed) return
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  response.writeHead(status, { ...headers, 'content-length': length })
  // Node joins header and body only where the body is a string; latin1 keeps every byte.
  if (typeof body !== 'string' && length <= onePiece)
    response.end(Buffer.from(body.buffer, body.byteOffset, length).toString('latin1'), 'latin1')
  else response.end(body)
}

/** A bug of ours: the words are for the log. */
function broke(response: ServerResponse): void {
  write(response, jsonReply(500, { error: 'the server failed on this request' }))
}
