import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plain } from '../../src/cli/ink.ts'
import { errorDocument, renderError } from '../../src/cli/report.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { parseSignature } from '../../src/signature.ts'

const inputs = ['age', 'income'].map((name) => ({ name, type: 'long', required: true }))
const signature = parseSignature(new Map([['inputs', JSON.stringify(inputs)]]), { file: 'MLmodel' })!

function refusal(body: string, contentType = 'text/csv'): MlmodelError {
  try {
    readRequest(Buffer.from(body), contentType, signature, { mode: 'strict', name: 'people' })
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String(error))
    return error
  }
  throw new Error('nothing was thrown')
}

const lines = (error: MlmodelError, verbose = false) => renderError(error, plain, verbose).trimEnd().split('\n')
const wholeNumber = 'Write a whole number; for fractions or missing values the model must be logged with a `double` column'

describe('an error that stands for problems', () => {
  test('of one: its sentence once, its place, what to do', () => {
    assert.deepEqual(lines(refusal('age,income\n1,2\n1.5,3\n')), [
      'error: `1.5` is not a long: it has a fraction',
      '  at: people:3, row 2, column `age`',
      `hint: ${wholeNumber}`,
    ])
  })

  test('of several: each with its place, the same hint once', () => {
    const error = refusal('age,incom\nx,2\ny,3\n')
    assert.deepEqual(lines(error), [
      'error: The input cannot be read as the signature asks: 3 problems',
      '  at: people',
      "  line 1: The model's input column `income` is missing; `incom` is not in the signature",
      '  line 2, row 1, column `age`: `x` is not a long',
      '  line 3, row 2, column `age`: `y` is not a long',
      'hint: Rename `incom` to `income`: names are compared exactly, upper and lower case and spaces included',
      `hint: ${wholeNumber}`,
    ])
    const { problems, hint } = (errorDocument(error) as { error: { problems: { hint: string }[]; hint: string } }).error
    assert.deepEqual(
      problems.map((problem) => problem.hint),
      [hint.split('\n')[0], wholeNumber, wholeNumber],
    )
  })

  test('of very many: the first, and how many more there are', () => {
    const error = refusal(`age,income\n${'x,1\n'.repeat(150)}`)
    assert.equal(
      lines(error).find((line) => line.includes('more')),
      '  and 130 more; `--verbose` lists 100',
    )
    assert.equal(
      lines(error, true).find((line) => line.includes('more')),
      '  and 50 more',
    )
  })

  test("a stranger's text is escaped", () => {
    assert.match(lines(refusal('age,income\n1,2\n"\u001b[31m",3\n'))[0]!, /^error: `\\u001b\[31m` is not a long$/)
  })
})

test('JSON: the file, by row and column in the order of the text, and what stands around a slip', () => {
  const rows = [
    { age: 'x', income: 1 },
    { age: 1, income: 'y' },
    { age: 'z', income: 2 },
  ]
  const error = refusal(JSON.stringify({ dataframe_records: rows }), 'application/json')
  assert.deepEqual(
    error.problems.map(({ where }) => [where.file, where.row, where.column]),
    [
      ['people', 1, 'age'],
      ['people', 2, 'income'],
      ['people', 3, 'age'],
    ],
  )
  const slip = refusal('{"dataframe_split": {"columns": ["age"], "data": [[1,]]}}', 'application/json')
  assert.deepEqual([slip.code, slip.where.file], ['JSON_SYNTAX', 'people'])
  assert.match(slip.hint!, /^Look at `\]\]\}\}`, behind `.*\[\[1,`$/)
})
