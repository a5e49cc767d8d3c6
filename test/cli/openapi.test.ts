/** `mlmodel openapi`: documents without a server, each valid by a validator of others. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import { createHandler } from '../../src/serve/handler.ts'
import { root as repository, runLine } from './fake-terminal.ts'

const root = fileURLToPath(repository)
const shared = join(root, '../shared/fixtures/models')
const models = existsSync(shared) ? shared : join(root, 'test/fixtures/models')
const fixture = (name: string): string => join(root, 'test/fixtures/models', name, 'model')

async function written(...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runLine(['openapi', ...args])
  assert.deepEqual([code, stderr], [0, ''], args.join(' '))
  return JSON.parse(stdout) as Record<string, unknown>
}

async function assertValid(document: Record<string, unknown>, what: string): Promise<void> {
  const { valid, errors } = await new Validator().validate(structuredClone(document))
  assert.ok(valid, `${what}: ${JSON.stringify(errors)?.slice(0, 2000)}`)
}

describe('mlmodel openapi', { timeout: 300_000 }, () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mlmodel-openapi-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('writes a valid document of every model, whoever runs it', async () => {
    for (const name of readdirSync(models)) {
      const model = join(models, name, 'model')
      if (!existsSync(join(model, 'MLmodel'))) continue
      const document = await written(model)
      assert.equal(document['openapi'], '3.1.0')
      await assertValid(document, name)
    }
  })

  test('writes what the server answers', async () => {
    const handler = await createHandler(fixture('onnx_linreg_columns_float'), { threads: 1 })
    try {
      const ask = async (path: string): Promise<unknown> => (await handler(new Request(`http://here${path}`))).json()
      assert.deepEqual(await written(fixture('onnx_linreg_columns_float')), await ask('/openapi.json'))
      for (const version of ['2', '3', '3.1'])
        assert.deepEqual(
          await written(fixture('onnx_linreg_columns_float'), '--swagger', version),
          await ask(`/swagger.json?version=${version}`),
        )
    } finally {
      await handler.close()
    }
  })

  test('names models, chooses a protocol, writes a file', async () => {
    const two = await written(`a=${fixture('onnx_strings')}`, `b=${fixture('onnx_linreg_columns_float')}`, '--protocol', 'mlflow')
    assert.deepEqual(
      Object.keys(two['paths'] as object).filter((path) => path.startsWith('/invocations')),
      ['/invocations', '/invocations/a', '/invocations/b'],
    )
    await assertValid(two, 'two models')
    const named = await written(fixture('onnx_strings'), '--model_name', 'iris')
    assert.ok('/v2/models/iris/infer' in (named['paths'] as object))
    const file = join(folder, 'openapi.json')
    assert.equal((await runLine(['openapi', fixture('onnx_strings'), '-o', file])).code, 0)
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), await written(fixture('onnx_strings')))
  })

  test('refuses what it cannot do', async () => {
    for (const args of [
      [],
      ['nowhere'],
      [fixture('onnx_strings'), '--swagger', '2', '--protocol', 'mlflow'],
      [fixture('onnx_strings'), '--swagger', '4'],
      [`a=${fixture('onnx_strings')}`, '--model-name', 'b'],
      [fixture('onnx_strings'), fixture('onnx_nosig'), '--model-name', 'b'],
    ])
      assert.equal((await runLine(['openapi', ...args])).code, 2, args.join(' '))
  })
})
