/** Who may ask. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runnerExecutable } from '../../src/runner/entry.ts'
import { type Application, openApplication } from '../../src/serve/application.ts'
import { type GuardOptions, isLoopback, openGuard, preflight } from '../../src/serve/guard.ts'
import type { Incoming } from '../../src/serve/message.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))

function request(method: string, path: string, headers: Readonly<Record<string, string>> = { host: 'localhost:5000' }): Incoming {
  return { method, path, query: '', header: (name) => headers[name], body: new Uint8Array(0) }
}

/** The status of the refusal; 0: it may pass. */
function refusal(options: Partial<GuardOptions>, asked: Incoming): number {
  const guard = openGuard({ host: '127.0.0.1', allowedHosts: [], keys: [], origins: [], ...options })
  return guard(asked)?.status ?? 0
}

describe('the guard', () => {
  test('on loopback only the names of this machine, whatever their port and case', () => {
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:5000', '[::1]:5000', '[::1]', 'localhost:'])
      assert.equal(refusal({}, request('POST', '/invocations', { host })), 0, host)
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.nip.io',
      'localhost@evil.example',
      '',
      '[::1',
      '0.0.0.0',
      '[::]',
    ])
      assert.equal(refusal({}, request('POST', '/invocations', { host })), 421, host)
    assert.equal(refusal({}, request('POST', '/invocations', {})), 421)
    assert.equal(refusal({ allowedHosts: ['model.internal'] }, request('GET', '/v2', { host: 'Model.Internal:80' })), 0)
    assert.equal(refusal({ allowedHosts: ['*'] }, request('GET', '/v2', { host: 'evil.example' })), 0)
  })

  test('on the network any name, until names are given', () => {
    assert.equal(refusal({ host: '0.0.0.0' }, request('GET', '/v2', { host: 'pod-1' })), 0)
    assert.equal(refusal({ host: '0.0.0.0', allowedHosts: ['a'] }, request('GET', '/v2', { host: 'pod-1' })), 421)
    assert.equal(refusal({ host: '0.0.0.0', allowedHosts: ['a'] }, request('GET', '/v2', { host: 'a' })), 0)
  })

  test('probes come by any name and without a key; metrics by any name', () => {
    const keys = ['secret']
    for (const path of ['/ping', '/health', '/v2/health/ready', '/v2/models/a/ready', '/v2/models/a/versions/1/ready']) {
      assert.equal(refusal({ keys }, request('GET', path, { host: '10.0.0.7:8080' })), 0, path)
      assert.notEqual(refusal({ keys }, request('POST', path, { host: '10.0.0.7:8080' })), 0, path)
    }
    assert.equal(refusal({}, request('GET', '/metrics', { host: '10.0.0.7' })), 0)
    assert.equal(refusal({ keys }, request('GET', '/metrics', { host: '10.0.0.7' })), 401)
    for (const path of ['/ping/', '/pingx', '/v2/models/a/b/ready', '/v2/models//ready', '/x/ping'])
      assert.equal(refusal({ keys }, request('GET', path)), 401, path)
  })

  test('a key as bearer or as header, compared whole', () => {
    const keys = ['alpha', 'beta']
    const ask = (headers: Readonly<Record<string, string>>): number =>
      refusal({ keys }, request('POST', '/invocations', { host: 'localhost', ...headers }))
    assert.equal(ask({ authorization: 'Bearer beta' }), 0)
    assert.equal(ask({ authorization: 'bearer   alpha' }), 0)
    assert.equal(ask({ 'x-api-key': 'alpha' }), 0)
    for (const authorization of [
      'Bearer',
      'Bearer ',
      'Bearer alph',
      'Bearer alphaa',
      'Basic alpha',
      'alpha',
      'Bearer alpha beta',
    ])
      assert.equal(ask({ authorization }), 401, authorization)
    assert.equal(ask({}), 401)
  })

  test('pages of other sites may not send', () => {
    const ask = (headers: Readonly<Record<string, string>>, method = 'POST'): number =>
      refusal({}, request(method, '/invocations', { host: 'localhost:5000', ...headers }))
    assert.equal(ask({ origin: 'http://localhost:5000' }), 0)
    assert.equal(ask({ origin: 'http://localhost:3000' }), 403)
    assert.equal(ask({ origin: 'null' }), 403)
    assert.equal(ask({ origin: '' }), 403)
    assert.equal(ask({ origin: 'http://evil.example' }), 403)
    assert.equal(ask({ 'sec-fetch-site': 'cross-site' }), 403)
    assert.equal(ask({ 'sec-fetch-site': 'same-origin' }), 0)
    assert.equal(
      refusal({ origins: ['http://a.example'] }, request('POST', '/', { host: 'localhost', origin: 'http://a.example' })),
      0,
    )
  })

  test('a browser is told only of origins that are allowed', () => {
    const asked = request('OPTIONS', '/invocations', { origin: 'http://a.example', 'access-control-request-method': 'POST' })
    assert.equal(preflight(asked, []), undefined)
    assert.equal(preflight(asked, ['http://b.example']), undefined)
    assert.equal(preflight(asked, ['http://a.example'])?.headers['access-control-allow-origin'], 'http://a.example')
  })

  test('which addresses are this machine alone', () => {
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '127.1', '::1', '::ffff:127.0.0.1'])
      assert.ok(isLoopback(host), host)
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '127.0.0.1.example', 'model.internal'])
      assert.ok(!isLoopback(host), host)
  })
})

describe('every route of a server', () => {
  let application: Application
  before(async () => {
    application = await openApplication({
      executable: runnerExecutable(fileURLToPath(new URL('../../src/mlmodel-runner.js', import.meta.url))),
      models: [{ name: 'penguins', path: `${root}examples/penguins/model` }],
      mode: 'strict',
      workers: 1,
      timeout: 60_000,
      maxWaiting: 10,
      maxBatchRows: 0,
      maxBatchDelay: 0,
      maxBody: 1 << 20,
      mlflowVersion: '3.17.2',
      onWarning: () => {},
    })
  })
  after(() => application.close())

  test('needs the key, but for these', () => {
    const guard = openGuard({ host: '127.0.0.1', allowedHosts: [], keys: ['secret'], origins: [] })
    const open = application.routes.filter((line) => {
      const [method = '', path = ''] = line.split(' ')
      return guard(request(method, path.replaceAll('{}', 'x'))) === undefined
    })
    assert.ok(application.routes.length > 15)
    assert.deepEqual(
      // The Test page and its files have nothing of the model in them.
      open.filter((line) => !/^GET \/(test|ui\/[\w.-]+)?$/.test(line)).sort(),
      [
        'GET /health',
        'GET /ping',
        'GET /v2/health/live',
        'GET /v2/health/ready',
        'GET /v2/models/{}/ready',
        'GET /v2/models/{}/versions/{}/ready',
      ],
    )
  })

  test('what opens, unloads or changes something is a POST, which no page of another site may send', () => {
    for (const line of application.routes.filter((one) => /load|repository/.test(one))) assert.match(line, /^POST /)
  })
})
