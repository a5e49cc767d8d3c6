import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { MlmodelError } from '../src/errors/index.ts'
import { parseJson, writeJsonValue } from '../src/json.ts'
import { locate } from '../src/locate/index.ts'
import { loadMlmodel, type Mlmodel, parseMlmodel } from '../src/mlmodel.ts'
import { checkSchema } from '../src/schema.ts'
import { paramsToCell, printSignature, schemaToCell, signatureToJson, specNames } from '../src/signature.ts'
import { isYamlMap, type YamlMap } from '../src/yaml.ts'

const folder = join(process.cwd(), 'test/fixtures/mlmodel')
const shared = join(process.cwd(), '../shared')

interface Expected {
  readonly ok: boolean
  readonly model: Readonly<Record<string, unknown>>
  readonly signature: Readonly<Record<string, unknown>> | null
}

/** What MLflow's `to_dict` gives: keys it always writes are null, the signature as it writes it itself. */
function asMlflow(model: Mlmodel): unknown {
  const fields = { prompts: null, model_id: null, ...(JSON.parse(writeJsonValue(model.fields)) as object), signature: undefined }
  const { signature } = model
  const written =
    signature === undefined
      ? {}
      : {
          signature: signatureToJson(signature),
          is_signature_from_type_hint: model.isSignatureFromTypeHint,
          type_hint_from_example: model.typeHintFromExample,
        }
  return JSON.parse(JSON.stringify({ ...fields, ...written }))
}

describe('MLmodel files of ten years, as MLflow 3.17 reads them', () => {
  for (const name of readdirSync(folder))
    test(name, () => {
      const text = readFileSync(join(folder, name, 'MLmodel'))
      const expected = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8')) as Expected
      // MLflow's limit, not ours: `optional` of its own earlier versions.
      if (name === 'pyfunc_2_3') {
        const { signature } = parseMlmodel(text, 'MLmodel', '/x')
        assert.equal(
          printSignature(signature!).split('\n')[1],
          "  ['t': datetime (required), 'b': binary (required), 'o': boolean (optional)]",
        )
        return
      }
      if (!expected.ok) {
        assert.throws(() => parseMlmodel(text, 'MLmodel', '/x'), MlmodelError)
        return
      }
      const model = parseMlmodel(text, 'MLmodel', '/x')
      assert.deepEqual(asMlflow(model), expected.model)
      const { signature } = model
      if (signature === undefined) {
        assert.equal(expected.signature, null)
        return
      }
      const { repr, input_names: names, inputs, params, is_tensor: isTensor } = expected.signature!
      assert.equal(printSignature(signature), repr)
      assert.deepEqual(specNames(signature.inputs!), names)
      assert.equal(signature.inputs!.kind === 'tensors', isTensor)
      assert.deepEqual(JSON.parse(writeJsonValue(schemaToCell(signature.inputs!))), inputs)
      if (params !== null) assert.deepEqual(JSON.parse(writeJsonValue(paramsToCell(signature.params!))), params)
    })
})

test('every field to its place', () => {
  const text = readFileSync(join(folder, 'pyfunc_2_3', 'MLmodel'), 'utf8')
  const model = parseMlmodel(`${text}\nfuture_key: {a: 1}\nenv_vars: [TOKEN]\nmodel_size_bytes: 12\n`, 'm/MLmodel', '/m')
  assert.equal(model.directory, '/m')
  assert.equal(model.artifactPath, 'm')
  assert.equal(model.runId, '00112233445566778899aabbccddeeff')
  assert.equal(model.utcTimeCreated, '2023-05-01 00:00:00.000001')
  assert.equal(model.mlflowVersion, '2.3.1')
  assert.equal(model.modelSizeBytes, 12)
  assert.deepEqual(model.envVars, ['TOKEN'])
  assert.deepEqual(model.inputExample, {
    artifactPath: 'input_example.json',
    type: 'dataframe',
    pandasOrient: 'split',
    hasParams: false,
  })
  assert.deepEqual([...model.flavors.keys()], ['python_function'])
  assert.deepEqual([...model.unknown.keys()], ['future_key'])
  assert.equal(model.lineOf(['flavors', 'python_function', 'env', 'conda']), 10)
  assert.equal('modelId' in model, false)
})

test('numbers and dates without quotes count as what is written', () => {
  const model = parseMlmodel(
    'mlflow_version: 2.10\nrun_id: 0123\nutc_time_created: 2020-01-02 03:04:05.6\nflavors:\n',
    'MLmodel',
    '/m',
  )
  assert.equal(model.mlflowVersion, '2.10')
  assert.equal(model.runId, '0123')
  assert.equal(model.utcTimeCreated, '2020-01-02 03:04:05.600000')
  assert.equal(model.flavors.size, 0)
})

