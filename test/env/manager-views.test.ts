import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { mlflowLines } from '../../src/env/environment-name.ts'
import { type EnvironmentFiles, managerViews, readEnvironmentFiles } from '../../src/env/manager-views.ts'
import { type ModelFolder, openModelFolder } from '../../src/env/model-folder.ts'
import type { EnvironmentManager, ManagerView } from '../../src/env/resolved.ts'
import { sha1 } from '../../src/env/sha1.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { defaultLimits } from '../../src/limits.ts'
import { locate } from '../../src/locate/index.ts'
import { loadMlmodel } from '../../src/mlmodel.ts'

/** What make_resolved.py wrote of MLflow's functions; `0.0.0` is the Python that MLflow runs with. */
interface Answers {
  readonly virtualenv:
    | { readonly error: string }
    | {
        readonly python: string
        readonly build: readonly string[]
        readonly dependencies: readonly string[]
        readonly lines: readonly (readonly [string, boolean])[]
        readonly name: string
      }
  readonly conda: { readonly error: string } | { readonly local: true } | { readonly name: string }
  /** MLflow 3.17 cannot read the signature of the MLmodel file; the answers are of a copy without. */
  readonly refused?: boolean
}

interface Viewed {
  readonly views: ReadonlyMap<EnvironmentManager, ManagerView>
  readonly files: EnvironmentFiles
  readonly folder: ModelFolder
}

async function view(directory: string): Promise<Viewed> {
  const model = await loadMlmodel(await locate(directory))
  const folder = openModelFolder(model.directory, defaultLimits)
  const files = await readEnvironmentFiles(model, folder)
  const views = await managerViews(model, files, folder, { environmentRoot: '/envs', currentPython: '0.0.0' })
  return { views: new Map(views.map((each) => [each.manager, each])), files, folder }
}

/** What we have, in the words of the answers. */
async function ours(directory: string): Promise<Pick<Answers, 'virtualenv' | 'conda'>> {
  const { views } = await view(directory)
  const [virtualenv, conda] = [views.get('virtualenv')!, views.get('conda')!]
  assert.deepEqual(
    { ...views.get('uv')!, file: null, why: '' },
    { ...virtualenv, manager: 'uv', file: null, why: '' },
    'uv differs from virtualenv',
  )
  return {
    virtualenv:
      virtualenv.name === null
        ? { error: virtualenv.refusal?.code ?? virtualenv.nameless ?? '' }
        : {
            python: virtualenv.python?.text ?? '0.0.0',
            build: virtualenv.buildDependencies.map(({ text }) => text),
            dependencies: virtualenv.dependencies.map(({ text }) => text),
            lines: [],
            name: virtualenv.name,
          },
    conda:
      conda.name !== null
        ? { name: conda.name }
        : conda.file === null && conda.refusal === null
          ? { local: true }
          : { error: conda.refusal?.code ?? conda.nameless ?? '' },
  }
}

/** MLflow's errors have other words; that there is one must agree. */
function comparable(answers: Pick<Answers, 'virtualenv' | 'conda'>): unknown {
  const blur = <T extends object>(value: T): unknown => ('error' in value ? 'error' : { ...value, lines: [] })
  return { virtualenv: blur(answers.virtualenv), conda: blur(answers.conda) }
}

function readJson<T>(name: string): Record<string, T> {
  return JSON.parse(readFileSync(join('test', 'fixtures', 'env', name), 'utf8'))
}

describe('views of managers', () => {
  test("the cases of make_resolved.py have MLflow's answers", async () => {
    const cases = readJson<Answers & { readonly files: Readonly<Record<string, string>> }>('resolved_cases.json')
    assert.ok(Object.keys(cases).length > 60)
    for (const [name, { files, ...answers }] of Object.entries(cases)) {
      const directory = mkdtempSync(join(tmpdir(), 'mlmodel-env-'))
      try {
        for (const [file, text] of Object.entries(files)) {
          mkdirSync(dirname(join(directory, file)), { recursive: true })
          writeFileSync(join(directory, file), text)
        }
        assert.deepEqual(comparable(await ours(directory)), comparable(answers), name)
      } finally {
        rmSync(directory, { recursive: true })
      }
    }
  })

  test("the models of the shared fixtures have MLflow's answers", async (t) => {
    const shared = join('..', 'shared')
    if (!existsSync(shared)) return t.skip('there are no shared fixtures beside the repository')
    let compared = 0
    const wrong: string[] = []
    for (const [path, answers] of Object.entries(readJson<Answers>('resolved_models.json'))) {
      const inner = join(shared, path, 'model')
      try {
        assert.deepEqual(comparable(await ours(existsSync(inner) ? inner : join(shared, path))), comparable(answers), path)
        compared++
      } catch (error) {
        if (error instanceof MlmodelError && (path.startsWith('fixtures/broken/') || answers.refused)) continue
        wrong.push(`${path}: ${String(error)}`)
      }
    }
    assert.deepEqual(wrong, [])
    t.diagnostic(`${compared} models compared`)
    assert.ok(compared >= 467)
  })

  test("SHA-1 is Node's", () => {
    const digest = (text: string): string => createHash('sha1').update(text).digest('hex')
    // Every length around the edges of blocks of 64 bytes, and texts of more than ASCII.
    for (let length = 0; length < 200; length++)
      assert.equal(sha1('x'.repeat(length)), digest('x'.repeat(length)), String(length))
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => sha1(text) === digest(text)))
    assert.equal(sha1('mlflow'.repeat(100_000)), digest('mlflow'.repeat(100_000)))
  })

  test('a long line of blanks costs nothing', () => {
    assert.deepEqual(mlflowLines([`a${' '.repeat(1 << 18)}b${' '.repeat(1 << 18)}`]), [`a${' '.repeat(1 << 18)}b`])
    assert.deepEqual(mlflowLines([`a${'\\'.repeat(1 << 18)}b\\`]), [`a${'\\'.repeat(1 << 18)}b`])
  })
})
