import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { readInterpreter } from '../../src/env/interpreter.ts'
import { checkInterpreter } from '../../src/env/mismatch.ts'
import { resolveEnvironment } from '../../src/env/resolve.ts'
import { locate } from '../../src/locate/index.ts'
import { loadMlmodel } from '../../src/mlmodel.ts'

async function inFolder(files: Readonly<Record<string, string>>, action: (folder: string) => unknown): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-env-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    await action(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function metadata(name: string, version: string): string {
  return `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\nVersion: 0 in the description\n`
}

/** A virtual environment's files for packages. */
function environment(
  root: string,
  installed: Readonly<Record<string, string>>,
  settings = 'version = 3.11.7\n',
): Record<string, string> {
  const site = `${root}/lib/python3.11/site-packages`
  const files: Record<string, string> = { [`${root}/pyvenv.cfg`]: settings, [`${root}/bin/python`]: '', [`${site}/x.txt`]: '' }
  for (const [name, version] of Object.entries(installed))
    files[`${site}/${name.toLowerCase().replace(/[-.]/g, '_')}-${version.replaceAll(' ', '')}.dist-info/METADATA`] = metadata(
      name,
      version,
    )
  return files
}

describe('an interpreter beside a model', () => {
  test("the mismatches are those of MLflow's warning", async () => {
    const fixture: {
      readonly python: string
      readonly installed: Readonly<Record<string, string>>
      readonly requirements: readonly string[]
      readonly constraints: readonly string[]
      readonly warning: readonly string[]
    } = JSON.parse(readFileSync(join('test', 'fixtures', 'env', 'check.json'), 'utf8'))
    const files = {
      'model/MLmodel': `flavors:\n  python_function:\n    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n    python_version: ${fixture.python}\n`,
      'model/conda.yaml': 'dependencies:\n- python=3.11.7\n',
      'model/requirements.txt': fixture.requirements.join('\n'),
      'model/constraints.txt': fixture.constraints.join('\n'),
      ...environment('venv', fixture.installed, `version = ${fixture.python}\n`),
    }
    await inFolder(files, async (folder) => {
      const model = await loadMlmodel(await locate(join(folder, 'model')))
      const interpreter = readInterpreter(join(folder, 'venv', 'bin', 'python'))
      const resolved = await resolveEnvironment(model, { manager: 'local', python: interpreter.version! })
      const { mismatches, matching, skipped } = checkInterpreter(model, resolved, interpreter)
      const lines = fixture.warning[0]!.split('\n').filter((line) => line.startsWith(' - '))
      assert.deepEqual(
        mismatches.map(
          ({ name, current, required }) => ` - ${name} (current: ${current ?? 'uninstalled'}, required: ${required})`,
        ),
        lines,
      )
      // Options and `-c` are no requirements.
      assert.equal(
        mismatches.length + matching.length + skipped.length,
        fixture.requirements.length + fixture.constraints.length - 2,
      )
    })
  })

  test('Python is compared by its minor version, cloudpickle by its whole one', async () => {
    const files = {
      'model/MLmodel': 'flavors:\n  python_function:\n    python_version: 3.10.1\n    cloudpickle_version: 3.0.0\n',
      ...environment('venv', { cloudpickle: '3.1.0' }),
    }
    await inFolder(files, async (folder) => {
      const model = await loadMlmodel(await locate(join(folder, 'model')))
      const { mismatches } = checkInterpreter(model, await resolveEnvironment(model), readInterpreter(join(folder, 'venv')))
      assert.deepEqual(mismatches, [
        { kind: 'python', name: 'python', current: '3.11.7', required: '3.10.1', file: 'MLmodel', line: 3 },
        { kind: 'package', name: 'cloudpickle', current: '3.1.0', required: 'cloudpickle==3.0.0', file: 'MLmodel', line: 4 },
      ])
    })
  })

  test('packages of every form, and of folders that .pth files add', async () => {
    const files = {
      ...environment('venv', { 'Scikit.Learn': '1.9.1' }, 'home = /nowhere\nversion_info = 3.11.7\n'),
      'venv/lib/python3.11/site-packages/old-1.0-py3.11.egg-info': metadata('old', '1.0.0'),
      'venv/lib/python3.11/site-packages/older.egg-info/PKG-INFO': metadata('older', '0.9'),
      'venv/lib/python3.11/site-packages/bare-2.5.dist-info/RECORD': '',
      'venv/lib/python3.11/site-packages/a.pth':
        '# x\nimport os; os.system("touch /tmp/mlmodel-pth-ran")\n../../../../source\n/nowhere\n',
      'source/mine.egg-info/PKG-INFO': metadata('mine', '0.1').replaceAll('\n', '\r\n'),
      'source/old-9.dist-info/METADATA': metadata('old', '9'),
    }
    await inFolder(files, (folder) => {
      const { installed, version, implementation } = readInterpreter(join(folder, 'venv'))
      assert.deepEqual([version, implementation], ['3.11.7', 'cpython'])
      for (const [name, wanted] of [
        ['scikit_learn', '1.9.1'],
        ['old', '1.0.0'],
        ['older', '0.9'],
        ['bare', '2.5'],
        ['Mine', '0.1'],
        ['gone', undefined],
      ] as const)
        assert.equal(installed(name), wanted, name)
    })
  })

  test('a virtual environment that sees the packages around it, and one that does not', async () => {
    const base = {
      'usr/bin/python3.11': '',
      'usr/include/python3.11/patchlevel.h': '#define PY_VERSION "3.11.9"\n',
      'usr/lib/python3.11/site-packages/a-1.dist-info/METADATA': metadata('a', '1'),
      'usr/lib/python3/dist-packages/b-2.dist-info/METADATA': metadata('b', '2'),
      'usr/lib/python3.12/site-packages/a-3.dist-info/METADATA': metadata('a', '3'),
    }
    await inFolder(base, async (folder) => {
      const system = readInterpreter(join(folder, 'usr', 'bin', 'python3.11'))
      assert.deepEqual([system.version, system.installed('a'), system.installed('b')], ['3.11.9', '1', '2'])
      symlinkSync('python3.11', join(folder, 'usr', 'bin', 'python3'))
      assert.equal(readInterpreter(join(folder, 'usr', 'bin', 'python3')).version, '3.11.9')
      const settings = `home = ${join(folder, 'usr', 'bin')}\nversion = 3.11.9\ninclude-system-site-packages = `
      for (const [sees, wanted] of [
        ['true', '1'],
        ['false', undefined],
      ] as const) {
        const root = join(folder, sees)
        mkdirSync(join(root, 'lib', 'python3.11', 'site-packages'), { recursive: true })
        mkdirSync(join(root, 'bin'))
        writeFileSync(join(root, 'pyvenv.cfg'), `${settings}${sees}\n`)
        symlinkSync(join(folder, 'usr', 'bin', 'python3.11'), join(root, 'bin', 'python'))
        assert.equal(readInterpreter(join(root, 'bin', 'python')).installed('a'), wanted, sees)
      }
    })
  })

  test('conda and Windows', async () => {
    const files = {
      'conda/conda-meta/python-3.11.5-h955ad1f_0.json': '{}',
      'conda/bin/python': '',
      'conda/lib/python3.11/site-packages/a-1.dist-info/METADATA': metadata('a', '1'),
      'win/pyvenv.cfg': 'version = 3.12.1\n',
      'win/Scripts/python.exe': '',
      'win/Lib/site-packages/a-2.dist-info/METADATA': metadata('a', '2'),
    }
    await inFolder(files, (folder) => {
      const conda = readInterpreter(join(folder, 'conda', 'bin', 'python'))
      assert.deepEqual([conda.version, conda.installed('a')], ['3.11.5', '1'])
      const windows = readInterpreter(join(folder, 'win', 'Scripts', 'python.exe'))
      assert.deepEqual([windows.version, windows.installed('a')], ['3.12.1', '2'])
      const folderOnly = readInterpreter(join(folder, 'conda', 'lib', 'python3.11', 'site-packages'))
      assert.deepEqual([folderOnly.version, folderOnly.installed('a')], ['3.11', '1'])
      assert.throws(() => readInterpreter(join(folder, 'gone')), { code: 'INTERPRETER_MISSING' })
      assert.throws(() => readInterpreter(join(folder, 'conda', 'conda-meta')), { code: 'INTERPRETER_UNKNOWN' })
    })
  })
})
