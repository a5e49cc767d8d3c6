/** The library as other programs have it: imported, required, bundled, and in the examples. Runs what ships (dist/). */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { openRunner } from '../src/runner/open.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const penguins = join(root, 'examples/penguins')
const node = (cwd: string, ...args: string[]): string => {
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 0, stderr)
  return stdout
}

const scoring = `
async function main() {
  for (const isolate of [false, true]) {
    const model = await openModel(${JSON.stringify(join(penguins, 'model'))}, { isolate })
    const predictions = await model.predict(${JSON.stringify(join(penguins, 'penguins.csv'))})
    console.log(predictions.json())
    await model.close()
  }
}
main()`
const expected = JSON.parse(readFileSync(join(penguins, 'expected.json'), 'utf8'))

function check(stdout: string): void {
  const lines = stdout.trimEnd().split('\n')
  assert.equal(lines.length, 2)
  for (const line of lines) assert.deepEqual(JSON.parse(line), expected)
}

describe('programs that use the library', { timeout: 120_000 }, () => {
  let folder: string
  let installed: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mlmodel-programs-'))
    installed = join(folder, 'node_modules', 'mlmodel')
    mkdirSync(installed, { recursive: true })
    for (const part of ['package.json', 'dist']) cpSync(join(root, part), join(installed, part), { recursive: true })
    // The runtime, which an installed package would find as its platform's package.
    for (const name of ['onnxruntime-node', 'onnxruntime-common']) {
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'program.mjs'), `import { openModel } from 'mlmodel'\n${scoring}`)
    writeFileSync(join(folder, 'program.cjs'), `const { openModel } = require('mlmodel')\n${scoring}`)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('import', () => check(node(folder, 'program.mjs')))

  test('require, on a Node that can', { skip: !process.features.require_module && 'this Node cannot' }, () => {
    check(node(folder, 'program.cjs'))
  })

  for (const [format, program, extension] of [
    ['esm', 'program.mjs', '.mjs'],
    ['cjs', 'program.cjs', '.cjs'],
  ] as const) {
    test(`bundled by esbuild as ${format}, with the package gone`, async () => {
      const outdir = join(folder, `bundled-${format}`)
      await build({
        absWorkingDir: folder,
        entryPoints: { program, 'mlmodel-runner': 'mlmodel/runner' },
        bundle: true,
        platform: 'node',
        format,
        outdir,
        outExtension: { '.js': extension },
        logLevel: 'silent',
      })
      const away = join(folder, 'away')
      renameSync(installed, away)
      try {
        check(node(outdir, `program${extension}`))
        // Without the entry there is a word for it.
        rmSync(join(outdir, `mlmodel-runner${extension}`))
        const { stderr, status } = spawnSync(process.execPath, [`program${extension}`], { cwd: outdir, encoding: 'utf8' })
        assert.notEqual(status, 0)
        assert.match(stderr, /RUNNER_ENTRY/)
      } finally {
        renameSync(away, installed)
      }
      // With the package installed, that of the package is taken.
      check(node(outdir, `program${extension}`))
    })
  }

  test('the command line is the program of a model’s process, too', async () => {
    const runner = openRunner({
      executable: { path: process.execPath, prefix: [join(root, 'bin/mlmodel.js')] },
      model: { path: join(penguins, 'model'), options: {} },
      onWarning: () => {},
    })
    const body = readFileSync(join(penguins, 'penguins.csv'))
    const reply = await runner.ask({ kind: 'invoke', body, contentType: 'text/csv' }, { timeout: 30_000 })
    await runner.close()
    assert.deepEqual(JSON.parse(Buffer.from(reply.body).toString()), expected)
  })

  test('examples/script', () => {
    cpSync(join(root, 'examples/script/score.mjs'), join(folder, 'score.mjs'))
    const stdout = node(folder, 'score.mjs', join(penguins, 'model'), join(penguins, 'penguins.csv'))
    assert.equal(
      stdout,
      'Gentoo, 99 %\nAdelie, 100 %\n12 more in penguins.csv, the least sure 0.89\nDATA_MISMATCH in row 1, column body_mass_g\n',
    )
  })

  test('examples/service', async () => {
    const types = spawnSync(
      process.execPath,
      [join(root, 'bin/mlmodel.js'), 'types', join(penguins, 'model'), '--name', 'Penguins'],
      {
        encoding: 'utf8',
      },
    )
    assert.equal(types.stdout, readFileSync(join(root, 'examples/service/penguins.ts'), 'utf8'))
    const service = join(folder, 'service')
    mkdirSync(service)
    for (const file of ['service.ts', 'penguins.ts']) cpSync(join(root, 'examples/service', file), join(service, file))
    // The example's own settings, on the sources: the types of the package are emitted from them.
    const settings = JSON.parse(readFileSync(join(root, 'examples/service/tsconfig.json'), 'utf8'))
    Object.assign(settings.compilerOptions, {
      paths: { mlmodel: [join(root, 'src/index.ts')] },
      typeRoots: [join(root, 'node_modules/@types')],
      allowImportingTsExtensions: true,
      noEmit: true,
    })
    writeFileSync(join(service, 'tsconfig.json'), JSON.stringify(settings))
    const { stdout: said } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', service, '--pretty', 'false'],
      {
        cwd: service,
        encoding: 'utf8',
      },
    )
    assert.deepEqual(
      said.split('\n').filter((line) => /^(service|penguins)\.ts/.test(line)),
      [],
    )
    await build({
      entryPoints: [join(service, 'service.ts')],
      outfile: join(service, 'service.js'),
      format: 'esm',
      logLevel: 'silent',
    })

    const child = spawn(process.execPath, [join(service, 'service.js'), join(penguins, 'model')], {
      env: { ...process.env, PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [line] = await once(child.stdout, 'data')
      const url = `http://127.0.0.1:${JSON.parse(String(line)).port}/species`
      const row = {
        island: 'Biscoe',
        sex: 'male',
        bill_length_mm: 50,
        bill_depth_mm: 15.5,
        flipper_length_mm: 220,
        body_mass_g: 5000,
      }
      const post = (body: unknown): Promise<Response> => fetch(url, { method: 'POST', body: JSON.stringify(body) })
      assert.deepEqual(await (await post([row])).json(), [{ species: 'Gentoo', sure: true }])
      const wrong = await post([row, { ...row, body_mass_g: 'heavy' }])
      assert.equal(wrong.status, 400)
      assert.deepEqual(((await wrong.json()) as { where: object }).where, {
        column: 'body_mass_g',
        row: 2,
        path: '$.dataframe_records[1].body_mass_g',
      })
      child.kill('SIGTERM')
      // An idle keep-alive connection may hold the server open for some seconds.
      await Promise.race([once(child, 'exit'), sleep(10_000)])
      assert.equal(child.exitCode, 0)
    } finally {
      child.kill('SIGKILL')
    }
  })
})
