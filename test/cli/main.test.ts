/** The frame of the command line: help, refusals, exit codes, what goes to which stream. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { main } from '../../src/cli/main.ts'
import { optionNames } from '../../src/cli/parse.ts'
import { openOutlet, readEnvironment } from '../../src/cli/terminal.ts'
import { editDistance, guess } from '../../src/guess.ts'
import { checkSchema } from '../../src/schema.ts'
import { version } from '../../src/version.ts'
import { root, runLine } from './fake-terminal.ts'

describe('help', () => {
  test('fits a screen and shows the five subcommands first', async () => {
    const { code, stdout, stderr } = await runLine(['--help'])
    assert.equal(code, 0)
    assert.equal(stderr, '')
    const lines = stdout.trimEnd().split('\n')
    assert.ok(lines.length <= 24, `${lines.length} lines`)
    assert.ok(lines.every((line) => line.length <= 80))
    const named = lines.map((line) => /^ {2}([a-z]+) {2,}/.exec(line)?.[1]).filter((name) => name !== undefined)
    assert.deepEqual(named.slice(0, 5), ['inspect', 'validate', 'env', 'predict', 'serve'])
    assert.equal((await runLine(['-h'])).stdout, stdout)
    assert.equal((await runLine(['help'])).stdout, stdout)
  })

  test('says what comes later', async () => {
    const { stdout } = await runLine(['--help'])
    for (const { name, later } of commands)
      assert.equal(new RegExp(`^  ${name} .*later version`, 'm').test(stdout), later === true)
  })

  for (const entry of commands) {
    test(`${entry.name}: every option, operand and example is in the help, and nothing is too wide`, async () => {
      const command = await entry.load()
      assert.equal(command.name, entry.name)
      assert.equal(command.summary, entry.summary)
      const { code, stdout, stderr } = await runLine([entry.name, '--help'])
      assert.equal(code, 0)
      assert.equal(stderr, '')
      for (const [name, option] of Object.entries(command.options)) {
        for (const spelled of optionNames(name, option)) assert.match(stdout, new RegExp(`(^|[\\s(])${spelled}\\b`, 'm'))
        assert.ok(!option.text.endsWith('.'), `${name}: no full stop`)
      }
      // The other way round: what the help lists is an option.
      const listed = [...stdout.matchAll(/^ {2}(?:-\w, | {4})--([\w-]+)/gm)].map((match) => match[1])
      assert.deepEqual(listed.sort(), Object.keys(command.options).sort())
      assert.match(stdout, new RegExp(`^Usage: mlmodel ${entry.name} `, 'm'))
      for (const example of command.examples) assert.ok(stdout.includes(`  $ ${example}`))
      assert.match(stdout, /^Exit codes:\n {2}0 {2}/m)
      assert.ok(stdout.split('\n').every((line) => line.length <= 80 || line.startsWith('  $ ')))
      assert.equal((await runLine(['help', entry.name])).stdout, stdout)
      // Help wins over mistakes beside it.
      assert.equal((await runLine([entry.name, '--nonsense', '--help'])).stdout, stdout)
    })
  }

  test('no command: the help on stderr, exit code 2', async () => {
    const { code, stdout, stderr } = await runLine([])
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /^Usage: mlmodel/m)
  })

  test('--version prints the version of package.json alone', async () => {
    const { version: packaged } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
    assert.equal(version, packaged)
    assert.deepEqual(await runLine(['--version']), { code: 0, stdout: `${packaged}\n`, stderr: '' })
    assert.equal((await runLine(['-V'])).stdout, `${packaged}\n`)
  })
})

describe('refusals', () => {
  for (const [args, code, sentence, hint] of [
    [['inspekt', 'x'], 'USAGE_UNKNOWN_COMMAND', 'There is no command `inspekt`', 'Did you mean `mlmodel inspect`?'],
    [['score', 'x'], 'USAGE_UNKNOWN_COMMAND', 'There is no command `score`', 'Did you mean `mlmodel predict`?'],
    [['./model'], 'USAGE_UNKNOWN_COMMAND', 'There is no command `./model`', 'Did you mean `mlmodel inspect ./model`?'],
    [['zzzzzz'], 'USAGE_UNKNOWN_COMMAND', 'There is no command `zzzzzz`', '`mlmodel --help` lists the commands'],
    [
      ['inspect', '--digest', 'x'],
      'USAGE_UNKNOWN_OPTION',
      '`mlmodel inspect` has no option `--digest`',
      'Did you mean `--digests`?',
    ],
    [
      ['inspect', '--wrong', 'x'],
      'USAGE_UNKNOWN_OPTION',
      '`mlmodel inspect` has no option `--wrong`',
      '`mlmodel inspect --help` lists the options',
    ],
    [['--hlep'], 'USAGE_UNKNOWN_OPTION', '`mlmodel` has no option `--hlep`', 'Did you mean `--help`?'],
    [
      ['inspect', 'x', '-m'],
      'USAGE_OPTION_NEEDS_VALUE',
      'The option `--model-uri` needs a value: `--model-uri <model>`',
      undefined,
    ],
    [
      ['inspect', '--color', 'blue', 'x'],
      'USAGE_BAD_VALUE',
      'The option `--color` takes `auto`, `always` or `never`, not `blue`',
      undefined,
    ],
    [
      ['inspect', '--all=1', 'x'],
      'USAGE_OPTION_TAKES_NO_VALUE',
      'The option `--all` takes no value, and `--all=1` was given',
      undefined,
    ],
    [['inspect', 'a', 'b'], 'USAGE_EXTRA_ARGUMENT', '`mlmodel inspect` takes one argument, and `b` is one too many', undefined],
    [
      // What the shell makes of `-i *.csv`.
      ['predict', './model', '-i', 'a.csv', 'b.csv'],
      'USAGE_EXTRA_ARGUMENT',
      '`mlmodel predict` takes one argument, and `b.csv` is one too many',
      'For several files write `-i` before each, or a pattern in quotes, which the shell leaves whole: `-i "data/*.csv"`',
    ],
    [['inspect'], 'USAGE_NO_MODEL', '`mlmodel inspect` needs a model', undefined],
    [['inspect', 'a', '-m', 'b'], 'USAGE_TWO_MODELS', '`mlmodel inspect` takes one model, and 2 were given: `a`, `b`', undefined],
    [['completion'], 'USAGE_NO_SHELL', '`mlmodel completion` needs the name of a shell', undefined],
    [['completion', 'tcsh'], 'USAGE_NO_SHELL', 'No completion for the shell `tcsh`', undefined],
  ] as const) {
    test(`mlmodel ${args.join(' ')}: ${code}`, async () => {
      const { code: exit, stdout, stderr } = await runLine(args)
      assert.equal(exit, 2)
      assert.equal(stdout, '')
      const lines = stderr.split('\n')
      assert.equal(lines[0], `error: ${sentence}`)
      if (hint !== undefined) assert.equal(lines[1], `hint: ${hint}`)
      if (args[0] === 'completion') return
      // The same as one document, wherever --json stands.
      const document = await runLine(['--json', ...args])
      assert.equal(document.code, 2)
      assert.equal(document.stderr, '')
      const parsed = JSON.parse(document.stdout)
      assert.deepEqual(checkSchema('error', parsed), [])
      assert.equal(parsed.error.code, code)
      assert.equal(parsed.error.message, sentence)
    })
  }

  for (const { name } of commands.filter((entry) => entry.later)) {
    test(`${name} comes with a later version: typed error, exit code 2`, async () => {
      const { code, stdout, stderr } = await runLine([name, 'x'])
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.match(stderr, new RegExp(`^error: \`mlmodel ${name}\` comes with a later version`))
      assert.equal(JSON.parse((await runLine([name, 'x', '--json'])).stdout).error.code, 'COMMAND_LATER')
    })
  }

  test('an environment manager asks for Python, which comes later', async () => {
    for (const manager of ['virtualenv', 'uv', 'conda']) {
      const { code, stderr } = await runLine(['predict', 'x', '--env-manager', manager])
      assert.equal(code, 2)
      assert.match(stderr, new RegExp(`^error: \`--env-manager ${manager}\` asks for a Python environment`))
    }
  })

  test('what a person typed reaches the terminal escaped', async () => {
    const { stderr } = await runLine(['inspect', '--\u001b[2Jx\u202e', 'x'])
    assert.ok(!stderr.includes('\u001b') && !stderr.includes('\u202e'))
    assert.match(stderr, /\\u001b\[2Jx\\u202e/)
    const { stdout } = await runLine(['inspect', '--\u001b[2Jx\u202e\u009b', 'x', '--json'])
    assert.ok(!/[\u001b\u202e\u009b]/.test(stdout))
    assert.equal(JSON.parse(stdout).error.message, '`mlmodel inspect` has no option `--\u001b[2Jx\u202e\u009b`')
  })
})

describe('colour', () => {
  const start = '\u001b['
  for (const [title, args, options, colored] of [
    ['not in a pipe', [], {}, false],
    ['on a terminal', [], { isTTY: true }, true],
    ['not with NO_COLOR', [], { isTTY: true, variables: { NO_COLOR: '1' } }, false],
    ['an empty NO_COLOR does not count', [], { isTTY: true, variables: { NO_COLOR: '' } }, true],
    ['not on a dumb terminal', [], { isTTY: true, variables: { TERM: 'dumb' } }, false],
    ['--color never', ['--color', 'never'], { isTTY: true }, false],
    ['--color=always', ['--color=always'], {}, true],
    ['--color always beats NO_COLOR', ['--color', 'always'], { variables: { NO_COLOR: '1' } }, true],
    ['FORCE_COLOR', [], { variables: { FORCE_COLOR: '1' } }, true],
  ] as const) {
    test(title, async () => {
      const { stderr } = await runLine(['inspect', 'no/such/model', ...args], options)
      assert.equal(stderr.includes(start), colored)
    })
  }
})

describe('streams', () => {
  test('a closed pipe is no failure', async () => {
    const stdout = new PassThrough()
    const failing = new PassThrough()
    failing.write = () => {
      queueMicrotask(() => failing.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })))
      return false
    }
    const terminal = { stdin: Readable.from([]), stdout: failing, stderr: stdout, environment: readEnvironment({}) }
    assert.equal(await main(['--help'], terminal), 0)
  })

  for (const args of [['--help'], ['--help', '--json']]) {
    test(`another failure of the stream is told: ${args.join(' ')}`, async () => {
      const full = new PassThrough()
      full.write = () => {
        queueMicrotask(() => full.emit('error', Object.assign(new Error('no space'), { code: 'ENOSPC', syscall: 'write' })))
        return false
      }
      const chunks: string[] = []
      const stderr = new PassThrough()
      stderr.on('data', (chunk) => chunks.push(String(chunk)))
      assert.equal(await main(args, { stdin: Readable.from([]), stdout: full, stderr, environment: readEnvironment({}) }), 2)
      assert.match(chunks.join(''), /^error: The system refused: the disk is full/)
    })
  }

  test('a write waits for a slow reader', async () => {
    const slow = new PassThrough({ highWaterMark: 16 })
    const outlet = openOutlet(slow)
    let done = false
    const writing = outlet.write('x'.repeat(100)).then(() => {
      done = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(done, false)
    slow.resume()
    await writing
    assert.equal(done, true)
  })
})

describe('guess', () => {
  test('a swap of neighbours is one edit', () => assert.equal(editDistance('inpsect', 'inspect'), 1))
  test('far words get no guess', () => assert.equal(guess('--bogus', ['--output', '--input', '-o']), undefined))
  test('short words are not guessed from one letter', () => assert.equal(guess('x', ['env']), undefined))
  test('a beginning counts when it is the only one', () => {
    assert.equal(guess('--model', ['--model-uri', '--color']), '--model-uri')
    assert.equal(guess('--output', ['--output-path', '--output-format']), undefined)
  })
})
