/** Azure's `/score`: what a body may be, statuses, headers; compared with azureml-inference-server-http 1.5.1, server/routes.py. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createHandler, type Handler } from '../../../src/serve/handler.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const fixture = (name: string): string => join(root, 'test/fixtures/models', name, 'model')
const json = { 'content-type': 'application/json' }

describe('azureml', { timeout: 120_000 }, () => {
  let table: Handler
  let tensor: Handler
  let nosig: Handler
  let compat: Handler
  before(async () => {
    const options = { protocol: 'azureml', threads: 1 } as const
    table = await createHandler(fixture('onnx_percol_rank2_columns'), options)
    tensor = await createHandler(fixture('onnx_strings'), options)
    nosig = await createHandler(fixture('onnx_nosig'), options)
    compat = await createHandler(fixture('onnx_strings'), { ...options, mode: 'compat' })
  })
  after(() => Promise.all([table, tensor, nosig, compat].map((handler) => handler.close())))

  const ask = (handler: Handler, path: string, init?: RequestInit): Promise<Response> =>
    handler(new Request(`http://here${path}`, init))
  const score = async (handler: Handler, body: unknown, headers: Record<string, string> = json) => {
    const reply = await ask(handler, '/score', {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    return { status: reply.status, headers: reply.headers, body: JSON.parse(await reply.text()) as unknown }
  }

  const columns = ['age', 'fare', 'sex', 'deck']
  const data = [
    [51.5, 61.25, 'male', 'D'],
    [2.5, 9.25, 'female', 'D'],
  ]
  const named = Object.fromEntries(columns.map((name, at) => [name, data.map((row) => row[at])]))

  test('a table with an index, without one, with its columns in another order, as rows and as columns', async () => {
    const wanted = await score(table, { input_data: { columns, index: [0, 1], data } })
    assert.equal(wanted.status, 200)
    assert.equal((wanted.body as unknown[]).length, 2)
    const turned = { columns: columns.toReversed(), index: [7, 8], data: data.map((row) => row.toReversed()) }
    for (const input_data of [{ columns, data }, turned, data, named])
      assert.deepEqual((await score(table, { input_data })).body, wanted.body, JSON.stringify(input_data))
  })

  test('a list is one array; arrays by name; params that are none', async () => {
    const wanted = await score(tensor, { input_data: { s: ['abc', 'x y'] } })
    assert.equal(wanted.status, 200)
    assert.deepEqual((await score(tensor, { input_data: ['abc', 'x y'] })).body, wanted.body)
    for (const params of [null, {}, false])
      assert.deepEqual((await score(tensor, { input_data: ['abc', 'x y'], params })).body, wanted.body)
  })

  test('without a signature: a list, a table, and JSON in a text', async () => {
    const row = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    const wanted = await score(nosig, { input_data: [row] })
    assert.equal(wanted.status, 200)
    assert.deepEqual((await score(nosig, { input_data: JSON.stringify([row]) })).body, wanted.body)
  })

  test('what is refused is a message and nothing else', async () => {
    const bodies: readonly [string, RegExp][] = [
      ['', /JSON/],
      ['{"input_data": [', /JSON/],
      ['[1, 2]', /input_data/],
      ['{}', /input_data/],
      ['{"data": [[1]]}', /input_data/],
      ['{"input_data": null}', /input_data/],
      ['{"input_data": {"columns": ["age"], "data": [[1]]}}', /fare/],
      ['{"input_data": {"columns": ["age", "fare", "sex", "deck"], "index": [0], "data": [["x", 1, "m", "D"]]}}', /age/],
      ['{"input_data": [[1, 2, "m", "D"]], "input_data": [[1, 2, "m", "D"]]}', /input_data/],
      ['{"input_data": [[1, 2, "m", "D"]], "parms": {}}', /parms/],
    ]
    for (const [body, words] of bodies) {
      const reply = await score(table, body)
      assert.equal(reply.status, 400, body)
      assert.deepEqual(Object.keys(reply.body as object), ['message'], body)
      assert.match((reply.body as { message: string }).message, words, body)
      assert.equal(reply.headers.get('x-ms-run-function-failed'), 'False')
      assert.equal(reply.headers.get('x-ms-run-fn-exec-ms'), null)
    }
  })

  test('keys that nobody reads are dropped in compat mode, as Azure’s server drops them', async () => {
    assert.equal((await score(compat, { input_data: ['a'], more: 1 })).status, 200)
  })

  test('only JSON is taken', async () => {
    for (const type of ['text/csv', 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx']) {
      const reply = await score(tensor, { input_data: ['a'] }, { 'content-type': type })
      assert.deepEqual([reply.status, reply.body], [415, { message: 'Expects Content-Type to be application/json' }], type)
    }
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/vnd.x+json'])
      assert.equal((await score(tensor, { input_data: ['a'] }, { 'content-type': type })).status, 200, type)
  })

  test('a query is a body too', async () => {
    const wanted = await score(tensor, { input_data: ['abc', 'x'] })
    for (const query of [
      `input_data=${encodeURIComponent('["abc","x"]')}`,
      'input_data=abc&input_data=x',
      `input_data=${encodeURIComponent('{"s":["abc","x"]}')}&params=null`,
    ]) {
      const reply = await ask(tensor, `/score?${query}`)
      assert.deepEqual([reply.status, await reply.json()], [200, wanted.body], query)
    }
    assert.equal((await ask(tensor, '/score')).status, 400)
  })

  test('the probe, OPTIONS, other methods and paths', async () => {
    const probe = await ask(tensor, '/')
    assert.deepEqual([probe.status, await probe.text()], [200, 'Healthy'])
    assert.match(probe.headers.get('content-type')!, /^text\/html/)
    assert.equal((await ask(tensor, '/', { method: 'HEAD' })).status, 200)
    assert.equal((await ask(tensor, '/score', { method: 'OPTIONS' })).status, 200)
    assert.equal((await ask(tensor, '/score', { method: 'PUT', body: '{}' })).status, 405)
    assert.equal((await ask(tensor, '/invocations', { method: 'POST', body: '{}' })).status, 404)
  })

  test('request ids: given back, made, refused when they are too long', async () => {
    const ids = async (headers: Record<string, string>) => {
      const reply = await ask(tensor, '/', { headers })
      const names = ['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id', 'traceid']
      return [reply.status, ...names.map((name) => reply.headers.get(name))]
    }
    assert.deepEqual(await ids({ 'x-request-id': 'r' }), [200, 'r', 'r', null, null])
    assert.deepEqual(await ids({ 'x-request-id': 'r', 'x-ms-client-request-id': 'c' }), [200, 'r', 'c', 'c', null])
    assert.deepEqual(await ids({ 'x-request-id': 'r', 'x-ms-request-id': 'm' }), [200, 'r', 'm', 'm', null])
    assert.deepEqual(await ids({ 'x-request-id': 'r', 'x-ms-request-id': 'm', 'x-ms-client-request-id': 'c', TraceId: 't' }), [
      200,
      'r',
      'm',
      'c',
      't',
    ])
    const [, made, legacy] = await ids({})
    assert.match(String(made), /^[0-9a-f-]{36}$/)
    assert.equal(legacy, made)
    for (const name of ['x-request-id', 'x-ms-request-id', 'x-ms-client-request-id']) {
      assert.equal((await ids({ [name]: 'i'.repeat(100) }))[0], 200)
      assert.equal((await ids({ [name]: 'i'.repeat(101) }))[0], 431)
    }
    const scored = await score(tensor, { input_data: ['a'] }, { ...json, 'x-ms-client-request-id': 'c' })
    assert.equal(scored.headers.get('x-ms-client-request-id'), 'c')
    assert.match(scored.headers.get('x-ms-run-fn-exec-ms')!, /^\d+\.\d{3}$/)
  })

  test('the document by its versions and their other names', async () => {
    for (const [query, wanted] of Object.entries({
      '': ['swagger', '2.0'],
      '?version=2': ['swagger', '2.0'],
      '?version=2.0': ['swagger', '2.0'],
      '?version=3': ['openapi', '3.0.3'],
      '?version=3.0': ['openapi', '3.0.3'],
      '?version=3.1': ['openapi', '3.1.0'],
    })) {
      const reply = await ask(table, `/swagger.json${query}`)
      assert.equal(reply.headers.get('content-type'), 'application/json')
      const document = (await reply.json()) as Record<string, unknown>
      assert.deepEqual([reply.status, document[wanted[0]!]], [200, wanted[1]], query)
    }
    const reply = await ask(table, '/swagger.json?version=4')
    assert.equal(reply.status, 404)
    assert.deepEqual(await reply.json(), {
      message: 'Swagger version [4] is not valid. Supported versions: [2, 3, 3.1].',
    })
  })
})
