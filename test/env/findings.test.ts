import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { environmentFindings } from '../../src/env/findings.ts'
import { readEnvironmentOf } from '../../src/env/reading.ts'
import { resolveReading } from '../../src/env/resolve.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { type Finding, findingFix, findingMessage } from '../../src/finding/index.ts'
import { locate } from '../../src/locate/index.ts'
import { loadMlmodel } from '../../src/mlmodel.ts'

async function findingsOf(directory: string): Promise<readonly Finding[]> {
  const reading = await readEnvironmentOf(await loadMlmodel(await locate(directory)))
  return environmentFindings(reading, await resolveReading(reading))
}

const mlmodel =
  'flavors:\n  python_function:\n    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n    python_version: 3.11.7\n'
const sound = {
  MLmodel: mlmodel,
  'conda.yaml':
    'channels:\n- conda-forge\ndependencies:\n- python=3.11.7\n- pip<=26.3\n- pip:\n  - mlflow==3.17.2\n  - numpy==2.4.6\nname: mlflow-env\n',
  'python_env.yaml':
    'python: 3.11.7\nbuild_dependencies:\n- pip==26.3\n- setuptools==65.5.0\n- wheel\ndependencies:\n- -r requirements.txt\n',
  'requirements.txt': 'mlflow==3.17.2\nnumpy==2.4.6',
}

