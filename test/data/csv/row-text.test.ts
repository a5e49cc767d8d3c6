/** The texts of rows are those that the reader reads: reading them again gives the same cells. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { CsvPlan } from '../../../src/data/csv/plan.ts'
import { readCsvBytes } from '../../../src/data/csv/read.ts'
import { openRowTexts } from '../../../src/data/csv/row-text.ts'
import { bytesSource } from '../../../src/data/source.ts'
import { MlmodelError } from '../../../src/errors/index.ts'

const plan: CsvPlan = { typeOf: () => 'string', duplicates: 'rename', implicitIndex: 'index', nul: 'keep' }

async function copy(text: string, rows: number): Promise<string> {
  const reader = await openRowTexts(bytesSource(Buffer.from(text), 'test'), plan, { safe: false })
  try {
    let result = ''
    for (;;) {
      const { header, bytes, ends } = await reader.take(rows)
      if (result === '') result = `${Buffer.from(header)}\n`
      ends.forEach((end, row) => {
        result += `${Buffer.from(bytes.subarray(row === 0 ? 0 : ends[row - 1], end))}\n`
      })
      if (ends.length < rows) return result
    }
  } finally {
    await reader.close()
  }
}

function cells(text: string): unknown {
  const { columns, rows, index } = readCsvBytes(Buffer.from(text), 'test', plan)
  return { rows, index, columns: columns.map(({ name, values }) => [name, values]) }
}

test('what is copied reads as the source', { timeout: 60_000 }, async () => {
  const piece = fc.constantFrom('a', '1.5', ',', ',', '"', '""', '\n', '\n', '\r\n', '\r', ' ', 'ä', '"x,\ny"', '\t')
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 24 }), fc.integer({ min: 1, max: 4 }), async (pieces, rows) => {
      const text = `h,"k",m\n${pieces.join('')}`
      let wanted: unknown
      try {
        wanted = cells(text)
      } catch (error) {
        assert.ok(error instanceof MlmodelError)
        return
      }
      // Row labels have no name in the source, and an empty one in the copy.
      if ((wanted as { index?: unknown }).index !== undefined) return
      assert.deepEqual(cells(await copy(text, rows)), wanted)
    }),
    { numRuns: 3000 },
  )
})

test('a row longer than a block, and one that ends with it', async () => {
  const long = 'x'.repeat(300_000)
  const text = `a,b\n"${long}",1\n${'y'.repeat(262_000)},2\nz,3`
  assert.equal(await copy(text, 2), `${text}\n`)
})

test('labels of rows without a name get an empty one', async () => {
  assert.equal(await copy('a,b\nr1,1,2\nr2,3,4\n', 10), ',a,b\nr1,1,2\nr2,3,4\n')
})
