import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Frame } from '../../../src/batch.ts'
import type { CsvOptions, CsvPlan, CsvType } from '../../../src/data/csv/plan.ts'
import { readCsv, readCsvBytes } from '../../../src/data/csv/read.ts'
import { bytesSource, fileSource, type Source, streamSource } from '../../../src/data/source.ts'
import { type ErrorCode, MlmodelError } from '../../../src/errors/index.ts'
import { defaultLimits } from '../../../src/limits.ts'
import { asPandas, plainFrames, planOf, readingCases } from './pandas.ts'

const cases = readingCases()

/**
 * pandas re-reads the whole column in another way where a typed column does not parse, and there loses digits: integers of
 * more than 64 bits pass as Python's, with their underscores, or saturate. We refuse the cell.
 */
function isRefusedByUs(body: string): boolean {
  return /\d{19}/.test(body) && /\d_\d|\.|e/.test(body)
}

function read(body: string | Uint8Array, plan: CsvPlan): Frame {
  return readCsvBytes(Buffer.from(body as string), 'test.csv', plan)
}

async function readAll(source: Source, plan: CsvPlan, options: CsvOptions = {}): Promise<Frame[]> {
  const frames: Frame[] = []
  for await (const frame of readCsv(source, plan, options)) frames.push(frame)
  return frames
}

