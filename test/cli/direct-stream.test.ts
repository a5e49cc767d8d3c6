/** What a command writes arrives whole, however slowly it is read. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

const module = JSON.stringify(new URL('../../src/cli/direct-stream.js', import.meta.url).href)
const script = `import { directStream } from ${module}
let opened = 0
const stream = directStream(1, () => { opened++; return process.stdout })
for (let line = 0; line < 40000; line++) stream.write('line ' + line + '\\n')
process.on('exit', () => process.stderr.write(String(opened)))`
const expected = Array.from({ length: 40_000 }, (_, line) => `line ${line}\n`).join('')

test('to a reader that is slow', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let opened = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    opened += chunk
  })
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    if (text === '') await pause(300)
    text += chunk
  }
  assert.equal(text, expected)
  if (child.exitCode === null) await new Promise((resolve) => child.on('close', resolve))
  assert.ok(opened === '0' || opened === '1', opened)
})

test('to a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-'))
  try {
    const file = openSync(join(folder, 'out'), 'w')
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', file, 'ignore'] })
    assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0)
    closeSync(file)
    assert.equal(readFileSync(join(folder, 'out'), 'utf8'), expected)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
