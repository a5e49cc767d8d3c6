import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Overrides, overrideEnvironment } from '../../src/env/override.ts'
import { readEnvironmentOf } from '../../src/env/reading.ts'
import { formatRequirement, parseRequirement } from '../../src/env/requirement.ts'
import { resolveReading } from '../../src/env/resolve.ts'
import { updateFiles } from '../../src/env/update.ts'
import { locate } from '../../src/locate/index.ts'
import { loadMlmodel } from '../../src/mlmodel.ts'
import { isYamlMap, parseYaml, type YamlValue } from '../../src/yaml.ts'

const mlmodel = 'flavors:\n  python_function:\n    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n'

/** The files after an override was written, those that stay included. */
async function write(files: Readonly<Record<string, string>>, overrides: Overrides): Promise<Record<string, string>> {
  const directory = mkdtempSync(join(tmpdir(), 'mlmodel-env-'))
  try {
    for (const [name, text] of Object.entries({ MLmodel: mlmodel, ...files })) writeFileSync(join(directory, name), text)
    const reading = await readEnvironmentOf(await loadMlmodel(await locate(directory)))
    const { wanted } = overrideEnvironment(await resolveReading(reading), overrides)
    const updated = updateFiles(reading, wanted)
    return { ...files, ...Object.fromEntries(updated.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()])) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function plain(value: YamlValue): unknown {
  if (isYamlMap(value)) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  return Array.isArray(value) ? value.map(plain) : value
}

/** As MLflow writes every line, also those that it does not change. */
function canonical(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line !== '').map((line) => formatRequirement(parseRequirement(line)))
}

interface Case {
  readonly files: Readonly<Record<string, string>>
  readonly operation: 'add' | 'remove'
  readonly requirements: readonly string[]
  readonly conda: { readonly dependencies: readonly unknown[] }
  readonly lines: readonly string[]
}

const files = {
  'conda.yaml': `# made by hand
channels:
- conda-forge
dependencies:
- python=3.11.7  # as trained
- pip<=26.3
- pip:
  - mlflow==3.17.2
  # numbers
  - numpy==2.4.6   # keep
name: mlflow-env
`,
  'python_env.yaml': 'python: 3.11.7\nbuild_dependencies:\n- pip==26.3\ndependencies:\n- -r requirements.txt\n',
  'requirements.txt': '# made by hand\nmlflow==3.17.2\n\n  numpy==2.4.6 \\\n    # more\nscipy  # any\n',
}

describe('writing an override', () => {
  test('requirements.txt and conda.yaml hold what MLflow would write', async () => {
    const cases: Readonly<Record<string, Case>> = JSON.parse(readFileSync(join('test', 'fixtures', 'env', 'update.json'), 'utf8'))
    assert.ok(Object.keys(cases).length > 20)
    for (const [name, { files, operation, requirements, conda, lines }] of Object.entries(cases)) {
      const overrides: Overrides = operation === 'add' ? { with: requirements } : { without: requirements }
      const written = await write(files, overrides)
      assert.deepEqual(canonical(written['requirements.txt']!.split(/\r?\n/)), lines, name)
      const got = plain(parseYaml(written['conda.yaml']!, 'conda.yaml').value) as Case['conda']
      const dependencies = got.dependencies.map((each) => {
        const pip = (each as { readonly pip?: readonly string[] }).pip
        return pip === undefined ? each : { pip: canonical(pip) }
      })
      assert.deepEqual({ ...got, dependencies }, conda, name)
    }
  })

  test('comments, order and all other lines stay', async () => {
    assert.deepEqual(await write(files, { with: ['numpy==1.26.4', 'pandas==2.2.*'], without: ['scipy'], python: '3.12' }), {
      'conda.yaml': files['conda.yaml']
        .replace('python=3.11.7', 'python=3.12')
        .replace('numpy==2.4.6   # keep', 'numpy==1.26.4   # keep\n  - pandas==2.2.*'),
      'python_env.yaml': files['python_env.yaml'].replace('3.11.7', "'3.12'"),
      'requirements.txt': '# made by hand\nmlflow==3.17.2\n\n  numpy==1.26.4    # more\npandas==2.2.*\n',
    })
  })

  test('nothing to change writes nothing', async () => {
    assert.deepEqual(await write(files, { with: ['numpy==2.4.6'], python: '3.11' }), files)
    assert.deepEqual(await write(files, { without: ['pandas'] }), files)
  })

  test('a name in another spelling is the same package', async () => {
    const given = { 'requirements.txt': 'Scikit_Learn==1.0\nPyYAML==5' }
    assert.deepEqual(await write(given, { with: ['scikit-learn==1.1', 'pyyaml==6'] }), {
      'requirements.txt': 'scikit-learn==1.1\npyyaml==6',
    })
  })

  test('the last line without a line break, and with one; an empty file', async () => {
    const last = (text: string, overrides: Overrides) =>
      write({ 'requirements.txt': text }, overrides).then((written) => written['requirements.txt'])
    assert.equal(await last('a==1\nb==2', { without: ['b'] }), 'a==1')
    assert.equal(await last('a==1\nb==2\n', { without: ['b'] }), 'a==1\n')
    assert.equal(await last('a==1', { without: ['a'] }), '')
    assert.equal(await last('a==1\n', { without: ['a'] }), '')
    assert.equal(await last('', { with: ['a==1'] }), 'a==1\n')
    assert.equal(await last('\ufeffa==1', { with: ['a==2'] }), '\ufeffa==2')
    assert.equal(await last('a==1 \\\n --hash=sha256:00\nb', { with: ['a==2'] }), 'a==2\nb')
  })

  test('dependencies that python_env.yaml lists itself are changed there', async () => {
    assert.deepEqual(
      await write(
        { 'python_env.yaml': 'python: 3.11.7\ndependencies:\n- numpy==1\n', 'requirements.txt': 'numpy==1' },
        { with: ['numpy==2'] },
      ),
      {
        'python_env.yaml': 'python: 3.11.7\ndependencies:\n- numpy==2\n',
        'requirements.txt': 'numpy==2',
      },
    )
  })

  test('what cannot be edited is refused, and nothing is half done', async () => {
    const refused = (given: Readonly<Record<string, string>>, overrides: Overrides = { with: ['a==2'] }) =>
      assert.rejects(write(given, overrides), { code: 'ENVIRONMENT_NOT_WRITTEN' })
    await refused({ 'conda.yaml': 'dependencies:\n- &p\n  pip: &l\n  - a==1\nother: *l\n', 'requirements.txt': 'a==1' })
    await refused({ 'requirements.txt': '-r more.txt\n', 'more.txt': 'a==1' })
    await refused({ 'python_env.yaml': 'python: 3.11.7\n' })
  })

  test('names and versions that make no sense are refused', () => {
    const base = { requirements: [], constraints: [], options: [], python: null, conda: null, target: {} } as never
    assert.throws(() => overrideEnvironment(base, { with: ['pandas=2'] }), { code: 'OVERRIDE_INVALID' })
    assert.throws(() => overrideEnvironment(base, { with: ['-e .'] }), { code: 'OVERRIDE_INVALID' })
    assert.throws(() => overrideEnvironment(base, { without: [''] }), { code: 'OVERRIDE_INVALID' })
    assert.throws(() => overrideEnvironment(base, { with: ['a<1', 'a>2'] }), { code: 'OVERRIDE_CONFLICT' })
  })
})