describe('refusals, with the line', () => {
  const onnx = (data: string) => `flavors:\n  onnx:\n    data: ${data}\n`
  const cases: readonly (readonly [text: string, code: string, line: number])[] = [
    ['hello', 'YAML_NOT_MAP', 1],
    ['- a', 'YAML_NOT_MAP', 1],
    ['flavors: [a]', 'MLMODEL_FIELD', 1],
    ['flavors:\n  onnx: model.onnx', 'MLMODEL_FIELD', 2],
    ['flavors: {}\nrun_id: [a]', 'MLMODEL_FIELD', 2],
    ['flavors: {}\nmodel_size_bytes: -1', 'MLMODEL_FIELD', 2],
    ['flavors: {}\nprompts: x', 'MLMODEL_FIELD', 2],
    ['flavors: {}\nenv_vars: [1]', 'MLMODEL_FIELD', 2],
    ['flavors: {}\nis_signature_from_type_hint: 1', 'MLMODEL_FIELD', 2],
    ['a: 1\nsaved_input_example_info: {type: dataframe}', 'MLMODEL_FIELD', 2],
    ['a: 1\nsaved_input_example_info:\n  type: x\n  artifact_path: ../x', 'PATH_OUTSIDE', 4],
    ['a: 1\nsignature: {}', 'SIGNATURE_EMPTY', 2],
    ['a: 1\nsignature:\n  inputs: "[{]"', 'SIGNATURE_JSON', 3],
    [onnx('[a]'), 'MLMODEL_FIELD', 3],
    [onnx('"../../../etc/passwd"'), 'PATH_OUTSIDE', 3],
    [onnx('model/../../../etc/hostname'), 'PATH_OUTSIDE', 3],
    [onnx('/etc/passwd'), 'PATH_INVALID', 3],
    [onnx('"file:///etc/passwd"'), 'PATH_INVALID', 3],
    [onnx("'..\\..\\win.ini'"), 'PATH_INVALID', 3],
    [onnx("'C:\\x'"), 'PATH_INVALID', 3],
    [onnx("'C:/x'"), 'PATH_INVALID', 3],
    [onnx('"%2e%2e/x"'), 'PATH_INVALID', 3],
    [onnx('"model.onnx\\0.txt"'), 'PATH_INVALID', 3],
    ['flavors:\n  python_function:\n    env: ../conda.yaml', 'PATH_OUTSIDE', 3],
    ['flavors:\n  python_function:\n    env:\n      conda: ../conda.yaml', 'PATH_OUTSIDE', 4],
    ['flavors:\n  python_function:\n    code: ../../tmp', 'PATH_OUTSIDE', 3],
    ['flavors:\n  python_function:\n    artifacts:\n      a:\n        path: ../x', 'PATH_OUTSIDE', 5],
    ['flavors:\n  x:\n    extra_files:\n    - path: a\n    - path: ../x', 'PATH_OUTSIDE', 5],
  ]
  for (const [text, code, line] of cases)
    test(JSON.stringify(text).slice(0, 80), () => {
      assert.throws(
        () => parseMlmodel(text, 'MLmodel', '/x'),
        (error: MlmodelError) => {
          assert.equal(error.code, code)
          assert.equal(error.where.file, 'MLmodel')
          assert.equal(error.where.line, line)
          return true
        },
      )
    })

  test("paths of the author's machine are no paths of the model", () => {
    parseMlmodel(
      'flavors:\n  python_function: {model_code_path: /home/a/model.py, data: ./sub/../model.onnx, env: conda.yaml}\n  transformers: {local_base_model_path: /x}',
      'MLmodel',
      '/x',
    )
  })
})

test('the MLmodel file is never read through a link that leaves the folder', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mlmodel-'))
  try {
    symlinkSync('/etc/hostname', join(directory, 'MLmodel'))
    await assert.rejects(async () => loadMlmodel(await locate(directory)), { code: 'PATH_OUTSIDE' })
    rmSync(join(directory, 'MLmodel'))
    writeFileSync(join(directory, 'real'), 'flavors: {}')
    symlinkSync('real', join(directory, 'MLmodel'))
    assert.equal((await loadMlmodel(await locate(join(directory, 'MLmodel')))).flavors.size, 0)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

/** What the published schemas say about a file: the fields, and the parts of the signature parsed. */
function schemaProblems(fields: YamlMap): readonly unknown[] {
  const signature = fields.get('signature')
  const parts = isYamlMap(signature) ? [...signature].filter(([, text]) => typeof text === 'string' && text !== '') : []
  const parsed = new Map(parts.map(([part, text]) => [part, parseJson(text as string).value]))
  return [...checkSchema('mlmodel', fields), ...checkSchema('signature', parsed)]
}

describe('what is read is valid by the published schemas', () => {
  test('the fixtures here', () => {
    for (const name of readdirSync(folder)) {
      if (name === 'signature_as_yaml_list') continue
      assert.deepEqual(schemaProblems(parseMlmodel(readFileSync(join(folder, name, 'MLmodel')), name, '/x').fields), [], name)
    }
  })
  for (const set of ['fixtures/inspect', 'fixtures/models', 'fixtures-old/models'])
    test(set, { skip: !existsSync(join(shared, set)) }, async () => {
      for (const name of readdirSync(join(shared, set))) {
        if (name === 'signature_as_yaml_list') continue
        const model = await loadMlmodel(await locate(join(shared, set, name, 'model')))
        assert.deepEqual(schemaProblems(model.fields), [], name)
      }
    })
})

test('the YAML corpus', { skip: !existsSync(join(shared, 'corpus/yaml')) }, () => {
  const lines = readFileSync(join(shared, 'corpus/manifest.jsonl'), 'utf8').trim().split('\n')
  for (const { file, verdict } of lines.map((line) => JSON.parse(line) as { readonly file: string; readonly verdict: string })) {
    if (!/^yaml\/.*MLmodel$/.test(file) || verdict === 'either') continue
    const read = () => parseMlmodel(readFileSync(join(shared, 'corpus', file)), file, '/x')
    if (verdict === 'accept') read()
    else assert.throws(read, MlmodelError, file)
  }
})
