/** Where a runtime is looked for, and what is said when there cannot be one. */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { MlmodelError } from '../../src/errors/index.ts'
import { findRuntimes, hasGlibc, platformPackage } from '../../src/onnx/runtime.ts'

// The headers of `process.report.getReport()` on node:22-slim and on node:22-alpine, which has no such field.
const glibc = { header: { nodejsVersion: 'v22.23.3', glibcVersionRuntime: '2.36', glibcVersionCompiler: '2.28' } }
const musl = { header: { nodejsVersion: 'v22.23.3', platform: 'linux' } }

test('musl is told from glibc by what Node reports of itself', () => {
  assert.equal(
    hasGlibc('linux', () => glibc),
    true,
  )
  assert.equal(
    hasGlibc('linux', () => musl),
    false,
  )
  assert.equal(
    hasGlibc('linux', () => ({})),
    false,
  )
})

test('elsewhere glibc is not asked for, nor the report made', () => {
  for (const platform of ['darwin', 'win32'])
    assert.equal(
      hasGlibc(platform, () => assert.fail('a report takes milliseconds')),
      true,
    )
})

test('on musl the sentence names it, and the hint an image that has glibc', () => {
  const error = new MlmodelError('ONNX_RUNTIME_MUSL', { platform: 'linux-x64' })
  assert.equal(error.kind, 'runtime')
  assert.match(error.message, /glibc.*musl/)
  assert.match(error.hint ?? '', /node:22-slim/)
})

test("a user's onnxruntime-node comes first, then the platform's package", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'mlmodel-test-'))
  context.after(() => rm(folder, { recursive: true }))
  const install = async (name: string) => {
    await mkdir(join(folder, 'node_modules', name), { recursive: true })
    await writeFile(join(folder, 'node_modules', name, 'package.json'), '{}')
  }
  const found = () => findRuntimes(join(folder, 'index.js')).map(({ kind }) => kind)
  assert.deepEqual(found(), [])
  await install(platformPackage())
  assert.deepEqual(found(), ['platform-package'])
  await install('onnxruntime-node')
  assert.deepEqual(found(), ['onnxruntime-node', 'platform-package'])
})
