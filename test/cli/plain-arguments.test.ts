/** The short way to read arguments against commander: it gives the same, or nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Command } from '../../src/cli/command.ts'
import { command as inspect } from '../../src/cli/inspect.ts'
import { optionNames, parseArguments } from '../../src/cli/parse.ts'
import { readPlainArguments } from '../../src/cli/plain-arguments.ts'
import { command as predict } from '../../src/cli/predict.ts'

function agrees(command: Command, args: readonly string[]): boolean {
  const plain = readPlainArguments(command, args)
  if (plain === undefined) return false
  assert.deepEqual(plain, parseArguments(command, args), args.join(' '))
  return true
}

test('what is written most is read', () => {
  assert.ok(agrees(inspect, ['model']))
  assert.ok(agrees(inspect, ['-m', 'model', '--json', '-v']))
  assert.ok(agrees(predict, ['model', '-i', 'a.csv', '--input', 'b.csv', '-o', 'out.csv', '--output-format', 'csv']))
  assert.ok(agrees(predict, ['--help']))
})

test('everything else is left to commander', () => {
  for (const args of [['-'], ['--'], ['-jv'], ['--json=1'], ['--nothing'], ['-m'], ['-m', '-x'], ['a', 'b'], ['--format', 'xml']])
    assert.equal(readPlainArguments(inspect, args), undefined, args.join(' '))
  assert.equal(readPlainArguments(predict, ['model', '--threads', '1']), undefined)
})

test('any arguments', () => {
  for (const command of [inspect, predict]) {
    const names = Object.entries(command.options).flatMap(([name, option]) => optionNames(name, option))
    const argument = fc.oneof(
      fc.constantFrom(...names, '-', '--', 'model', 'a.csv', 'json', 'csv', 'mlflow', 'always', '', '--__proto__', '-1'),
      fc.constantFrom(...names.map((name) => `${name}=x`), ...names.map((name) => name.slice(1))),
    )
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 6 }), (args) => {
        agrees(command, args)
      }),
      { numRuns: 1000, interruptAfterTimeLimit: 20_000 },
    )
  }
})
