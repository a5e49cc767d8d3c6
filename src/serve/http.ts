/** The listening socket: reads requests within their limits, hands them to the application, writes replies. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, isIP, type Socket } from 'node:net'
import { openBody } from './body.ts'
import { corsHeaders, type GuardOptions, isLoopback, openGuard, preflight } from './guard.ts'
import { count, type HttpCounters, newHttpCounters } from './http-counters.ts'
import { type Incoming, jsonReply, type Outgoing } from './message.ts'
import { idOf, type Observation, type Observer } from './observe.ts'

export interface ListenOptions extends GuardOptions {
  readonly port: number
  /** Bytes of a request's body. */
  readonly maxBody: number
  /** PEM, for HTTPS. */
  readonly tls?: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined
  /** Told of every request: the access log, traces. */
  readonly observer?: Observer | undefined
  /** Told what the server survived: no free descriptors, a bug in a route. */
  readonly onWarning: (text: string) => void
}

/** What answers. */
export interface Answering {
  answer(request: Incoming): Outgoing | Promise<Outgoing>
  readonly http?: HttpCounters
}

export interface HttpServer {
  readonly address: AddressInfo
  /** No new connections; those that are idle end, the others after their answer. Settles when the last has ended. */
  stop(): Promise<void>
  close(): Promise<void>
}

/** Milliseconds: a header that is not there by then, a connection between requests (load balancers keep 60 s). */
const [headersTimeout, keepAliveTimeout] = [10_000, 65_000]
/** A reply that nobody reads; Node waits a second time when a part of it was taken, which makes 30 s. */
const readerTimeout = 15_000
/** Seconds: without a byte of the body; after which it must come at some speed, in bytes a second. */
const [bodyIdle, bodyGrace, bodySpeed] = [10, 30, 50_000]
/** Seconds that what a refused client still sends is read, so that it reads the refusal. */
const linger = 2
const maxHeaderSize = 16 << 10
const maxHeaders = 100
/** Requests of one connection that are answered at a time. */
const mostRunning = 4
/** Requests of one connection that are not answered; beyond, it is not read on. Those of the piece that was read are there all the same. */
const mostWaiting = 64
/** Bytes of bodies that are on their way, of all clients. */
const leastReceiving = 512 << 20

/** A connection. */
interface Client {
  /** Requests that are not answered in full. */
  active: number
  /** Of the last request. */
  response: ServerResponse | undefined
  /** Those of them that are being answered; the others wait for their turn. */
  running: number
  readonly queue: (() => void)[]
}

/** A request whose body is on its way, or that was refused and is read to its end. */
interface Reading {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** Seconds since it began, and since its last bytes. */
  seconds: number
  idle: number
  size: number
  refused: boolean
}

