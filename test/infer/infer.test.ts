/** Every sample of test/fixtures/infer as real MLflow's infer_signature answers it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import type { CellMap } from '../../src/batch.ts'
import { bytesSource } from '../../src/data/source.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { inferSignature, readSample, type SampleKind } from '../../src/infer/index.ts'
import { parseJson } from '../../src/json.ts'
import { parseSignature, signatureToJson } from '../../src/signature.ts'

interface Line {
  readonly name: string
  readonly format: string
  readonly as?: SampleKind
  readonly params?: string
  readonly text?: string
  readonly base64?: string
  readonly expected?: { readonly inputs: string | null; readonly outputs: string | null; readonly params: string | null }
  readonly error?: string
  /** MLflow found no schema. */
  readonly any?: true
}

const root = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`)
const lines = readFileSync(new URL('test/fixtures/infer/infer.jsonl', root), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Line)

async function inferred(line: Line) {
  const bytes = line.text === undefined ? Buffer.from(line.base64!, 'base64') : Buffer.from(line.text)
  const { sample, params } = await readSample(bytesSource(bytes, 'sample'), { format: line.format, as: line.as })
  const given = line.params === undefined ? params : (parseJson(line.params).value as CellMap)
  return inferSignature({ inputs: sample, params: given })
}

describe('inferred signatures are MLflow’s', () => {
  assert.ok(lines.length >= 60)
  for (const line of lines) {
    test(`${line.format}: ${line.name}`, async () => {
      if (line.expected === undefined) {
        await assert.rejects(inferred(line), (error) => error instanceof MlmodelError && /^INFER_/.test(error.code))
        return
      }
      const { signature, warnings } = await inferred(line)
      assert.deepEqual(signatureToJson(signature), line.expected)
      assert.equal(
        warnings.some((warning) => warning.startsWith('no type fits')),
        line.any === true,
      )
      // What is written is read again.
      const { inputs, params } = signatureToJson(signature)
      assert.ok(
        parseSignature(
          new Map([
            ['inputs', inputs],
            ['params', params],
          ]),
          {},
        ) !== undefined,
      )
    })
  }
})

describe('inference', () => {
  const infer = async (text: string, format = 'csv') =>
    inferSignature({ inputs: (await readSample(bytesSource(Buffer.from(text), 'x'), { format })).sample })

  test('a CSV is looked at to its end', async () => {
    const rows = Array.from({ length: 40_000 }, (_, row) => `${row},${row < 39_999 ? '' : 'x'},${row === 39_998 ? '' : 'y'}`)
    const { signature } = await infer(`a,b,c\n${rows.join('\n')}\n`)
    assert.equal(
      signatureToJson(signature).inputs,
      '[{"type": "long", "name": "a", "required": true}, {"type": "string", "name": "b", "required": false}, {"type": "string", "name": "c", "required": false}]',
    )
  })

  test('outputs and inputs alike; integers of inputs get a hint', async () => {
    const table = (await readSample(bytesSource(Buffer.from('a\n1\n'), 'x'), { format: 'csv' })).sample
    const { signature, warnings } = inferSignature({ inputs: table, outputs: table })
    assert.equal(signatureToJson(signature).outputs, '[{"type": "long", "name": "a", "required": true}]')
    assert.equal(warnings.length, 1)
    assert.match(warnings[0]!, /^`a`: a whole number cannot be missing later/)
  })

  test('what is no data of Python’s is an error, with the file', async () => {
    const ragged = Buffer.from('[[1], [2, 3]]')
    const attempt = readSample(bytesSource(ragged, 'ragged.json'), { format: 'json', as: 'array' })
    await assert.rejects(attempt, { code: 'INFER_DATA', where: { file: 'ragged.json' } })
  })
})
