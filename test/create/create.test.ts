/** Models made of ONNX files: what real MLflow says of them, and that nothing is ever half made. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Batch, type Cell, isCellMap, isTensor, type Tensor } from '../../src/batch.ts'
import { createModel } from '../../src/create/index.ts'
import { bytesSource, fileSource } from '../../src/data/source.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { cellAt, type ValueDtype } from '../../src/enforce/values.ts'
import { onnxFlavor } from '../../src/flavors/onnx.ts'
import { parseJson } from '../../src/json.ts'
import { locate } from '../../src/locate/index.ts'
import { loadMlmodel } from '../../src/mlmodel.ts'
import { signatureToJson } from '../../src/signature.ts'
import { temporaryName } from '../../src/whole-file.ts'
import { runLine } from '../cli/fake-terminal.ts'

interface Case {
  readonly name: string
  readonly onnx: string
  readonly sample?: string
}
interface Expected {
  readonly signature: unknown
  readonly requirements: string
  readonly predictions?: unknown
  readonly serving?: readonly string[]
  /** MLflow cannot score this. */
  readonly error?: string
}

const fixtures = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/test/fixtures/`))
const cases = JSON.parse(readFileSync(join(fixtures, 'create/cases.json'), 'utf8')) as Case[]
const expected = JSON.parse(readFileSync(join(fixtures, 'create/expected.json'), 'utf8')) as Record<string, Expected>
const onnxOf = (name: string) => join(fixtures, 'models', name, 'model/model.onnx')

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-create-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function create(folder: string, { onnx, sample }: Case): Promise<string[]> {
  const warnings: string[] = []
  const source = sample === undefined ? {} : { sample: fileSource(join(fixtures, 'models', onnx, sample)) }
  await createModel(onnxOf(onnx), folder, { ...source, onWarning: (warning) => warnings.push(warning) })
  return warnings
}

/** As test/fixtures/create/make.py writes values. */
function canonical(value: Cell): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value).replace('Infinity', 'inf').replace('NaN', 'nan')
  if (typeof value === 'bigint') return String(value)
  if (isTensor(value)) return { shape: value.shape, values: cells(value) }
  if (isCellMap(value)) return Object.fromEntries([...value].map(([key, item]) => [key, canonical(item)]))
  return Array.isArray(value) ? value.map(canonical) : value
}

function cells({ dtype, values }: Pick<Tensor, 'dtype' | 'values'>): unknown[] {
  return Array.from({ length: values.length }, (_, index) => canonical(cellAt(dtype as ValueDtype, values as never, index)))
}

function canonicalBatch(batch: Batch): unknown {
  if (batch.kind === 'frame') {
    const values = batch.columns.map((column) => ({ shape: [batch.rows], values: cells(column) }))
    return { columns: batch.columns.map(({ name }) => String(name)), values }
  }
  if (batch.kind === 'named') return Object.fromEntries([...batch.items].map(([name, item]) => [name, canonical(item)]))
  return batch.kind === 'array' ? canonical(batch.tensor) : canonical(batch.value)
}

describe('made models are what MLflow loads and scores', () => {
  for (const item of cases) {
    test(item.name, async (t) => {
      const folder = join(scratch(t), 'model')
      const wanted = expected[item.name]!
      const warnings = await create(folder, item)
      assert.equal(
        warnings.some((warning) => warning.startsWith('MLflow itself cannot')),
        wanted.error !== undefined,
      )
      const model = await loadMlmodel(await locate(folder))
      assert.deepEqual(model.signature === undefined ? null : signatureToJson(model.signature), wanted.signature)
      assert.equal(readFileSync(join(folder, 'requirements.txt'), 'utf8'), wanted.requirements)
      if (item.sample === undefined) return
      const request = readFileSync(join(folder, 'serving_input_example.json'))
      assert.deepEqual(Object.keys(JSON.parse(request.toString())), wanted.serving)
      const mode = wanted.error === undefined ? 'compat' : 'strict'
      const { data, params } = readRequest(request, 'application/json', model.signature, { mode })
      const predictor = await onnxFlavor.open(model, { mode, warn: () => {} })
      const predictions = await predictor.predict(data, { params })
      await predictor.close()
      if (wanted.error === undefined) assert.deepEqual(canonicalBatch(predictions), wanted.predictions)
    })
  }

  const python = process.env['MLMODEL_TEST_PYTHON']
  test('real MLflow, now (MLMODEL_TEST_PYTHON names a Python that has it)', { skip: python === undefined }, async (t) => {
    const parent = scratch(t)
    const folders: string[] = []
    for (const [index, item] of cases.entries()) {
      folders.push(join(parent, String(index)))
      await create(folders.at(-1)!, item)
    }
    const output = execFileSync(python!, [join(fixtures, 'create/make.py'), '--score', ...folders], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const answers = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    for (const [index, { name }] of cases.entries()) assert.deepEqual(answers[index], expected[name], name)
  })
})

describe('createModel', () => {
  test('what a process that was killed left is removed, what a living one makes is not', async (t) => {
    const parent = scratch(t)
    // No process has the first number: Linux's highest is 4,194,304.
    const [dead, alive] = [temporaryName('model', 4_194_305), temporaryName('model', process.ppid)]
    for (const name of [dead, alive]) {
      mkdirSync(join(parent, name))
      writeFileSync(join(parent, name, 'model.onnx'), 'half')
    }
    await create(join(parent, 'model'), cases[0]!)
    assert.deepEqual(readdirSync(parent).sort(), [alive, 'model'].sort())
  })

  test('external data comes along byte for byte, in its own folders', async (t) => {
    const folder = scratch(t)
    const source = join(folder, 'source')
    // `model.weights` and `deep/weights.` are equally long, so that the protobuf stays whole.
    mkdirSync(join(source, 'deep'), { recursive: true })
    const bytes = readFileSync(onnxOf('onnx_external_data'))
    writeFileSync(join(source, 'a.onnx'), bytes.toString('latin1').replaceAll('model.weights', 'deep/weights.'), 'latin1')
    cpSync(join(fixtures, 'models/onnx_external_data/model/model.weights'), join(source, 'deep/weights.'))
    await createModel(join(source, 'a.onnx'), join(folder, 'model'))
    assert.deepEqual(readFileSync(join(folder, 'model/deep/weights.')), readFileSync(join(source, 'deep/weights.')))
    assert.deepEqual(readFileSync(join(folder, 'model/model.onnx')), readFileSync(join(source, 'a.onnx')))
  })

  for (const [name, location, code] of [
    ['of a name that the model needs', 'conda.yaml/xx', 'CREATE_NAME_TAKEN'],
    ['of such a name in capitals', 'MODEL.ONNX/xx', 'CREATE_NAME_TAKEN'],
    ['outside of the folder', '../../weights', 'ONNX_EXTERNAL'],
    ['that is not there', 'model.weightz', 'ONNX_EXTERNAL'],
  ] as const) {
    test(`external data ${name}: refused, and nothing is left`, async (t) => {
      const folder = scratch(t)
      const source = join(folder, 'source')
      mkdirSync(source)
      const bytes = readFileSync(onnxOf('onnx_external_data'))
      writeFileSync(join(source, 'a.onnx'), bytes.toString('latin1').replaceAll('model.weights', location), 'latin1')
      if (code === 'CREATE_NAME_TAKEN') {
        mkdirSync(join(source, location.split('/')[0]!))
        cpSync(join(fixtures, 'models/onnx_external_data/model/model.weights'), join(source, location))
      }
      await assert.rejects(createModel(join(source, 'a.onnx'), join(folder, 'model')), { code })
      assert.deepEqual(readdirSync(folder), ['source'])
    })
  }

  test('nothing that stands there is overwritten', async (t) => {
    const folder = scratch(t)
    mkdirSync(join(folder, 'empty'))
    writeFileSync(join(folder, 'file'), 'x')
    for (const name of ['empty', 'file', 'file/below'])
      await assert.rejects(createModel(onnxOf('onnx_strings'), join(folder, name)), (error: { code: string }) =>
        /^CREATE_(EXISTS|NOT_WRITTEN)$/.test(error.code),
      )
    assert.equal(readFileSync(join(folder, 'file'), 'utf8'), 'x')
    assert.deepEqual(readdirSync(folder), ['empty', 'file'])
  })

  test('a sample that the model cannot score: no model', async (t) => {
    const folder = join(scratch(t), 'model')
    const sample = bytesSource(Buffer.from('a,b\n1.5,x\n'), 'sample.csv')
    await assert.rejects(createModel(onnxOf('onnx_linreg_columns_double'), folder, { sample }))
    assert.ok(!existsSync(folder))
    assert.deepEqual(readdirSync(join(folder, '..')), [])
  })

  test('only the beginning of a long sample is stored; all of it counts for the types', async (t) => {
    const folder = join(scratch(t), 'model')
    const rows = Array.from({ length: 100 }, (_, row) => (row === 99 ? '"",x' : `t${row},x`))
    const sample = bytesSource(Buffer.from(`a,b\n${rows.join('\n')}\n`), 'sample.csv')
    const { signature } = await createModel(onnxOf('onnx_stringconcat_percol'), folder, { sample })
    assert.match(signatureToJson(signature!).inputs!, /"a", "required": false/)
    const stored = JSON.parse(readFileSync(join(folder, 'input_example.json'), 'utf8'))
    assert.deepEqual(
      stored.data,
      rows.slice(0, 5).map((row) => row.split(',')),
    )
  })

  test('a requirement of a package that is required already: as MLflow, and another exact version instead of ours', async (t) => {
    const folder = join(scratch(t), 'model')
    await createModel(onnxOf('onnx_strings'), folder, {
      requirements: ['onnx', 'onnxruntime >=1.2', 'MLflow==3.16.0', 'onnxmltools'],
    })
    const lines = readFileSync(join(folder, 'requirements.txt'), 'utf8').split('\n')
    // `onnxruntime==1.31.1,>=1.2` is what `save_model(extra_pip_requirements=…)` of MLflow 3.17.2 writes.
    assert.deepEqual(lines, ['MLflow==3.16.0', 'onnx==1.23.2', 'onnxruntime==1.31.1,>=1.2', 'onnxmltools'])
  })

  test('name, Python and requirements', async (t) => {
    const folder = join(scratch(t), 'model')
    await createModel(onnxOf('onnx_strings'), folder, { name: 'a: "näme" 😀', python: '3.12', requirements: ['scipy==1.17.1'] })
    const model = await loadMlmodel(await locate(folder))
    assert.deepEqual(model.metadata, new Map([['name', 'a: "näme" 😀']]))
    assert.match(readFileSync(join(folder, 'requirements.txt'), 'utf8'), /\nscipy==1\.17\.1$/)
    assert.match(readFileSync(join(folder, 'conda.yaml'), 'utf8'), /python=3\.12\n[\s\S]*- scipy==1\.17\.1\n/)
    // Quoted, or YAML would read a number.
    assert.match(readFileSync(join(folder, 'python_env.yaml'), 'utf8'), /^python: '3\.12'\n/)
    assert.equal(model.sourceOf(['flavors', 'python_function', 'python_version']), '3.12')
  })

  test('params go into signature and example', async (t) => {
    const folder = join(scratch(t), 'model')
    const params = parseJson('{"k": 5, "names": ["a"]}').value as ReadonlyMap<string, Cell>
    const sample = fileSource(join(fixtures, 'models/onnx_external_data/input.npy'))
    await createModel(onnxOf('onnx_external_data'), folder, { sample, params })
    const model = await loadMlmodel(await locate(folder))
    assert.deepEqual(
      model.signature?.params?.map(({ name }) => name),
      ['k', 'names'],
    )
    assert.ok(model.inputExample?.hasParams)
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'serving_input_example.json'), 'utf8')).params, { k: 5, names: ['a'] })
  })

  for (const [name, bytes, code] of [
    [
      'a pickle',
      '\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x0csklearn.tree\x94\x8c\x04Tree\x94\x93\x94.',
      'CREATE_FORMAT',
    ],
    ['text', 'hello\n', 'CREATE_FORMAT'],
    ['nothing', '', 'CREATE_FORMAT'],
  ] as const) {
    test(`${name} makes no model yet`, async (t) => {
      const folder = scratch(t)
      writeFileSync(join(folder, 'artifact'), bytes, 'latin1')
      await assert.rejects(createModel(join(folder, 'artifact'), join(folder, 'model')), { code })
      assert.deepEqual(readdirSync(folder), ['artifact'])
    })
  }
})

describe('mlmodel create', () => {
  test('prints where it went; --json one document', async (t) => {
    const folder = scratch(t)
    const made = await runLine(['create', onnxOf('onnx_strings'), '-o', join(folder, 'a')])
    assert.equal(made.code, 0, made.stderr)
    assert.equal(made.stdout, '')
    assert.match(made.stderr, /^made .*a \(\d+ B\)\n$/)
    const { stdout, code } = await runLine(['create', onnxOf('onnx_strings'), '-o', join(folder, 'b'), '--json'])
    assert.equal(code, 0)
    assert.deepEqual(Object.keys(JSON.parse(stdout)), ['folder', 'bytes', 'signature'])
    const again = await runLine(['create', onnxOf('onnx_strings'), '-o', join(folder, 'a')])
    assert.equal(again.code, 2)
    assert.match(again.stderr, /exists, and nothing is overwritten/)
  })

  test('says what is missing', async () => {
    assert.match((await runLine(['create'])).stderr, /needs a file/)
    assert.match((await runLine(['create', 'x.onnx'])).stderr, /needs a folder/)
    assert.match((await runLine(['create', 'x.onnx', '-o', 'y', '--python', 'two'])).stderr, /takes a version/)
    const { stderr, code } = await runLine(['create', '/nowhere/x.onnx', '-o', '/nowhere/y'])
    assert.equal(code, 2)
    assert.match(stderr, /There is no file/)
  })
})
