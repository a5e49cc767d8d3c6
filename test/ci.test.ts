/** The faces of `validate` in CI: the composite action is run as GitHub would run it, the hooks as pre-commit would. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { targetNames } from '../src/check/target.ts'
import { parseArguments } from '../src/cli/parse.ts'
import { command as validate } from '../src/cli/validate.ts'
import { version } from '../src/version.ts'
import { root } from './cli/fake-terminal.ts'

const path = (name: string) => fileURLToPath(new URL(name, root))
const scratch = mkdtempSync(join(tmpdir(), 'mlmodel-ci-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

interface Action {
  readonly inputs: Readonly<
    Record<string, { readonly description: string; readonly default?: string; readonly required?: boolean }>
  >
  readonly outputs: Readonly<Record<string, { readonly value: string }>>
  readonly runs: {
    readonly using: string
    readonly steps: readonly {
      readonly id: string
      readonly shell: string
      readonly env: Readonly<Record<string, string>>
      readonly run: string
    }[]
  }
}
interface Hook {
  readonly id: string
  readonly entry: string
  readonly language: string
  readonly files: string
}
interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly uses?: string; readonly with?: Readonly<Record<string, string>> }[] }>
  >
}

const readYaml = <Document>(name: string): Document => parse(readFileSync(path(name), 'utf8')) as Document
const action = readYaml<Action>('action.yml')
const step = action.runs.steps[0]!

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** What the step wrote to $GITHUB_OUTPUT. */
  readonly outputs: string
}

/** Runs the action's step with inputs, their defaults filled in, in a folder. */
function runAction(inputs: Readonly<Record<string, string>>, cwd: string): Ran {
  const values = Object.fromEntries(
    Object.entries(action.inputs).map(([name, { default: value = '' }]) => [name, inputs[name] ?? value]),
  )
  for (const name of Object.keys(inputs)) assert.ok(name in action.inputs, name)
  const env = Object.fromEntries(
    Object.entries(step.env).map(([name, text]) => [
      name,
      text.replace(/^\$\{\{ inputs\.([\w-]+) \}\}$/, (_, input: string) => values[input]!),
    ]),
  )
  const output = join(scratch, 'github-output')
  writeFileSync(output, '')
  // As runners do: `bash --noprofile --norc -eo pipefail {0}`.
  const script = join(scratch, 'step.sh')
  writeFileSync(script, step.run)
  const ran = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: scratch, GITHUB_OUTPUT: output, ...env },
    encoding: 'utf8',
  })
  return { code: ran.status, stdout: ran.stdout, stderr: ran.stderr, outputs: readFileSync(output, 'utf8') }
}

/** A program that writes its arguments, a line each with a line between calls, and ends with a code. */
function stub(code: number): { readonly command: string; calls(): readonly (readonly string[])[] } {
  const file = join(scratch, `stub-${code}.mjs`)
  const log = join(scratch, `stub-${code}.jsonl`)
  writeFileSync(log, '')
  writeFileSync(
    file,
    `import { appendFileSync } from 'node:fs'\nappendFileSync(${JSON.stringify(log)}, JSON.stringify(process.argv.slice(2)) + '\\n')\nprocess.exitCode = ${code}\n`,
  )
  return {
    command: `${process.execPath} ${file}`,
    calls: () =>
      readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as string[]),
  }
}

