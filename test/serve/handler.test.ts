/** `mlmodel/serve` in servers of others: Express, Hono, node:http. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
// @ts-expect-error it has no types of its own
import express from 'express'
import { Hono } from 'hono'
import { MlmodelError } from '../../src/errors/index.ts'
import { createHandler, type Handler } from '../../src/serve/handler.ts'
import { listenerOf, type Mounted, mount, mountHandler } from './mount.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const fixture = (name: string): string => join(root, 'test/fixtures/models', name, 'model')
const body = JSON.stringify({ inputs: { s: ['abc', 'Déjà'] } })
const json = { 'content-type': 'application/json' }

async function answerOf(url: string, init?: RequestInit): Promise<readonly [number, string]> {
  const reply = await fetch(url, { headers: json, ...init })
  return [reply.status, await reply.text()]
}

describe('a handler in another server', { timeout: 60_000 }, () => {
  let plain: Handler
  let prefixed: Handler
  const opened: Mounted[] = []
  before(async () => {
    plain = await createHandler({ a: fixture('onnx_strings'), b: fixture('onnx_linreg_columns_float') }, { threads: 1 })
    prefixed = await createHandler(fixture('onnx_strings'), { threads: 1, prefix: '/models/text', maxBody: 1000 })
  })
  after(async () => {
    await Promise.all(opened.map((each) => each.close()))
    await Promise.all([plain.close(), prefixed.close()])
  })

  async function assertServes(base: string): Promise<void> {
    assert.deepEqual(await answerOf(`${base}/ping`), [200, '\n'])
    const wanted = await answerOf(`${base}/invocations`, { method: 'POST', body })
    assert.equal(wanted[0], 200)
    assert.ok('predictions' in (JSON.parse(wanted[1]) as object))
    const coded = { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(body) }
    assert.deepEqual(await answerOf(`${base}/invocations`, coded), wanted)
    assert.equal((await answerOf(`${base}/invocations`, { method: 'POST', body: '{' }))[0], 400)
    assert.equal((await answerOf(`${base}/invocations`))[0], 405)
    assert.equal((await answerOf(`${base}/nothing`))[0], 404)
    const head = await fetch(`${base}/ping`, { method: 'HEAD' })
    assert.deepEqual([head.status, await head.text()], [200, ''])
  }

  test('node:http', async () => {
    const mounted = await mountHandler(plain)
    opened.push(mounted)
    await assertServes(mounted.url)
    assert.equal((await answerOf(`${mounted.url}/v2/models/b/ready`))[0], 200)
  })

  test('node:http, beside other routes', async () => {
    const own = listenerOf(prefixed)
    const mounted = await mount((message, response) => {
      if (message.url!.startsWith('/models/text')) void own(message, response)
      else response.end('mine')
    })
    opened.push(mounted)
    assert.deepEqual(await answerOf(`${mounted.url}/`), [200, 'mine'])
    await assertServes(`${mounted.url}/models/text`)
  })

  test('Express', async () => {
    const app = express()
    app.get('/', (_: unknown, response: { send(text: string): void }) => response.send('mine'))
    app.use('/models/text', (message: { originalUrl: string; url: string }, response: never) => {
      // Express cuts its mount path off; the handler's prefix wants it.
      message.url = message.originalUrl
      return listenerOf(prefixed)(message as never, response)
    })
    const mounted = await mount(app)
    opened.push(mounted)
    assert.deepEqual(await answerOf(`${mounted.url}/`), [200, 'mine'])
    await assertServes(`${mounted.url}/models/text`)
  })

  test('Hono', async () => {
    const app = new Hono()
    app.get('/', (context) => context.text('mine'))
    app.all('/models/text/*', (context) => prefixed(context.req.raw))
    const mounted = await mount(listenerOf(async (request) => app.fetch(request)))
    opened.push(mounted)
    assert.deepEqual(await answerOf(`${mounted.url}/`), [200, 'mine'])
    await assertServes(`${mounted.url}/models/text`)
  })

  test('a prefix is a whole segment; a body beyond the limit is refused, also one that says no length', async () => {
    const ask = (path: string, init?: RequestInit) => prefixed(new Request(`http://here${path}`, init))
    assert.equal((await ask('/models/text/ping')).status, 200)
    const { servers } = (await (await ask('/models/text/openapi.json')).json()) as { servers: unknown }
    assert.deepEqual(servers, [{ url: '/models/text' }])
    for (const path of ['/ping', '/models/textile/ping', '/models']) assert.equal((await ask(path)).status, 404, path)
    const long = { method: 'POST', headers: json, body: 'x'.repeat(1001) }
    assert.equal((await ask('/models/text/invocations', long)).status, 413)
    const stream = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(600))
      },
    })
    const endless = { method: 'POST', headers: json, body: stream, duplex: 'half' } as RequestInit
    assert.equal((await ask('/models/text/invocations', endless)).status, 413)
  })

  test('one protocol only; close ends its processes and later requests', async () => {
    for (const [protocol, there, not] of [
      ['mlflow', '/ping', '/v2'],
      ['open-inference', '/v2', '/ping'],
      ['azureml', '/swagger.json', '/v2'],
    ] as const) {
      await using handler = await createHandler(fixture('onnx_strings'), { threads: 1, protocol })
      assert.equal((await handler(new Request(`http://here${there}`))).status, 200, protocol)
      assert.equal((await handler(new Request(`http://here${not}`))).status, 404, protocol)
    }
    const closed = await createHandler(fixture('onnx_strings'), { threads: 1 })
    await closed.close()
    assert.equal((await closed(new Request('http://here/invocations', { method: 'POST', headers: json, body }))).status, 503)
    await closed.close()
  })

  test('what cannot be opened is an error, and no server', async () => {
    const refused = async (promise: Promise<unknown>): Promise<string> => {
      const error = await promise.then(
        () => assert.fail('it was opened'),
        (thrown: unknown) => thrown,
      )
      assert.ok(error instanceof MlmodelError)
      return error.kind
    }
    assert.equal(await refused(createHandler('nowhere')), 'not-found')
    assert.equal(await refused(createHandler(fixture('onnx_strings'), { porefix: '/a' } as never)), 'usage')
    assert.equal(await refused(createHandler(fixture('onnx_strings'), { flavor: 'python_function2' })), 'usage')
  })
})
