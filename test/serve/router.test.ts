/** The router: exact paths, names in paths, methods. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Incoming, Outgoing } from '../../src/serve/message.ts'
import { openRouter } from '../../src/serve/router.ts'

const named = (name: string) => (_request: Incoming, parameters: readonly string[]) => ({
  status: 200,
  headers: {},
  body: [name, ...parameters].join(' '),
})
const router = openRouter([
  { 'GET /v2': named('server'), 'POST /v2': named('post'), 'GET /v2/models/stats': named('all') },
  { 'GET /v2/models/{}': named('model'), 'GET /v2/models/{}/versions/{}': named('version') },
])

function ask(method: string, path: string): Outgoing {
  return router.answer({ method, path, query: '', header: () => undefined, body: new Uint8Array(0) }) as Outgoing
}

describe('the router', () => {
  test('finds exact paths before patterns, and decodes names', () => {
    assert.equal(ask('GET', '/v2').body, 'server')
    assert.equal(ask('GET', '/v2/models/stats').body, 'all')
    assert.equal(ask('GET', '/v2/models/a%20b').body, 'model a b')
    assert.equal(ask('GET', '/v2/models/a%2Fb/versions/1').body, 'version a/b 1')
    assert.equal(ask('HEAD', '/v2').body, 'server')
  })

  test('what it does not know', () => {
    for (const path of [
      '/',
      '',
      '/V2',
      '/v2/',
      '//v2',
      '/v2/models',
      '/v2/models/',
      '/v2/models/%zz',
      '/v2/models/%c3',
      '*',
      '/__proto__',
    ])
      assert.equal(ask('GET', path).status, 404, path)
    assert.equal(ask('PUT', '/v2').status, 405)
    assert.equal(ask('PUT', '/v2').headers['allow'], 'GET, POST')
    assert.equal(ask('constructor', '/v2').status, 405)
    assert.equal(ask('HEAD', '/v2/models/x/versions/1').status, 200)
  })

  test('any path gets an answer', () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        assert.ok([200, 404].includes(ask('GET', `/v2/models/${path}`).status))
      }),
    )
  })

  test('a route that stands twice is a mistake of ours', () => {
    assert.throws(() => openRouter([{ 'GET /a': named('a') }, { 'GET /a': named('b') }]), /two routes/)
  })
})
