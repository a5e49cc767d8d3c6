/** JSON Lines told from JSON by the first row, however long it is and whatever its text holds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { detectFormat, headBytes } from '../../src/data/format.ts'

const told = (text: string, name = 'standard input') => detectFormat(Buffer.from(text).subarray(0, headBytes), name)

test('two objects, one on each line, are JSON Lines; one document over several lines is JSON', () => {
  const row = JSON.stringify(Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`column ${at}`, at])))
  for (const [text, format] of [
    ['{"a": 1}\n{"a": 2}\n', 'jsonl'],
    ['\ufeff{"a": 1}\r\n\r\n{"a": 2}', 'jsonl'],
    [`${row}\n${row}\n`, 'jsonl'],
    ['{"a": "}\\n{"}\n', 'json'],
    ['{"a": "\\"}"}\n{"a": "x"}', 'jsonl'],
    ['{"a": [{"b": 1}, {"b": 2}]}\n{}', 'jsonl'],
    ['{"a": 1}\n', 'json'],
    ['{"a":\n{"b": 1}}\n', 'json'],
    ['{"a": 1} {"a": 2}', 'json'],
    ['[{"a": 1},\n{"a": 2}]', 'json'],
    ['{\n"dataframe_split": {}}', 'json'],
    [`{"a": "${'x'.repeat(headBytes)}"}\n{"a": 1}`, 'json'],
  ] as const)
    assert.equal(told(text), format, text.slice(0, 40))
  assert.equal(told('{"a": 1}\n', 'x.jsonl'), 'jsonl')
})

test('what JSON.stringify writes, line by line', () => {
  const record = fc.dictionary(fc.string(), fc.jsonValue())
  fc.assert(
    fc.property(fc.array(record, { minLength: 2, maxLength: 3 }), record, (records, one) => {
      assert.equal(told(records.map((each) => JSON.stringify(each)).join('\n')), 'jsonl')
      assert.equal(told(JSON.stringify({ dataframe_records: records, one }, undefined, 1)), 'json')
    }),
  )
})
