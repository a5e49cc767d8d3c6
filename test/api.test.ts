import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))

test('docs/api.md is what the doc blocks say', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/api.mjs'], { cwd: root, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
})
