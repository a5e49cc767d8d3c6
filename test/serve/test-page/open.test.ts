/** `mlmodel serve --open`, with a program in the place of the one that opens browsers. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openBrowser } from '../../../src/runner/browser.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-open-'))
after(() => rmSync(folder, { recursive: true, force: true }))

describe('--open', { skip: process.platform !== 'linux' && 'xdg-open is of Linux' }, () => {
  for (const [args, path] of [
    [[], '/'],
    [['--protocol', 'azureml'], '/test'],
    [['-h', '0.0.0.0', '-q'], '/'],
  ] as const) {
    test(`opens the page of \`serve ${args.join(' ')}\``, async () => {
      const pipe = join(folder, 'opened')
      rmSync(pipe, { force: true })
      execFileSync('mkfifo', [pipe])
      writeFileSync(join(folder, 'xdg-open'), `#!/bin/sh\nprintf '%s|' "$@" > '${pipe}'\n`, { mode: 0o755 })
      const command = [join(root, 'bin/mlmodel.js'), 'serve', join(root, 'examples/penguins/model'), '-p', '0', '--open', ...args]
      const server = spawn(process.execPath, command, {
        stdio: 'ignore',
        env: { ...process.env, PATH: `${folder}${delimiter}${process.env['PATH']}` },
      })
      try {
        const ended = once(server, 'exit').then(() => assert.fail('the server ended'))
        const opened = await Promise.race([readFile(pipe, 'utf8'), ended])
        const host = args.some((each) => each === '0.0.0.0') ? 'localhost' : '127\\.0\\.0\\.1'
        assert.match(opened, new RegExp(`^http://${host}:\\d+${path}\\|$`))
        const page = await fetch(opened.slice(0, -1))
        assert.match(await page.text(), /<title>Test page/)
        ended.catch(() => {})
      } finally {
        server.kill()
      }
    })
  }

  test('a machine without such a program', async () => {
    const before = process.env['PATH']
    process.env['PATH'] = folder
    rmSync(join(folder, 'xdg-open'), { force: true })
    try {
      assert.equal(await openBrowser('http://localhost/'), '`xdg-open` cannot be started')
    } finally {
      process.env['PATH'] = before
    }
  })
})