/** `level CODE file:line` of each finding for the sound files with some replaced. */
async function say(files: Readonly<Record<string, string | Uint8Array | undefined>>): Promise<readonly string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'mlmodel-env-'))
  try {
    for (const [name, text] of Object.entries({ ...sound, ...files })) {
      if (text === undefined) continue
      mkdirSync(dirname(join(directory, name)), { recursive: true })
      writeFileSync(join(directory, name), text)
    }
    return (await findingsOf(directory)).map(({ level, code, where }) => `${level} ${code} ${where.file}:${where.line}`)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** requirements.txt with the lines, conda.yaml with the same ones. */
async function sayLines(...lines: readonly string[]): Promise<readonly string[]> {
  const all = ['mlflow==3.17.2', ...lines]
  const list = all.map((line) => `  - ${JSON.stringify(line)}\n`).join('')
  const said = await say({
    'requirements.txt': all.join('\n'),
    'conda.yaml': `dependencies:\n- python=3.11.7\n- pip\n- pip:\n${list}`,
  })
  const ofRequirements = said.filter((each) => each.includes('requirements.txt:'))
  const codes = (of: readonly string[]) => of.map((each) => each.replace(/ [^ ]*:\d+$/, ''))
  // The same is said of both files, but for what differs by its place.
  assert.deepEqual(codes(said.filter((each) => each.includes('conda.yaml:'))), codes(ofRequirements))
  return ofRequirements.map((each) => each.replace(' requirements.txt', ''))
}

/** Defects of `fixtures/broken` that lie in the environment → what is said, in their line. */
const broken: Readonly<Record<string, readonly string[]>> = {
  conda_bad_yaml: ['error ENV_FILE_UNREADABLE conda.yaml:2'],
  conda_conflicts_requirements: ['warning ENV_VERSION_DISAGREES conda.yaml:9'],
  conda_missing: ['warning ENV_FILE_MISSING MLmodel:14'],
  conda_not_mapping: ['error ENV_SHAPE conda.yaml:1'],
  conda_unpinned: [
    'warning ENV_UNPINNED requirements.txt:1',
    'warning ENV_UNPINNED requirements.txt:2',
    'warning ENV_PYTHON_UNPINNED conda.yaml:4',
    'warning ENV_UNPINNED conda.yaml:7',
    'warning ENV_UNPINNED conda.yaml:8',
  ],
  conda_yaml_python_tag: ['error ENV_FILE_UNREADABLE conda.yaml:11'],
  python_env_bad_version: ['error ENV_PYTHON_INVALID python_env.yaml:1'],
  python_version_mismatch: ['warning ENV_PYTHON_DISAGREES MLmodel:17', 'warning ENV_PYTHON_DISAGREES conda.yaml:4'],
  requirements_bad_line: ['error ENV_REQUIREMENT_INVALID requirements.txt:4'],
  requirements_conflict_self: ['error ENV_VERSION_CONFLICT requirements.txt:5'],
  requirements_escape: ['error ENV_INCLUDE requirements.txt:1', 'error ENV_INCLUDE requirements.txt:2'],
  requirements_remote_index: [
    'warning ENV_INDEX requirements.txt:1',
    'warning ENV_INSECURE requirements.txt:1',
    'warning ENV_VCS requirements.txt:2',
  ],
  sklearn_version_future: ['warning ENV_FLAVOR_VERSION MLmodel:14'],
}
const outcomes = { reject: 'error', warn: 'warning', accept: 'notice' } as const

describe('findings on environments', () => {
  test('as MLflow writes it: nothing', async () => {
    assert.deepEqual(await say({}), [])
  })

  test('the broken folders of the shared fixtures; the sound ones have no error', async (t) => {
    const shared = join('..', 'shared')
    if (!existsSync(shared)) return t.skip('there are no shared fixtures beside the repository')
    for (const name of readdirSync(join(shared, 'fixtures', 'broken'))) {
      const directory = join(shared, 'fixtures', 'broken', name, 'model')
      if (!existsSync(join(directory, 'MLmodel'))) continue
      let found: readonly Finding[]
      try {
        found = await findingsOf(directory)
      } catch (error) {
        // The MLmodel file is the defect, a path out of the folder among them.
        assert.ok(error instanceof MlmodelError, String(error))
        assert.equal(broken[name], undefined, name)
        continue
      }
      const loud = found.filter(({ level }) => level !== 'notice')
      assert.deepEqual(
        loud.map(({ level, code, where }) => `${level} ${code} ${where.file}:${where.line}`),
        broken[name] ?? [],
        name,
      )
      const { outcome } = JSON.parse(readFileSync(join(directory, '..', 'expect.json'), 'utf8'))
      if (broken[name] !== undefined) assert.equal(loud[0]!.level, outcomes[outcome as keyof typeof outcomes], name)
    }
    let models = 0
    for (const part of ['fixtures/models', 'fixtures/inspect', 'fixtures-old/models']) {
      for (const name of readdirSync(join(shared, part))) {
        const inner = join(shared, part, name, 'model')
        const directory = existsSync(inner) ? inner : join(shared, part, name)
        if (!existsSync(join(directory, 'MLmodel')) || name === 'signature_as_yaml_list') continue
        const errors = (await findingsOf(directory)).filter(({ level }) => level === 'error')
        assert.deepEqual(errors.map(findingMessage), [], name)
        models++
      }
    }
    t.diagnostic(`${models} sound models`)
  })

  test('the requirement lines, channels and names of the shared corpus that are unsafe', async (t) => {
    const folder = join('..', 'shared', 'corpus')
    if (!existsSync(folder)) return t.skip('there is no shared corpus beside the repository')
    const kinds = new Set(['requirement', 'channel', 'env-name'])
    const cases = readFileSync(join(folder, 'manifest.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .filter(({ kind }) => kinds.has(kind))
    assert.ok(cases.length >= 12)
    for (const { file, verdict } of cases) {
      const said = await say({
        MLmodel: 'flavors:\n  python_function:\n    env: conda.yaml\n',
        'conda.yaml': readFileSync(join(folder, file), 'utf8'),
        'python_env.yaml': undefined,
        'requirements.txt': undefined,
      })
      assert.equal(
        said.some((each) => !each.startsWith('notice')),
        verdict === 'unsafe',
        `${file}: ${said.join(', ')}`,
      )
    }
  })

  test('lines that reach outside', async () => {
    assert.deepEqual(await sayLines('--index-url https://a.example/simple'), ['warning ENV_INDEX:2'])
    assert.deepEqual(await sayLines('-i http://a.example/simple'), ['warning ENV_INDEX:2', 'warning ENV_INSECURE:2'])
    assert.deepEqual(await sayLines('--extra-index-url https://me:secret@a.example'), [
      'warning ENV_INDEX:2',
      'warning ENV_CREDENTIALS:2',
    ])
    assert.deepEqual(await sayLines(`--extra-index-url https://$${'{USER}:$'}{TOKEN}@a.example`), ['warning ENV_INDEX:2'])
    assert.deepEqual(await sayLines('--trusted-host a.example'), ['warning ENV_INSECURE:2'])
    assert.deepEqual(await sayLines('--pre'), ['notice ENV_PIP_OPTION:2'])
    assert.deepEqual(await sayLines('git+ssh://git@github.com/a/b.git@main#egg=b'), ['warning ENV_VCS:2'])
    assert.deepEqual(await sayLines('b @ git+http://github.com/a/b.git'), ['warning ENV_VCS:2', 'warning ENV_INSECURE:2'])
    assert.deepEqual(await sayLines('b @ https://a.example/b-1.0-py3-none-any.whl'), ['warning ENV_URL:2'])
    assert.deepEqual(await sayLines(`https://a.example/b-1.0-py3-none-any.whl#sha256=${'0'.repeat(64)}`), ['notice ENV_URL:2'])
    assert.deepEqual(await sayLines('-e .'), ['warning ENV_PATH:2'])
    assert.deepEqual(await sayLines('-e git+https://a.example/b.git#egg=b'), ['warning ENV_VCS:2'])
    assert.deepEqual(await sayLines('./gone-1.0-py3-none-any.whl'), ['error ENV_PATH_MISSING:2'])
    assert.deepEqual(await sayLines('../other'), ['error ENV_PATH_OUTSIDE:2'])
    assert.deepEqual(await sayLines('certifi @ file:///croot/certifi_1671487769961/work/certifi'), ['error ENV_PATH_OUTSIDE:2'])
    assert.deepEqual(await sayLines('/home/me/a-1-py3-none-any.whl'), ['error ENV_PATH_OUTSIDE:2'])
    assert.deepEqual(await sayLines('-r https://a.example/requirements.txt'), ['error ENV_INCLUDE:2'])
    assert.deepEqual(await sayLines('-c gone.txt'), ['error ENV_INCLUDE:2'])
    assert.deepEqual(await sayLines('numpy==1.0 --config-settings=a=b'), ['warning ENV_BUILD_OPTION:2'])
  })

  test('lines that pip cannot install', async () => {
    assert.deepEqual(await sayLines('numpy=1.26.4'), ['error ENV_REQUIREMENT_INVALID:2'])
    assert.deepEqual(await sayLines('--no-such-option'), ['error ENV_REQUIREMENT_INVALID:2'])
    assert.deepEqual(
      await sayLines("a==1; python_version in 'x' and extra ~= 'y'").then(([first]) => first),
      'error ENV_REQUIREMENT_INVALID:2',
    )
    assert.deepEqual(await sayLines('python==3.8'), ['error ENV_NOT_A_PACKAGE:2'])
    assert.deepEqual(await sayLines('sklearn'), ['error ENV_NOT_A_PACKAGE:2'])
    assert.deepEqual(await sayLines('torch==2.1.0+cu118'), ['warning ENV_LOCAL_VERSION:2'])
    assert.deepEqual(await sayLines('--extra-index-url https://a.example', 'torch==2.1.0+cu118'), ['warning ENV_INDEX:2'])
    assert.deepEqual(await sayLines('mlflow-skinny==3.2.1.dev0'), ['warning ENV_DEV_VERSION:2'])
    assert.deepEqual(await sayLines('numpy==1.26.4 --hash=sha256:00'), ['error ENV_HASH_MISSING:1'])
  })

  test('versions: open, twice, against each other', async () => {
    assert.deepEqual(await sayLines('numpy'), ['warning ENV_UNPINNED:2'])
    assert.deepEqual(await sayLines('numpy>=1,<2'), ['notice ENV_LOOSE:2'])
    assert.deepEqual(await sayLines('numpy==1.26.*'), ['notice ENV_LOOSE:2'])
    assert.deepEqual(await sayLines('numpy===1.26.4', 'scipy~=1.1'), ['notice ENV_LOOSE:3'])
    assert.deepEqual(await sayLines('Num_Py==1.26.4', 'num.py==1.26.4'), ['notice ENV_DUPLICATE:3'])
    assert.deepEqual(await sayLines('numpy==1.26.4', 'numpy<1.26'), ['error ENV_VERSION_CONFLICT:3', 'notice ENV_LOOSE:3'])
    assert.deepEqual(await sayLines('numpy>=2', 'numpy<2'), [
      'notice ENV_LOOSE:2',
      'error ENV_VERSION_CONFLICT:3',
      'notice ENV_LOOSE:3',
    ])
    assert.deepEqual(await sayLines('numpy>1', 'numpy<1.0.1'), [
      'notice ENV_LOOSE:2',
      'notice ENV_LOOSE:3',
      'notice ENV_DUPLICATE:3',
    ])
    // One of the two is for another Python.
    assert.deepEqual(await sayLines("numpy==1.26.4; python_version < '3.9'", "numpy==2.4.6; python_version >= '3.9'"), [])
  })

  test('files against each other and against the MLmodel file', async () => {
    assert.deepEqual(await say({ 'requirements.txt': 'mlflow==3.17.2\nnumpy==2.4.6\nscipy==1.17.1' }), [
      'notice ENV_PACKAGE_ONE_SIDED requirements.txt:3',
    ])
    assert.deepEqual(
      await say({
        'conda.yaml': sound['conda.yaml']
          .replace('- pip<', '- numpy=1.26\n- scipy=1.9\n- pip<')
          .replace('  - numpy==2.4.6\n', ''),
      }),
      [
        'warning ENV_VERSION_DISAGREES conda.yaml:5',
        'warning ENV_CONDA_IGNORED conda.yaml:6',
        'notice ENV_PACKAGE_ONE_SIDED conda.yaml:6',
      ],
    )
    const flavors =
      '  sklearn: {sklearn_version: 1.9.1}\n  pytorch: {pytorch_version: 2.1.0+cu118}\n  onnx: {onnx_version: 1.0}\n'
    assert.deepEqual(
      await say({
        MLmodel: mlmodel + flavors,
        'conda.yaml': undefined,
        'requirements.txt': 'mlflow==3.17.2\nscikit-learn==1.9.1\ntorch==2.1.0\nonnx==1.10',
      }),
      ['warning ENV_FILE_MISSING MLmodel:3', 'warning ENV_FLAVOR_VERSION MLmodel:7'],
    )
    assert.deepEqual(await say({ MLmodel: mlmodel.replace('3.11.7', '3.11.9') }), ['notice ENV_PYTHON_DISAGREES MLmodel:4'])
    assert.deepEqual(await say({ MLmodel: mlmodel.replace('3.11.7', '3.9') }), ['warning ENV_PYTHON_DISAGREES MLmodel:4'])
  })

  test('Python that is none, no text, or not said', async () => {
    const python = (text: string) => say({ 'python_env.yaml': sound['python_env.yaml'].replace('python: 3.11.7', text) })
    assert.deepEqual(await python('python: 3.11'), ['error ENV_PYTHON_NOT_TEXT python_env.yaml:1'])
    assert.deepEqual(await python("python: '3.11'"), [])
    assert.deepEqual(await python("python: '4'"), ['error ENV_PYTHON_INVALID python_env.yaml:1'])
    assert.deepEqual(await python('x: 1'), ['error ENV_SHAPE python_env.yaml:1'])
    assert.deepEqual(await python('build: []').then((said) => said.length), 1)
    assert.deepEqual(await say({ 'python_env.yaml': 'dependencies:\n- -r requirements.txt\n' }), [
      'notice ENV_PYTHON_UNKNOWN python_env.yaml:undefined',
    ])
    const conda = (text: string) => say({ 'conda.yaml': sound['conda.yaml'].replace('python=3.11.7', text) })
    for (const text of [
      'python=3.11',
      'python==3.11.7',
      'python=3.11.*',
      'python=3.11.7=h1_0_cpython',
      'python 3.11',
      'conda-forge::python=3.11',
    ])
      assert.deepEqual(await conda(text), [], text)
    assert.deepEqual(await conda('python'), ['warning ENV_PYTHON_UNPINNED conda.yaml:4'])
    assert.deepEqual(await conda('python>=3.8,<3.12'), ['warning ENV_PYTHON_UNPINNED conda.yaml:4'])
    assert.deepEqual(await conda('python=abc'), ['error ENV_PYTHON_INVALID conda.yaml:4'])
    assert.deepEqual(
      await say({ 'conda.yaml': sound['conda.yaml'].replace('python=3.11.7', 'python'), 'python_env.yaml': undefined }),
      [
        'warning ENV_FILE_MISSING MLmodel:3',
        'warning ENV_PYTHON_UNPINNED conda.yaml:4',
        'warning ENV_MANAGER_REFUSED conda.yaml:4',
      ],
    )
  })

  test('conda: channels, names, lists of other shapes', async () => {
    const conda = (from: string, to: string) => say({ 'conda.yaml': sound['conda.yaml'].replace(from, to) })
    assert.deepEqual(await conda('- conda-forge', '- https://a.example/chan'), ['warning ENV_CHANNEL_URL conda.yaml:2'])
    assert.deepEqual(await conda('- conda-forge', '- defaults'), ['notice ENV_CHANNEL_DEFAULTS conda.yaml:2'])
    assert.deepEqual(await conda('- conda-forge', '- /home/me/chan'), ['warning ENV_CHANNEL_URL conda.yaml:2'])
    assert.deepEqual(await conda('name: mlflow-env', 'name: ../x'), ['warning ENV_CONDA_NAME conda.yaml:9'])
    assert.deepEqual(await conda('name: mlflow-env', 'name: x\nprefix: /home/me/x'), ['notice ENV_CONDA_PREFIX conda.yaml:10'])
    assert.deepEqual(await conda('- pip<=26.3\n', ''), ['notice ENV_CONDA_PIP_ABSENT conda.yaml:6'])
    assert.deepEqual(await conda('- pip<=26.3', '- 3.8'), [
      'error ENV_SHAPE conda.yaml:5',
      'notice ENV_CONDA_PIP_ABSENT conda.yaml:7',
    ])
    assert.deepEqual(await conda('- pip:', '- npm:').then(([first]) => first), 'notice ENV_PACKAGE_ONE_SIDED requirements.txt:1')
  })

  test('what no manager can build is an error', async () => {
    const unnamed = mlmodel.replace('{conda: conda.yaml, virtualenv: python_env.yaml}', '{conda: ~, virtualenv: python_env.yaml}')
    assert.deepEqual((await say({ MLmodel: unnamed }))[0], 'error ENV_MANAGER_REFUSED MLmodel:undefined')
    const condaOnly = mlmodel.replace(', virtualenv: python_env.yaml', '')
    assert.deepEqual((await say({ MLmodel: condaOnly }))[0], 'warning ENV_MANAGER_REFUSED MLmodel:undefined')
  })

  test('files that pip follows and MLflow does not', async () => {
    const more = { 'more.txt': 'numpy==2.4.6\n', 'requirements.txt': undefined as string | undefined }
    const refused = ['warning ENV_MANAGER_REFUSED python_env.yaml:undefined']
    for (const line of ['-r "more.txt"', '-r more.txt --pre', "--requirement 'more.txt'"])
      assert.deepEqual(await say({ ...more, 'requirements.txt': `mlflow==3.17.2\n${line}` }), refused, line)
    for (const line of ['-r more.txt', '-r\tmore.txt', '-rmore.txt', '--requirement=more.txt', '-r more.txt # why'])
      assert.deepEqual(await say({ ...more, 'requirements.txt': `mlflow==3.17.2\n${line}` }), [], line)
  })

  test('YAML in UTF-16, which PyYAML knows and MLflow opens as UTF-8', async () => {
    const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')
    assert.deepEqual(await say({ 'python_env.yaml': utf16(sound['python_env.yaml']) }), [
      'error ENV_FILE_UNREADABLE python_env.yaml:undefined',
    ])
    assert.deepEqual(
      (await say({ 'conda.yaml': utf16(sound['conda.yaml']) }))[0],
      'error ENV_FILE_UNREADABLE conda.yaml:undefined',
    )
    assert.deepEqual(await say({ 'requirements.txt': utf16(sound['requirements.txt']) }), [
      'warning ENV_MANAGER_REFUSED python_env.yaml:undefined',
    ])
  })

  test('one hash asks for no hash of what is not installed, and a place to look that is not there stops nobody', async () => {
    const hash = '--hash=sha256:00'
    const asked = await say({
      'requirements.txt': `mlflow==3.17.2 ${hash}\nnumpy==2.4.6 ${hash}\ntomli==2.0 ; python_version < '3'\nattrs==1`,
    })
    assert.deepEqual(
      asked.filter((each) => each.includes('HASH')),
      ['error ENV_HASH_MISSING requirements.txt:4'],
    )
    assert.deepEqual(await sayLines('--find-links ./wheels'), ['warning ENV_PATH_MISSING:2'])
    assert.deepEqual(await sayLines('--find-links /opt/wheels'), ['warning ENV_PATH_OUTSIDE:2'])
  })

  test('whatever stands in the files is an answer', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ...[
          'numpy',
          '==',
          '>=',
          '1.2',
          ';',
          ' python_version',
          " < '3'",
          '\\\n',
          '\n',
          ' #',
          '-r ',
          '-c ',
          '-e ',
          './',
          '../',
          'x.txt',
        ],
        ...[
          '[',
          ']',
          '{',
          '}',
          ': ',
          '- ',
          'pip:',
          'dependencies:',
          'channels:',
          'python',
          '@ ',
          'https://',
          '--hash=',
          '&a ',
          '*a',
          '!x ',
          "'",
          '"',
        ],
      ),
      fc.string({ maxLength: 6 }),
    )
    const text = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''))
    await fc.assert(
      fc.asyncProperty(text, text, text, async (requirements, conda, python) => {
        const files = {
          'requirements.txt': requirements,
          'conda.yaml': `dependencies:\n- pip:\n  - ${conda}`,
          'python_env.yaml': `dependencies:\n- ${python}`,
        }
        for (const said of await say(files)) assert.match(said, /^(error|warning|notice) ENV_[A-Z_]+ /)
      }),
      { numRuns: 150 },
    )
  })

  test('secrets are said nowhere, and every finding says what to do', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mlmodel-env-'))
    const lines = [
      '--extra-index-url https://me:hunter2@a.example',
      'a @ https://hunter2@a.example/a.zip',
      'b=1 https://x:hunter2@y',
      '--index-url https://me:hunt@hunter2@a.example/simple',
      '-r https://me:hunter2@a.example/r.txt',
    ]
    for (const [name, text] of Object.entries({ ...sound, 'requirements.txt': lines.join('\n') }))
      writeFileSync(join(directory, name), text)
    const found = await findingsOf(directory)
    const { views } = await resolveReading(await readEnvironmentOf(await loadMlmodel(await locate(directory))))
    rmSync(directory, { recursive: true })
    for (const { nameless } of views) assert.doesNotMatch(nameless ?? '', /hunt/)
    assert.ok(found.length > 5)
    for (const each of found) {
      assert.doesNotMatch(findingMessage(each), /hunt/)
      assert.match(findingFix(each), /./)
    }
  })
})
