/** Files of a model with pieces changed, moved and lost: whatever comes out is findings, and nothing of the prototype is touched. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { findingFix, findingMessage } from '../../src/finding/index.ts'
import { reportFinding } from '../../src/validate/report.ts'
import { validateModel } from '../../src/validate.ts'
import { copyModel } from './copy.ts'

const pieces = [
  'null',
  '[]',
  '{}',
  '5',
  '-1',
  '"x"',
  '~',
  '- a',
  '&a',
  '*a',
  '!!str',
  '__proto__: {a: 1}',
  '<<: *a',
  '../',
  '\0',
  '\t',
  'é',
  '1e400',
  "''",
  '|',
  '\ud800',
  ': ',
  '\n',
]

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.integer({ min: 0, max: 40 }),
  text: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 6 })),
})

for (const file of ['MLmodel', 'input_example.json', 'serving_input_example.json', 'model.onnx', 'conda.yaml']) {
  test(`${file} changed anywhere gives findings`, async (t) => {
    const model = copyModel(t)
    const original = readFileSync(join(model.folder, file))
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        let bytes = original
        for (const { at, length, text } of edits) {
          const start = Math.floor(at * bytes.length)
          bytes = Buffer.concat([bytes.subarray(0, start), Buffer.from(text), bytes.subarray(start + length)])
        }
        model.write(file, bytes)
        const { findings } = await validateModel(model.folder)
        for (const found of findings) {
          assert.equal(typeof findingMessage(found), 'string')
          assert.equal(typeof findingFix(found), 'string')
          JSON.stringify(reportFinding(found))
          assert.notEqual(found.where.file?.startsWith('/'), true)
        }
        assert.deepEqual(Object.keys(Object.prototype), [])
      }),
      { numRuns: 100 },
    )
  })
}
