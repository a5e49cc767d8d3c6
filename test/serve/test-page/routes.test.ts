/** The routes of the Test page: what they answer, with which headers, and what only a key opens. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { locate } from '../../../src/locate/index.ts'
import { loadMlmodel } from '../../../src/mlmodel.ts'
import { browserCommand } from '../../../src/runner/browser.ts'
import { openGuard } from '../../../src/serve/guard.ts'
import type { Incoming } from '../../../src/serve/message.ts'
import type { Registry } from '../../../src/serve/registry.ts'
import { openRouter } from '../../../src/serve/router.ts'
import type { ServedModel } from '../../../src/serve/served-model.ts'
import { contentSecurityPolicy, testPageRoutes } from '../../../src/serve/test-page/routes.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))

/** As much of a model as the page asks for. */
async function served(name: string, path: string): Promise<ServedModel> {
  const mlmodel = await loadMlmodel(await locate(`${root}${path}`))
  return { name, version: '1', mlmodel, flavor: 'onnx', inputs: mlmodel.signature?.inputs } as ServedModel
}

const models = [
  await served('penguins', 'examples/penguins/model'),
  await served('<b>', 'test/fixtures/page/hostile'),
  await served('image', 'test/fixtures/page/image'),
]
const entries = [
  ...models.map((model) => ({ name: model.name, path: '', state: 'READY' as const, reason: '', served: model })),
  { name: 'gone', path: '', state: 'UNAVAILABLE' as const, reason: 'unloaded', served: undefined },
]
const registry = { entries, find: (name: string) => entries.find((entry) => entry.name === name) } as unknown as Registry
const router = openRouter([testPageRoutes({ registry, notReady: undefined }, true)])

function request(path: string, method = 'GET'): Incoming {
  return { method, path, query: '', header: (name) => ({ host: 'localhost' })[name], body: new Uint8Array(0) }
}
const get = async (path: string, method?: string) => router.answer(request(path, method))
const text = async (path: string) => String((await get(path)).body)

describe('the Test page', () => {
  test('has a page, a script, a style and an icon, each with the headers that guard it', async () => {
    const kinds = {
      '/': 'text/html; charset=utf-8',
      '/test': 'text/html; charset=utf-8',
      '/ui/page.js': 'text/javascript; charset=utf-8',
      '/ui/page.css': 'text/css; charset=utf-8',
      '/ui/icon.svg': 'image/svg+xml',
      '/ui/models': 'application/json',
      '/ui/models/penguins': 'application/json',
    }
    for (const [path, kind] of Object.entries(kinds)) {
      const { status, headers } = await get(path)
      assert.equal(status, 200, path)
      assert.equal(headers['content-type'], kind)
      assert.equal(headers['content-security-policy'], contentSecurityPolicy)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['x-frame-options'], 'DENY')
    }
    assert.match(contentSecurityPolicy, /^default-src 'none'; script-src 'self'; style-src 'self'; /)
    assert.match(contentSecurityPolicy, /frame-ancestors 'none'/)
    assert.doesNotMatch(contentSecurityPolicy, /unsafe|data:|blob:|\*|https?:/)
  })

  test('knows its own files and no others', async () => {
    for (const path of ['/ui', '/ui/', '/ui/page', '/ui/../page.js', '/ui/%2e%2e/MLmodel', '/ui/page.js/', '/ui/main.ts', '//'])
      assert.equal((await get(path)).status, 404, path)
    assert.equal((await get('/', 'POST')).status, 405)
    assert.equal((await get('/', 'HEAD')).status, 200)
  })

  test('asks for nothing from elsewhere and has nothing inline', async () => {
    const page = await text('/')
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|javascript:/)
    assert.deepEqual(
      [...page.matchAll(/<script([^>]*)>([^<]*)/g)].map(([, attributes, inside]) => [attributes?.trim(), inside]),
      [['src="ui/page.js" defer', '']],
    )
    // Relative, so that it also works below a prefix.
    const addresses = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, address]) => address)
    assert.deepEqual([...new Set(addresses)].sort(), ['ui/icon.svg', 'ui/page.css', 'ui/page.js'])
    const [script, style] = [await text('/ui/page.js'), await text('/ui/page.css')]
    assert.doesNotMatch(style, /url\(|@import/)
    assert.doesNotMatch(script, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|importScripts/)
    assert.deepEqual(
      [...script.matchAll(/https?:\/\/[^"'`\s]+/g)].map(([address]) => address),
      ['http://www.w3.org/2000/svg'],
    )
  })

  test('is not at / where that is a probe', () => {
    const routes = Object.keys(testPageRoutes({ registry, notReady: undefined }, false))
    assert.ok(!routes.includes('GET /'))
    assert.ok(routes.includes('GET /test'))
  })

  test('needs the key for what is of a model, and for nothing else', () => {
    const guard = openGuard({ host: '127.0.0.1', allowedHosts: [], keys: ['k'], origins: [] })
    const open = router.routes.filter((line) => {
      const [method = '', path = ''] = line.split(' ')
      return guard(request(path.replace('{}', 'penguins'), method)) === undefined
    })
    assert.deepEqual(open, ['GET /', 'GET /test', 'GET /ui/page.js', 'GET /ui/page.css', 'GET /ui/icon.svg'])
  })
})

