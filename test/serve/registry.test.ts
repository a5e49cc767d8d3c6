/** Several models, versions, reloads while requests are answered, folders that change. */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runnerExecutable } from '../../src/runner/entry.ts'
import { type Application, openApplication } from '../../src/serve/application.ts'
import type { ModelToServe } from '../../src/serve/registry.ts'
import { watchModels } from '../../src/serve/watch.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const fixture = (name: string): string => join(root, 'test/fixtures/models', name, 'model')

interface Answer {
  readonly status: number
  readonly version: string | undefined
  readonly body: {
    readonly model_version?: string
    readonly error?: string
    readonly outputs?: readonly { readonly data: readonly number[] }[]
  }
}

describe('models of a server', { timeout: 180_000 }, () => {
  let folder: string
  const opened: Application[] = []
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mlmodel-registry-'))
  })
  after(async () => {
    for (const application of opened) await application.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function open(models: readonly ModelToServe[]): Promise<Application> {
    const application = await openApplication({
      executable: runnerExecutable(undefined),
      models,
      mode: 'strict',
      threads: 1,
      workers: 1,
      timeout: 60_000,
      maxWaiting: 1000,
      maxBatchRows: 1024,
      maxBatchDelay: 0,
      maxBody: 1 << 20,
      mlflowVersion: '3.17.2',
      onWarning: () => {},
    })
    opened.push(application)
    return application
  }

  async function ask(application: Application, line: string, body: object = {}): Promise<Answer> {
    const [method = '', path = ''] = line.split(' ')
    const bytes = method === 'POST' ? Buffer.from(JSON.stringify(body)) : new Uint8Array(0)
    const header = (name: string): string | undefined => (name === 'content-type' ? 'application/json' : undefined)
    const reply = await application.answer({ method, path, query: '', header, body: bytes })
    const text = Buffer.from(reply.body as Uint8Array).toString()
    return { status: reply.status, version: reply.headers['x-model-version'], body: text === '' ? {} : JSON.parse(text) }
  }

  const names = ['age', 'sex', 'bmi', 'bp', 's1', 's2', 's3', 's4', 's5', 's6']
  const request = { inputs: names.map((name) => ({ name, datatype: 'FP64', shape: [1], data: [0.01] })) }
  const infer = (application: Application, name: string): Promise<Answer> =>
    ask(application, `POST /v2/models/${name}/infer`, request)
  /** Waits for something that comes about by itself. */
  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  function copy(name: string): string {
    const path = join(folder, name)
    cpSync(fixture('onnx_linreg_columns_double'), path, { recursive: true })
    return path
  }

  test('are asked by their names; the first is the default', async () => {
    const application = await open([
      { name: 'churn', path: fixture('onnx_linreg_columns_double') },
      { name: 'fraud', path: fixture('onnx_strings') },
    ])
    assert.equal((await infer(application, 'churn')).status, 200)
    assert.equal((await infer(application, 'fraud')).status, 400)
    assert.equal((await infer(application, 'other')).status, 404)
    assert.equal((await ask(application, 'POST /v2/models/churn/versions/1/infer', request)).status, 200)
    assert.equal((await ask(application, 'POST /v2/models/churn/versions/2/infer', request)).status, 404)
    const row = { dataframe_split: { columns: names, data: [names.map(() => 0.01)] } }
    assert.equal((await ask(application, 'POST /invocations', row)).status, 200)
    assert.equal((await ask(application, 'POST /invocations/churn', row)).status, 200)
    assert.equal((await ask(application, 'POST /invocations/other', row)).status, 404)
  })

  test('names that cannot be', async () => {
    const path = fixture('onnx_strings')
    for (const name of ['', 'a/b', '..', 'stats', 'a\nb'])
      await assert.rejects(open([{ name, path }]), { code: 'SERVE_MODEL_NAME' }, JSON.stringify(name))
    await assert.rejects(
      open([
        { name: 'a', path },
        { name: 'a', path },
      ]),
      { code: 'SERVE_TWO_MODELS' },
    )
  })

  test('a new version takes over while requests come: none fails, each names its version, versions never go back', async () => {
    const path = copy('reloaded')
    const application = await open([{ name: 'm', path }])
    const { registry } = application.state
    const [firstPid] = registry.find('m')!.served!.pool.pids
    const answers: Answer[] = []
    let isDone = false
    const askers = Array.from({ length: 8 }, async () => {
      let least = 0
      while (!isDone) {
        const answer = await infer(application, 'm')
        answers.push(answer)
        assert.ok(Number(answer.version) >= least, `version ${answer.version} after ${least}`)
        least = Number(answer.version)
      }
    })
    for (let version = 2; version <= 4; version++) {
      const before = answers.length
      await until(() => answers.length > before + 20)
      assert.equal((await ask(application, 'POST /v2/repository/models/m/load')).status, 200)
      assert.equal((await infer(application, 'm')).version, String(version))
    }
    isDone = true
    await Promise.all(askers)
    assert.deepEqual(
      answers.filter(({ status, version, body }) => status !== 200 || body.model_version !== version),
      [],
    )
    assert.deepEqual(
      [...new Set(answers.map(({ version }) => version))].sort(),
      ['1', '2', '3', '4'].slice(0, new Set(answers.map(({ version }) => version)).size),
    )
    // The process of the old version is gone, and its memory with it.
    await until(() => !isRunning(firstPid!))
    assert.equal(registry.find('m')!.served!.pool.pids.length, 1)
  })

  test('a version that cannot be opened never answers; the index says why, without saying where', async () => {
    const path = copy('broken')
    const application = await open([{ name: 'm', path }])
    const graph = readFileSync(join(path, 'model.onnx'))
    const wanted = await infer(application, 'm')
    for (const spoil of [
      () => writeFileSync(join(path, 'model.onnx'), 'no graph'),
      () => writeFileSync(join(path, 'MLmodel'), 'flavors: {'),
      () => rmSync(path, { recursive: true }),
    ]) {
      spoil()
      const refused = await ask(application, 'POST /v2/repository/models/m/load')
      assert.ok(refused.status >= 400 && !refused.body.error!.includes(folder), refused.body.error)
      assert.deepEqual(await infer(application, 'm'), wanted)
      const [entry] = (await ask(application, 'POST /v2/repository/index')).body as unknown as readonly Record<string, string>[]
      assert.deepEqual([entry!['state'], entry!['version']], ['READY', '1'])
      assert.ok(entry!['reason'] !== '' && !entry!['reason']!.includes(folder))
    }
    copy('broken')
    writeFileSync(join(path, 'model.onnx'), graph)
    assert.equal((await ask(application, 'POST /v2/repository/models/m/load')).status, 200)
    assert.equal((await infer(application, 'm')).version, '2')
  })

  test('unloaded: what is in progress is answered, the next is told', async () => {
    const application = await open([
      { name: 'm', path: fixture('onnx_linreg_columns_double') },
      { name: 'other', path: fixture('onnx_strings') },
    ])
    const inProgress = Array.from({ length: 50 }, () => infer(application, 'm'))
    const unloaded = ask(application, 'POST /v2/repository/models/m/unload')
    assert.deepEqual([...new Set((await Promise.all(inProgress)).map(({ status }) => status))], [200])
    assert.equal((await unloaded).status, 200)
    assert.equal((await infer(application, 'm')).status, 503)
    assert.equal((await ask(application, 'GET /v2/models/m/ready')).status, 503)
    // The others still answer.
    assert.equal((await ask(application, 'GET /v2/health/ready')).status, 200)
    assert.equal((await ask(application, 'POST /v2/repository/models/m/load')).status, 200)
    assert.equal((await infer(application, 'm')).version, '2')
    assert.equal((await ask(application, 'POST /v2/repository/models/none/load')).status, 404)
    const own = await ask(application, 'POST /v2/repository/models/m/load', { parameters: { 'file:1/model.onnx': 'aGk=' } })
    assert.equal(own.status, 501)
  })

  test('a folder of models; one that comes, one that changes, one that is spoiled', async () => {
    const all = join(folder, 'all')
    mkdirSync(all)
    for (const name of ['a', 'b']) copy(join('all', name))
    mkdirSync(join(all, 'no model'))
    const application = await open([{ name: 'all', path: all }])
    const { registry } = application.state
    assert.deepEqual(
      registry.entries.map(({ name }) => name),
      ['a', 'b'],
    )
    const said: string[] = []
    const end = await watchModels(registry, (text) => said.push(text), 10)
    try {
      copy(join('all', 'c'))
      await until(async () => (await infer(application, 'c')).status === 200)
      const graph = readFileSync(join(all, 'a', 'model.onnx'))
      writeFileSync(join(all, 'a', 'model.onnx'), 'no graph')
      await until(() => said.some((text) => text.startsWith('a: the changed model is not used')))
      assert.equal((await infer(application, 'a')).version, '1')
      writeFileSync(join(all, 'a', 'model.onnx'), graph)
      await until(async () => (await infer(application, 'a')).version === '2')
      assert.equal((await infer(application, 'b')).version, '1')
      rmSync(join(all, 'b'), { recursive: true })
      await until(() => said.includes('b: its folder is gone; the version that was loaded goes on answering'))
      assert.equal((await infer(application, 'b')).version, '1')
    } finally {
      end()
    }
  })

  test('a model named by its MLmodel file is watched as well', async () => {
    const path = copy('by-file')
    const application = await open([{ name: 'm', path: join(path, 'MLmodel') }])
    const end = await watchModels(application.state.registry, () => {}, 10)
    try {
      writeFileSync(join(path, 'MLmodel'), `${readFileSync(join(path, 'MLmodel'), 'utf8')}\n`)
      await until(async () => (await infer(application, 'm')).version === '2')
    } finally {
      end()
    }
  })
})

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
