/** Parquet and Arrow against pandas and pyarrow, and what MLflow's enforcement makes of the columns they bring. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Frame } from '../../src/batch.ts'
import { readArrow } from '../../src/data/arrow/read.ts'
import { readParquetBlocks } from '../../src/data/parquet/read.ts'
import { bytesSource } from '../../src/data/source.ts'
import { enforceTyped } from '../../src/enforce/index.ts'
import { parseJson } from '../../src/json.ts'
import { parseSchema } from '../../src/signature.ts'
import { readBytes, readJson, readTable, textsOfFrame, textsOfPandas } from './tables.ts'
import { files } from './written.ts'

describe('Parquet and Arrow as pandas reads them', () => {
  for (const [name, expected] of Object.entries(readJson('reading.json')) as [string, never][]) {
    const { rows, columns, summary } = expected as {
      rows: number
      columns: never[]
      summary?: { rows: number; x: number; s: string; last: string }
    }
    test(name, () => {
      const frame = readTable(name)
      if (summary !== undefined) {
        const [x, s] = frame.columns as unknown as [{ values: number[] }, { values: string[] }]
        assert.deepEqual(
          {
            rows: frame.rows,
            x: x.values.reduce((sum, value) => sum + value, 0),
            s: Array.from(s.values).join('').slice(0, 100),
            last: s.values.at(-1),
          },
          summary,
        )
        return
      }
      assert.equal(frame.rows, rows)
      assert.deepEqual(textsOfFrame(frame), textsOfPandas(columns))
    })
  }
})

describe('blocks of rows', () => {
  test('Parquet: pages and row groups that end elsewhere', () => {
    for (const name of ['pages.parquet', 'types-v2.parquet', 'types.parquet']) {
      const bytes = readBytes(name)
      const whole = textsOfFrame(readTable(name)).map((text) => text.split(' ').length)
      let rows = 0
      for (const frame of readParquetBlocks(bytes.length, (at, length) => bytes.subarray(at, at + length), { batchRows: 8 })) {
        rows += frame.rows
        assert.equal(frame.columns.length, whole.length)
      }
      assert.equal(rows, readTable(name).rows)
    }
  })

  test('Parquet: the values of blocks are those of the whole', () => {
    const bytes = readBytes('pages.parquet')
    const parts = [...readParquetBlocks(bytes.length, (at, length) => bytes.subarray(at, at + length), { batchRows: 24 })]
    const { columns } = readTable('pages.parquet')
    for (const [at, column] of columns.entries()) {
      const joined = parts.flatMap((part) => Array.from(part.columns[at]!.values as ArrayLike<unknown>))
      assert.deepEqual(joined.map(String), Array.from(column.values as ArrayLike<unknown>, String), String(column.name))
    }
  })

  test('Arrow: a batch at a time', async () => {
    const rows: number[] = []
    for await (const frame of readArrow(bytesSource(readBytes('types.arrows'), 'types.arrows'))) rows.push(frame.rows)
    assert.deepEqual(rows, [4, 4, 3])
  })
})

describe('columns of files and the signature, as MLflow enforces them', () => {
  const outcomes = readJson('enforce.json') as Record<string, Record<string, Record<string, { ok: boolean; column?: never }>>>
  for (const [file, columns] of Object.entries(outcomes)) {
    test(file, () => {
      const frame = readTable(file)
      const wrong: string[] = []
      for (const [name, types] of Object.entries(columns)) {
        const column = frame.columns.find((one) => String(one.name) === name)!
        for (const [type, outcome] of Object.entries(types)) {
          const found = outcomeOf({ kind: 'frame', rows: frame.rows, columns: [column] }, type)
          const wanted = outcome.ok ? textsOfPandas([outcome.column!])[0]! : 'refused'
          if (found !== wanted) wrong.push(`${name} for ${type}: ${found} where MLflow: ${wanted}`)
        }
      }
      assert.deepEqual(wrong, [])
    })
  }
})

function outcomeOf(frame: Frame, type: string): string {
  const array = /^array<(.+)>$/.exec(type)?.[1]
  const spec = {
    name: frame.columns[0]!.name,
    required: true,
    ...(array === undefined ? { type } : { type: 'array', items: { type: array } }),
  }
  const signature = { inputs: parseSchema(parseJson(JSON.stringify([spec])).value, {}) }
  try {
    const { data } = enforceTyped(frame, signature, 'compat')
    return textsOfFrame(data as Frame)[0]!
  } catch (error) {
    if ((error as { kind?: string }).kind === 'signature') return 'refused'
    throw error
  }
}

describe('what is written', () => {
  for (const [name, bytes] of files) {
    test(`${name} is the file that pandas read`, () =>
      assert.ok(bytes().equals(readBytes(name)), 'run check.py on the new file, then commit it'))
  }

  for (const [name, { columns }] of Object.entries(readJson('written.json')) as [string, { columns: never[] }][]) {
    test(`${name} is read here as pandas reads it`, () => assert.deepEqual(textsOfFrame(readTable(name)), textsOfPandas(columns)))
  }
})