describe('what the page gets of models', () => {
  test('the list', async () => {
    const { models: listed } = JSON.parse(await text('/ui/models')) as { models: readonly object[] }
    assert.deepEqual(listed, [
      { name: 'penguins', version: '1', state: 'READY', reason: '' },
      { name: '<b>', version: '1', state: 'READY', reason: '' },
      { name: 'image', version: '1', state: 'READY', reason: '' },
      { name: 'gone', version: '', state: 'UNAVAILABLE', reason: 'unloaded' },
    ])
  })

  test('signature, example, form, what the graph knows', async () => {
    const described = JSON.parse(await text('/ui/models/penguins'))
    assert.deepEqual(described.inputs[0], { type: 'string', name: 'island', required: true })
    assert.deepEqual(described.form, { key: 'dataframe_split', layout: 'split' })
    assert.equal(described.example.isStored, true)
    assert.deepEqual(described.choices.island, { values: ['Biscoe', 'Dream', 'Torgersen'], closed: true })
    assert.deepEqual(described.labels, ['Adelie', 'Chinstrap', 'Gentoo'])
    assert.deepEqual(described.metadata, { classes: ['Adelie', 'Chinstrap', 'Gentoo'], data: 'Palmer penguins, CC0' })
  })

  test('a tensor', async () => {
    const described = JSON.parse(await text('/ui/models/image'))
    assert.deepEqual(described.inputs, [
      { name: 'image', type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 8, 8, 3] } },
    ])
    assert.deepEqual(described.form, { key: 'inputs', layout: 'named' })
  })

  test('names are data, whatever stands in them, and no path of this machine is there', async () => {
    const hostile = await text('/ui/models/%3Cb%3E')
    assert.equal(JSON.parse(hostile).inputs[0].name, '<img src=x onerror=alert(1)>')
    assert.ok(!hostile.includes(root))
  })

  test('a model that is not there, or not loaded', async () => {
    assert.equal((await get('/ui/models/nobody')).status, 404)
    assert.equal((await get('/ui/models/gone')).status, 503)
    assert.equal((await get('/ui/models/%ZZ')).status, 404)
  })
})

test('the embedded files are those that their sources give', async () => {
  const { icon } = await import('../../../src/serve/test-page/assets.generated.ts')
  assert.equal(icon, readFileSync(`${root}src/serve/test-page/browser/icon.svg`, 'utf8').trim())
})

test('--open: programs of each system, never a shell', () => {
  assert.deepEqual(browserCommand('linux'), ['xdg-open', []])
  assert.deepEqual(browserCommand('darwin'), ['open', []])
  assert.deepEqual(browserCommand('win32'), ['rundll32.exe', ['url.dll,FileProtocolHandler']])
})
