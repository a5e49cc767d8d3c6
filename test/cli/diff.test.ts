/** `mlmodel diff`: two folders, text and JSON, exit codes; the numbers are NumPy's (test/fixtures/run/make.py). */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { displayWidth } from '../../src/cli/table.ts'
import { checkSchema } from '../../src/schema.ts'
import { root, runLine } from './fake-terminal.ts'

const graphs = fileURLToPath(new URL('test/fixtures/run/', root))
const scratch = mkdtempSync(join(tmpdir(), 'mlmodel-diff-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

const tensor = (name: string) => `{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}, "name": "${name}"}`

let count = 0
function model(graph: string, inputs: string, more: { version: string; requirements: string; pyfunc?: boolean }): string {
  const folder = join(scratch, String(count++))
  mkdirSync(folder)
  copyFileSync(join(graphs, graph), join(folder, 'model.onnx'))
  writeFileSync(join(folder, 'requirements.txt'), more.requirements)
  const pyfunc = more.pyfunc === false ? '' : '  python_function:\n    data: model.onnx\n    loader_module: mlflow.onnx\n'
  writeFileSync(
    join(folder, 'MLmodel'),
    `flavors:\n  onnx:\n    data: model.onnx\n    onnx_version: ${more.version}\n${pyfunc}signature:\n  inputs: '[${inputs}]'\n`,
  )
  return folder
}
const old = model('line.onnx', tensor('x'), { version: '1.10', requirements: 'mlflow==2.22.0\nonnx==1.10\nnumpy\n' })
const near = model('line-near.onnx', tensor('x'), { version: '1.23.2', requirements: 'mlflow==2.22.0\nonnx==1.23.2\npandas\n' })
const other = model('line.onnx', tensor('z'), { version: '1.10', requirements: 'mlflow==2.22.0\nonnx==1.10\nnumpy\n' })
const data = join(scratch, 'data.json')
writeFileSync(data, '{"inputs": {"x": [[0, 0.5], [1, 2], [100, -3]]}}')

async function diff(...args: readonly string[]) {
  const { code, stdout, stderr } = await runLine(['diff', ...args])
  return { code, stdout, stderr }
}

test('equal models', async () => {
  const { code, stdout } = await diff(old, old, '-i', data)
  assert.equal(code, 0)
  assert.match(stdout, /signature {2}equal/)
  assert.match(stdout, /predictions {2}equal \(3 rows\)/)
  assert.match(stdout, /breaks nothing/)
})

test('flavors, environment, operators and size', async () => {
  const { code, stdout } = await diff(old, near, '--json')
  assert.equal(code, 0)
  const document = JSON.parse(stdout)
  assert.deepEqual(checkSchema('diff', document), [])
  assert.deepEqual(document.flavors, [{ name: 'onnx', old: 'onnx_version 1.10', new: 'onnx_version 1.23.2' }])
  assert.deepEqual(document.environment, [
    { name: 'numpy', old: 'numpy' },
    { name: 'onnx', old: 'onnx==1.10', new: 'onnx==1.23.2' },
    { name: 'pandas', new: 'pandas' },
  ])
  assert.deepEqual(document.operators, [{ name: 'Identity', new: '1' }])
  assert.deepEqual(document.signature, { verdict: 'equal', changes: [] })
  assert.equal(document.size.old.files, 3)
})

test('predictions of both, within a tolerance or beyond it', async () => {
  const { code, stdout } = await diff(old, near, '-i', data, '--json')
  assert.equal(code, 1)
  const { predictions } = JSON.parse(stdout)
  assert.equal(predictions.changed, 1)
  assert.deepEqual(predictions.outputs, [
    { name: 'y', changed: 1, beyond: 1, first: 0, absolute: 2 ** -24, relative: 2 ** -24, ulp: 1 },
  ])
  assert.equal((await diff(old, near, '-i', data, '--tolerance', '1e-6')).code, 0)
  assert.equal((await diff(old, near, '-i', data, '--tolerance', '1ulp')).code, 0)
  assert.equal((await diff(old, near, '-i', data, '--tolerance', '1e-9')).code, 1)
})

test('a breaking signature, and data that the new version refuses', async () => {
  const { code, stdout } = await diff(old, other)
  assert.equal(code, 1)
  assert.match(stdout, /breaking: inputs `z` added, and required/)
  const scored = await diff(old, other, '-i', data, '--json')
  assert.equal(JSON.parse(scored.stdout).predictions.failed, 'new')
  assert.deepEqual(checkSchema('diff', JSON.parse(scored.stdout)), [])
  const lost = model('line.onnx', tensor('x'), { version: '1.10', requirements: '', pyfunc: false })
  assert.equal((await diff(old, lost)).code, 1)
})

test('text fits the terminal', async () => {
  for (const [a, b] of [
    [old, near],
    [old, other],
  ] as const) {
    const { stdout } = await diff(a, b, '-i', data)
    for (const line of stdout.split('\n')) assert.ok(displayWidth(line) <= 80, line)
  }
})

test('what cannot be asked', async () => {
  assert.equal((await diff(old)).code, 2)
  assert.equal((await diff(old, near, '--tolerance', '1')).code, 2)
  for (const text of ['-1', 'x', '1 ulp', '1e999'])
    assert.equal((await diff(old, near, '-i', data, `--tolerance=${text}`)).code, 2, text)
  assert.equal((await diff(old, join(scratch, 'none'))).code, 2)
})
