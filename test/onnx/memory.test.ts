import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Frame } from '../../src/batch.ts'
import { openOnnx } from '../../src/onnx/open.ts'

// Made with onnx.helper: y = Neg(x); its outputs are y and x itself, which is what was given.
const model = 'CAg6SQoLCgF4EgF5IgNOZWcSAWdaEQoBeBIMCgoIARIGCgAKAggDYhEKAXkSDAoKCAESBgoACgIIA2IRCgF4EgwKCggBEgYKAAoCCANCBAoAEA0='

test('answers do not change when the next table takes the memory of the matrix', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-memory-'))
  context.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'model.onnx'), Buffer.from(model, 'base64'))
  const opened = await openOnnx(folder, 'model.onnx', { threads: 1 })
  const table = (start: number): Frame => ({
    kind: 'frame',
    rows: 2,
    columns: [0, 1, 2].map((name) => ({ name, dtype: 'float64', values: Float64Array.of(start + name, start + name + 10) })),
  })
  const first = opened.predict(table(1), { strict: false }) as Frame
  const second = opened.predict(table(100), { strict: false }) as Frame
  const smaller = opened.predict({ ...table(7), rows: 1 }, { strict: false }) as Frame
  opened.close()
  const valuesOf = ({ columns }: Frame) => columns.map(({ values }) => Array.from(values as Float32Array))
  assert.deepEqual(valuesOf(first), [
    [-1, -2, -3, -11, -12, -13],
    [1, 2, 3, 11, 12, 13],
  ])
  assert.deepEqual(valuesOf(second)[1], [100, 101, 102, 110, 111, 112])
  assert.deepEqual(valuesOf(smaller)[1], [7, 8, 9])
})
