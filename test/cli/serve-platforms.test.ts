/** `mlmodel serve` as each platform starts it: its environment and arguments, its probes, its requests, its end. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const model = join(root, 'test/fixtures/models/onnx_linreg_columns_float')
const folder = join(model, 'model')
const body = readFileSync(join(model, 'input.json'), 'utf8')
const records = (JSON.parse(readFileSync(join(model, 'input.records.json'), 'utf8')) as { dataframe_records: object[] })
  .dataframe_records
const wanted = (
  JSON.parse(readFileSync(join(model, 'expected.json'), 'utf8')) as { cases: { file: string; response?: string }[] }
).cases.find(({ file, response }) => file === 'input.json' && response !== undefined)!.response!
const rows = (JSON.parse(wanted) as { predictions: { variable: number }[] }).predictions

interface Started {
  readonly url: string
  readonly text: () => string
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>
}

describe('platforms that start the server', { timeout: 120_000 }, () => {
  let temporary: string
  let program: string
  const running: Started[] = []
  before(() => {
    temporary = mkdtempSync(join(tmpdir(), 'mlmodel-platforms-'))
    program = join(temporary, 'start.mjs')
    writeFileSync(
      program,
      `import { start } from ${JSON.stringify(new URL('../../src/cli/start.js', import.meta.url).href)}\nstart()\n`,
    )
  })
  after(async () => {
    await Promise.all(running.map((each) => each.stop()))
    rmSync(temporary, { recursive: true, force: true })
  })

  async function freePort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    return port
  }

  async function start(args: readonly string[], variables: Readonly<Record<string, string>>, port: number): Promise<Started> {
    const child = spawn(process.execPath, [program, 'serve', ...args], {
      env: { PATH: process.env['PATH'], NO_COLOR: '1', ...variables },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    const exited = once(child, 'exit') as Promise<[number | null]>
    await new Promise<void>((ready, failed) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (/Serving on/.test(said)) ready()
      })
      exited.then(([code]) => failed(new Error(`it ended with ${code}: ${said}`)))
    })
    const started: Started = {
      url: `http://127.0.0.1:${port}`,
      text: () => said,
      async stop() {
        if (child.exitCode === null) child.kill('SIGTERM')
        const [code] = await exited
        return code
      },
    }
    running.push(started)
    assert.match(said, new RegExp(`Serving on http://[\\d.]+:${port}\\b`))
    return started
  }

  async function get(url: string): Promise<readonly [number, string]> {
    const reply = await fetch(url)
    return [reply.status, await reply.text()]
  }

  async function post(url: string, sent: string, headers: Record<string, string> = {}): Promise<unknown> {
    const reply = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: sent })
    const text = await reply.text()
    assert.equal(reply.status, 200, text)
    return JSON.parse(text)
  }

  function assertRows(found: unknown): void {
    assert.equal((found as unknown[]).length, rows.length)
    for (const [index, row] of (found as { variable: number }[]).entries())
      assert.ok(Math.abs(row.variable - rows[index]!.variable) <= 1e-5 * Math.abs(rows[index]!.variable))
  }

  test('SageMaker: `serve` in a container, GET /ping within two seconds, POST /invocations, SIGTERM', async () => {
    const port = await freePort()
    const server = await start([folder], { SAGEMAKER_BIND_TO_PORT: String(port) }, port)
    assert.equal((await get(`${server.url}/ping`))[0], 200)
    const found = await post(`${server.url}/invocations`, body, {
      'x-amzn-sagemaker-custom-attributes': 'trace=1',
      accept: '*/*',
    })
    assertRows((found as { predictions: unknown }).predictions)
    const csv = readFileSync(join(model, 'input.csv'), 'utf8')
    assertRows(
      ((await post(`${server.url}/invocations`, csv, { 'content-type': 'text/csv' })) as { predictions: unknown }).predictions,
    )
    assert.equal(await server.stop(), 0)
  })

  test('Vertex AI: its port and routes, instances and parameters', async () => {
    const port = await freePort()
    const variables = {
      AIP_HTTP_PORT: String(port),
      AIP_HEALTH_ROUTE: '/v1/endpoints/7/deployedModels/9',
      AIP_PREDICT_ROUTE: '/v1/endpoints/7/deployedModels/9:predict',
      AIP_STORAGE_URI: '',
    }
    const server = await start([folder], variables, port)
    assert.equal((await get(server.url + variables.AIP_HEALTH_ROUTE))[0], 200)
    const found = await post(server.url + variables.AIP_PREDICT_ROUTE, JSON.stringify({ instances: records, parameters: {} }))
    assertRows((found as { predictions: unknown }).predictions)
    const document = JSON.parse((await get(`${server.url}/openapi.json`))[1]) as { paths: object }
    assert.ok(variables.AIP_PREDICT_ROUTE in document.paths && variables.AIP_HEALTH_ROUTE in document.paths)
    assert.equal(await server.stop(), 0)
  })

  test('Cloud Run: PORT, any path for its probes', async () => {
    const port = await freePort()
    const server = await start([folder], { PORT: String(port), K_SERVICE: 'churn' }, port)
    assert.equal((await get(`${server.url}/health`))[0], 200)
    const found = await post(`${server.url}/invocations`, body, { host: 'churn-abc-ew.a.run.app', 'x-forwarded-proto': 'https' })
    assertRows((found as { predictions: unknown }).predictions)
    assert.equal(await server.stop(), 0)
  })

  test('KServe: --model_name, --http_port, the protocol’s probes and inference', async () => {
    const port = await freePort()
    const server = await start([`--model_name=iris`, `--http_port=${port}`, '-h', '0.0.0.0', folder], {}, port)
    assert.deepEqual(JSON.parse((await get(`${server.url}/v2/health/live`))[1]), { live: true })
    assert.equal((await get(`${server.url}/v2/health/ready`))[0], 200)
    assert.equal((await get(`${server.url}/v2/models/iris/ready`))[0], 200)
    assert.equal((await get(`${server.url}/v2/models/model/ready`))[0], 404)
    const { columns, data } = (JSON.parse(body) as { dataframe_split: { columns: string[]; data: number[][] } }).dataframe_split
    const inputs = columns.map((name, at) => ({
      name,
      datatype: 'FP32',
      shape: [data.length, 1],
      data: data.map((row) => row[at]),
    }))
    const found = (await post(`${server.url}/v2/models/iris/infer`, JSON.stringify({ id: '1', inputs }))) as {
      model_name: string
      outputs: { name: string; data: number[] }[]
    }
    assert.equal(found.model_name, 'iris')
    assertRows(found.outputs[0]!.data.map((variable) => ({ variable })))
    assert.equal(await server.stop(), 0)
  })

  test('Azure ML: AZUREML_MODEL_DIR, with the model in a folder of it', async () => {
    const directory = join(temporary, 'azureml-models/iris/1')
    cpSync(folder, join(directory, 'model'), { recursive: true })
    for (const variables of [
      { AZUREML_MODEL_DIR: directory, MLFLOW_MODEL_FOLDER: 'model' },
      { AZUREML_MODEL_DIR: directory },
      { AZUREML_MODEL_DIR: join(directory, 'model') },
    ]) {
      const port = await freePort()
      const server = await start(['-p', String(port)], variables, port)
      assert.deepEqual(await get(`${server.url}/`), [200, 'Healthy'])
      const { dataframe_split: input_data } = JSON.parse(body) as { dataframe_split: object }
      assertRows(await post(`${server.url}/score`, JSON.stringify({ input_data })))
      assert.equal((JSON.parse((await get(`${server.url}/swagger.json`))[1]) as { swagger: string }).swagger, '2.0')
      // A deployment with an image of one's own names its routes: those of MLflow.
      assert.equal((await get(`${server.url}/ping`))[0], 200)
      assertRows(((await post(`${server.url}/invocations`, body)) as { predictions: unknown }).predictions)
      assert.equal(await server.stop(), 0)
    }
  })

  test('a desk: this machine only, and MLflow’s flags', async () => {
    const port = await freePort()
    const server = await start(['-m', folder, '-p', String(port), '-h', '127.0.0.1', '-w', '1', '-t', '30'], {}, port)
    assert.equal((await get(`${server.url}/version`))[0], 200)
    assert.doesNotMatch(server.text(), /everybody/)
    assert.equal(await server.stop(), 0)
  })
})
