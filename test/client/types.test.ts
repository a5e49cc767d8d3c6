/** The client takes and gives what the types of `mlmodel types` say, and nothing else compiles. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runLine } from '../cli/fake-terminal.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))

const use = `
import { connect } from 'mlmodel/client'
import type { Penguins } from './model.ts'

const model = await connect<Penguins>('http://localhost:5000')
const penguin = { island: 'Biscoe', sex: 'male', bill_length_mm: 50, bill_depth_mm: 15.5, flipper_length_mm: 220, body_mass_g: 5000 }
for (const row of await model.predict([penguin])) row.species satisfies 'Adelie' | 'Chinstrap' | 'Gentoo'
const column = { ...penguin, island: ['Biscoe'], sex: ['male'], bill_length_mm: Float64Array.of(50), bill_depth_mm: [15.5] }
await model.predict({ ...column, flipper_length_mm: [220], body_mass_g: [5000] }, { timeout: 100 })
// @ts-expect-error a text is no number
await model.predict([{ ...penguin, body_mass_g: 'heavy' }])
// @ts-expect-error there is no such option
await model.predict([penguin], { parameters: {} })

const any = await connect('http://localhost:5000', { protocol: 'open-inference', key: 'k' })
await any.predict([[1, 2]])
await any.predict({ x: Float32Array.of(1) })
await any.predict({ dtype: 'int64', shape: [1], data: [1n] })
await any.predict([{ a: 1 }], { params: { k: 5 } })
// @ts-expect-error there is no such protocol
await connect('http://localhost:5000', { protocol: 'grpc' })
`

test('types of a model fit the client', async () => {
  mkdirSync(join(root, 'build'), { recursive: true })
  const folder = mkdtempSync(join(root, 'build', 'client-types-'))
  try {
    const { stdout: types } = await runLine(['types', join(root, 'examples/penguins/model'), '--name', 'Penguins'])
    writeFileSync(join(folder, 'model.ts'), types)
    writeFileSync(join(folder, 'use.ts'), use)
    const compilerOptions = {
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
      rootDir: root,
      paths: { mlmodel: [join(root, 'src/index.ts')], 'mlmodel/client': [join(root, 'src/mlmodel-client.ts')] },
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', compilerOptions, include: ['*.ts'], exclude: [] }),
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { cwd: folder, encoding: 'utf8' })
    assert.deepEqual(
      stdout.split('\n').filter((line) => /^(use|model)\.ts/.test(line)),
      [],
    )
    assert.doesNotMatch(stdout, /TS18003/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
