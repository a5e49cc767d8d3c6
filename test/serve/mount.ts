/** A handler, or recorded replies, behind a socket of this machine. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { Handler } from '../../src/serve/handler.ts'

export interface Mounted {
  readonly url: string
  close(): Promise<void>
}

/** The bare node:http server of docs/serving.md. */
export function listenerOf(handler: (request: Request) => Promise<Response>): RequestListener {
  return async (message, response) => {
    const reply = await handler(requestOf(message))
    response.writeHead(reply.status, Object.fromEntries(reply.headers))
    response.end(Buffer.from(await reply.arrayBuffer()))
  }
}

function requestOf(message: IncomingMessage): Request {
  const hasBody = message.method !== 'GET' && message.method !== 'HEAD'
  return new Request(`http://${message.headers.host}${message.url}`, {
    method: message.method!,
    headers: message.headers as Record<string, string>,
    ...(hasBody && { body: Readable.toWeb(message) as ReadableStream, duplex: 'half' }),
  } as RequestInit)
}

export async function mount(listener: RequestListener): Promise<Mounted> {
  const server = createServer(listener)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

export function mountHandler(handler: Handler): Promise<Mounted> {
  return mount(listenerOf(handler))
}
