/** `mlmodel signature` and `mlmodel example`, from arguments to files. */
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { root, runLine } from './fake-terminal.ts'

const penguins = fileURLToPath(new URL('examples/penguins/model', root))
const table = fileURLToPath(new URL('examples/penguins/penguins.csv', root))

function copy(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-make-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(penguins, folder, { recursive: true })
  return folder
}

async function succeed(...args: readonly string[]) {
  const result = await runLine(args)
  assert.equal(result.code, 0, result.stderr)
  return result
}

describe('mlmodel signature', () => {
  test('shows a model’s own, as Python prints it', async () => {
    const { stdout } = await succeed('signature', penguins)
    assert.match(stdout, /^inputs: \n {2}\['island': string \(required\), .*\]\noutputs: \n {2}\['species': string \(required\)/)
    assert.equal((await succeed('signature', 'show', penguins)).stdout, stdout)
    assert.equal((await succeed('signature', '-m', penguins)).stdout, stdout)
  })

  test('infers from data; --json is to_dict()', async () => {
    const { stdout, stderr } = await succeed(
      'signature',
      'infer',
      '-i',
      table,
      '--outputs',
      table,
      '--params',
      '{"k": 5}',
      '--json',
    )
    const { inputs, outputs, params } = JSON.parse(stdout)
    assert.equal(inputs, outputs)
    assert.deepEqual(JSON.parse(inputs)[0], { type: 'string', name: 'island', required: true })
    assert.deepEqual(JSON.parse(params), [{ name: 'k', default: 5, shape: null, type: 'long' }])
    assert.match(stderr, /^warning: .*whole number cannot be missing later/)
    assert.equal((await succeed('signature', 'infer', '-i', table, '-q')).stderr, '')
  })

  test('sets what is given, leaves the rest; the model scores as before', async (t) => {
    const folder = copy(t)
    const file = join(folder, 'MLmodel')
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, `# by hand\n${before}`)
    const { stdout, stderr } = await succeed('signature', 'set', folder, '-i', table, '-q')
    assert.equal(stdout + stderr, '')
    // The very signature it had: not a byte differs.
    assert.equal(readFileSync(file, 'utf8'), `# by hand\n${before}`)
    await succeed('signature', 'set', folder, '--params', '{"k": [1, 2]}')
    const after = readFileSync(file, 'utf8')
    assert.equal(after.replace(/ {2}params: .*/, '  params: null'), `# by hand\n${before}`)
    assert.match((await succeed('signature', folder)).stdout, /'k': long \(default: \[1, 2\]\) \(shape: \(-1,\)\)/)
  })

  test('--from takes what --json printed', async (t) => {
    const folder = copy(t)
    const file = join(folder, 'signature.json')
    const before = readFileSync(join(folder, 'MLmodel'), 'utf8')
    writeFileSync(file, (await succeed('signature', folder, '--json')).stdout)
    await succeed('signature', 'set', folder, '--from', file)
    assert.equal(readFileSync(join(folder, 'MLmodel'), 'utf8'), before)
  })

  test('--json-schema is of one row', async () => {
    const schema = JSON.parse((await succeed('signature', penguins, '--json-schema')).stdout)
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
    assert.deepEqual(schema.required, Object.keys(schema.properties))
    assert.deepEqual(JSON.parse((await succeed('signature', 'infer', '-i', table, '--json-schema', '-q')).stdout), schema)
  })

  for (const [args, code, sentence] of [
    [['signature'], 2, /needs a model/],
    [['signature', 'infer'], 2, /nothing to infer/],
    [['signature', 'infer', '-i', table, '--as', 'array'], 2, /`--as` says what a JSON value is/],
    [['signature', 'infer', penguins, '-i', table], 2, /takes no model/],
    [['signature', 'set', '-i', table], 2, /needs a model/],
    [['signature', 'infer', '-i', table, '--from', 'x'], 2, /instead of data/],
    [['signature', 'infer', '--params', '[1]'], 2, /takes a JSON object/],
    [['signature', 'infer', '--params', '{"a": null, "b": [[1]]}'], 1, /2 params have no type\n.*`a` cannot be null/],
    [['signature', 'infer', '-i', '/nowhere.csv'], 2, /no file/],
  ] as const) {
    test(`mlmodel ${args.map((arg) => arg.split('/').at(-1)).join(' ')} is refused`, async () => {
      const result = await runLine(args)
      assert.equal(result.code, code)
      assert.equal(result.stdout, '')
      assert.match(result.stderr, sentence)
    })
  }

  test('what a model says reaches the terminal escaped', async (t) => {
    const folder = copy(t)
    const file = join(folder, 'MLmodel')
    const text = JSON.stringify([{ name: 'p', type: 'string', default: '\u001b[2J', shape: null }])
    writeFileSync(file, readFileSync(file, 'utf8').replace(/ {2}params: null/, `  params: '${text}'`))
    for (const option of [[], ['--json']]) assert.ok(!(await succeed('signature', folder, ...option)).stdout.includes('\u001b'))
  })
})

describe('mlmodel example', () => {
  test('prints a request; -o writes it', async (t) => {
    const folder = copy(t)
    const { stdout } = await succeed('example', penguins)
    assert.deepEqual(Object.keys(JSON.parse(stdout)), ['dataframe_split'])
    await succeed('example', penguins, '-o', join(folder, 'request.json'))
    assert.equal(readFileSync(join(folder, 'request.json'), 'utf8'), stdout)
    assert.ok('input_data' in JSON.parse((await succeed('example', penguins, '--protocol', 'azureml')).stdout))
    assert.ok('inputs' in JSON.parse((await succeed('example', penguins, '--protocol', 'open-inference')).stdout))
    assert.equal((await runLine(['example', penguins, '--protocol', 'grpc'])).code, 2)
  })
})
