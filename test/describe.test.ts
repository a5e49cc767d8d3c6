/** What inspect says of models: facts from the MLmodel files themselves, and the published schema. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { plain } from '../src/cli/ink.ts'
import { renderDescription } from '../src/cli/render.ts'
import { jsonText } from '../src/cli/report.ts'
import { displayWidth } from '../src/cli/table.ts'
import { type ArtifactDescription, type Description, describeLocation, type ModelDescription } from '../src/describe.ts'
import { checkSchema } from '../src/schema.ts'
import { root } from './cli/fake-terminal.ts'

const fixtures = fileURLToPath(new URL('test/fixtures/', root))
const shared = fileURLToPath(new URL('../shared/', root))
const scratch = mkdtempSync(join(tmpdir(), 'mlmodel-describe-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

async function describeFixture(name: string): Promise<ModelDescription> {
  const description = await describeLocation(join(fixtures, name))
  assert.equal(description.kind, 'model')
  return description as ModelDescription
}

async function describeArtifact(path: string): Promise<ArtifactDescription> {
  const description = await describeLocation(path)
  assert.equal(description.kind, 'artifact')
  return description as ArtifactDescription
}

/** The document is valid and its text fits 80 columns, whatever was described. */
function check(description: Description, title: string): void {
  assert.deepEqual(checkSchema('description', JSON.parse(jsonText(description))), [], title)
  for (const all of [false, true]) {
    const text = renderDescription(description, { width: 80, ink: plain, all })
    for (const line of text.split('\n')) {
      assert.ok(displayWidth(line) <= 80 || line.startsWith('  mlflow.'), `${title}: ${line}`)
      assert.ok(
        !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(line),
        `${title}: ${JSON.stringify(line)}`,
      )
      assert.ok(!/undefined|\[object|NaN kB/.test(line), `${title}: ${line}`)
    }
  }
}

function textOf(description: Description): string {
  return renderDescription(description, { width: 80, ink: plain, all: false })
}

describe('the documentation’s fastai example', () => {
  // MLmodel says python 3.8.12 (line 10), conda.yaml 3.8.5 (line 4); neither says an MLflow version or a time.
  test('facts', async () => {
    const model = await describeFixture('describe/seed_fastai')
    assert.equal(model.origin.run_id, 'e13da8ac-b1e6-45d4-a9b2-6a0a5cfac537')
    assert.equal(model.origin.model_uuid, 'e694c68eba484299976b06ab9058f636')
    assert.equal(model.origin.artifact_path, 'classifier')
    assert.equal(model.origin.mlflow_version, null)
    assert.equal(model.origin.utc_time_created, null)
    assert.deepEqual(
      model.flavors.map(({ name, runs }) => [name, runs]),
      [
        ['fastai', false],
        ['python_function', false],
      ],
    )
    assert.equal(model.chosen_flavor, null)
    assert.deepEqual(model.signature?.inputs, [{ type: 'tensor', 'tensor-spec': { dtype: 'uint8', shape: [-1, 300, 300, 3] } }])
    assert.deepEqual(model.environment.python, { text: '3.8.5', file: 'conda.yaml', line: 4 })
    assert.deepEqual(model.environment.disagreements, [
      {
        name: 'python',
        places: [
          { text: '3.8.12', file: 'MLmodel', line: 10 },
          { text: '3.8.5', file: 'conda.yaml', line: 4 },
        ],
      },
    ])
    assert.match(model.warnings.join('\n'), /names `model\.fastai`/)
  })
  test('text', async () => {
    const text = textOf(await describeFixture('describe/seed_fastai'))
    assert.match(text, /^ {2}run +e13da8ac-b1e6-45d4-a9b2-6a0a5cfac537$/m)
    assert.match(text, /^ {2}fastai +not run here: /m)
    assert.match(text, /uint8 \[any, 300, 300, 3\]$/m)
    assert.match(text, /^ {2}differs: python is 3\.8\.12 in MLmodel:10, 3\.8\.5 in conda\.yaml:4$/m)
  })
})

describe('ONNX', () => {
  // Made by test/fixtures: Gemm, Relu, Gemm, Softmax over [batch, 6]; 6×8+8 and 8×3+3 weights, beside the graph.
  test('graph', async () => {
    const model = await describeFixture('models/onnx_external_data/model')
    assert.equal(model.chosen_flavor, 'onnx')
    assert.ok(model.flavors.every((flavor) => flavor.runs))
    assert.deepEqual(model.onnx?.inputs, [{ name: 'x', type: 'tensor(float)', shape: ['batch', 6] }])
    assert.deepEqual(model.onnx?.outputs, [{ name: 'y', type: 'tensor(float)', shape: ['batch', 3] }])
    assert.deepEqual(model.onnx?.operators, { Gemm: 2, Relu: 1, Softmax: 1 })
    assert.equal(model.onnx?.node_count, 4)
    assert.equal(model.onnx?.parameter_count, 6 * 8 + 8 + 8 * 3 + 3)
    assert.deepEqual(model.onnx?.external_data, ['model.weights'])
    assert.equal(model.files.find((file) => file.path === 'model.weights')?.content, 'weights of model.onnx')
  })
  test('what predict returns follows the signature: records for columns, arrays for tensors', async () => {
    assert.match((await describeFixture('models/onnx_rf_zipmap_off_columns/model')).predict, /^A record for each row, with `/)
    assert.match((await describeFixture('models/onnx_rf_zipmap_off_tensor/model')).predict, /^An array for each output: `/)
    assert.match((await describeFixture('models/onnx_external_data/model')).predict, /^One array: `y`$/)
  })
  test('a broken graph is a reason, not a failure', async () => {
    const copy = join(scratch, 'broken')
    mkdirSync(copy)
    const original = join(fixtures, 'models/onnx_external_data/model')
    for (const name of readdirSync(original)) writeFileSync(join(copy, name), readFileSync(join(original, name)))
    writeFileSync(join(copy, 'model.onnx'), '<!doctype html><title>404</title>')
    const model = (await describeLocation(copy)) as ModelDescription
    assert.equal(model.onnx, null)
    assert.equal(model.chosen_flavor, null)
    assert.match(model.flavors[0]?.why ?? '', /`model\.onnx` is an HTML page titled “404”/)
    check(model, 'broken')
  })
})

describe('files', () => {
  test('digests are those of the files; links are neither followed nor hashed', async () => {
    const folder = join(scratch, 'links')
    mkdirSync(folder)
    writeFileSync(join(folder, 'MLmodel'), 'flavors:\n  python_function:\n    loader_module: mlflow.onnx\n')
    symlinkSync('/etc/hostname', join(folder, 'secret'))
    const model = (await describeLocation(folder, { digests: true })) as ModelDescription
    const [mlmodel, secret] = model.files
    assert.equal(
      mlmodel?.sha256,
      createHash('sha256')
        .update(readFileSync(join(folder, 'MLmodel')))
        .digest('hex'),
    )
    assert.deepEqual(secret, { path: 'secret', bytes: null, format: 'link', content: 'symbolic link, not followed' })
    check(model, 'links')
  })
  test('--flavor of a model that lacks it is refused', async () => {
    await assert.rejects(describeLocation(join(fixtures, 'describe/seed_fastai'), { flavor: 'onnx' }), { code: 'FLAVOR_ABSENT' })
  })
})

describe('artifacts', () => {
  for (const [file, format, line] of [
    ['logreg.pkl', 'pickle', /^mlflow\.sklearn\.log_model\(pickle\.load\(open\(".*logreg\.pkl", "rb"\)\), name="model"\)$/],
    ['rf_z.joblib', 'joblib', /^mlflow\.sklearn\.log_model\(joblib\.load\(/],
    ['ok.onnx', 'onnx', /^mlflow\.onnx\.log_model\(onnx\.load\(/],
    ['skops_ok.skops', 'skops', /^mlflow\.sklearn\.log_model\(skops\.io\.load\(/],
    ['xgb_ok.ubj', 'xgboost', /^mlflow\.xgboost\.log_model\(xgboost\.Booster\(model_file=/],
    ['lgb_ok.txt', 'lightgbm', /^mlflow\.lightgbm\.log_model\(lightgbm\.Booster\(model_file=/],
    ['cat_ok.cbm', 'catboost', /^mlflow\.catboost\.log_model\(catboost\.CatBoost\(\)\.load_model\(/],
    ['table.parquet', 'parquet', undefined],
    ['gadget_00_os_system.pkl', 'pickle', undefined],
  ] as const) {
    test(`${file} is an artifact and an answer`, async () => {
      const artifact = await describeArtifact(join(fixtures, 'sniff', file))
      assert.equal(artifact.format, format)
      assert.equal(artifact.total_bytes, readFileSync(join(fixtures, 'sniff', file)).length)
      if (line === undefined) assert.equal(artifact.log_line, null)
      else assert.match(artifact.log_line ?? '', line)
      check(artifact, file)
    })
  }
  test('a folder with a model below names it', async () => {
    const artifact = await describeArtifact(join(fixtures, 'models', 'onnx_external_data'))
    assert.equal(artifact.is_folder, true)
    assert.match(artifact.model_nearby ?? '', /onnx_external_data\/model$/)
    check(artifact, 'folder')
  })
  test('a SavedModel and a Transformers folder are known by their files', async () => {
    const folder = join(scratch, 'saved')
    mkdirSync(folder)
    writeFileSync(join(folder, 'saved_model.pb'), 'x')
    assert.equal((await describeArtifact(folder)).format, 'savedmodel')
    const bert = join(scratch, 'bert')
    mkdirSync(bert)
    writeFileSync(join(bert, 'config.json'), '{}')
    writeFileSync(join(bert, 'model.safetensors'), 'x')
    assert.equal((await describeArtifact(bert)).format, 'transformers')
  })
  test('a file whose name is no UTF-8 does not hide the others', { skip: process.platform !== 'linux' }, async () => {
    const folder = join(scratch, 'names')
    mkdirSync(folder)
    writeFileSync(join(folder, 'a.txt'), 'x')
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]), 'x')
    const { files } = await describeArtifact(folder)
    assert.deepEqual(
      files.map(({ path, format }) => [path, format]),
      [
        ['a.txt', 'text'],
        ['\ufffd\ufffd', 'unreadable'],
      ],
    )
  })
  test('a device is refused, and a pipe does not block', async () => {
    await assert.rejects(describeLocation('/dev/null'), { code: 'LOCATION_UNREADABLE' })
    const pipe = join(scratch, 'pipe')
    if (spawnSync('mkfifo', [pipe]).status === 0) await assert.rejects(describeLocation(pipe), { code: 'LOCATION_UNREADABLE' })
  })
  test('nothing there', async () => {
    await assert.rejects(describeLocation(join(scratch, 'absent')), { code: 'LOCATION_NOT_FOUND' })
  })
})

test('our own models are valid by the schema and fit 80 columns', async () => {
  for (const name of readdirSync(join(fixtures, 'models'))) check(await describeFixture(`models/${name}/model`), name)
  check(await describeFixture('describe/seed_fastai'), 'seed_fastai')
})

test('so is every model of the complete sets', { skip: !existsSync(join(shared, 'fixtures')) }, async () => {
  for (const set of ['fixtures/models', 'fixtures/inspect', 'fixtures-old/models']) {
    for (const name of readdirSync(join(shared, set))) {
      const path = join(shared, set, name, 'model')
      // One of the inspect set has a signature that MLflow refuses.
      const description = await describeLocation(path).catch((error) => {
        assert.equal(name, 'signature_as_yaml_list', `${name}: ${error}`)
      })
      if (description !== undefined) check(description, name)
    }
  }
})

test('a model from a stranger is escaped in the text and whole in the document', async () => {
  const folder = join(scratch, 'stranger')
  mkdirSync(folder)
  const evil = '\\u001B[2J\\u202Efdp'
  writeFileSync(
    join(folder, 'MLmodel'),
    [
      'flavors:',
      `  "${evil}":`,
      '    data: x',
      `run_id: "${evil}"`,
      'metadata:',
      `  "${evil}": "${evil}"`,
      '  __proto__: {polluted: true}',
      `signature:`,
      `  inputs: '[{"name": "\\u001b[2J", "type": "double", "required": true}]'`,
      '',
    ].join('\n'),
  )
  const model = (await describeLocation(folder)) as ModelDescription
  check(model, 'stranger')
  assert.equal(model.origin.run_id, '\u001b[2J\u202efdp')
  const document = JSON.parse(jsonText(model))
  assert.deepEqual(Object.keys(document.metadata), ['\u001b[2J\u202efdp', '__proto__'])
  assert.equal(({} as { polluted?: boolean }).polluted, undefined)
  assert.ok(!jsonText(model).includes('\u202e'))
})