describe('action.yml', () => {
  test('every input is used, and by a variable only', () => {
    assert.equal(action.runs.using, 'composite')
    assert.equal(action.runs.steps.length, 1)
    const used = Object.values(step.env).map((text) => /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(text)?.[1])
    assert.deepEqual(used, Object.keys(action.inputs))
    assert.ok(!step.run.includes('${{'), 'an expression in a script is code of whoever names a model')
    for (const name of Object.keys(step.env)) assert.match(step.run, new RegExp(`\\$\\{?${name}\\b`), name)
    assert.equal(action.outputs['exit-code']?.value, `\${{ steps.${step.id}.outputs.exit-code }}`)
    assert.equal(action.inputs['version']?.default, version)
  })

  test('options and models as they are given', () => {
    const { command, calls } = stub(0)
    const ran = runAction(
      {
        models: 'models/*\nother model\n\n--output=evil; $(touch pwned)\n',
        targets: 'azureml-online\nkserve',
        strict: 'true',
        run: 'false',
        config: 'a policy.yaml',
        baseline: 'known.json',
        sarif: 'v.sarif',
        junit: 'v.xml',
        command,
      },
      scratch,
    )
    assert.equal(ran.code, 0, ran.stderr)
    const options = [
      '--target',
      'azureml-online',
      '--target',
      'kserve',
      '--strict',
      '--no-run',
      '--config',
      'a policy.yaml',
      '--baseline',
      'known.json',
    ]
    const models = ['--', 'models/*', 'other model', '--output=evil; $(touch pwned)']
    assert.deepEqual(calls(), [
      ['validate', ...options, '--format', 'sarif', '--output', 'v.sarif', ...models],
      ['validate', ...options, '--format', 'junit', '--output', 'v.xml', ...models],
      ['validate', ...options, '--format', 'github', ...models],
    ])
    // And the command takes them.
    for (const [, ...args] of calls()) assert.equal(parseArguments(validate, args).operands.length, 3)
  })

  test('defaults, and the exit code', () => {
    for (const code of [0, 1, 2]) {
      const { command, calls } = stub(code)
      const ran = runAction({ models: 'model', command, sarif: 'x' }, scratch)
      assert.equal(ran.code, code)
      assert.equal(ran.outputs, `exit-code=${code}\n`)
      assert.deepEqual(calls().at(-1), ['validate', '--format', 'github', '--', 'model'])
    }
    assert.match(step.run, /\$\{COMMAND:-npx --yes mlmodel@\$VERSION\}/)
  })

  test('the real command', () => {
    const folder = join(scratch, 'work')
    mkdirSync(folder)
    cpSync(path('examples/penguins/model'), join(folder, 'good'), { recursive: true })
    mkdirSync(join(folder, 'bad'))
    writeFileSync(join(folder, 'bad/MLmodel'), 'flavors: {}\n')
    const command = `${process.execPath} ${path('bin/mlmodel.js')}`
    const good = runAction({ models: 'good', sarif: 'good.sarif', command }, folder)
    assert.equal(good.code, 0, good.stdout + good.stderr)
    assert.equal(JSON.parse(readFileSync(join(folder, 'good.sarif'), 'utf8')).version, '2.1.0')
    const bad = runAction({ models: 'good\nbad', junit: 'bad.xml', command }, folder)
    assert.equal(bad.code, 1)
    assert.match(bad.stdout, /^::error file=bad\/MLmodel/m)
    assert.match(readFileSync(join(folder, 'bad.xml'), 'utf8'), /<failure/)
  })
})

describe('.pre-commit-hooks.yaml', () => {
  const hooks = readYaml<readonly Hook[]>('.pre-commit-hooks.yaml')
  const hook = (id: string) => hooks.find((one) => one.id === id)!

  test('match the files they are for', () => {
    const matches = (id: string, file: string) => new RegExp(hook(id).files).test(file)
    assert.ok(matches('mlmodel-validate', 'models/a/MLmodel') && matches('mlmodel-validate', 'MLmodel'))
    assert.ok(!matches('mlmodel-validate', 'models/a/MLmodel.md') && !matches('mlmodel-validate', 'myMLmodel'))
    assert.ok(
      matches('mlmodel-scan', 'a/model.pkl') && matches('mlmodel-scan', 'model.skops') && !matches('mlmodel-scan', 'pkl.txt'),
    )
  })

  test('run the command on file names', () => {
    for (const { entry, language } of hooks) {
      assert.equal(language, 'system')
      const prefix = `npx --yes mlmodel@${version} `
      assert.ok(entry.startsWith(prefix), entry)
      const [name, ...options] = entry.slice(prefix.length).split(' ')
      assert.equal(name, 'validate')
      assert.deepEqual(parseArguments(validate, [...options, 'a/MLmodel', 'b/MLmodel']).operands, ['a/MLmodel', 'b/MLmodel'])
    }
    const ran = spawnSync(process.execPath, [path('bin/mlmodel.js'), 'validate', path('examples/penguins/model/MLmodel')], {
      encoding: 'utf8',
    })
    assert.equal(ran.status, 0, ran.stdout + ran.stderr)
  })
})

test('the example workflow uses inputs that there are', () => {
  const { jobs } = readYaml<Workflow>('examples/ci/validate.yml')
  const steps = Object.values(jobs).flatMap(({ steps }) => steps)
  const own = steps.find(({ uses }) => uses?.startsWith('mlmodel/mlmodel@') === true)
  assert.equal(own?.uses, `mlmodel/mlmodel@v${version}`)
  for (const name of Object.keys(own?.with ?? {})) assert.ok(name in action.inputs, name)
  for (const [name, { required, default: value }] of Object.entries(action.inputs))
    assert.ok(value !== undefined || (required === true && name in (own?.with ?? {})), name)
  for (const target of own!.with!['targets']!.trim().split('\n')) assert.ok(targetNames.includes(target as never), target)
  assert.equal(steps.find(({ uses }) => uses?.includes('upload-sarif') === true)?.with?.['sarif_file'], own?.with?.['sarif'])
})
