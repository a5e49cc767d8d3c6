import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { canonicalText } from './canonical.ts'
import { type Case, predict } from './predict.ts'
import { repository } from './repository.ts'
import { isBase64 } from './rules/l11.ts'
import { contentTypeOf } from './rules/x7.ts'

const fixtures = join(repository, 'test/fixtures/conformance/enforce.jsonl')
const cases = new Map(
  readFileSync(fixtures, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const given = JSON.parse(line) as Case & { id: string }
      return [given.id.slice(4), given] as const
    }),
)

function say(given: Case): string {
  const prediction = predict(given)
  if (prediction === undefined) return 'as MLflow'
  const { rule, answer } = prediction
  if (answer === undefined) return rule
  return `${rule} ${answer.ok ? canonicalText(answer.parsed) : `HTTP ${answer.status}`}`
}

// What the closed list of design decision 6 says of bodies that real MLflow answered, worked out by hand.
const expected: readonly (readonly [string, string])[] = [
  ['00443', 'L1 HTTP 400'],
  ['00254', 'L2 HTTP 400'],
  ['01492', 'L2 HTTP 400'],
  ['00089', 'L3 HTTP 400'],
  ['01190', 'L4 2 rows: a.b string["a", null]'],
  ['03108', 'L4 HTTP 400'],
  ['01449', 'L5 HTTP 400'],
  ['01500', 'L5 HTTP 400'],
  ['00875', 'L6 HTTP 400'],
  ['03416', 'L6 HTTP 400'],
  ['03532', 'L7 HTTP 400'],
  ['02997', 'L8 1 rows: age object[["a", null]]'],
  ['01061', 'L10 2 rows: 0 string["9007199254740993", "5"]'],
  ['01213', 'L10 HTTP 400'],
  ['01334', 'L11 HTTP 400'],
  ['03584', 'L12 HTTP 400'],
  ['03065', 'X1 1 rows: x object[[1.0, 2.0]]'],
  ['03734', 'X2 1 rows: v datetime64[moment:1577836800000000000]'],
  ['03045', 'X3 1 rows: 0 object[[1, 2]]'],
  ['02979', 'X4 {c0: int64[2,2] [-2, -2, 9007199254740993, 9007199254740993]}'],
  ['03490', 'X7 1 rows: x float64[1.5]; n int64[2]'],
  ['03560', 'X8 HTTP 400'],
  // 0.1 is no float32: not exact, so refused as MLflow does.
  ['03086', 'as MLflow'],
  ['03549', 'as MLflow'],
  ['00460', 'as MLflow'],
  ['00223', 'as MLflow'],
  ['01707', 'as MLflow'],
  ['02654', 'as MLflow'],
  ['03003', 'as MLflow'],
]
for (const [id, answer] of expected)
  test(`the prediction for case ${id}: ${answer}`, () => assert.equal(say(cases.get(id)!), answer))

test('base64 may hold line breaks, and nothing else that is not its own', () => {
  for (const text of ['', 'YQ==', 'aGVsbG8=\n', 'aGVs\nbG8=', 'AAEC']) assert.ok(isBase64(text), text)
  for (const text of ['2021-03-04', 'YQ==YQ==', 'YW Jj', '_-8=', '=YQ=', 'YQ']) assert.ok(!isBase64(text), text)
})

test('X7 reads case, quotes and a trailing semicolon; other parameters and charsets stay 415', () => {
  for (const header of ['APPLICATION/JSON', 'application/json;', 'application/json; charset="utf-8"', 'Text/CSV']) {
    assert.ok(contentTypeOf(header).spelled, header)
  }
  for (const header of [
    'application/json',
    'text/csv; charset=utf-8',
    'text/plain',
    '',
    'application/json; charset=latin-1',
    'application/json; format=pandas-split',
  ]) {
    assert.ok(!contentTypeOf(header).spelled, header)
  }
})
