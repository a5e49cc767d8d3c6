/** Lines put together as the body of a request, and errors with their place in the file. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readJsonLines } from '../../src/data/json-lines.ts'
import { bytesSource } from '../../src/data/source.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { parseJson } from '../../src/json.ts'

async function blocks(text: string, batchRows = 2) {
  const all = []
  for await (const block of readJsonLines(bytesSource(Buffer.from(text), 'x.jsonl'), { batchRows })) all.push(block)
  return all
}

const records = (body: Uint8Array) => JSON.parse(Buffer.from(body).toString('utf8')).dataframe_records

describe('JSON Lines', () => {
  test('each line is a record, in blocks', async () => {
    const found = await blocks('\uFEFF{"a": 1}\n{"a": "}]"}\r\n\n  {"a": {"b": [1]}}')
    assert.deepEqual(
      found.map(({ body }) => records(body)),
      [[{ a: 1 }, { a: '}]' }], [{ a: { b: [1] } }]],
    )
    assert.deepEqual(
      found.map(({ rows }) => rows),
      [2, 1],
    )
  })

  test('a file without records is a body without rows', async () => {
    assert.deepEqual(
      (await blocks('\n\n')).map(({ body }) => records(body)),
      [[]],
    )
  })

  for (const [text, why] of [
    ['{"a":1}]},{"b":[{}\n', 'something follows the object'],
    ['{"a":1},{"a":2}\n', 'something follows the object'],
    ['{"a":[1\n2]}\n', 'a bracket is not closed'],
    ['{"a":"x\n"}\n', 'a text does not end'],
    ['[1,2]\n', 'it does not begin with `{`'],
  ] as const) {
    test(`a line that is no object: ${JSON.stringify(text)}`, async () => {
      await assert.rejects(blocks(`{"a":0}\n${text}`), {
        code: 'JSON_LINES_RECORD',
        arguments: { why },
        where: { file: 'x.jsonl', line: 2 },
      })
    })
  }

  test('an error of the body has its line, row and path in the file', async () => {
    const [, second] = await blocks('{"a": 1}\n{"a": 2}\n\n{"a": 3}\n{"a": 4}\n')
    const error = new MlmodelError('JSON_LINES_RECORD', { why: '' }, { where: { path: '$.dataframe_records[1].a', row: 2 } })
    assert.deepEqual(second!.place(error).where, { file: 'x.jsonl', line: 5, row: 4, path: '$.a' })
  })

  test('a syntax error is told as of its line alone', async () => {
    const [block] = await blocks('{"a": 1}\n{"a": 1,}\n')
    assert.throws(
      () => {
        try {
          parseJson(block!.body)
        } catch (error) {
          throw block!.place(error as MlmodelError)
        }
      },
      {
        code: 'JSON_SYNTAX',
        arguments: { reason: 'Expecting property name enclosed in double quotes', line: 2, column: 9, character: 8 },
      },
    )
  })
})
