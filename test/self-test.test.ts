/** `validate --run` and `--record`: a model scores its own example in a process that can be ended. */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openContext } from '../src/check/context.ts'
import { MlmodelError } from '../src/errors/index.ts'
import { type Finding, findingFix, findingMessage } from '../src/finding/index.ts'
import { locate } from '../src/locate/index.ts'
import { runnerExecutable } from '../src/runner/entry.ts'
import { checkSchema } from '../src/schema.ts'
import { compareCells } from '../src/self-test/cells.ts'
import { recordGolden, type SelfTestOptions, selfTest } from '../src/self-test.ts'
import { root } from './cli/fake-terminal.ts'

const fixtures = fileURLToPath(new URL('test/fixtures/', root))
const shared = fileURLToPath(new URL('../shared/', root))
const scratch = mkdtempSync(join(tmpdir(), 'mlmodel-self-test-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

const executable = runnerExecutable(new URL('../src/mlmodel-runner.js', import.meta.url))
/** A machine under load takes its time to start a process; nothing here waits for the end of it. */
const patient = { executable, milliseconds: 60_000 } satisfies SelfTestOptions

let count = 0
interface Parts {
  readonly onnx: string
  readonly inputs: string
  readonly outputs?: string
  readonly example?: string
}

/** A model of a graph of test/fixtures/run. */
function model({ onnx, inputs, outputs, example }: Parts): string {
  const folder = join(scratch, String(count++))
  mkdirSync(folder)
  copyFileSync(join(fixtures, 'run', onnx), join(folder, 'model.onnx'))
  const info =
    example === undefined ? '' : 'saved_input_example_info:\n  artifact_path: input_example.json\n  type: json_object\n'
  if (example !== undefined) writeFileSync(join(folder, 'input_example.json'), example)
  writeFileSync(
    join(folder, 'MLmodel'),
    `flavors:\n  onnx:\n    data: model.onnx\n  python_function:\n    data: model.onnx\n    loader_module: mlflow.onnx\n${info}signature:\n  inputs: '${inputs}'\n${outputs === undefined ? '' : `  outputs: '${outputs}'\n`}`,
  )
  return folder
}

const tensor = (dtype: string, shape: string, name: string) =>
  `{"type": "tensor", "tensor-spec": {"dtype": "${dtype}", "shape": ${shape}}, "name": "${name}"}`
const line = { onnx: 'line.onnx', inputs: `[${tensor('float32', '[-1, 2]', 'x')}]`, example: '{"x": [[1, 2], [3, 4]]}' }

async function run(path: string, options: SelfTestOptions = patient): Promise<readonly Finding[]> {
  const found = (await selfTest(await openContext(await locate(path)), options)).run ?? []
  for (const one of found) assert.ok(findingMessage(one).length > 10 && findingFix(one).length > 5, one.code)
  return found
}
const codes = (found: readonly Finding[]) => found.map(({ code }) => code)

describe('a model scores its own example', { timeout: 240_000 }, () => {
  test('a sound one says nothing', async () => {
    assert.deepEqual(await run(model({ ...line, outputs: `[${tensor('float32', '[-1, 2]', 'y')}]` })), [])
  })

  test('its outputs are those of the signature', async () => {
    const outputs = async (outputs: string) => codes(await run(model({ ...line, outputs: `[${outputs}]` })))
    assert.deepEqual(await outputs(tensor('float32', '[-1, 2]', 'z')), ['RUN_OUTPUT_NAMES'])
    assert.deepEqual(await outputs(tensor('float64', '[-1, 2]', 'y')), ['RUN_OUTPUT_TYPE'])
    assert.deepEqual(await outputs(tensor('float32', '[-1, 3]', 'y')), ['RUN_OUTPUT_SHAPE'])
    assert.deepEqual(await outputs(tensor('float32', '[-1]', 'y')), ['RUN_OUTPUT_SHAPE'])
    assert.deepEqual(await outputs('{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}'), [])
    assert.deepEqual(await outputs('{"type": "long", "name": "y", "required": true}'), ['RUN_OUTPUT_TYPE'])
    assert.deepEqual(await outputs('{"type": "double", "name": "y", "required": true}'), [])
  })

  test('an example that the model refuses is a finding, a request that was made up is none', async () => {
    const wrong = '{"x": [["a", "b"]]}'
    assert.deepEqual(codes(await run(model({ ...line, inputs: `[${tensor('float32', '[-1, 3]', 'x')}]`, example: wrong }))), [])
    // The signature takes three columns, the graph two.
    const three = { ...line, inputs: `[${tensor('float32', '[-1, 3]', 'x')}]` }
    assert.deepEqual(codes(await run(model({ ...three, example: '{"x": [[1, 2, 3]]}' }))), ['RUN_FAILED'])
    const { example: _, ...none } = three
    assert.deepEqual(codes(await run(model(none))), [])
  })

  test('a loop without end is ended', async () => {
    const loop = { onnx: 'loop.onnx', inputs: `[${tensor('float32', '[-1]', 'x')}]` }
    assert.deepEqual(codes(await run(model(loop), { executable, milliseconds: 2500 })), ['RUN_DEADLINE'])
    assert.deepEqual(codes(await run(model({ ...loop, example: '{"x": [1]}' }), { executable, milliseconds: 2500 })), [
      'RUN_DEADLINE',
    ])
  })

  test('memory has a bound', { skip: process.platform !== 'linux' }, async () => {
    const large = {
      onnx: 'large.onnx',
      inputs: `[${tensor('float32', '[-1]', 'x')}, ${tensor('int64', '[1]', 'shape')}]`,
      example: '{"x": [1], "shape": [1000000000]}',
    }
    assert.deepEqual(codes(await run(model(large), { ...patient, memoryBytes: 500 * 2 ** 20 })), ['RUN_MEMORY'])
    assert.deepEqual(await run(model({ ...large, example: '{"x": [1], "shape": [1000]}' })), [])
  })

  test('what does not open, and what is not run here', async () => {
    const broken = model(line)
    writeFileSync(join(broken, 'model.onnx'), 'no protobuf')
    assert.deepEqual(codes(await run(broken)), ['RUN_NOT_OPENED'])
    const python = join(scratch, 'python')
    mkdirSync(python)
    writeFileSync(join(python, 'MLmodel'), 'flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n')
    assert.deepEqual(await run(python), [])
    assert.deepEqual(codes(await run(python, { ...patient, asked: true })), ['RUN_NOT_NATIVE'])
  })

  test('fixtures of MLflow run, and what they say of their outputs is so', async () => {
    const found: Record<string, readonly string[]> = {}
    const from = existsSync(join(shared, 'fixtures')) ? join(shared, 'fixtures/models') : join(fixtures, 'models')
    const all = readdirSync(from).filter((name) => name.startsWith('onnx_'))
    for (const name of all) {
      const said = codes(await run(join(from, name, 'model')))
      if (said.length > 0) found[name] = said
    }
    assert.deepEqual(found, {})
  })
})

describe('recorded answers', { timeout: 120_000 }, () => {
  const golden = (path: string) => JSON.parse(readFileSync(join(path, 'mlmodel-golden.json'), 'utf8'))

  test('are scored again', async () => {
    const path = model(line)
    const file = await recordGolden(await openContext(await locate(path)), patient)
    assert.equal(file, join(path, 'mlmodel-golden.json'))
    const written = golden(path)
    assert.deepEqual(checkSchema('golden', written), [])
    assert.deepEqual(written.cases, [
      {
        request: {
          inputs: {
            x: [
              [1, 2],
              [3, 4],
            ],
          },
        },
        predictions: {
          y: [
            [3, 5],
            [7, 9],
          ],
        },
      },
    ])
    assert.deepEqual(await run(path), [])
    written.cases[0].predictions.y[1][0] = 7.5
    writeFileSync(file, JSON.stringify(written))
    const [different] = await run(path)
    assert.equal(different?.code, 'GOLDEN_DIFFERENT')
    assert.deepEqual(different?.arguments, {
      at: 1,
      values: 1,
      of: 4,
      path: '$.predictions.y[1][0]',
      was: '7.5',
      is: '7.0',
      largest: 0.5,
    })
    // Somebody's tolerance is kept.
    written.tolerance = { relative: 0.1, absolute: 0 }
    writeFileSync(file, JSON.stringify(written))
    assert.deepEqual(await run(path), [])
    await recordGolden(await openContext(await locate(path)), patient)
    assert.deepEqual(golden(path).tolerance, written.tolerance)
    assert.deepEqual(readdirSync(path).sort(), ['MLmodel', 'input_example.json', 'mlmodel-golden.json', 'model.onnx'])
  })

  test('that cannot be read are a finding', async () => {
    const path = model(line)
    for (const text of ['{', '{"golden": 2}', '[]', '{"golden": 1, "tolerance": {"relative": -1, "absolute": 0}, "cases": []}']) {
      writeFileSync(join(path, 'mlmodel-golden.json'), text)
      assert.deepEqual(codes(await run(path)), ['GOLDEN_UNREADABLE'], text)
    }
  })

  test('are refused where the model gives none', async () => {
    const three = model({ ...line, inputs: `[${tensor('float32', '[-1, 3]', 'x')}]`, example: '{"x": [[1, 2, 3]]}' })
    const refused = recordGolden(await openContext(await locate(three)), patient)
    await assert.rejects(refused, (error) => error instanceof MlmodelError && error.code === 'GOLDEN_NOT_RECORDED')
    assert.ok(!existsSync(join(three, 'mlmodel-golden.json')))
  })

  test('are compared value by value', () => {
    const exact = { relative: 0, absolute: 0 }
    const loose = { relative: 0.01, absolute: 0 }
    const map = (entries: readonly (readonly [string, number])[]) => new Map(entries)
    assert.equal(compareCells([1n, 2.5, 'a', null, true], [1n, 2.5, 'a', null, true], exact), undefined)
    assert.equal(compareCells([1n], [1], exact), undefined)
    assert.equal(compareCells(Number.NaN, Number.NaN, exact), undefined)
    assert.equal(compareCells(100, 100.9, loose), undefined)
    assert.equal(
      compareCells(
        map([
          ['a', 1],
          ['b', 2],
        ]),
        map([
          ['b', 2],
          ['a', 1],
        ]),
        exact,
      ),
      undefined,
    )
    assert.deepEqual(compareCells(100, 102, loose), {
      values: 1,
      of: 1,
      path: '$.predictions',
      was: '100.0',
      is: '102.0',
      largest: 2,
    })
    assert.equal(compareCells(1, Number.NaN, loose)?.largest, Number.POSITIVE_INFINITY)
    assert.deepEqual(compareCells([1, 2], [1], exact)?.is, 'nothing')
    assert.deepEqual(compareCells([1], [1, 2], exact)?.was, 'nothing')
    assert.equal(compareCells(['1'], [1], exact)?.values, 1)
    assert.equal(compareCells([9007199254740993n], [9007199254740992n], exact)?.largest, 1)
    assert.equal(compareCells([true], [1n], exact)?.values, 1)
  })
})
