import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Environment, readEnvironment } from '../src/env/index.ts'
import { locate } from '../src/locate/index.ts'
import { loadMlmodel } from '../src/mlmodel.ts'

async function environmentOf(files: Readonly<Record<string, string>>): Promise<Environment> {
  const directory = mkdtempSync(join(tmpdir(), 'mlmodel-env-'))
  try {
    for (const [name, text] of Object.entries({ MLmodel: 'flavors: {}\n', ...files })) writeFileSync(join(directory, name), text)
    return await readEnvironment(await loadMlmodel(await locate(directory)))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe('readEnvironment', () => {
  test("the documentation's fastai example disagrees with itself about Python", async () => {
    const environment = await readEnvironment(
      await loadMlmodel(await locate(join(process.cwd(), 'test/fixtures/mlmodel/seed_fastai'))),
    )
    assert.deepEqual(environment.disagreements, [
      {
        name: 'python',
        places: [
          { text: '3.8.12', file: 'MLmodel', line: 10 },
          { text: '3.8.5', file: 'conda.yaml', line: 4 },
        ],
      },
    ])
    assert.deepEqual(environment.dependencies.slice(0, 3), [
      { text: 'pip', file: 'conda.yaml', line: 5, kind: 'conda' },
      { text: 'mlflow', file: 'conda.yaml', line: 7, kind: 'pip' },
      { text: 'astunparse==1.6.3', file: 'conda.yaml', line: 8, kind: 'pip' },
    ])
  })

  test('versions without quotes are taken as written', async () => {
    const { python } = await environmentOf({
      MLmodel:
        'flavors:\n  python_function:\n    python_version: 3.10\n    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n',
      'conda.yaml': 'dependencies:\n- python=3.10.4\n',
      'python_env.yaml': 'python: 3.10\nbuild_dependencies:\n- pip==1\ndependencies:\n- -r requirements.txt\n',
    })
    assert.deepEqual(
      python.map(({ text, file }) => [text, file]),
      [
        ['3.10', 'MLmodel'],
        ['3.10.4', 'conda.yaml'],
        ['3.10', 'python_env.yaml'],
      ],
    )
  })

  test('pins that differ, by normalised name; ranges and beginnings do not', async () => {
    const { disagreements } = await environmentOf({
      'conda.yaml': 'dependencies:\n- python>=3.8\n- numpy=1.26\n- pip:\n  - scikit_learn==1.0\n  - scipy>=1\n',
      'requirements.txt': 'numpy==1.26.4\nScikit-Learn[extra] == 1.1 ; python_version > "3"\nscipy==1.9\n',
    })
    assert.deepEqual(
      disagreements.map(({ name, places }) => [name, places.map((place) => place.line)]),
      [['scikit-learn', [5, 2]]],
    )
  })

  test('requirements as MLflow reads them: comments, blanks, continued lines, options kept', async () => {
    const { dependencies } = await environmentOf({
      'requirements.txt': '\ufeff# c\n\na==1 # why\nb \\\n  ==2\n--index-url http://x/#frag\n-r ../../x\n',
    })
    assert.deepEqual(
      dependencies.map(({ text, line }) => [text, line]),
      [
        ['a==1', 3],
        ['b   ==2', 4],
        ['--index-url http://x/#frag', 6],
        ['-r ../../x', 7],
      ],
    )
  })

  test('files that are missing or broken are told, and the others read', async () => {
    const environment = await environmentOf({
      MLmodel: 'flavors:\n  python_function:\n    env: {conda: other.yaml, virtualenv: python_env.yaml}\n',
      'python_env.yaml': '- a\n',
      'requirements.txt': 'a==1',
    })
    assert.deepEqual(environment.missing, ['other.yaml'])
    assert.deepEqual(environment.files, ['requirements.txt'])
    assert.deepEqual(
      environment.errors.map(({ code, where }) => [code, where.file]),
      [['YAML_NOT_MAP', 'python_env.yaml']],
    )
  })
})
