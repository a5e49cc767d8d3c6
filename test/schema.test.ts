import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { checkSchema } from '../src/schema.ts'

test('the compiled schemas are what schemas/ compiles to', () => {
  execFileSync(process.execPath, [join('scripts', 'compile-schemas.mjs'), '--check'], { stdio: 'pipe' })
})

test('every schema has its checker', () => {
  for (const file of readdirSync('schemas').filter((name) => name.endsWith('.json'))) {
    const name = file
      .slice(0, -'.schema.json'.length)
      .replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) as Parameters<typeof checkSchema>[0]
    assert.ok(checkSchema(name, 5).length > 0, file)
  }
})

test('problems say where and what', () => {
  assert.deepEqual(checkSchema('mlmodel', { flavors: { onnx: { data: '../x' } } }), [
    { path: '/flavors/onnx/data', message: 'must NOT be valid' },
    { path: '/flavors/onnx/data', message: 'must match "then" schema' },
  ])
  assert.deepEqual(checkSchema('mlmodel', new Map([['model_size_bytes', 12n]])), [])
  assert.deepEqual(checkSchema('signature', { inputs: null, extra: 1 }), [{ path: '', message: 'must not have the key "extra"' }])
})
