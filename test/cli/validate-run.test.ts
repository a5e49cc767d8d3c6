/** `mlmodel validate` where it runs the model: the real program, because the process of the model is started from it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { root, runLine } from './fake-terminal.ts'

const path = (name: string) => fileURLToPath(new URL(name, root))
const scratch = mkdtempSync(join(tmpdir(), 'mlmodel-validate-run-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

let count = 0
function model(graph: string, shape: string): string {
  const folder = join(scratch, String(count++))
  mkdirSync(folder)
  copyFileSync(path(`test/fixtures/run/${graph}`), join(folder, 'model.onnx'))
  const inputs = `[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": ${shape}}, "name": "x"}]`
  writeFileSync(
    join(folder, 'MLmodel'),
    `flavors:\n  onnx:\n    data: model.onnx\n  python_function:\n    data: model.onnx\n    loader_module: mlflow.onnx\nsignature:\n  inputs: '${inputs}'\n`,
  )
  return folder
}

interface Document {
  readonly models: readonly { readonly findings: readonly { readonly code: string; readonly level: string }[] }[]
}

/** Exit code, and the codes of errors and warnings. */
function validate(...args: readonly string[]): {
  readonly code: number | null
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
  readonly stderr: string
} {
  const ran = spawnSync(process.execPath, [path('bin/mlmodel.js'), 'validate', '--json', ...args], {
    encoding: 'utf8',
  })
  const document = JSON.parse(ran.stdout) as Document
  const codes = (wanted: string): readonly string[] =>
    document.models.flatMap(({ findings }) => findings.filter(({ level }) => level === wanted).map(({ code }) => code))
  return { code: ran.status, errors: codes('error'), warnings: codes('warning'), stderr: ran.stderr }
}

test('a bare file is judged, and not scored: said where scoring is asked for', () => {
  const file = join(model('line.onnx', '[-1, 2]'), 'model.onnx')
  assert.match(validate(file, '--run').stderr, /nothing of them was scored/)
  assert.doesNotMatch(validate(file).stderr, /scored/)
  const folder = model('line.onnx', '[-1, 2]')
  assert.match(validate(folder, '--schema', `row=${path('package.json')}`).warnings.join(), /TEAM_SCHEMA_UNUSED/)
})

test('answers are recorded, and a change is found', () => {
  const folder = model('line.onnx', '[-1, 2]')
  assert.deepEqual(validate(folder, '--timeout', '60').errors, [])
  const recorded = validate(folder, '--record', '--timeout', '60')
  assert.equal(recorded.code, 0, recorded.stderr)
  assert.ok(existsSync(join(folder, 'mlmodel-golden.json')))
  assert.match(recorded.stderr, /recorded: .*mlmodel-golden\.json/)
  assert.equal(validate(folder, '--timeout', '60').code, 0)
  const golden = readFileSync(join(folder, 'mlmodel-golden.json'), 'utf8')
  // The request that is made up has halves: 2 × 0.5 + 1.
  assert.match(golden, /"predictions": \{"y": \[\[2\.0, 2\.0\]\]\}/)
  writeFileSync(join(folder, 'mlmodel-golden.json'), golden.replace('[[2.0, 2.0]]', '[[2.0, 1.5]]'))
  const changed = validate(folder, '--timeout', '60')
  assert.deepEqual(changed.errors, ['GOLDEN_DIFFERENT'])
  assert.equal(changed.code, 1)
  assert.deepEqual(validate(folder, '--no-run').errors, [])
})

test('a loop without end is a finding', () => {
  const { code, errors } = validate(model('loop.onnx', '[-1]'), '--timeout', '2')
  assert.deepEqual(errors, ['RUN_DEADLINE'])
  assert.equal(code, 1)
})

test('targets and options that contradict', async () => {
  const folder = model('line.onnx', '[-1, -1]')
  const { errors } = validate(folder, '--no-run', '--target', 'azureml-online')
  assert.ok(errors.includes('AZURE_OPEN_DIMENSION'))
  for (const args of [
    ['--no-run', '--record'],
    ['--no-run', '--timeout', '1'],
    ['--target', 'azure'],
    ['--memory', '1'],
  ])
    assert.equal((await runLine(['validate', folder, ...args])).code, 2, args.join(' '))
})
