/** The listening socket: what is no HTTP, limits, slow clients, the end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { type HttpServer, type ListenOptions, listen } from '../../src/serve/http.ts'
import { newHttpCounters } from '../../src/serve/http-counters.ts'
import { type Incoming, jsonReply, type Outgoing } from '../../src/serve/message.ts'
import { openRouter } from '../../src/serve/router.ts'
import { malformedCases } from './malformed.ts'
import { exchange, statuses } from './raw.ts'

const text = (body: string): Outgoing => ({ status: 200, headers: { 'content-type': 'text/plain' }, body })
const empty = (): void => {}
let release: () => void = empty
const waits: (() => void)[] = []
let waiting = 0
let mostWaiting = 0
const warnings: string[] = []
const uncaught: unknown[] = []
process.on('uncaughtExceptionMonitor', (error) => uncaught.push(error))

const router = openRouter([
  {
    'GET /': () => text('ok'),
    'GET /smuggled': () => jsonReply(299, 'smuggled'),
    'POST /echo': ({ body }) => text(String(body.length)),
    'GET /host': (incoming: Incoming) => text(incoming.header('host') ?? ''),
    'GET /wait': () =>
      new Promise((resolve) => {
        release = () => resolve(text('waited'))
        waits.push(release)
      }),
    'GET /count': async () => {
      waiting++
      mostWaiting = Math.max(mostWaiting, waiting)
      await new Promise((resolve) => setImmediate(resolve))
      waiting--
      return text('counted')
    },
    'GET /large': () => ({ status: 200, headers: {}, body: Buffer.alloc(64 << 20, 'x') }),
    'GET /bug': () => {
      throw new Error('secret /etc/passwd')
    },
    'GET /late-bug': () => Promise.reject(new Error('secret')),
    'GET /bad-header': () => ({ status: 200, headers: { 'x-bad': 'a\nb' }, body: '' }),
    'GET /empty': () => ({ status: 204, headers: {}, body: '' }),
  },
])
const http = newHttpCounters()
const options: ListenOptions = {
  host: '127.0.0.1',
  port: 0,
  allowedHosts: [],
  keys: [],
  origins: [],
  maxBody: 1 << 20,
  onWarning: (warning) => warnings.push(warning),
}
let server: HttpServer
let port = 0

before(async () => {
  server = await listen({ answer: (incoming) => router.answer(incoming), http }, options)
  port = server.address.port
})
after(() => server.close())

async function isWell(): Promise<void> {
  const answer = await exchange(port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nok$/s)
}

describe('malformed HTTP', () => {
  test('the table is as long as it should be, and no case is there twice', () => {
    assert.ok(malformedCases.length >= 120, String(malformedCases.length))
    assert.equal(new Set(malformedCases.map(({ name }) => name)).size, malformedCases.length)
  })

  for (const { name, bytes, first, all } of malformedCases) {
    test(name, async () => {
      const answer = await exchange(port, bytes)
      const found = statuses(answer)
      assert.ok(first.includes(found[0] ?? 0), `${found.join(' ')} ${answer.slice(0, 300)}`)
      if (all !== undefined) assert.deepEqual(found, all)
      assert.ok(!found.includes(299), 'the smuggled request was answered')
      assert.doesNotMatch(answer, /node:|\.js|at \w+ \(/)
      await isWell()
    })
  }

  test('nothing was thrown', () => {
    assert.deepEqual(uncaught, [])
    assert.deepEqual(warnings, [])
  })
})

describe('the server', () => {
  test('a connection with many requests that wait is not read on, and all are answered', async () => {
    const socket = connect({ port, host: '127.0.0.1' })
    let seen = ''
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1')
    })
    const before = http.bytesIn
    const [requests, bodyBytes] = [4000, 10_000]
    const post = `POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${bodyBytes}\r\n\r\n${' '.repeat(bodyBytes)}`
    // The answers come in the order of the requests: all wait for the first four, which wait for us.
    waits.length = 0
    socket.write('GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(4) + post.repeat(requests))
    socket.end()
    for (let still = 0, last = -1; still < 2000; still++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (http.bytesIn !== last) still = 0
      last = http.bytesIn
    }
    assert.ok(http.bytesIn - before < 4 << 20, `${http.bytesIn - before} bytes were read`)
    for (const each of waits.splice(0)) each()
    release = empty
    await once(socket, 'close')
    assert.equal(statuses(seen).filter((status) => status === 200).length, requests + 4)
  })

  test('a request in single bytes, with pauses of the event loop', async () => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let seen = ''
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1')
    })
    for (const byte of 'POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n') {
      socket.write(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await once(socket, 'close')
    assert.match(seen, /\r\n\r\n3$/)
  })

  test('HEAD and 204 have no body, and lengths where they belong', async () => {
    const head = await exchange(port, 'HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.match(head, /content-length: 2\r\n/i)
    assert.match(head, /\r\n\r\n$/)
    const empty = await exchange(port, 'GET /empty HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.doesNotMatch(empty, /content-length/i)
  })

  test('the host of an absolute target is the one that counts', async () => {
    const answer = await exchange(port, 'GET http://localhost:7/host HTTP/1.1\r\nHost: evil.example\r\n\r\n')
    assert.match(answer, /\r\n\r\nlocalhost:7$/)
  })

  test('a bug is 500 without its words, which are in the log', async () => {
    warnings.length = 0
    for (const path of ['/bug', '/late-bug', '/bad-header']) {
      const answer = await exchange(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      assert.deepEqual(statuses(answer), [500])
      assert.doesNotMatch(answer, /secret|passwd|Error:/)
    }
    assert.equal(warnings.length, 3)
    assert.match(warnings[0]!, /secret/)
    warnings.length = 0
  })

  test('a client that sends more than it may reads why', async () => {
    const answer = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request({ port, method: 'POST', path: '/echo', headers: { host: 'localhost' } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject)
      // Chunked: nothing says how much it is.
      for (let index = 0; index < 40; index++) asked.write(Buffer.alloc(64 << 10))
      asked.end()
    })
    assert.equal(answer, 413)
  })

  test('the request’s name is given back when it can be', async () => {
    const ask = (id: string): Promise<string> =>
      exchange(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: ${id}\r\n\r\n`)
    assert.match(await ask('abc-1:2/3'), /x-request-id: abc-1:2\/3\r\n/i)
    assert.doesNotMatch(await ask('a b'), /x-request-id/i)
    assert.doesNotMatch(await ask('x'.repeat(129)), /x-request-id/i)
  })

  test('hundreds of requests at once are all answered, a few at a time', async () => {
    mostWaiting = 0
    const answer = await exchange(port, 'GET /count HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(300))
    assert.deepEqual(statuses(answer), Array<number>(300).fill(200))
    assert.ok(mostWaiting > 1 && mostWaiting <= 4, String(mostWaiting))
  })

  test('counts what it answers and what it cuts', () => {
    assert.ok((http.answers.get(200) ?? 0) > malformedCases.length)
    assert.ok((http.cut.get('malformed') ?? 0) > 50)
    assert.equal(http.answers.get(299), undefined)
  })

  test('a client that leaves before its answer', async () => {
    const left = http.cut.get('left') ?? 0
    const socket = connect({ port, host: '127.0.0.1' })
    socket.write('GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'connect')
    while (release === empty) await new Promise((resolve) => setImmediate(resolve))
    socket.resetAndDestroy()
    while ((http.cut.get('left') ?? 0) === left) await new Promise((resolve) => setImmediate(resolve))
    release()
    release = empty
    await isWell()
  })

  test('stopping: what is in progress is answered and its connection closed, idle and half connections end, new ones are refused', async () => {
    const own = await listen({ answer: (incoming) => router.answer(incoming) }, options)
    const at = own.address.port
    const idle = connect({ port: at, host: '127.0.0.1' })
    idle.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(idle, 'data')
    const half = connect({ port: at, host: '127.0.0.1' })
    half.write('GET / HTTP/1.1\r\nHo')
    await once(half, 'connect')
    const asked = exchangeOpen(at, 'GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n')
    while (release === empty) await new Promise((resolve) => setImmediate(resolve))
    const stopped = own.stop()
    await Promise.all([once(idle, 'close'), once(half, 'close')])
    const late = connect({ port: at, host: '127.0.0.1' })
    assert.equal(((await once(late, 'error')) as [NodeJS.ErrnoException])[0].code, 'ECONNREFUSED')
    release()
    release = empty
    assert.match(await asked, /connection: close.*waited$/is)
    await stopped
    await own.close()
  })
})

/** As `exchange`, without saying that no more comes. */
function exchangeOpen(at: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let seen = ''
    const socket = connect({ port: at, host: '127.0.0.1' }, () => socket.write(bytes))
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1')
    })
    socket.on('close', () => resolve(seen))
  })
}
