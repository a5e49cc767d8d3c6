/** The policy of a team: found, read, and held against a model. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { MlmodelError } from '../src/errors/index.ts'
import { findPolicyFile, readPolicyFile } from '../src/policy-file.ts'
import { validateModel } from '../src/validate.ts'
import { copyModel } from './check/copy.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'mlmodel-policy-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

function policyOf(t: TestContext, text: string) {
  const path = join(folder(t), 'mlmodel.config.yaml')
  writeFileSync(path, text)
  return readPolicyFile(path)
}

describe('finding the file', () => {
  test('here or in the nearest folder above', (t) => {
    const top = folder(t)
    mkdirSync(join(top, 'a', 'b'), { recursive: true })
    writeFileSync(join(top, 'mlmodel.config.yaml'), '')
    assert.equal(findPolicyFile(join(top, 'a', 'b')), join(top, 'mlmodel.config.yaml'))
    writeFileSync(join(top, 'a', 'mlmodel.config.yaml'), '')
    assert.equal(findPolicyFile(join(top, 'a', 'b')), join(top, 'a', 'mlmodel.config.yaml'))
  })

  test('never in a model: nobody judges himself', (t) => {
    const top = folder(t)
    mkdirSync(join(top, 'model', 'sub'), { recursive: true })
    for (const place of ['model', 'model/sub'])
      writeFileSync(join(top, place, 'mlmodel.config.yaml'), 'levels: {PATH_OUTSIDE: off}')
    assert.equal(findPolicyFile(join(top, 'model', 'sub'), [join(top, 'model')])?.startsWith(top), undefined)
    writeFileSync(join(top, 'model', 'MLmodel'), '')
    rmSync(join(top, 'model', 'sub', 'mlmodel.config.yaml'))
    assert.equal(findPolicyFile(join(top, 'model', 'sub'))?.startsWith(top), undefined)
  })
})

describe('reading', () => {
  test('what is wrong is refused with its line', (t) => {
    const cases: readonly (readonly [text: string, code: string, line: number | undefined])[] = [
      ['levels:\n  PATH_OUTSIDE: fatal\n', 'CONFIG_INVALID', 2],
      ['levels:\n  PATH_OUTSIDER: error\n', 'FINDING_UNKNOWN', 2],
      ['a: 1\n', 'CONFIG_INVALID', undefined],
      ['python: [3.10]\n', 'CONFIG_INVALID', 1],
      ['max_size: many\n', 'CONFIG_INVALID', 1],
      ['targets: [moon]\n', 'CONFIG_INVALID', 1],
      ['- a\n', 'CONFIG_INVALID', undefined],
      ['a: [\n', 'CONFIG_UNREADABLE', undefined],
    ]
    for (const [text, code, line] of cases)
      assert.throws(
        () => policyOf(t, text),
        (error) =>
          error instanceof MlmodelError &&
          error.code === code &&
          (line === undefined || error.where.line === line) &&
          error.info.exitCode === 2,
        text,
      )
  })

  test('sizes and hashes', (t) => {
    assert.equal(policyOf(t, 'max_size: 1.5 MB').maxBytes, 1_500_000)
    assert.equal(policyOf(t, 'max_size: 2 KiB').maxBytes, 2048)
    assert.equal(policyOf(t, 'max_size: 12').maxBytes, 12)
    assert.deepEqual(policyOf(t, `trust: ['sha256:${'a'.repeat(64)}']`).trust, ['a'.repeat(64)])
    assert.deepEqual(policyOf(t, '# nothing\n'), {})
  })
})

describe('holding a model against it', () => {
  test('each requirement is a finding of its own', async (t) => {
    const model = copyModel(t)
    model.replace(/signature:[\s\S]*?type_hint_from/, 'type_hint_from')
    model.replace(/saved_input_example_info:[\s\S]*?type: ndarray\n/, '')
    model.replace('onnx==1.23.2', 'onnx>=1.23', 'requirements.txt')
    const policy = policyOf(
      t,
      `require: {signature: true, input_example: true, pins: true, licence: [MIT], tags: [owner]}
flavors: [sklearn]
python: ['3.10', '3.12']
max_size: 1 kB
`,
    )
    const { findings } = await validateModel(model.folder, { policy })
    const policies = findings
      .filter(({ code }) => code.startsWith('POLICY_'))
      .map(({ code, where }) => `${code} ${where.file ?? ''}:${where.line ?? ''}`)
    assert.deepEqual([...new Set(policies)].sort(), [
      'POLICY_EXAMPLE MLmodel:',
      'POLICY_FLAVOR MLmodel:4',
      'POLICY_LICENCE MLmodel:',
      'POLICY_PIN requirements.txt:2',
      'POLICY_PYTHON MLmodel:17',
      'POLICY_PYTHON conda.yaml:4',
      'POLICY_PYTHON python_env.yaml:1',
      'POLICY_SIGNATURE MLmodel:',
      'POLICY_SIZE :',
      'POLICY_TAG MLmodel:',
    ])
  })

  test('levels: up, down and off; what is off is counted', async (t) => {
    const model = copyModel(t)
    model.replace('run_id:', 'run_ids:')
    rmSync(join(model.folder, 'input_example.json'))
    const policy = policyOf(t, 'levels: {MLMODEL_UNKNOWN_FIELD: error, EXAMPLE_MISSING: off}')
    const { findings, ignored } = await validateModel(model.folder, { policy })
    assert.deepEqual(
      findings.map(({ code, level }) => [code, level]),
      [['MLMODEL_UNKNOWN_FIELD', 'error']],
    )
    assert.equal(ignored, 1)
  })

  test('what fits is no finding', async (t) => {
    const model = copyModel(t)
    model.replace('model_id: null', 'model_id: null\nmetadata: {owner: me, license: MIT}')
    const policy = policyOf(
      t,
      "require: {signature: true, input_example: true, licence: true, tags: [owner]}\nflavors: [onnx]\npython: ['3.11']\nmax_size: 1 MB",
    )
    const { findings } = await validateModel(model.folder, { policy })
    assert.deepEqual(
      findings.filter(({ code }) => code.startsWith('POLICY_')),
      [],
    )
  })
})
