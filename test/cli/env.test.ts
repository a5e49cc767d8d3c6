import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { formats } from '../../src/cli/env.ts'
import { environmentFormats } from '../../src/env/format/index.ts'
import { checkSchema } from '../../src/schema.ts'
import { type FakeOptions, runLine, type Transcript } from './fake-terminal.ts'

const files: Readonly<Record<string, string>> = {
  MLmodel:
    'flavors:\n  python_function:\n    env:\n      conda: conda.yaml\n      virtualenv: python_env.yaml\n    python_version: 3.11.7\n',
  'conda.yaml':
    'channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip<=26.3\n- pip:\n  - mlflow==3.17.2\n  - numpy==2.4.6\nname: mlflow-env\n',
  'python_env.yaml': 'python: 3.11.7\nbuild_dependencies:\n- pip==26.3\n- wheel\ndependencies:\n- -r requirements.txt\n',
  'requirements.txt': 'mlflow==3.17.2\nnumpy==2.4.6',
}

async function inFolder(action: (folder: string) => Promise<void>, more: Readonly<Record<string, string>> = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-env-'))
  try {
    mkdirSync(join(folder, 'model'))
    for (const [name, text] of Object.entries({ ...files, ...more })) writeFileSync(join(folder, 'model', name), text)
    await action(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs `mlmodel env` on the folder's model. */
function run(folder: string, args: readonly string[], options?: FakeOptions): Promise<Transcript> {
  return runLine(['env', join(folder, 'model'), ...args], options)
}

describe('mlmodel env', () => {
  test('says what is installed, by whom, and that nothing is wrong', async () => {
    await inFolder(async (folder) => {
      const { code, stdout, stderr } = await run(folder, [], { variables: { MLFLOW_ENV_ROOT: join(folder, 'envs') } })
      assert.equal(stderr, '')
      assert.equal(code, 0)
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)
      assert.match(stdout, /^ {2}Python +3\.11\.7 {2}python_env\.yaml:1$/m)
      assert.match(stdout, /^ {2}numpy==2\.4\.6 +requirements\.txt:2$/m)
      assert.match(stdout, /Nothing is wrong with it/)
      // The name that MLflow gives is looked for where MLflow makes it.
      const name = /mlflow-[0-9a-f]{40}(?= \(not built yet\))/.exec(stdout)![0]
      mkdirSync(join(folder, 'envs', name), { recursive: true })
      const again = await run(folder, [], { variables: { MLFLOW_ENV_ROOT: join(folder, 'envs') } })
      assert.match(again.stdout, new RegExp(`${name} \\(is there\\)`))
    })
  })

  test('an error among the findings is exit code 1', async () => {
    await inFolder(
      async (folder) => {
        const { code, stdout } = await run(folder, [])
        assert.equal(code, 1)
        assert.match(stdout, /error {3}requirements\.txt:1 {2}ENV_REQUIREMENT_INVALID/)
        const formatted = await run(folder, ['--format', 'requirements'])
        assert.equal(formatted.code, 1)
        assert.match(formatted.stderr, /requirements\.txt:1/)
      },
      { 'requirements.txt': 'numpy=1' },
    )
  })

  test('every document of --json is valid by its schema', async (t) => {
    const check = (name: Parameters<typeof checkSchema>[0], text: string, what: string): void =>
      assert.deepEqual(checkSchema(name, JSON.parse(text)), [], what)
    await inFolder(async (folder) => {
      const model = join(folder, 'model')
      check('environment', (await run(folder, ['--json'])).stdout, 'plain')
      const line = ['--json', '--with', 'numpy==1', '--without', 'mlflow', '--python', '3.12', '--for', 'azureml-batch']
      check('environment', (await run(folder, line)).stdout, 'override')
      for (const manager of ['local', 'virtualenv', 'uv', 'conda'])
        check('environment', (await run(folder, ['--format', 'json', '--env-manager', manager])).stdout, manager)
      mkdirSync(join(folder, 'venv', 'lib', 'python3.11', 'site-packages'), { recursive: true })
      writeFileSync(join(folder, 'venv', 'pyvenv.cfg'), 'version = 3.11.7\n')
      const checked = await runLine(['env', 'check', model, '--python', join(folder, 'venv'), '--json'])
      assert.equal(checked.code, 1)
      check('environmentCheck', checked.stdout, 'check')
      const other = join(folder, 'other')
      cpSync(model, other, { recursive: true })
      writeFileSync(join(other, 'requirements.txt'), 'mlflow==3.17.2\nnumpy==1.26.4\n--pre\n')
      const different = await runLine(['env', 'diff', model, other, '--json'])
      check('environmentDiff', different.stdout, 'diff')
      assert.equal(JSON.parse(different.stdout).equal, false)
      assert.equal(JSON.parse((await runLine(['env', 'diff', model, model, '--json'])).stdout).equal, true)
    })
    const shared = join('..', 'shared', 'fixtures', 'broken')
    if (!existsSync(shared)) return t.diagnostic('there are no shared fixtures beside the repository')
    for (const name of readdirSync(shared)) {
      const { stdout } = await runLine(['env', join(shared, name, 'model'), '--json'])
      const isError = 'error' in JSON.parse(stdout)
      check(isError ? 'error' : 'environment', stdout, name)
    }
  })

  test('markers are judged for the target', async () => {
    await inFolder(
      async (folder) => {
        const applies = async (...args: readonly string[]): Promise<readonly boolean[]> =>
          JSON.parse((await run(folder, ['--json', ...args])).stdout).requirements.map(
            (each: { applies: boolean }) => each.applies,
          )
        assert.deepEqual(await applies(), [true, false, true, true])
        assert.deepEqual(await applies('--python', '3.9'), [true, true, true, true])
        assert.deepEqual(await applies('--platform', 'win32', '--machine', 'x86_64'), [true, false, false, true])
        assert.deepEqual(await applies('--machine', 'aarch64'), [true, false, true, false])
      },
      {
        'requirements.txt':
          "mlflow==3.17.2\ntomli==2; python_version < '3.10'\nuvloop==1; sys_platform == 'linux'\nx==1; platform_machine == 'x86_64'",
      },
    )
  })

  test('an override is shown as a difference and changes no file', async () => {
    await inFolder(async (folder) => {
      const { code, stdout } = await run(folder, ['--with', 'numpy==1.26.4', '--without', 'mlflow', '--for', 'azureml-online'])
      assert.equal(code, 0)
      const section = stdout.slice(stdout.indexOf('Override'), stdout.indexOf('What MLflow'))
      assert.deepEqual(
        section
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => line.trim().replace(/\s+/g, ' ')),
        [
          '+ azureml-inference-server-http --for azureml-online',
          '+ azureml-ai-monitoring --for azureml-online',
          '- mlflow==3.17.2 requirements.txt:1',
          '- numpy==2.4.6 requirements.txt:2',
          '+ numpy==1.26.4 --with',
        ],
      )
      for (const [name, text] of Object.entries(files))
        assert.equal(readFileSync(join(folder, 'model', name), 'utf8'), text, name)
    })
  })

  test('--requirements takes each line of a file; --write puts it all into the model', async () => {
    await inFolder(async (folder) => {
      writeFileSync(join(folder, 'mine.txt'), '# mine\nnumpy==1.26.4\n-r more.txt\n')
      writeFileSync(join(folder, 'more.txt'), 'pandas==2.2.3\n')
      const { code, stderr } = await run(folder, ['-r', join(folder, 'mine.txt'), '--python', '3.12', '--write'])
      assert.deepEqual([code, stderr], [0, 'written: requirements.txt, conda.yaml, python_env.yaml\n'])
      const read = (name: string) => readFileSync(join(folder, 'model', name), 'utf8')
      assert.equal(read('requirements.txt'), 'mlflow==3.17.2\nnumpy==1.26.4\npandas==2.2.3')
      assert.match(
        read('conda.yaml'),
        /python=3\.12\n- pip<=26\.3\n- pip:\n {2}- mlflow==3\.17\.2\n {2}- numpy==1\.26\.4\n {2}- pandas==2\.2\.3\n/,
      )
      assert.match(read('python_env.yaml'), /^python: '3\.12'$/m)
      assert.deepEqual(readdirSync(join(folder, 'model')).sort(), Object.keys(files).sort())
      assert.equal((await run(folder, ['--with', 'numpy==1.26.4', '--write'])).stderr, 'nothing to write\n')
    })
  })

  test('-o writes a format; never over the model’s own files', async () => {
    await inFolder(async (folder) => {
      const target = join(folder, 'conda.yml')
      assert.deepEqual(await run(folder, ['--format', 'conda', '-o', target]), { code: 0, stdout: '', stderr: '' })
      assert.match(readFileSync(target, 'utf8'), /- numpy==2\.4\.6/)
      const { code, stderr } = await run(folder, ['--format', 'conda', '-o', join(folder, 'model', 'conda.yaml')])
      assert.equal(code, 2)
      assert.match(stderr, /conda\.yaml/)
    })
  })

  test('mistakes are told, not passed over', async () => {
    await inFolder(async (folder) => {
      const model = join(folder, 'model')
      const fails = async (args: readonly string[], pattern: RegExp): Promise<void> => {
        const { code, stderr } = await runLine(args)
        assert.equal(code, 2, args.join(' '))
        assert.match(stderr, pattern)
      }
      await fails(['env', model, '--write'], /none is given/)
      await fails(['env', model, '--python', 'three'], /--python/)
      await fails(['env', model, '--with', 'numpy=1'], /--with/)
      await fails(['env', model, '--format', 'nix'], /--format/)
      await fails(['env', 'check', model, '--with', 'a', '--python', model], /no use for/)
      await fails(['env', 'check', model, '--python', join(folder, 'gone')], /no interpreter/)
      await fails(['env', 'diff', model], /two models/)
      await fails(['env', model, '-r', join(folder, 'gone.txt')], /gone\.txt/)
    })
  })

  test('check: the active environment, and exit code 1 for a mismatch', async () => {
    await inFolder(async (folder) => {
      const model = join(folder, 'model')
      const site = join(folder, 'venv', 'lib', 'python3.11', 'site-packages')
      for (const [name, version] of [
        ['mlflow', '3.17.2'],
        ['numpy', '2.4.6'],
      ]) {
        mkdirSync(join(site, `${name}-${version}.dist-info`), { recursive: true })
        writeFileSync(join(site, `${name}-${version}.dist-info`, 'METADATA'), `Name: ${name}\nVersion: ${version}\n`)
      }
      writeFileSync(join(folder, 'venv', 'pyvenv.cfg'), 'version = 3.11.7\n')
      const variables = { VIRTUAL_ENV: join(folder, 'venv') }
      const fits = await runLine(['env', 'check', model], { variables })
      assert.deepEqual([fits.code, fits.stderr], [0, ''])
      assert.match(fits.stdout, /2 packages/)
      writeFileSync(join(site, 'numpy-2.4.6.dist-info', 'METADATA'), 'Name: numpy\nVersion: 2.5.0\n')
      const differs = await runLine(['env', 'check', model], { variables })
      assert.equal(differs.code, 1)
      assert.match(differs.stdout, /numpy +2\.5\.0 +numpy==2\.4\.6 +requirements\.txt:2/)
      assert.equal((await runLine(['env', 'check', model], { variables: { PATH: folder } })).code, 2)
    })
  })

  test('the formats are those that there are', () => {
    assert.deepEqual([...formats].slice(2).sort(), [...environmentFormats].sort())
  })

  test('a stranger’s text reaches no terminal unescaped', async () => {
    await inFolder(
      async (folder) => {
        const { stdout } = await run(folder, ['--all'])
        assert.doesNotMatch(stdout, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
        assert.doesNotMatch(stdout, /hunter2/)
      },
      {
        'requirements.txt':
          'a\u001b[31mb==1\nx @ https://me:hunter2@a.example/x.zip\n\u202enumpy\n--index-url https://u:hunter2@a.example\n',
        'conda.yaml': 'name: "x\\e[0m"\nchannels: ["https://me:hunter2@a.example/c"]\ndependencies: ["python=3.11\\e"]\n',
      },
    )
  })
})

/** A model that names addresses in every place there is. */
const reaching = {
  'requirements.txt':
    '--index-url http://a.invalid/simple\n--find-links https://a.invalid/links\ngit+https://a.invalid/b.git\nc @ https://a.invalid/c.zip\n-r https://a.invalid/r.txt\n-e git+ssh://git@a.invalid/d\n',
  'conda.yaml':
    'channels: ["https://a.invalid/chan"]\ndependencies:\n- python=3.11\n- https://a.invalid/p.conda\n- pip:\n  - -r https://a.invalid/r.txt\n',
  'setup.py': 'import os; os.system("touch ran")\n',
}

describe('mlmodel env reaches nothing', () => {
  const script = (folder: string): string => `
    const refuse = (name) => () => { console.error('REACHED ' + name); process.exit(99) }
    const { createRequire } = await import('node:module')
    const require = createRequire(${JSON.stringify(`${process.cwd()}/x.js`)})
    const calls = {
      'node:net': ['connect', 'createConnection'], 'node:tls': ['connect'], 'node:http': ['request', 'get'],
      'node:https': ['request', 'get'], 'node:http2': ['connect'], 'node:dns': ['lookup', 'resolve'], 'node:dgram': ['createSocket'],
      'node:child_process': ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'],
      'node:worker_threads': ['Worker'],
    }
    for (const name of Object.keys(calls)) require(name)
    for (const name of Object.keys(calls)) for (const call of calls[name]) require(name)[call] = refuse(name + '.' + call)
    require('node:net').Socket.prototype.connect = refuse('node:net.Socket.connect')
    require('node:module').syncBuiltinESMExports()
    globalThis.fetch = refuse('fetch')
    process.argv = [process.argv[0], 'mlmodel', 'env', ${JSON.stringify(join(folder, 'model'))}, '--all']
    const { start } = await import(${JSON.stringify(new URL('../../src/cli/start.js', import.meta.url).href)})
    start()`

  test('no network module and no process is touched', async () => {
    await inFolder(async (folder) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script(folder)], {
        encoding: 'utf8',
      })
      assert.equal(stderr, '')
      assert.equal(status, 1)
      assert.match(stdout, /a\.invalid/)
      assert.equal(existsSync(join(folder, 'model', 'ran')), false)
    }, reaching)
  })

  test('with the network cut the answer is the same', async (t) => {
    if (spawnSync('unshare', ['-rn', 'true']).status !== 0) return t.skip('this system lets nobody cut the network')
    await inFolder(async (folder) => {
      const args = ['--input-type=module', '-e', script(folder)]
      const open = spawnSync(process.execPath, args, { encoding: 'utf8' })
      const cut = spawnSync('unshare', ['-rn', process.execPath, ...args], { encoding: 'utf8' })
      assert.deepEqual([cut.status, cut.stdout, cut.stderr], [open.status, open.stdout, open.stderr])
    }, reaching)
  })
})
