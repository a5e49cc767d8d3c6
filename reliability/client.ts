/** HTTP from raw sockets: one request, and load from many connections. */
import { connect, type Socket } from 'node:net'

export interface Answer {
  /** 0: the connection ended without one. */
  readonly status: number
  readonly head: string
  readonly body: string
  readonly milliseconds: number
}

export function post(path: string, body: string, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

export function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
}

/** A connection that is kept; one request at a time. */
export interface Connection {
  readonly socket: Socket
  ask(request: string): Promise<Answer>
}

export function openConnection(port: number, localAddress = '127.0.0.1'): Connection {
  const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
  let seen = Buffer.alloc(0)
  let began = 0
  let resolve: ((answer: Answer) => void) | undefined
  const settle = (answer: Omit<Answer, 'milliseconds'>): void => {
    const waiting = resolve
    resolve = undefined
    waiting?.({ ...answer, milliseconds: performance.now() - began })
  }
  socket.on('data', (chunk) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const end = seen.indexOf('\r\n\r\n')
    if (end < 0) return
    const head = seen.toString('latin1', 0, end)
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
    if (seen.length < end + 4 + length) return
    const body = seen.toString('utf8', end + 4, end + 4 + length)
    seen = seen.subarray(end + 4 + length)
    settle({ status: Number(head.slice(9, 12)), head, body })
  })
  socket.on('error', () => {})
  socket.on('close', () => settle({ status: 0, head: '', body: '' }))
  return {
    socket,
    ask: (request) =>
      new Promise((done) => {
        began = performance.now()
        resolve = done
        if (socket.destroyed) settle({ status: 0, head: '', body: '' })
        else socket.write(request)
      }),
  }
}

/** One request on a connection of its own. */
export async function ask(port: number, request: string): Promise<Answer> {
  const connection = openConnection(port)
  const answer = await connection.ask(request)
  connection.socket.destroy()
  return answer
}

export interface Load {
  readonly answers: ReadonlyMap<number, number>
  readonly perSecond: number
  /** Milliseconds, of all answers and of those that are 200. */
  percentile(share: number, status?: number): number
}

/** Asks the same over and over from many connections; a connection that ends is opened anew. */
export async function load(
  port: number,
  request: string,
  { connections, seconds, pause = 0 }: { readonly connections: number; readonly seconds: number; readonly pause?: number },
): Promise<Load> {
  const answers = new Map<number, number>()
  const times = new Map<number, number[]>()
  const end = performance.now() + seconds * 1000
  const began = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      let connection = openConnection(port)
      while (performance.now() < end) {
        const { status, milliseconds } = await connection.ask(request)
        answers.set(status, (answers.get(status) ?? 0) + 1)
        const list = times.get(status) ?? []
        times.set(status, list)
        list.push(milliseconds)
        if (connection.socket.destroyed) connection = openConnection(port)
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
      }
      connection.socket.destroy()
    }),
  )
  const took = (performance.now() - began) / 1000
  return {
    answers,
    perSecond: (answers.get(200) ?? 0) / took,
    percentile(share, status) {
      const all = (status === undefined ? [...times.values()].flat() : (times.get(status) ?? [])).sort(
        (left, right) => left - right,
      )
      return all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0
    },
  }
}

export const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
