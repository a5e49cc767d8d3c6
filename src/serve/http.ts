/** The listening socket: reads requests within their limits, hands them to the application, writes replies. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Application } from './application.ts'
import { type Incoming, jsonReply, type Outgoing } from './message.ts'

export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** Bytes of a request's body. */
  readonly maxBody: number
}

export interface HttpServer {
  readonly address: AddressInfo
  /** No new connections; those that are idle end, the others after their answer. */
  stop(): void
  close(): Promise<void>
}

/** Milliseconds: a header that is not there by then, a request, a connection between requests (load balancers keep 60 s). */
const [headersTimeout, requestTimeout, keepAliveTimeout] = [10_000, 30_000, 65_000]
const maxHeaderSize = 16 << 10
const maxHeaders = 100

/** Starts to listen. */
export async function listen(application: Application, options: ListenOptions): Promise<HttpServer> {
  const server: Server = createServer(
    { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize, connectionsCheckingInterval: 1_000, noDelay: true },
    (request, response) => receive(request, response),
  )
  server.maxHeadersCount = maxHeaders

  function receive(message: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    let size = 0
    message.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > options.maxBody) {
        message.removeAllListeners('data')
        message.resume()
        write(response, jsonReply(413, { error: `the body is larger than ${options.maxBody} bytes` }, { connection: 'close' }))
        return
      }
      chunks.push(chunk)
    })
    message.on('end', () => {
      if (response.writableEnded) return
      answer(message, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size), response)
    })
    // The client went away; nobody waits for an answer.
    message.on('error', () => {})
    response.on('error', () => {})
  }

  function answer(message: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const url = message.url ?? '/'
    const mark = url.indexOf('?')
    const incoming: Incoming = {
      method: message.method ?? 'GET',
      path: mark < 0 ? url : url.slice(0, mark),
      query: mark < 0 ? '' : url.slice(mark + 1),
      header(name) {
        const value = message.headers[name]
        return Array.isArray(value) ? value.join(', ') : value
      },
      body,
    }
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
      server.close()
      server.closeIdleConnections()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Up to this size a body is written with its header in one piece, which saves a system call's worth of work. */
const onePiece = 16 << 10

function write(response: ServerResponse, { status, headers, body }: Outgoing): void {
  if (response.writableEnded || response.destroyed) return
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  response.writeHead(status, { ...headers, 'content-length': length })
  // Node joins header and body only where the body is a string; latin1 keeps every byte.
  if (typeof body !== 'string' && length <= onePiece)
    response.end(Buffer.from(body.buffer, body.byteOffset, length).latin1Slice(), 'latin1')
  else response.end(body)
}

/** A bug of ours: the words are for the log. */
function broke(response: ServerResponse): void {
  write(response, jsonReply(500, { error: 'the server failed on this request' }))
}
