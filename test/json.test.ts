import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Cell } from '../src/batch.ts'
import { MlmodelError } from '../src/errors/index.ts'
import { formatFloat32, formatPythonFloat, jsonPath, parseJson, writeJsonValue } from '../src/json.ts'
import { defaultLimits } from '../src/limits.ts'

function fixture(name: string): string {
  return readFileSync(join(process.cwd(), 'test/fixtures', name), 'utf8')
}

/** A parsed value in the form in which make.py writes Python's. */
function tag(value: Cell): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return `i${value}`
  if (typeof value === 'number') return `f${pythonRepr(value)}`
  if (typeof value === 'string') {
    return `s${value.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}`
  }
  if (Array.isArray(value)) return value.map(tag)
  return { '': [...(value as ReadonlyMap<string, Cell>)].map(([key, item]) => [tag(key), tag(item)]) }
}

function pythonRepr(value: number): string {
  const tokens: Readonly<Record<string, string>> = { NaN: 'nan', Infinity: 'inf', '-Infinity': '-inf' }
  return tokens[String(value)] ?? formatPythonFloat(value)
}

function failure(input: Uint8Array | string): MlmodelError {
  try {
    parseJson(input)
  } catch (error) {
    if (error instanceof MlmodelError) return error
    throw error
  }
  assert.fail(`accepted ${JSON.stringify(input.toString())}`)
}

test('reads, refuses and words every document as Python does', () => {
  for (const line of fixture('json/reading.jsonl').trimEnd().split('\n')) {
    const expected = JSON.parse(line) as { base64: string; value?: unknown; error?: string; line?: number; column?: number }
    const body = Buffer.from(expected.base64, 'base64')
    const shown = JSON.stringify(body.toString('latin1').slice(0, 200))
    if (expected.error === undefined) {
      assert.deepEqual(tag(parseJson(body).value), expected.value, shown)
      continue
    }
    const error = failure(body)
    if (expected.error.startsWith('Exceeds the limit')) assert.equal(error.code, 'JSON_DIGITS', shown)
    else {
      assert.ok(error.message.endsWith(`: ${expected.error}`), `${shown}: ${error.message}, not ${expected.error}`)
      assert.equal(error.where.line, expected.line, shown)
      assert.equal(error.where.column, expected.column, shown)
    }
  }
})

test('says where: byte of the document as it came, and JSON path', () => {
  const cases: readonly [Uint8Array | string, number, string][] = [
    ['{"a": [1, {"b c": tru}]}', 18, '$.a[1]["b c"]'],
    ['{"a": 1, b: 2}', 9, '$'],
    ['{"a": 1 "b": 2}', 8, '$.a'],
    ['[[], [1, 2, x]]', 12, '$[1][2]'],
    ['{"é": x}', 7, '$["é"]'],
    [Buffer.from('\ufeff["é😀", x]'), 14, '$[1]'],
    [Buffer.from('\ufeff["é😀", x]', 'utf16le'), 18, '$[1]'],
    [Buffer.from([0x22, 0xff, 0x22]), 1, '-'],
  ]
  for (const [input, byte, path] of cases) {
    const { where } = failure(input)
    assert.equal(where.byte, byte)
    assert.equal(where.path ?? '-', path)
  }
  assert.equal(jsonPath([]), '$')
  assert.equal(jsonPath(['inputs', 3, 'sepal length (cm)', '']), '$.inputs[3]["sepal length (cm)"][""]')
})

test('keeps the last of duplicate keys at the place of the first, and lists them', () => {
  const { value, duplicates } = parseJson('{"a": 1, "b": [{"c": 1, "c": {"d": 2, "d": 3}}], "a": 4}')
  assert.deepEqual([...(value as ReadonlyMap<string, Cell>).keys()], ['a', 'b'])
  assert.deepEqual((value as ReadonlyMap<string, Cell>).get('a'), 4n)
  assert.deepEqual(duplicates, [
    { key: 'd', path: '$.b[0].c.d' },
    { key: 'c', path: '$.b[0].c' },
    { key: 'a', path: '$.a' },
  ])
  assert.deepEqual(parseJson('{"__proto__": 1, "constructor": 2}').duplicates, [])
})

test('a string document is taken as Python takes str', () => {
  assert.match(failure('\ufeff[1]').message, /Unexpected UTF-8 BOM \(decode using utf-8-sig\): line 1 column 1 \(char 0\)$/)
  assert.equal(parseJson('"\ud800"').value, '\ud800')
  assert.equal(parseJson('"é😀"').value, 'é😀')
})

test('stops at its limits without touching the stack', () => {
  const deep = 100_000
  for (const body of ['['.repeat(deep), '{"a":'.repeat(deep), `${'['.repeat(deep)}${']'.repeat(deep)}`]) {
    const error = failure(body)
    assert.equal(error.code, 'JSON_DEPTH')
    assert.equal(error.kind, 'limit')
  }
  const { jsonDepth } = defaultLimits
  assert.ok(parseJson('['.repeat(jsonDepth) + ']'.repeat(jsonDepth)))
  assert.equal(failure('['.repeat(jsonDepth + 1) + ']'.repeat(jsonDepth + 1)).code, 'JSON_DEPTH')
  assert.throws(() => parseJson('[1, 2]', { limits: { ...defaultLimits, jsonBytes: 5 } }), { code: 'JSON_SIZE', kind: 'limit' })
  assert.throws(() => parseJson('-123456', { limits: { ...defaultLimits, integerDigits: 5 } }), {
    code: 'JSON_DIGITS',
    kind: 'limit',
  })
  const unlimited = parseJson('['.repeat(deep) + ']'.repeat(deep), { limits: { ...defaultLimits, jsonDepth: deep } })
  assert.ok(Array.isArray(unlimited.value))
})

test('many duplicate keys cost no more than a list of the first', () => {
  const { duplicates } = parseJson(`{${'"a":1,'.repeat(10_000)}"a":2}`)
  assert.equal(duplicates.length, 100)
})

test('prints floats as Python does', () => {
  for (const line of fixture('json/floats.txt').trimEnd().split('\n')) {
    const [bits, text] = line.split(' ') as [string, string]
    const value = Buffer.from(bits, 'hex').readDoubleBE(0)
    assert.equal(formatPythonFloat(value), text)
    assert.ok(Object.is(parseJson(text).value, value), text)
  }
  assert.deepEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(formatPythonFloat), [
    'NaN',
    'Infinity',
    '-Infinity',
  ])
  assert.equal(formatFloat32(0.1), '0.10000000149011612')
})

test('what is written reads back as the same value', () => {
  const { cell } = fc.letrec<{ cell: Cell }>((tie) => ({
    cell: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.constantFrom(null, true, false),
      fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
      fc.double(),
      fc.string({ unit: 'binary' }),
      fc.array(tie('cell'), { maxLength: 5 }),
      fc.array(fc.tuple(fc.string(), tie('cell')), { maxLength: 5 }).map((entries) => new Map(entries)),
    ),
  }))
  fc.assert(
    fc.property(cell, (value) => {
      const text = writeJsonValue(value)
      assert.match(text, /^[ -~]*$/)
      assert.deepEqual(tag(parseJson(text).value), tag(value))
    }),
    { numRuns: 500, interruptAfterTimeLimit: 20_000 },
  )
})
