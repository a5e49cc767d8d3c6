/** `mlmodel/client`: against our own server, against recorded replies of MLflow's and Azure's, and in a browser's bundle. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { connect } from '../../src/client/connect.ts'
import { type ErrorCode, MlmodelError } from '../../src/errors/index.ts'
import { createHandler, type Handler } from '../../src/serve/handler.ts'
import { type Mounted, mount, mountHandler } from '../serve/mount.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const models = join(root, 'test/fixtures/models')
const fixture = (name: string): string => join(models, name, 'model')
const protocols = ['mlflow', 'open-inference', 'azureml'] as const

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode> {
  return (await refusal(promise)).code
}

async function refusal(promise: Promise<unknown>): Promise<MlmodelError> {
  const error = await promise.then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof MlmodelError, String(error))
  return error
}

/** What MLflow's own server answered to a fixture's request. */
function recorded(name: string, file = 'input.json'): { readonly body: string; readonly reply: string } {
  const { cases } = JSON.parse(readFileSync(join(models, name, 'expected.json'), 'utf8')) as {
    cases: { file: string; response?: string }[]
  }
  const found = cases.find((each) => each.file === file && each.response !== undefined)!
  return { body: readFileSync(join(models, name, file), 'utf8'), reply: found.response! }
}

describe('a client of our server', { timeout: 120_000 }, () => {
  const handlers: Handler[] = []
  const opened: Mounted[] = []
  const url: Record<string, string> = {}
  const names = [
    'onnx_strings',
    'onnx_linreg_columns_float',
    'onnx_int64_big',
    'onnx_nan_inf_out',
    'onnx_float16',
    'onnx_stringconcat_percol',
    'onnx_rf_zipmap_off_tensor',
  ]
  before(async () => {
    for (const name of names) {
      const handler = await createHandler(fixture(name), { threads: 1 })
      const mounted = await mountHandler(handler)
      handlers.push(handler)
      opened.push(mounted)
      url[name] = mounted.url
    }
  })
  after(async () => {
    await Promise.all(opened.map((each) => each.close()))
    await Promise.all(handlers.map((each) => each.close()))
  })

  for (const protocol of protocols) {
    test(`${protocol}: rows and columns give the same, with typed arrays too`, async () => {
      const client = await connect(url['onnx_linreg_columns_float']!, { protocol, timeout: 20_000 })
      assert.equal(client.protocol, protocol)
      assert.equal(await client.ready(), true)
      const { columns, data } = JSON.parse(recorded('onnx_linreg_columns_float').body).dataframe_split as {
        columns: string[]
        data: number[][]
      }
      const rows = data.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])))
      const wanted = (JSON.parse(recorded('onnx_linreg_columns_float').reply) as { predictions: { variable: number }[] })
        .predictions
      const near = (found: readonly Record<string, unknown>[]): void => {
        assert.equal(found.length, wanted.length)
        for (const [index, row] of found.entries()) {
          assert.deepEqual(Object.keys(row), ['variable'])
          assert.ok(Math.abs((row['variable'] as number) - wanted[index]!.variable) < 1e-3)
        }
      }
      const predictions = await client.predict(rows)
      near(predictions.rows)
      near([...predictions])
      assert.equal(predictions.version, '1')
      near((await client.predict(Object.fromEntries(columns.map((name, at) => [name, data.map((row) => row[at]!)])))).rows)
      const typed = columns.map((name, at) => [name, Float32Array.from(data, (row) => row[at]!)] as const)
      near((await client.predict(Object.fromEntries(typed))).rows)
    })

    test(`${protocol}: whole numbers beyond 2^53 are exact both ways`, async () => {
      const client = await connect(url['onnx_int64_big']!, { protocol })
      const values = [9007199254740993n, -9007199254740995n, 2n ** 62n, 0n]
      const wanted = JSON.parse(recorded('onnx_int64_big').reply.replaceAll(/-?\d{16,}/g, '"$&"')).predictions as Record<
        string,
        unknown[]
      >
      const texts = (value: unknown): unknown => (value as unknown[]).map(String)
      for (const input of [
        { x: values },
        { x: BigInt64Array.from(values) },
        { x: { dtype: 'int64', shape: [4], data: values } as const },
      ]) {
        const { value } = await client.predict(input)
        for (const [name, list] of Object.entries(wanted))
          assert.deepEqual(texts((value as Record<string, unknown>)[name]), texts(list))
      }
    })

    test(`${protocol}: texts, an only array, NaN and infinities`, async () => {
      const client = await connect(url['onnx_strings']!, { protocol })
      const named = await client.predict({ s: ['abc', 'Déjà', ''] })
      assert.deepEqual((await client.predict(['abc', 'Déjà', ''])).value, named.value)
      assert.equal(named.rows.length, 3)
      const odd = await connect(url['onnx_nan_inf_out']!, { protocol })
      const [name] = Object.keys((await odd.predict({ x: [0, 1] })).value as object)
      const { value } = await odd.predict({ x: Float32Array.of(0, 1, -1, 3) })
      const found = (value as Record<string, number[]>)[name!]!
      const wanted = JSON.parse(recorded('onnx_nan_inf_out').reply.replaceAll(/-?\b(NaN|Infinity)\b/g, '"$&"')).predictions[
        name!
      ] as (number | string)[]
      assert.deepEqual(found.map(String), wanted.map(String))
    })

    test(`${protocol}: half precision, several outputs`, async () => {
      const half = await connect(url['onnx_float16']!, { protocol })
      const raw = { dtype: 'float16', shape: [1, 3], data: Uint16Array.of(0x3800, 0x3800, 0x3800) } as const
      const first = await half.predict({ x: raw })
      assert.deepEqual((await half.predict({ x: [[0.5, 0.5, 0.5]] })).value, first.value)
      const forest = await connect(url['onnx_rf_zipmap_off_tensor']!, { protocol })
      const { rows } = await forest.predict([
        [5.1, 3.5, 1.4, 0.2],
        [6.5, 3, 5.8, 2.2],
      ])
      assert.deepEqual(Object.keys(rows[0]!), ['label', 'probabilities'])
      assert.equal((rows[1]!['probabilities'] as number[]).length, 3)
    })
  }

  test('open-inference: outputs with their types, metadata, versions', async () => {
    const client = await connect(`${url['onnx_rf_zipmap_off_tensor']}/v2/models/model`)
    assert.equal(client.protocol, 'open-inference')
    const metadata = await client.metadata()
    assert.deepEqual([metadata.model, metadata.version, metadata.inputs!.length], ['model', '1', 1])
    const { outputs } = await client.predict([[5.1, 3.5, 1.4, 0.2]])
    assert.ok(outputs!['label']!.data instanceof BigInt64Array)
    assert.deepEqual(outputs!['probabilities']!.shape, [1, 3])
    assert.ok(outputs!['probabilities']!.data instanceof Float32Array)
    const other = await connect(`${url['onnx_strings']}/v2/models/model/versions/7`)
    assert.equal(await codeOf(other.predict({ s: ['a'] })), 'CLIENT_ABSENT')
  })

  test('the protocol is told by the address, else by what answers', async () => {
    const base = url['onnx_strings']!
    for (const [path, protocol] of [
      ['', 'mlflow'],
      ['/', 'mlflow'],
      ['/invocations', 'mlflow'],
      ['/invocations/model', 'mlflow'],
      ['/score', 'azureml'],
      ['/v2', 'open-inference'],
      ['/v2/models/model/infer', 'open-inference'],
    ]) {
      const client = await connect(base + path)
      assert.equal(client.protocol, protocol, path!)
      assert.equal((await client.predict({ s: ['a'] })).rows.length, 1, path!)
    }
    assert.equal((await (await connect(base)).metadata()).version, '3.17.2')
    assert.ok((await (await connect(`${base}/score`)).metadata()).document)
  })

  test('refusals are errors with the server’s words, code and status', async () => {
    for (const protocol of protocols) {
      const client = await connect(url['onnx_linreg_columns_float']!, { protocol })
      const error = await refusal(client.predict([{ age: 1 }]))
      assert.equal(error.code, 'CLIENT_REFUSED', protocol)
      assert.equal(error.kind, 'body')
      const { status, message } = error.arguments as { status: number; message: string }
      assert.equal(status, 400)
      assert.match(message, /sex/)
      assert.equal(await codeOf(client.predict([{ age: () => 1 }])), 'CLIENT_INPUT')
      assert.equal(await codeOf(client.predict([{ age: 1 }, 2] as never)), 'CLIENT_INPUT')
      assert.equal(await codeOf(client.predict('age' as never)), 'CLIENT_INPUT')
    }
    const absent = await connect(url['onnx_strings']!, { protocol: 'mlflow', model: 'nobody' })
    assert.equal(await codeOf(absent.predict({ s: ['a'] })), 'CLIENT_ABSENT')
  })

  test('missing texts and objects go where the protocol has a form for them', async () => {
    const client = await connect(url['onnx_stringconcat_percol']!, { protocol: 'open-inference' })
    const rows = await client.predict([
      { a: 'x', b: '1' },
      { a: 'é', b: '2' },
    ])
    assert.deepEqual(rows.rows, [{ y: 'x1' }, { y: 'é2' }])
  })
})

