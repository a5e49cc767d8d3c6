/** The judge of the command sees what it has to see. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { commandDifference, executableOf, isForCommand, runPredict } from './command.ts'

const folder = mkdtempSync(join(tmpdir(), 'mlmodel-test-'))
after(() => rmSync(folder, { recursive: true }))

/** A package whose command is this code. */
function packageOf(name: string, code: string): string {
  mkdirSync(join(folder, name, 'bin'), { recursive: true })
  writeFileSync(join(folder, name, 'bin', 'mlmodel.js'), code)
  return executableOf(join(folder, name))!
}

test('the same reply passes, another is a difference', async () => {
  const ended = await runPredict(packageOf('same', `console.log('{"predictions": [1.5]}')`), 'model', 'input.csv', 'strict')
  assert.equal(commandDifference(ended, '{"predictions": [1.5]}'), undefined)
  assert.match(commandDifference(ended, '{"predictions": [2.5]}')?.expected ?? '', /2\.5/)
  assert.match(commandDifference(ended, undefined)?.got ?? '', /exit code 0/)
})

test('a refusal is exit code 1, an error and no output', async () => {
  const refused = (code: number, out: string) =>
    runPredict(
      packageOf(
        `refused${code}${out.length}`,
        `console.error('error: no'); console.log(${JSON.stringify(out)}); process.exitCode = ${code}`,
      ),
      'model',
      'input.csv',
      'compat',
    )
  const silent = { ...(await refused(1, '')), stdout: '' }
  assert.equal(silent.code, 1)
  assert.equal(commandDifference(silent, undefined), undefined)
  assert.ok(commandDifference(silent, '{}') !== undefined)
  assert.ok(commandDifference(await refused(1, 'half'), undefined) !== undefined)
  assert.ok(commandDifference({ ...(await refused(2, '')), stdout: '' }, undefined) !== undefined)
})

test('the mode is given on, and each form is asked once', async () => {
  const echo = packageOf('echo', 'console.log(process.argv.slice(2).join(" "))')
  assert.equal((await runPredict(echo, 'm', 'f', 'compat')).stdout, 'predict m -i f --threads 1 --compat mlflow\n')
  assert.equal((await runPredict(echo, 'm', 'f', 'strict')).stdout, 'predict m -i f --threads 1\n')
  const asked = ['cli input.csv', 'predict input.npy', 'predict input.npz', 'invocations input.json']
  const unasked = ['invocations input.csv', 'invocations input.records.json', 'predict input.arrow', 'invocations input.parquet']
  const isAsked = (text: string) => isForCommand({ via: text.split(' ')[0], file: text.split(' ')[1] })
  assert.deepEqual([...asked, ...unasked].filter(isAsked), asked)
})