/** Starts to listen. */
export async function listen(application: Answering, options: ListenOptions): Promise<HttpServer> {
  const limits = {
    headersTimeout,
    // The body's time is watched here.
    requestTimeout: 0,
    keepAliveTimeout,
    maxHeaderSize,
    connectionsCheckingInterval: 1_000,
    noDelay: true,
    // TLS
    handshakeTimeout: headersTimeout,
  }
  const { tls, observer } = options
  const counters = application.http ?? newHttpCounters()
  const server: Server =
    tls === undefined
      ? createServer(limits)
      : createTlsServer({ ...limits, cert: Buffer.from(tls.cert), key: Buffer.from(tls.key), minVersion: 'TLSv1.2' })
  /** Node forgets headers beyond its limit; here such a request is refused. */
  server.maxHeadersCount = 0
  // A client that says that no more comes (`nc -N`) still waits for its answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  const sockets = new Set<Socket>()
  const clients = new Map<Socket, Client>()
  const reading = new Set<Reading>()
  const slowReaders = new WeakSet<Socket>()
  const maxReceiving = Math.max(leastReceiving, 4 * options.maxBody)
  let receiving = 0
  let stopping = false
  let refuse = openGuard(options)

  server.on('request', (message, response) => receive(message, response, false))
  server.on('checkContinue', (message, response) => receive(message, response, true))
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    counters.connections++
    socket.on('close', () => {
      sockets.delete(socket)
      counters.connections--
    })
    socket.on('error', () => {})
  })
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    const client: Client = { active: 0, response: undefined, running: 0, queue: [] }
    clients.set(socket, client)
    socket.on('close', () => clients.delete(socket))
    // Node itself resumes a connection for each request that is read.
    socket.on('resume', () => {
      if (client.active > mostWaiting) socket.pause()
    })
  })
  // Also when a connection that was kept has been idle for its time.
  server.on('timeout', (socket) => {
    if (slowReaders.has(socket)) count(counters.cut, 'slow-reader')
    socket.destroy()
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const client = clients.get(socket as Socket)
    const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') count(counters.cut, isLate ? 'slow-header' : 'malformed')
    // An answer that has begun cannot be followed by another.
    const mayAnswer =
      client === undefined || client.active === 0 || (client.active === 1 && client.response?.headersSent === false)
    if (!socket.writable || error.code === 'ECONNRESET' || !mayAnswer) socket.destroy()
    else
      (socket as Socket).end(`HTTP/1.1 ${statusOf(error.code)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
        socket.destroy(),
      )
  })

  function receive(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    // The client went away; nobody waits for an answer.
    message.on('error', () => {})
    response.on('error', () => {})
    const client = clients.get(message.socket)
    if (client !== undefined) {
      client.active++
      client.response = response
      if (client.active > mostWaiting) message.socket.pause()
    }
    const incoming = incomingOf(message)
    const observation = observer?.begin(incoming)
    const id = observation?.id ?? idOf(incoming.header('x-request-id'))
    if (id !== undefined) response.setHeader('x-request-id', id)
    if (observation !== undefined)
      for (const [name, value] of Object.entries(observation.headers)) response.setHeader(name, value)
    const answered: Answered = { response, socket: message.socket, client, observation, reply: undefined, isRunning: false }
    response.on('close', () => finished(answered))
    const allowed = options.origins.length === 0 ? undefined : corsHeaders(incoming, options.origins)
    if (allowed !== undefined) for (const [name, value] of Object.entries(allowed)) response.setHeader(name, value)
    // Before the body is read: a stranger sends none.
    const refused =
      refuseHeader(message) ??
      preflight(incoming, options.origins) ??
      refuse(incoming) ??
      refuseLength(message, options.maxBody) ??
      (receiving >= maxReceiving ? tooMuch() : undefined)
    if (refused !== undefined) {
      turnAway(message, answered, refused)
      return
    }
    if (expectsContinue) response.writeContinue()
    const body = openBody()
    const one: Reading = { message, response, seconds: 0, idle: 0, size: 0, refused: false }
    reading.add(one)
    message.on('data', (chunk: Buffer) => {
      one.idle = 0
      one.size += chunk.length
      counters.bytesIn += chunk.length
      if (one.refused) return
      receiving += chunk.length
      body.add(chunk)
      if (body.size > options.maxBody || receiving > maxReceiving) {
        turnAway(message, answered, body.size > options.maxBody ? tooLarge(options.maxBody) : tooMuch(), one)
        receiving -= body.size
        body.drop()
      }
    })
    // After `end` too.
    message.on('close', () => {
      if (reading.delete(one)) receiving -= body.size
    })
    message.on('end', () => {
      if (one.refused || !reading.delete(one)) return
      receiving -= body.size
      incoming.body = body.whole()
      inTurn(incoming, answered)
    })
  }

  /** A client may send a thousand requests at once: of each only a few are answered at a time, so that all have their turn. */
  function inTurn(incoming: Incoming, answered: Answered): void {
    const { client } = answered
    if (client === undefined || client.running < mostRunning) answer(incoming, answered)
    else client.queue.push(() => answer(incoming, answered))
  }

  function answer(incoming: Incoming, answered: Answered): void {
    if (answered.client !== undefined) answered.client.running++
    answered.isRunning = true
    try {
      const reply = application.answer(incoming)
      if (reply instanceof Promise)
        reply.then(
          (outgoing) => write(answered, outgoing),
          (error: unknown) => broke(answered, error),
        )
      else write(answered, reply)
    } catch (error) {
      broke(answered, error)
    }
  }

  function write(answered: Answered, reply: Outgoing): void {
    const { response, client } = answered
    if (response.writableEnded || response.destroyed || response.headersSent) return
    answered.reply = reply
    const { status, headers, body } = reply
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    // A connection that stays open would be waited for; of several requests in it the last one closes it.
    if (stopping && (client === undefined || client.active === 1)) response.shouldKeepAlive = false
    try {
      response.writeHead(status, status === 204 ? headers : { ...headers, 'content-length': length })
    } catch (error) {
      // A header that cannot be one.
      broke(answered, error)
      return
    }
    // Node joins header and body only where the body is a string; latin1 keeps every byte.
    if (typeof body !== 'string' && length <= onePiece)
      response.end(Buffer.from(body.buffer, body.byteOffset, length).toString('latin1'), 'latin1')
    else response.end(body)
    const { socket } = answered
    if (socket.writableLength > 0) watchReader(socket)
  }

  /** Cuts the connection when nothing of what is written is taken for that long. */
  function watchReader(socket: Socket): void {
    slowReaders.add(socket)
    socket.setTimeout(readerTimeout)
  }

  /** Answers without reading on; what still comes is read for a moment and dropped, then the connection ends. */
  function turnAway(message: IncomingMessage, answered: Answered, refused: Outgoing, one?: Reading): void {
    const { response } = answered
    if (message.complete || !hasBody(message)) {
      write(answered, refused)
      message.resume()
      return
    }
    answered.reply = refused
    const { status, headers, body } = refused
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    response.writeHead(status, { ...headers, connection: 'close', 'content-length': length })
    // Its end would close the connection, and the client that still sends would see nothing but that.
    if (message.method === 'HEAD') response.flushHeaders()
    else response.write(body)
    const late: Reading = one ?? { message, response, seconds: 0, idle: 0, size: 0, refused: true }
    late.refused = true
    late.seconds = 0
    reading.add(late)
    message.on('close', () => reading.delete(late))
    message.on('end', () => response.end())
    message.resume()
  }

  /** A bug of ours: the words are for the log. */
  function broke(answered: Answered, error: unknown): void {
    options.onWarning(`bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    const { response } = answered
    if (response.headersSent) response.destroy()
    else write(answered, jsonReply(500, { error: 'the server failed on this request' }))
  }

  function finished(answered: Answered): void {
    const { response, socket, client, observation, reply } = answered
    if (client !== undefined) {
      client.active--
      if (answered.isRunning) client.running--
      if (client.active <= mostWaiting / 2 && socket.isPaused() && !socket.destroyed) socket.resume()
      if (client.queue.length > 0 && !socket.destroyed) client.queue.shift()!()
      if (stopping && client.active === 0) socket.destroySoon()
    }
    // The answer behind this one is on its way now, when several were asked for at once; behind the last Node sets the time.
    const isBehind = client !== undefined && client.active > 0
    if (isBehind && socket.writableLength > 0) watchReader(socket)
    else if (slowReaders.delete(socket) && isBehind) socket.setTimeout(0)
    const isWhole = response.writableFinished
    if (isWhole) count(counters.answers, response.statusCode)
    else count(counters.cut, 'left')
    const bytes = isWhole && reply !== undefined ? reply.body.length : 0
    counters.bytesOut += bytes
    observation?.end({ status: isWhole ? response.statusCode : 499, bytes, reply })
  }

  /** Every second: bodies that do not come. Seconds are counted, not read from a clock. */
  const sweep = setInterval(() => {
    for (const one of reading) {
      one.seconds++
      one.idle++
      if (one.refused) {
        if (one.seconds > linger) one.response.end(() => one.message.destroy())
        if (one.seconds > linger + 1) one.message.destroy()
        continue
      }
      if (one.idle <= bodyIdle && (one.seconds <= bodyGrace || one.size / one.seconds >= bodySpeed)) continue
      count(counters.cut, 'slow-body')
      reading.delete(one)
      one.refused = true
      one.response.writeHead(408, { connection: 'close', 'content-length': 0 })
      one.response.end(() => one.message.destroy())
    }
  }, 1_000)
  sweep.unref()

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // A name may stand for this machine alone.
  const { address } = server.address() as AddressInfo
  if (isIP(options.host) === 0 && isLoopback(address))
    refuse = openGuard({ ...options, host: address, allowedHosts: [options.host, ...options.allowedHosts] })
  // Without free descriptors a connection cannot be taken; the next one can.
  server.on('error', (error: NodeJS.ErrnoException) => {
    count(counters.cut, 'accept')
    options.onWarning(`a connection was not taken (${error.code ?? error.message})`)
  })
  return {
    address: server.address() as AddressInfo,
    stop() {
      stopping = true
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      // Whose request has not come in full is not waited for.
      for (const [socket, { active }] of clients) if (active === 0) socket.destroySoon()
      return ended
    },
    async close() {
      clearInterval(sweep)
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** A request and what became of it. */
interface Answered {
  readonly response: ServerResponse
  readonly socket: Socket
  readonly client: Client | undefined
  readonly observation: Observation | undefined
  reply: Outgoing | undefined
  isRunning: boolean
}

/** Up to this size a body is written with its header in one piece, which saves a system call's worth of work. */
const onePiece = 16 << 10

/** A request whose body is still to come. */
function incomingOf(message: IncomingMessage): { -readonly [Key in keyof Incoming]: Incoming[Key] } {
  let url = message.url ?? '/'
  // A proxy's form of the request line: what it names as the host is the host.
  const absolute = url.startsWith('/') ? null : /^https?:\/\/([^/?#]*)([^#]*)/i.exec(url)
  if (absolute !== null) url = absolute[2]!.startsWith('/') ? absolute[2]! : `/${absolute[2]}`
  const mark = url.indexOf('?')
  return {
    method: message.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    header(name) {
      if (absolute !== null && name === 'host') return absolute[1]
      const value = message.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    },
    body: noBody,
    isGone: () => message.socket.destroyed,
  }
}

const noBody = new Uint8Array(0)

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** What Node lets pass: too many headers, two hosts, codings of the transfer that nobody decodes. */
function refuseHeader({ rawHeaders, headers, httpVersionMajor }: IncomingMessage): Outgoing | undefined {
  // A line without a version is HTTP/0.9, whose answers have no header.
  if (httpVersionMajor < 1) return jsonReply(400, { error: 'the request line has no version of HTTP' })
  if (httpVersionMajor > 1) return jsonReply(505, { error: 'HTTP/1.1 is spoken here' })
  if (rawHeaders.length > 2 * maxHeaders) return jsonReply(431, { error: `the request has more than ${maxHeaders} headers` })
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
  }
  if (hosts > 1) return jsonReply(400, { error: 'the request has more than one Host' })
  const coding = headers['transfer-encoding']
  if (coding !== undefined && coding.trim().toLowerCase() !== 'chunked')
    return jsonReply(501, { error: 'the only transfer coding that is taken is chunked' })
  return undefined
}

function refuseLength({ headers }: IncomingMessage, most: number): Outgoing | undefined {
  const length = headers['content-length']
  return length !== undefined && Number(length) > most ? tooLarge(most) : undefined
}

function tooLarge(most: number): Outgoing {
  return jsonReply(413, { error: `the body is larger than ${most} bytes` })
}

function tooMuch(): Outgoing {
  return jsonReply(503, { error: 'too many large requests are on their way' }, { 'retry-after': '1' })
}

/** The status line for what is no HTTP. */
function statusOf(code: string | undefined): string {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return '431 Request Header Fields Too Large'
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return '413 Payload Too Large'
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return '408 Request Timeout'
    default:
      return '400 Bad Request'
  }
}
