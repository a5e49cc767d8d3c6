import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { MlmodelError } from '../src/errors/index.ts'
import { locate } from '../src/locate/index.ts'
import { loadMlmodel } from '../src/mlmodel.ts'

describe('locate', () => {
  let base = ''
  before(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'mlmodel-locate-')))
    mkdirSync(join(base, 'run', 'model', 'data'), { recursive: true })
    mkdirSync(join(base, 'odd', 'MLmodel'), { recursive: true })
    mkdirSync(join(base, 'empty'))
    writeFileSync(join(base, 'run', 'model', 'MLmodel'), 'flavors: {}')
    writeFileSync(join(base, 'run', 'model', 'model.onnx'), '')
    writeFileSync(join(base, 'run', 'notes.txt'), '')
    symlinkSync(join(base, 'run', 'model'), join(base, 'linked'))
  })
  after(() => rmSync(base, { recursive: true }))

  test('a folder, its MLmodel file, a link to the folder, a file URL', async () => {
    const directory = join(base, 'run', 'model')
    for (const source of [
      directory,
      `${directory}/`,
      join(directory, 'MLmodel'),
      join(base, 'linked'),
      pathToFileURL(directory).href,
    ]) {
      const located = await locate(source)
      assert.equal(located.directory, directory)
      assert.equal(located.source, source)
      assert.ok(located.file.endsWith('MLmodel'))
    }
  })

  const refusal = async (source: string): Promise<MlmodelError> =>
    locate(source).then(
      () => assert.fail('found'),
      (error: MlmodelError) => error,
    )

  test('a folder around the model, a folder and a file in it: the hint names the model', async () => {
    for (const path of ['run', 'run/notes.txt', 'run/model/data', 'run/model/model.onnx']) {
      const error = await refusal(join(base, path))
      assert.equal(error.code, 'LOCATION_NOT_MODEL', path)
      assert.equal(error.hint, `\`${join(base, 'run', 'model')}\` has one; did you mean that?`)
    }
  })

  test('nothing there: the hint names what looks like it', async () => {
    const error = await refusal(join(base, 'run', 'modle'))
    assert.equal(error.code, 'LOCATION_NOT_FOUND')
    assert.equal(error.kind, 'not-found')
    assert.equal(error.hint, `Did you mean \`${join(base, 'run', 'model')}\`?`)
    assert.equal((await refusal(join(base, 'zzzzzz'))).hint, undefined)
  })

  test('remote locations are named as not supported yet', async () => {
    for (const source of [
      'runs:/abc/model',
      'models:/a/1',
      's3://bucket/model',
      'https://host/model',
      'mlflow-artifacts:/1/model',
      'file://host/x',
    ]) {
      const { code } = await refusal(source)
      assert.equal(code, source.startsWith('file:') ? 'LOCATION_UNREADABLE' : 'LOCATION_UNSUPPORTED', source)
    }
  })

  test('a folder named MLmodel is a broken model', async () => {
    await assert.rejects(async () => loadMlmodel(await locate(join(base, 'odd'))), { code: 'PATH_NOT_FILE' })
  })
})
