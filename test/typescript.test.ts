/** The types that `mlmodel types` writes: they compile, hold real inputs and answers, and refuse a wrong column. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openModel } from '../src/library.ts'
import { typesName } from '../src/typescript.ts'
import { runLine } from './cli/fake-terminal.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const fixtures = join(root, 'test/fixtures')

/** A value as TypeScript writes it. */
function literal(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (value instanceof Uint8Array) return `Uint8Array.of(${value.join()})`
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}: ${literal(item)}`)
      .join(', ')} }`
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

async function typesOf(model: string, name: string): Promise<string> {
  const { code, stdout, stderr } = await runLine(['types', model, '--name', name])
  assert.deepEqual([code, stderr], [0, ''], model)
  return stdout
}

describe('types of models', { timeout: 120_000 }, () => {
  let folder: string

  before(() => {
    mkdirSync(join(root, 'build'), { recursive: true })
    folder = mkdtempSync(join(root, 'build', 'typescript-'))
    const compilerOptions = {
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
      rootDir: root,
      paths: { mlmodel: [join(root, 'src/index.ts')] },
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'], exclude: [] }),
    )
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  /** What the compiler says about the files of the folder; types of src are another test's. */
  function compile(): string {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' })
    assert.doesNotMatch(stdout, /TS18003/)
    return stdout
      .split('\n')
      .filter((line) => /^[^\s/.]+\.ts\(/.test(line))
      .join('\n')
  }

  test('they compile, and hold what MLflow was given and what is answered', async () => {
    const names: string[] = []
    for (const name of readdirSync(join(fixtures, 'models'))) {
      const model = join(fixtures, 'models', name, 'model')
      let text = await typesOf(model, 'Types')
      const records = join(fixtures, 'models', name, 'input.records.json')
      if (text.includes('interface TypesRow') && existsSync(records)) {
        const rows = JSON.parse(readFileSync(records, 'utf8')).dataframe_records
        const isText = !/Uint8Array|Date/.test(text)
        if (isText) text += `\nexport const input: readonly TypesRow[] = ${literal(rows)}\n`
      }
      const input = join(fixtures, 'models', name, 'input.json')
      if (/\bTypesOutput\b/.test(text) && existsSync(input) && existsSync(join(model, 'model.onnx'))) {
        await using opened = await openModel(model)
        const rows = await opened.predict(input).then((predictions) => predictions.rows())
        text += `\nexport const output: readonly TypesOutput[] = ${literal(rows.slice(0, 20))}\n`
        names.push(name)
      }
      writeFileSync(join(folder, `${name}.ts`), text)
    }
    for (const name of readdirSync(join(fixtures, 'mlmodel'))) {
      const { code, stdout } = await runLine(['types', join(fixtures, 'mlmodel', name), '--name', 'Types'])
      if (code === 0) writeFileSync(join(folder, `mlmodel-${name}.ts`), stdout)
    }
    assert.ok(names.length >= 10, names.join())
    assert.equal(compile(), '')
  })

  test('null only where it is taken: not in an optional column of integers or booleans', async () => {
    const columns = ['boolean', 'integer', 'long', 'float', 'string', 'datetime'].map((type) => ({
      type,
      name: type,
      required: false,
    }))
    const text = `flavors:\n  python_function:\n    loader_module: a\nsignature:\n  inputs: '${JSON.stringify(columns)}'\n`
    mkdirSync(join(folder, 'optional'))
    writeFileSync(join(folder, 'optional', 'MLmodel'), text)
    const types = await typesOf(join(folder, 'optional'), 'Types')
    const members = [...types.matchAll(/readonly (\w+)\?: (.*)/g)].map(([, name, type]) => [name, type])
    assert.deepEqual(Object.fromEntries(members), {
      boolean: 'boolean',
      integer: 'number | bigint',
      long: 'number | bigint',
      float: 'number | null',
      string: 'string | null',
      datetime: 'Date | string | null',
    })
  })

  test('a wrong name or type is a compile error', async () => {
    writeFileSync(join(folder, 'penguins.ts'), await typesOf(join(root, 'examples/penguins/model'), 'Penguins'))
    writeFileSync(join(folder, 'transformer.ts'), await typesOf(join(fixtures, 'models/onnx_transformer/model'), 'Transformer'))
    const rest = "sex: 'male', bill_length_mm: 50, bill_depth_mm: 15, flipper_length_mm: 220n, body_mass_g: 5000"
    // Each @ts-expect-error is itself an error where there is none below it.
    writeFileSync(
      join(folder, 'program.ts'),
      `import { openModel } from 'mlmodel'
import type { Penguins, PenguinsRow } from './penguins.ts'
import type { Transformer } from './transformer.ts'

export async function program(): Promise<'Adelie' | 'Chinstrap' | 'Gentoo' | undefined> {
  await using model = await openModel<Penguins>('./model', { isolate: true, timeout: 1000 })
  const row: PenguinsRow = { island: 'Biscoe', ${rest} }
  const columns = { island: ['Biscoe'], sex: ['male'], bill_length_mm: Float64Array.of(50), bill_depth_mm: [15] }
  await model.predict({ ...columns, flipper_length_mm: [220], body_mass_g: [5000n] })
  await model.predict('penguins.csv', { outputs: ['species'], signal: AbortSignal.timeout(10) })
  // @ts-expect-error a column with another name
  await model.predict([{ isle: 'Biscoe', ${rest} }])
  // @ts-expect-error a column too many
  await model.predict([{ island: 'Biscoe', isle: 'Biscoe', ${rest} }])
  // @ts-expect-error a column too few
  await model.predict({ ...columns, flipper_length_mm: [220] })
  // @ts-expect-error another type
  await model.predict([{ island: 5, ${rest} }])
  const predictions = await model.predict([row])
  for (const { species, probability } of predictions) {
    const text: string = probability.toFixed(2)
    // @ts-expect-error no such output
    predictions.rows()[0]?.label
    // @ts-expect-error no such species
    if (species === 'Emperor') return undefined
    if (text !== '') return species
  }
  const transformer = await openModel<Transformer>('./model')
  const ids = { dtype: 'int64', shape: [1, 2], data: BigInt64Array.of(1n, 2n) } as const
  const answer = await transformer.predict({ input_ids: ids, attention_mask: [[1, 1]] })
  const pooled: number[] | undefined = answer.rows()[0]?.pooled
  // @ts-expect-error no such input
  await transformer.predict({ ids, attention_mask: [[1, 1]] })
  // @ts-expect-error another element type
  await transformer.predict({ input_ids: { ...ids, dtype: 'int32' }, attention_mask: [[1, 1]] })
  const untyped = await openModel('./model')
  for (const found of await untyped.predict([{ anything: pooled }])) console.log(found['anything'])
  return undefined
}
`,
    )
    assert.equal(compile(), '')
  })

  test('names of a model are escaped', async () => {
    const model = join(folder, 'odd')
    mkdirSync(model)
    const names = ["it's", 'a */ b', 'line\nfeed', '\u202eabc', '\u001b[31m', '\\', '__proto__', '0', '', 'é', '`$']
    const inputs = names.filter((name) => name !== '').map((name) => ({ type: 'double', name, required: true }))
    const signature = JSON.stringify({ inputs: JSON.stringify(inputs) })
    writeFileSync(join(model, 'MLmodel'), `flavors:\n  python_function: {loader_module: nothing}\nsignature: ${signature}\n`)
    const text = await typesOf(model, 'Odd')
    assert.doesNotMatch(text, /[^\P{C}\n]/u)
    writeFileSync(
      join(folder, 'odd.ts'),
      `${text}\nexport const keys: readonly (keyof OddRow)[] = ${literal(names.filter((name) => name !== ''))}\n`,
    )
    assert.equal(compile(), '')
  })
})

test('the name of the types is the folder’s, as TypeScript writes names', () => {
  const wanted = { 'churn-model': 'ChurnModel', model: 'MyModel', '2024_x': 'Model2024X', '…': 'MyModel', iris: 'Iris' }
  for (const [folder, name] of Object.entries(wanted)) assert.equal(typesName(join('some', folder)), name)
})

test('a name that is none is refused', async () => {
  const { code, stderr } = await runLine(['types', join(root, 'examples/penguins/model'), '--name', 'a b'])
  assert.equal(code, 2)
  assert.match(stderr, /is no name of a TypeScript type/)
})
