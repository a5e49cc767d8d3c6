import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))

test('README.md shows the real output of its commands', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/readme.mjs'], { cwd: root, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})
