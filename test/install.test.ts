/**
 * What ships is what is tested: packs the package and this platform's runtime, installs them in an empty folder as a
 * user does, and scores the example there. Nothing of it needs a network.
 *
 * `MLMODEL_SKIP_INSTALL_TEST=1` leaves it out (it writes 65 MB into the temporary folder and takes some ten seconds).
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const example = join(root, 'examples', 'penguins')
const expected: unknown = JSON.parse(readFileSync(join(example, 'expected.json'), 'utf8'))

// npm gives its own settings to its scripts as variables; a user's shell has none, and CI=1 or colours change no result.
const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_/i.test(name))),
  // Nor has everyone the settings of whoever runs this.
  npm_config_userconfig: join(root, 'no-such-npmrc'),
}

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(command: string, args: readonly string[], cwd: string): Ended {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: environment,
    encoding: 'utf8',
    timeout: 60_000,
  })
  if (error) throw error
  return { status, stdout, stderr }
}

/** Offline, and with a dead proxy for whatever an install script would try to reach. */
function npmInstall(folder: string, ...args: string[]): void {
  mkdirSync(folder)
  environment['HTTPS_PROXY'] = environment['HTTP_PROXY'] = 'http://127.0.0.1:9'
  const { status, stderr } = run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...args], folder)
  assert.equal(status, 0, stderr)
}

function megabytes(path: string): number {
  const entry = lstatSync(path)
  if (!entry.isDirectory()) return entry.size / 1e6
  return readdirSync(path).reduce((sum, name) => sum + megabytes(join(path, name)), 0)
}

const unsupported = process.platform === 'linux' && process.arch === 'x64' ? false : 'written for linux-x64'
const unwanted = process.env['MLMODEL_SKIP_INSTALL_TEST'] === '1' && 'MLMODEL_SKIP_INSTALL_TEST is set'

describe('installed from the tarballs', { skip: unsupported || unwanted }, () => {
  let folder: string
  let main: string
  let runtime: string

  before(() => {
    if (!existsSync(join(root, 'dist', 'types', 'index.d.ts'))) {
      assert.equal(run(process.execPath, [join(root, 'scripts', 'build.mjs')], root).status, 0)
    }
    folder = mkdtempSync(join(tmpdir(), 'mlmodel-install-'))
    const packed = run(
      process.execPath,
      [join(root, 'scripts', 'pack-all.mjs'), '--host', '--to', join(folder, 'tarballs')],
      root,
    )
    assert.equal(packed.status, 0, packed.stderr)
    const names = readdirSync(join(folder, 'tarballs')).map((name) => join(folder, 'tarballs', name))
    runtime = names.find((name) => name.includes('onnxruntime'))!
    main = names.find((name) => name !== runtime)!
    // The model lies outside the repository too.
    cpSync(example, join(folder, 'penguins'), { recursive: true })
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('scores the example as MLflow does, in at most 70 MB, without an install script', () => {
    const user = join(folder, 'user')
    npmInstall(user, main, runtime)
    assert.ok(megabytes(join(user, 'node_modules')) <= 70)
    for (const name of readdirSync(join(user, 'node_modules')).filter((name) => !name.startsWith('.'))) {
      const manifest = JSON.parse(readFileSync(join(user, 'node_modules', name, 'package.json'), 'utf8')) as {
        scripts?: object
        dependencies?: object
      }
      assert.equal(manifest.scripts, undefined, name)
      assert.equal(manifest.dependencies, undefined, name)
      assert.equal(existsSync(join(user, 'node_modules', name, 'binding.gyp')), false)
    }
    const { status, stdout, stderr } = run(
      'npx',
      ['--no', 'mlmodel', 'predict', '../penguins/model', '-i', '../penguins/penguins.csv'],
      user,
    )
    assert.equal(status, 0, stderr)
    assert.equal(stderr, '')
    assert.deepEqual(JSON.parse(stdout), expected)

    writeFileSync(
      join(user, 'library.mjs'),
      "import { MlmodelError } from 'mlmodel'\nprocess.stdout.write(new MlmodelError('NPY_BROKEN', { why: 'a test' }).code)\n",
    )
    assert.equal(run(process.execPath, ['library.mjs'], user).stdout, 'NPY_BROKEN')

    writeFileSync(
      join(user, 'library.mts'),
      "import { type ErrorCode, openModel, type Signature } from 'mlmodel'\nconst model = await openModel('penguins')\nexport const signature: Signature | undefined = model.signature\nexport const code: ErrorCode = 'NPY_BROKEN'\n// @ts-expect-error: a number\nexport const status: string = (await model.invoke(new Uint8Array(), 'text/csv')).status\n",
    )
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const types = join(root, 'node_modules', '@types')
    const strict = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', '--typeRoots', types]
    assert.equal(run(process.execPath, [compiler, ...strict, 'library.mts'], user).stdout, '')
  })

  test('without the runtime, inspects, and says what to type when asked to predict', () => {
    const user = join(folder, 'bare')
    npmInstall(user, '--omit=optional', main)
    assert.deepEqual(
      readdirSync(join(user, 'node_modules')).filter((name) => !name.startsWith('.')),
      ['mlmodel'],
    )

    const inspected = run('npx', ['--no', 'mlmodel', 'inspect', '../penguins/model'], user)
    assert.equal(inspected.status, 0, inspected.stderr)
    assert.match(inspected.stdout, /bill_length_mm/)

    const predicted = run('npx', ['--no', 'mlmodel', 'predict', '../penguins/model', '-i', '../penguins/penguins.csv'], user)
    assert.equal(predicted.status, 2)
    assert.equal(predicted.stdout, '')
    assert.match(predicted.stderr, /^error: /)
    assert.match(predicted.stderr, /npm i(nstall)? .*mlmodel-onnxruntime-linux-x64/)
  })
})