function failure(action: () => unknown): MlmodelError {
  try {
    action()
  } catch (error) {
    if (error instanceof MlmodelError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

const typed = (types: Readonly<Record<string, CsvType>>, more: Partial<CsvPlan> = {}): CsvPlan => ({
  typeOf: (name) => types[name],
  ...more,
})

describe('CSV as pandas reads it', () => {
  test(`${cases.length} texts, typed and untyped`, () => {
    for (const { body, dtype, error, names, columns, index } of cases) {
      const label = JSON.stringify({ body, dtype })
      let ours: Frame | MlmodelError
      try {
        ours = read(body, planOf(dtype))
      } catch (thrown) {
        assert.ok(thrown instanceof MlmodelError, `${label}: ${thrown}`)
        ours = thrown
      }
      if (ours instanceof MlmodelError) {
        if (error === undefined && !isRefusedByUs(body)) assert.fail(`${label}: ${ours.message}`)
        continue
      }
      assert.equal(error, undefined, label)
      assert.deepEqual(plainFrames([ours]), { names, columns, index }, label)
    }
  })

  test('the same whatever the size of blocks and frames', async () => {
    for (const { body, dtype } of cases.filter((_, at) => at % 3 === 0)) {
      const plan = planOf(dtype)
      const label = JSON.stringify({ body, dtype })
      for (const [blockBytes, batchRows] of [
        [1, 1],
        [3, 2],
        [1 << 20, 1 << 20],
      ] as const) {
        let whole: Frame
        try {
          whole = read(body, plan)
        } catch (error) {
          const code = (error as MlmodelError).code
          await assert.rejects(
            readAll(bytesSource(Buffer.from(body), 'test.csv'), plan, { blockBytes, batchRows }),
            { code },
            label,
          )
          continue
        }
        const frames = await readAll(bytesSource(Buffer.from(body), 'test.csv'), plan, { blockBytes, batchRows })
        const pieces = plainFrames(frames)
        // Whether a renamed text column has any text is known only at its end.
        if (!/^a,a/.test(body)) assert.deepEqual(pieces, plainFrames([whole]), label)
        assert.ok(frames.every(({ rows }) => rows <= batchRows))
      }
    }
  })

  test('any bytes end in a frame or in one of our errors', () => {
    const alphabet = fc.constantFrom(
      'a',
      '1',
      '-',
      '.',
      'e',
      '"',
      '"',
      ',',
      ',',
      '\n',
      '\n',
      '\r',
      ' ',
      '\t',
      'é',
      '\0',
      'NA',
      '9'.repeat(20),
    )
    const plan = typed({ a: 'double', '1': 'long' }, asPandas)
    fc.assert(
      fc.property(
        fc.array(alphabet, { maxLength: 60 }),
        fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 4 }),
        (pieces, raw) => {
          const body = Buffer.concat([Buffer.from(pieces.join('')), Buffer.from(raw)])
          try {
            read(body, plan)
          } catch (error) {
            assert.ok(error instanceof MlmodelError, String(error))
          }
        },
      ),
      { numRuns: 2000, interruptAfterTimeLimit: 20_000 },
    )
  })
})

describe('strict CSV', () => {
  const wrong: readonly [string, ErrorCode, string, CsvPlan, Record<string, unknown>][] = [
    ['no header', 'CSV_EMPTY', '\n \n', typed({}), { file: 'test.csv' }],
    ['fraction', 'CSV_VALUE', 'a\n1\n1.5\n', typed({ a: 'long' }), { row: 2, column: 'a', line: 3 }],
    ['text', 'CSV_VALUE', 'a,b\n1,x\n', typed({ b: 'double' }), { row: 1, column: 'b', line: 2 }],
    ['missing integer', 'CSV_MISSING_VALUE', 'a,b\n1,\n', typed({ b: 'integer' }), { row: 1, column: 'b' }],
    ['missing boolean in a short row', 'CSV_MISSING_VALUE', 'a,b\n1\n', typed({ b: 'boolean' }), { row: 1, column: 'b' }],
    ['int32 range', 'CSV_VALUE', 'a\n2147483648\n', typed({ a: 'integer' }), { row: 1 }],
    ['float32 range', 'CSV_OVERFLOW', 'a\n1\n1e39\n', typed({ a: 'float' }), { row: 2, column: 'a' }],
    ['float64 range', 'CSV_OVERFLOW', 'a\n1e400\n', typed({ a: 'double' }), { row: 1, column: 'a' }],
    ['words after numbers', 'CSV_MIXED_COLUMN', 'a\n1\nTrue\n', typed({ a: 'double' }), { row: 2 }],
    ['numbers after words', 'CSV_MIXED_COLUMN', 'a\nTrue\n1\n', typed({ a: 'boolean' }), { row: 2 }],
    ['first row longer', 'CSV_FIRST_ROW_LONGER', 'a,b\n1,2,3\n', typed({}), { row: 1 }],
    ['long row', 'CSV_LONG_ROW', 'a,b\n1,2\n\n"x\ny",2,3\n', typed({}), { row: 2, line: 4 }],
    ['duplicate', 'CSV_DUPLICATE_COLUMN', 'a,b,a\n', typed({}), { column: 'a', line: 1 }],
    ['unclosed', 'CSV_UNCLOSED_QUOTE', 'a\n1\n"2\n', typed({}), { row: 2 }],
    ['NUL', 'CSV_NUL', 'a\n1\0\n', typed({}), { byte: 3 }],
    ['datetime as pandas', 'CSV_DATETIME', 'a\n2020-01-01\n', typed({ a: 'datetime' }), { row: 1 }],
    ['no datetime', 'CSV_VALUE', 'a\nx\n', typed({ a: 'datetime' }, { datetime: () => undefined }), { row: 1 }],
  ]
  for (const [name, code, body, plan, where] of wrong) {
    test(name, () => {
      const thrown = failure(() => read(body, plan))
      assert.ok(thrown.problems.length <= 1)
      const error = thrown.problems[0] ?? thrown
      assert.equal(error.code, code)
      for (const [key, value] of Object.entries(where)) assert.equal(error.where[key as keyof typeof error.where], value, key)
      assert.deepEqual(thrown.where, error.where)
      assert.ok(thrown.message.length > 10 && !thrown.message.endsWith('.'))
      assert.ok((thrown.hint ?? '').length > 10)
    })
  }

  test('a datetime column is read by the plan, NA is missing', () => {
    const plan = typed({ a: 'datetime' }, { datetime: (text) => BigInt(Date.parse(text)) * 1_000_000n })
    const [column] = read('a,b\n1969-12-31T23:59:59Z,1\nNA,2\n2020-01-01,3\n', plan).columns
    assert.deepEqual([...(column!.values as BigInt64Array)], [-1_000_000_000n, -(2n ** 63n), 1_577_836_800_000_000_000n])
  })

  test('skipped columns are not in the frame and not looked at', () => {
    const frame = read('a,b,c\nx,"1",2\n"y,z",3,4\n', typed({ a: 'skip', b: 'long', c: 'double' }))
    assert.deepEqual(
      frame.columns.map(({ name, values }) => [name, ...(values as ArrayLike<unknown> as unknown[])]),
      [
        ['b', 1n, 3n],
        ['c', 2, 4],
      ],
    )
  })

  test('bytes that are no UTF-8 name their place and what they look like', () => {
    const latin = failure(() => read(Buffer.from('a\ncaf\xe9\n', 'latin1'), typed({ a: 'string' })))
    assert.deepEqual([latin.code, latin.where.byte], ['CSV_UTF8', 5])
    const wide = failure(() => read(Buffer.from('\ufeffa\n1\n', 'utf16le'), typed({})))
    assert.match(wide.message, /UTF-16/)
  })

  test('limits', () => {
    const limits = { ...defaultLimits, csvFieldBytes: 10, csvRowBytes: 1000, csvColumns: 3, arrayBytes: 100_000 }
    const open = (body: string, plan = typed({})) => failure(() => readCsvBytes(Buffer.from(body), 'test.csv', plan, limits))
    assert.equal(open(`a\n${'x'.repeat(11)}\n`, typed({ a: 'string' })).code, 'CSV_FIELD_LIMIT')
    assert.equal(open(`a\n"${'x'.repeat(11)}"\n`, typed({ a: 'string' })).code, 'CSV_FIELD_LIMIT')
    assert.equal(open('a,b,c,d\n').code, 'CSV_COLUMN_LIMIT')
    assert.equal(open(`a,b,c\n${'1\n'.repeat(10_000)}`, typed({ a: 'double', b: 'double', c: 'double' })).code, 'CSV_TABLE_LIMIT')
    assert.equal(open(`a\n"${'x,\n'.repeat(200_000)}`).code, 'CSV_ROW_LIMIT')
    // The first pass keeps nothing, and so has no such limit.
    const many = readCsvBytes(Buffer.from(`a,b,c\n${'x,,\n'.repeat(3000)}`), 'test.csv', typed({}), {
      ...limits,
      arrayBytes: 200_000,
    })
    assert.equal(many.rows, 3000)
  })
})

describe('sources', () => {
  test('a file, a stream and memory give the same, also where types are inferred', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mlmodel-test-'))
    try {
      const rows = Array.from({ length: 3000 }, (_, row) => `${row},${row / 7},${row % 100 === 99 ? '' : `n${row % 5}`}`)
      const body = `i,x,"t\n"\n${rows.join('\n')}\n`
      const path = join(directory, 'data.csv')
      writeFileSync(path, body)
      const whole = plainFrames([read(body, typed({}))])
      assert.deepEqual(
        whole.columns.map(({ dtype }) => dtype),
        ['int64', 'float64', 'str'],
      )
      const pieces = () => Readable.from((body.match(/[\s\S]{1,997}/g) ?? []).map((piece) => Buffer.from(piece)))
      for (const plan of [typed({}), typed({ i: 'long', x: 'double' }), typed({ i: 'long', x: 'double', 't\n': 'string' })]) {
        const expected = plainFrames([read(body, plan)])
        for (const source of [fileSource(path), streamSource(pieces(), '-'), bytesSource(Buffer.from(body), 'memory')]) {
          assert.deepEqual(plainFrames(await readAll(source, plan, { batchRows: 700, blockBytes: 4096 })), expected)
        }
      }
      const before = readdirSync(tmpdir()).filter((name) => name.startsWith('mlmodel-')).length
      const streamed = readCsv(streamSource(pieces(), '-'), typed({}), { batchRows: 10 })
      await streamed.next()
      await streamed.return(undefined)
      assert.ok(readdirSync(tmpdir()).filter((name) => name.startsWith('mlmodel-')).length <= before)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  test('what cannot be read is an error with its name', async () => {
    await assert.rejects(readAll(fileSource('/nowhere/x.csv'), typed({})), { code: 'SOURCE_NOT_FOUND', kind: 'not-found' })
    await assert.rejects(readAll(fileSource(tmpdir()), typed({})), { code: 'SOURCE_IS_DIRECTORY' })
  })

  test('frames stay what they are unless the plan lets them be reused', async () => {
    const source = bytesSource(Buffer.from('a\n1\n2\n3\n'), 'memory')
    const kept = await readAll(source, typed({ a: 'double' }), { batchRows: 1 })
    assert.deepEqual(
      kept.map(({ columns }) => columns[0]!.values[0]),
      [1, 2, 3],
    )
    const shared: unknown[] = []
    for await (const frame of readCsv(source, typed({ a: 'double' }), { batchRows: 1, reuse: true }))
      shared.push(frame.columns[0]!.values[0])
    assert.deepEqual(shared, [1, 2, 3])
  })
})

/** The corpus of awkward files beside the repository, where it is there; verdicts are in its manifest. */
const corpus = join(process.cwd(), '../shared/corpus')
test('the corpus of awkward files', { skip: !existsSync(corpus) }, () => {
  interface Line {
    readonly file: string
    readonly kind: string
    readonly verdict: string
    readonly pandas_rows?: number
    readonly pandas_dtypes?: string[]
  }
  const lines = readFileSync(join(corpus, 'manifest.jsonl'), 'utf8').trim().split('\n')
  for (const line of lines.map((text) => JSON.parse(text) as Line).filter(({ file }) => file.startsWith('csv/'))) {
    const action = () => readCsvBytes(readFileSync(join(corpus, line.file)), line.file, typed({}))
    if (line.verdict === 'reject') assert.ok(failure(action) instanceof MlmodelError, line.file)
    else {
      const frame = action()
      assert.equal(frame.rows, line.pandas_rows, line.file)
      assert.deepEqual(
        plainFrames([frame]).columns.map(({ dtype }) => dtype),
        line.pandas_dtypes,
        line.file,
      )
    }
  }
})
