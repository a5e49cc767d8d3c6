/** How lists, types and sizes read. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plain } from '../../src/cli/ink.ts'
import { renderSchema, typeWords } from '../../src/cli/render-signature.ts'
import { displayWidth, table, truncate, wrap } from '../../src/cli/table.ts'
import { byteWords } from '../../src/cli/words.ts'

const options = { width: 80, ink: plain, all: false }
const columns = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ type: 'double', name: `x${index}`, required: true }))

describe('signatures', () => {
  test('a long one is abbreviated, with the count and the last columns', () => {
    const lines = renderSchema('Inputs', columns(500), options)
    assert.equal(lines[0], 'Inputs 500 columns')
    assert.ok(lines.length <= 16)
    assert.ok(lines.some((line) => /^ {2}x499 +double$/.test(line)))
    assert.match(lines.at(-1) ?? '', /^ {2}and 488 more columns \(--all lists them\)$/)
    // What is shown and what is left out make the whole.
    assert.equal(lines.filter((line) => /^ {2}x\d+ /.test(line)).length + 488, 500)
    assert.equal(renderSchema('Inputs', columns(500), { ...options, all: true }).length, 501)
  })
  test('one that nearly fits is shown whole', () => {
    assert.equal(renderSchema('Inputs', columns(15), options).length, 16)
  })
  test('types in words', () => {
    assert.equal(typeWords({ type: 'array', items: { type: 'map', values: { type: 'long' } } }), 'array of map of long')
    assert.equal(
      typeWords({
        type: 'object',
        properties: { a: { type: 'string', required: true }, b: { type: 'double', required: false } },
      }),
      'object {a: string, b?: double}',
    )
    assert.equal(typeWords({ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 4] } }), 'float32 [any, 4]')
    assert.equal(typeWords({ type: 'tensor', 'tensor-spec': { dtype: 'str', shape: [] } }), 'str []')
  })
  test('names that could be mistaken stand in quotes', () => {
    const lines = renderSchema(
      'Inputs',
      ['', ' ', '0', 'a b', 'line\nbreak'].map((name) => ({ type: 'double', name, required: true })),
      options,
    )
    assert.deepEqual(
      lines.slice(1).map((line) => line.replace(/ +double$/, '').slice(2)),
      ['""', '" "', '"0"', 'a b', 'line\\nbreak'],
    )
  })
})

describe('sizes', () => {
  for (const [bytes, words] of [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [99_949, '99.9 kB'],
    [99_951, '100 kB'],
    [999_950, '1.0 MB'],
    [2_500_000_000, '2.5 GB'],
  ] as const) {
    test(`${bytes} is ${words}`, () => assert.equal(byteWords(bytes), words))
  }
})

describe('widths', () => {
  test('wide and combining characters', () => {
    assert.equal(displayWidth('日本'), 4)
    assert.equal(displayWidth('e\u0301'), 1)
    assert.equal(displayWidth('a🙂'), 3)
    assert.equal(truncate('日本語', 5), '日本…')
  })
  test('words are kept whole where they can be', () => {
    assert.deepEqual(wrap('one two three', 7), ['one two', 'three'])
    assert.deepEqual(wrap('abcdefghij', 4), ['abcd', 'efgh', 'ij'])
    assert.deepEqual(wrap('', 10), [''])
    assert.deepEqual(wrap('日本', 1), ['日本'])
  })
  test('a table never passes its width', () => {
    const rows = [['name'.repeat(30), 'type'.repeat(20), 'words and words '.repeat(12)]]
    for (const width of [40, 80, 200]) for (const line of table(rows, { width })) assert.ok(displayWidth(line) <= width, line)
  })
})
