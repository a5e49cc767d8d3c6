/** Completion scripts do in their shells what the tables say; shells that are not installed are skipped. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { optionNames } from '../../src/cli/parse.ts'
import { runLine } from './fake-terminal.ts'

const has = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-completion-'))
before(() => {
  mkdirSync(join(folder, 'my model'))
  writeFileSync(join(folder, 'data.csv'), '')
})
after(() => rmSync(folder, { recursive: true, force: true }))

describe('bash', { skip: !has('bash') }, () => {
  async function complete(...words: string[]): Promise<string[]> {
    const { stdout: script } = await runLine(['completion', 'bash'])
    const quoted = words.map((word) => `'${word}'`).join(' ')
    const program = `${script}
COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _mlmodel 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', program], { cwd: folder, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return stdout.split('\n').filter((line) => line !== '')
  }

  test('commands', async () => {
    assert.deepEqual(await complete('mlmodel', ''), [...commands.map(({ name }) => name), '--help', '--version'])
    assert.deepEqual(await complete('mlmodel', 'ins'), ['inspect'])
  })
  test('every option of every command', async () => {
    for (const entry of commands) {
      const { options } = await entry.load()
      const spelled = Object.entries(options).flatMap(([name, option]) => optionNames(name, option))
      assert.deepEqual(await complete('mlmodel', entry.name, '-'), spelled)
    }
  })
  test('values of an option', async () => {
    assert.deepEqual(await complete('mlmodel', 'inspect', '--color', 'a'), ['auto', 'always'])
    assert.deepEqual(await complete('mlmodel', 'inspect', '--color', '=', 'n'), ['never'])
    assert.deepEqual(await complete('mlmodel', 'completion', ''), ['bash', 'zsh', 'fish'])
  })
  test('what `env` does, or a model; behind it a model alone', async () => {
    assert.deepEqual((await complete('mlmodel', 'env', '')).sort(), ['check', 'data.csv', 'diff', 'my model', 'show'])
    assert.deepEqual(await complete('mlmodel', 'env', 'd'), ['diff', 'data.csv'])
    assert.deepEqual(await complete('mlmodel', 'env', 'check', 'm'), ['my model'])
    assert.deepEqual(await complete('mlmodel', 'env', 'check', 'd'), ['data.csv'])
  })
  test('files, with blanks in their names', async () => {
    assert.deepEqual(await complete('mlmodel', 'inspect', 'my'), ['my model'])
    assert.deepEqual(await complete('mlmodel', 'predict', '-i', 'd'), ['data.csv'])
    assert.deepEqual(await complete('mlmodel', 'predict', '-i', 'ids', '=', 'd'), ['data.csv'])
  })
})

describe('zsh', { skip: !has('zsh') }, () => {
  test('the script is read without complaint', async () => {
    const { stdout } = await runLine(['completion', 'zsh'])
    writeFileSync(join(folder, '_mlmodel'), stdout)
    const { status, stderr } = spawnSync('zsh', ['-f', '-n', join(folder, '_mlmodel')], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    const loaded = spawnSync(
      'zsh',
      ['-f', '-c', `autoload -Uz compinit; compinit -u -D; source ${join(folder, '_mlmodel')}; print $_comps[mlmodel]`],
      {
        encoding: 'utf8',
      },
    )
    assert.equal(loaded.stdout.trim(), '_mlmodel', loaded.stderr)
  })
})

describe('fish', { skip: !has('fish') }, () => {
  test('commands and options are offered', async () => {
    const { stdout } = await runLine(['completion', 'fish'])
    writeFileSync(join(folder, 'mlmodel.fish'), stdout)
    const ask = (line: string) =>
      spawnSync('fish', ['-c', `source ${join(folder, 'mlmodel.fish')}; complete -C '${line}'`], { encoding: 'utf8' })
        .stdout.split('\n')
        .map((each) => each.split('\t', 1)[0])
        .filter((each) => each !== '')
    assert.deepEqual(ask('mlmodel '), commands.map(({ name }) => name).sort())
    assert.deepEqual(ask('mlmodel inspect --dig'), ['--digests'])
    assert.deepEqual(ask('mlmodel inspect --color ').sort(), ['always', 'auto', 'never'])
  })
})

test('scripts end the same for every shell name and only for those', async () => {
  for (const shell of ['bash', 'zsh', 'fish']) assert.equal((await runLine(['completion', shell])).code, 0)
})