describe('a client of other servers', { timeout: 30_000 }, () => {
  const opened: Mounted[] = []
  after(() => Promise.all(opened.map((each) => each.close())))

  interface Seen {
    readonly path: string
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
    readonly body: string
  }

  async function answering(
    answer: (seen: Seen) => { status?: number; headers?: Record<string, string>; body?: string } | undefined,
  ) {
    const seen: Seen[] = []
    const mounted = await mount((message, response) => {
      const chunks: Buffer[] = []
      message.on('data', (chunk: Buffer) => chunks.push(chunk))
      message.on('end', () => {
        const one = { path: message.url!, headers: message.headers, body: Buffer.concat(chunks).toString() }
        seen.push(one)
        const reply = answer(one)
        if (reply === undefined) return
        response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers })
        response.end(reply.body ?? '')
      })
    })
    opened.push(mounted)
    return { url: mounted.url, seen }
  }

  test('MLflow’s recorded replies', async () => {
    for (const [name, input] of [
      ['onnx_int64_big', { x: [9007199254740993n] }],
      ['onnx_nan_inf_out', { x: [1] }],
      ['onnx_linreg_columns_float', [{ a: 'x', b: '1' }]],
      ['onnx_logreg_zipmap_on', [{ x: 1 }]],
    ] as const) {
      const { reply } = recorded(name)
      const { url, seen } = await answering(({ path }) => ({
        body: path === '/invocations' ? reply : path === '/version' ? '3.17.2' : '\n',
      }))
      const client = await connect(url, { key: 'secret', headers: { 'x-mine': 'yes' } })
      assert.equal(client.protocol, 'mlflow')
      const { value } = await client.predict(input as never, { params: { k: 5, since: new Date(0) } })
      const comparable = (text: string): unknown =>
        JSON.parse(text.replaceAll(/(?<![.\d])-?\d{16,}(?![.\d])|-?\b(NaN|Infinity)\b/g, '"$&"'))
      const written = JSON.stringify(value, (_, each) =>
        typeof each === 'bigint' || (typeof each === 'number' && !Number.isFinite(each)) ? String(each) : each,
      )
      assert.deepEqual(JSON.parse(written), (comparable(reply) as { predictions: unknown }).predictions, name)
      const last = seen.at(-1)!
      assert.deepEqual([last.headers['authorization'], last.headers['x-mine']], ['Bearer secret', 'yes'])
      assert.match(last.body, /"params": \{"k": 5, "since": "1970-01-01T00:00:00.000"\}/)
    }
  })

  test('MLflow’s request: ints and floats as Python tells them apart, dates, bytes, missing values', async () => {
    const { url, seen } = await answering(() => ({ body: '{"predictions": [1.0]}' }))
    const client = await connect(url, { protocol: 'mlflow' })
    await client.predict([
      { i: 2n ** 60n, d: new Date(Date.UTC(2024, 0, 2, 3, 4, 5, 6)), b: Uint8Array.of(1, 2, 255), n: null, u: undefined, z: -0 },
    ])
    assert.equal(
      seen.at(-1)!.body,
      '{"dataframe_records": [{"i": 1152921504606846976, "d": "2024-01-02T03:04:05.006", "b": "AQL/", "n": null, "z": -0.0}]}',
    )
    await client.predict({
      x: Float64Array.of(1, Number.NaN, -0, 1e21),
      y: Int32Array.of(1),
      t: { dtype: 'datetime64', shape: [1], data: [1n] },
    })
    assert.equal(
      seen.at(-1)!.body,
      '{"inputs": {"x": [1.0, NaN, -0.0, 1e+21], "y": [1], "t": ["1970-01-01T00:00:00.000000001"]}}',
    )
  })

  test('Azure’s recorded replies, and its table', async () => {
    const lines = readFileSync(join(root, 'test/fixtures/azureml/azure.jsonl'), 'utf8').trim().split('\n')
    const skeleton = JSON.parse(readFileSync(join(root, 'test/fixtures/azureml/skeleton.json'), 'utf8')) as {
      swagger3: { components: { schemas: object } }
    }
    let compared = 0
    for (const line of lines) {
      const { status, reply, request, schemas } = JSON.parse(line) as {
        status?: number
        reply: string
        request: { input_data: { columns?: string[]; data: unknown[][] } }
        schemas: object
      }
      if (status !== 200 || request.input_data.columns === undefined) continue
      const swagger = structuredClone(skeleton.swagger3)
      Object.assign(swagger.components.schemas, schemas)
      const { url, seen } = await answering(({ path }) => ({
        body: path === '/score' ? reply : path.startsWith('/swagger.json') ? JSON.stringify(swagger) : 'Healthy',
      }))
      const { columns, data } = request.input_data
      const client = await connect(`${url}/score`, { key: 'k' })
      const byName = Object.fromEntries(columns.map((name, at) => [name, data.map((row) => row[at])]))
      assert.deepEqual((await client.predict(byName)).value, JSON.parse(reply))
      assert.deepEqual(JSON.parse(seen.at(-1)!.body), request)
      const rows = data.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])))
      await client.predict(rows)
      assert.deepEqual(JSON.parse(seen.at(-1)!.body), request)
      compared++
    }
    assert.ok(compared >= 3)
  })

  test('an Open Inference server without binary data, with a model to be named', async () => {
    const metadata = { name: 'm', versions: [], inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }], outputs: [] }
    const { url, seen } = await answering(({ path }) => {
      if (path === '/v2') return { body: '{"name": "mlserver", "extensions": []}' }
      if (path === '/v2/models') return { status: 404 }
      if (path === '/v2/repository/index') return { body: '[{"name": "m"}]' }
      if (path === '/v2/models/m') return { body: JSON.stringify(metadata) }
      if (path === '/v2/models/m/infer')
        return {
          body: '{"model_name": "m", "outputs": [{"name": "y", "datatype": "INT64", "shape": [2, 1], "data": [9007199254740993, 1]}]}',
        }
      return { status: 404 }
    })
    const client = await connect(url)
    assert.equal(client.protocol, 'open-inference')
    const { rows } = await client.predict([{ x: 1 }, { x: 2.5 }])
    assert.deepEqual(rows, [{ y: 9007199254740993n }, { y: 1 }])
    assert.equal(seen.at(-1)!.body, '{"inputs": [{"name": "x", "datatype": "FP32", "shape": [2, 1], "data": [1.0, 2.5]}]}')
    assert.equal(await codeOf(client.predict([{ x: Number.NaN }])), 'CLIENT_INPUT')
    assert.equal(await codeOf(client.predict([{ x: 'a' }])), 'CLIENT_INPUT')
    const two = await answering(({ path }) => ({ body: path === '/v2/models' ? '{"models": ["a", "b"]}' : '{"name": "s"}' }))
    assert.equal(await codeOf((await connect(two.url, { protocol: 'open-inference' })).predict([[1]])), 'CLIENT_NO_MODEL')
  })

  test('statuses, silence, nonsense', async () => {
    for (const [status, code] of [
      [301, 'CLIENT_ABSENT'],
      [400, 'CLIENT_REFUSED'],
      [401, 'CLIENT_NO_ACCESS'],
      [403, 'CLIENT_NO_ACCESS'],
      [404, 'CLIENT_ABSENT'],
      [413, 'CLIENT_REFUSED'],
      [415, 'CLIENT_REFUSED'],
      [422, 'CLIENT_REFUSED'],
      [429, 'CLIENT_OVERLOADED'],
      [500, 'CLIENT_FAILED'],
      [502, 'CLIENT_FAILED'],
      [503, 'CLIENT_OVERLOADED'],
      [504, 'CLIENT_LATE'],
    ] as const) {
      const { url } = await answering(() => ({
        status,
        headers: status === 301 ? { location: 'http://elsewhere/' } : {},
        body: '{"detail": "why"}',
      }))
      for (const protocol of ['mlflow', 'azureml'] as const) {
        const error = await refusal((await connect(url, { protocol })).predict([[1]]))
        assert.deepEqual([error.code, (error.arguments as { status: number }).status], [code, status])
        assert.match(error.message, /why/)
      }
    }
    for (const body of [
      '',
      '{',
      '[1',
      '{"predictions": [1,]}',
      '{"a": 1}',
      '<html>',
      `${'['.repeat(5000)}`,
      '"\\',
      '{"predictions": nan}',
    ]) {
      const { url } = await answering(() => ({ body }))
      assert.equal(await codeOf((await connect(url, { protocol: 'mlflow' })).predict([[1]])), 'CLIENT_REPLY', body)
    }
    const silent = await answering(() => undefined)
    const slow = await connect(silent.url, { protocol: 'mlflow', timeout: 50 })
    assert.equal(await codeOf(slow.predict([[1]])), 'CLIENT_TIMEOUT')
    assert.equal(await codeOf(slow.predict([[1]], { signal: AbortSignal.abort(), timeout: 5000 })), 'CLIENT_ABORTED')
    const nothing = await answering(() => ({ status: 404 }))
    assert.equal(await codeOf(connect(nothing.url)), 'CLIENT_NO_PROTOCOL')
    await opened.at(-1)!.close()
    assert.equal(await codeOf(connect(nothing.url)), 'CLIENT_UNREACHABLE')
  })
})

describe('a client in a browser', { timeout: 30_000 }, () => {
  test('is bundled without anything of Node, and is small', async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [join(root, 'src/mlmodel-client.ts')],
      bundle: true,
      platform: 'browser',
      format: 'esm',
      minify: true,
      write: false,
      metafile: true,
    })
    const text = outputFiles[0]!.text
    assert.doesNotMatch(text, /\bBuffer\.|\bprocess\.|\brequire\(/)
    assert.ok(Object.values(metafile.inputs).every(({ imports }) => imports.every(({ external }) => external !== true)))
    assert.ok(text.length < 120_000, String(text.length))
    assert.ok(
      Object.keys(metafile.inputs).every((path) => /src\/(client|errors|dtype|guess|show|mlmodel-client)/.test(path)),
      Object.keys(metafile.inputs).join('\n'),
    )
  })
})
