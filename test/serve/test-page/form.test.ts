/** What the page's script makes of a signature, of typed texts, of pasted rows and of replies; without a browser. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type ModelDescription, readDescription, readField } from '../../../src/serve/test-page/browser/fields.ts'
import { imagePlan, tensorText } from '../../../src/serve/test-page/browser/image.ts'
import { type Json, prettyJson, readJson, writeJson } from '../../../src/serve/test-page/browser/json.ts'
import { chartOf, tableOf } from '../../../src/serve/test-page/browser/predictions.ts'
import { readRefusal } from '../../../src/serve/test-page/browser/refusal.ts'
import { bodyOf, rowsOf, type Values } from '../../../src/serve/test-page/browser/request.ts'
import { countCsvRows, readRows } from '../../../src/serve/test-page/browser/rows.ts'
import { pythonLiteral, snippet } from '../../../src/serve/test-page/browser/snippets.ts'

function describeModel(parts: object): ModelDescription {
  return readDescription(JSON.stringify({ name: 'm', version: '1', flavor: 'onnx', facts: [], notes: [], ...parts }))
}

const table = describeModel({
  inputs: [
    { type: 'double', name: 'a', required: true },
    { type: 'long', name: 'b', required: false },
    { type: 'string', name: 'c', required: true },
  ],
  params: [{ name: 'k', type: 'long', default: 3, shape: null }],
  form: { key: 'dataframe_split', layout: 'split' },
})

describe('JSON', () => {
  test('is read as JSON.parse reads it, and written so', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value = readJson(text)
        assert.deepEqual(JSON.parse(writeJson(value)), JSON.parse(text))
        assert.equal(writeJson(readJson(prettyJson(value))), writeJson(value))
      }),
    )
  })

  test('any text is read as JSON.parse reads it, or refused as it refuses it', () => {
    const parts = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\u00e4"',
      '1',
      '-0.5e3',
      '01',
      'true',
      'nul',
      ' ',
      '\n',
      '"',
      '\\',
      '+1',
      '.5',
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 9 }), (chosen) => {
        const text = chosen.join('')
        assert.equal(
          accepts(() => readJson(text)),
          accepts(() => JSON.parse(text)),
          text,
        )
      }),
      { numRuns: 2000 },
    )
  })

  test('numbers keep their digits, NaN is read, names have no meaning', () => {
    for (const text of ['9007199254740993', '1.0', '-0.0', '1e-300', 'NaN', '-Infinity', '{"__proto__": {"x": 1}}'])
      assert.equal(writeJson(readJson(text)), text)
    assert.throws(() => readJson('['.repeat(300)), /too deep/)
    assert.throws(() => readJson('{"a": 1,\n  b}'), /line 2, column 3/)
  })
})

function accepts(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

describe('the form', () => {
  test('what was typed, by the type of its field', () => {
    const read = (index: number, text: string) => readField(table.inputs[index]!, text)
    assert.deepEqual(read(0, ' 1.50 '), { value: { number: '1.50' } })
    assert.deepEqual(read(0, 'x'), { value: 'x' })
    assert.deepEqual(read(0, ''), { value: null })
    assert.deepEqual(read(1, ''), { absent: true })
    assert.deepEqual(read(2, ''), { value: '' })
    assert.deepEqual(read(2, ' 1 '), { value: ' 1 ' })
    assert.deepEqual(readField(table.params[0]!, ''), { absent: true })
  })

  test('a body has the columns that are there, and params that differ', () => {
    const values: Values = new Map<string, Json>([
      ['a', { number: '1.0' }],
      ['c', 'x'],
    ])
    assert.equal(
      writeJson(bodyOf(table, values, new Map())),
      '{"dataframe_split": {"columns": ["a", "c"], "data": [[1.0, "x"]]}}',
    )
    assert.equal(
      writeJson(bodyOf(table, new Map([...values, ['b', { number: '2' }]]), new Map([['k', { number: '9' }]]))),
      '{"dataframe_split": {"columns": ["a", "b", "c"], "data": [[1.0, 2, "x"]]}, "params": {"k": 9}}',
    )
  })

  test('every form of an example gives the same rows', () => {
    const bodies = [
      '{"dataframe_split": {"columns": ["c", "a"], "data": [["x", 1.0]]}}',
      '{"dataframe_records": [{"a": 1.0, "c": "x"}]}',
      '{"inputs": {"a": [1.0], "c": ["x"]}}',
      '{"inputs": {"a": 1.0, "c": "x"}}',
      '{"instances": [{"a": 1.0, "c": "x"}]}',
    ]
    for (const body of bodies) {
      const [row] = rowsOf(table, readJson(body))
      assert.equal(writeJson(row ?? null), '{"a": 1.0, "c": "x"}', body)
    }
    assert.deepEqual(rowsOf(table, readJson('{"messages": []}')), [])
  })

  test('tensors by name and without', () => {
    const tensor = { type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 2] } }
    const named = describeModel({ inputs: [{ ...tensor, name: 'x' }], form: { key: 'inputs', layout: 'named' } })
    const bare = describeModel({ inputs: [tensor], form: { key: 'inputs', layout: 'bare' } })
    for (const [model, body] of [
      [named, '{"inputs": {"x": [[1, 2]]}}'],
      [bare, '{"inputs": [[1, 2]]}'],
    ] as const) {
      const [values] = rowsOf(model, readJson(body))
      assert.equal(writeJson(bodyOf(model, values!, new Map())), body)
    }
    assert.equal(named.inputs[0]?.type, 'float32 (any × 2)')
  })

  test('types in words', () => {
    const model = describeModel({
      inputs: [
        { type: 'array', items: { type: 'string' }, name: 'tags', required: true },
        {
          type: 'object',
          name: 'person',
          required: null,
          properties: { age: { type: 'long', required: true }, nick: { type: 'string', required: false } },
        },
        { type: 'map', values: { type: 'double' }, name: 'm', required: true },
      ],
    })
    assert.deepEqual(
      model.inputs.map(({ type, required }) => [type, required]),
      [
        ['list of string', true],
        ['{ age: long, nick?: string }', false],
        ['map to double', true],
      ],
    )
  })
})

describe('rows', () => {
  test('are told apart', () => {
    const read = (text: string, params: Values = new Map()) => {
      const found = readRows(text, table, params)
      return 'wrong' in found ? found.wrong : `${found.said} | ${found.request.contentType} | ${found.request.body}`
    }
    assert.equal(read('a,c\n1,x\n'), 'CSV: 1 row below the header | text/csv | a,c\n1,x\n')
    assert.equal(read('[{"a": 1}]'), '1 row of JSON | application/json | {"dataframe_records": [{"a": 1}]}')
    assert.equal(read('{"a": 1}'), '1 row of JSON | application/json | {"dataframe_records": [{"a": 1}]}')
    assert.equal(read('{"a": 1}\n{"a": 2}'), '2 rows of JSON | application/json | {"dataframe_records": [{"a": 1}, {"a": 2}]}')
    assert.equal(
      read('[[1, 2, "x"]]'),
      '1 row of JSON, without names | application/json | {"dataframe_split": {"columns": ["a", "b", "c"], "data": [[1, 2, "x"]]}}',
    )
    assert.equal(read('{"a": [1, 2]}'), 'Columns by their names | application/json | {"inputs": {"a": [1, 2]}}')
    const params = new Map([['k', { number: '1' }]])
    assert.equal(
      read('{"dataframe_records": [{"a": 1}]}', params),
      'A request with 1 row | application/json | {"dataframe_records": [{"a": 1}], "params": {"k": 1}}',
    )
    assert.match(read('a,c\n1,x', params), /carries no params/)
    assert.match(read('[1,'), /This is no JSON: it ends too soon at line 1/)
    assert.match(read('  '), /Paste rows/)
  })

  test('of CSV are counted outside of quotes', () => {
    assert.equal(countCsvRows('a,b\r\n"x\ny",1\r\n\r\n2,3'), 2)
    assert.equal(countCsvRows('a'), 0)
    assert.equal(countCsvRows(''), 0)
  })
})

describe('replies', () => {
  const tableText = (text: string) => {
    const found = tableOf(readJson(text))
    return found && [found.columns, found.rows.map((row) => row.map((cell) => writeJson(cell ?? null)))]
  }
  test('as tables', () => {
    assert.deepEqual(tableText('{"predictions": [{"a": 1}, {"a": 2, "b": NaN}]}'), [
      ['a', 'b'],
      [
        ['1', 'null'],
        ['2', 'NaN'],
      ],
    ])
    assert.deepEqual(tableText('{"predictions": [1, 2]}'), [['prediction'], [['1'], ['2']]])
    assert.deepEqual(tableText('{"predictions": [[1, 2]]}'), [['0', '1'], [['1', '2']]])
    assert.deepEqual(tableText('{"predictions": {"x": [[1], [2]], "y": [3, 4]}}'), [
      ['x', 'y'],
      [
        ['1', '3'],
        ['2', '4'],
      ],
    ])
    assert.deepEqual(tableText('{"predictions": []}'), [['prediction'], []])
    assert.equal(tableText('{"other": 1}'), undefined)
  })

  test('as charts', () => {
    const chart = (text: string, labels: readonly string[] = []) => chartOf(tableOf(readJson(text))!, 0, labels)
    assert.deepEqual(chart('{"predictions": [[0.25, 0.75]]}', ['no', 'yes']), {
      kind: 'probabilities',
      row: 0,
      bars: [
        { label: 'no', value: 0.25 },
        { label: 'yes', value: 0.75 },
      ],
    })
    assert.equal(chart('{"predictions": [{"label": "a", "probability": {"a": 0.9, "b": 0.1}}]}')?.kind, 'probabilities')
    assert.deepEqual(chart('{"predictions": [{"species": "Gentoo", "probability": 0.9}]}'), {
      kind: 'probabilities',
      row: 0,
      bars: [{ label: 'Gentoo', value: 0.9 }],
    })
    assert.equal(chart('{"predictions": [3, 1, 2]}')?.kind, 'series')
    assert.equal(chart('{"predictions": [[3, 1, 2]]}'), undefined)
    assert.equal(chart('{"predictions": ["a", "b", "c"]}'), undefined)
    assert.equal(chart('{"predictions": []}'), undefined)
  })

  test('refusals, whatever they look like', () => {
    const read = (status: number, text: string) => readRefusal(status, text, table.inputs, table.params)
    const { problems } = read(
      400,
      '{"message": "m", "problems": [{"message": "no", "row": 2, "column": "b"}, {"message": "k!", "path": "$.params.k"}]}',
    )
    assert.deepEqual(problems, [
      { message: 'no', row: 2, field: 'b', isParam: false },
      { message: 'k!', row: undefined, field: 'k', isParam: true },
    ])
    assert.equal(read(504, 'Request processing time exceeded limit').title, 'The model took too long')
    assert.equal(read(500, '').problems[0]?.message, 'HTTP status 500')
    assert.equal(read(404, '{"detail": "Not Found"}').problems[0]?.message, 'Not Found')
    assert.equal(read(400, '[1]').problems[0]?.message, '[1]')
  })
})

describe('programs', () => {
  test('quote what stands in them', () => {
    const request = {
      contentType: 'application/json',
      body: `{"a": "it's $(id)"}`,
      value: readJson(`{"a": "it's $(id)"}`),
      file: undefined,
    }
    const context = { url: 'http://h/invocations', hasKey: false, bodyFile: undefined }
    assert.match(snippet('curl', request, context), /--data-binary '\{"a": "it'\\''s \$\(id\)"\}'$/)
    assert.match(snippet('typescript', request, context), /JSON\.stringify\(\{"a": "it's \$\(id\)"\}\)/)
    assert.match(snippet('curl', request, { ...context, bodyFile: 'request.json' }), /--data-binary '@request\.json'$/)
    assert.match(snippet('python', request, { ...context, hasKey: true }), /os\.environ\['MLMODEL_API_KEY'\]/)
  })

  test('a number that JavaScript does not hold stays a text there', () => {
    const value = readJson('{"a": [9007199254740993]}')
    const request = { contentType: 'application/json', body: writeJson(value), value, file: undefined }
    const context = { url: 'http://h/', hasKey: false, bodyFile: undefined }
    assert.match(snippet('typescript', request, context), /body: '\{"a": \[9007199254740993\]\}'/)
    assert.match(snippet('python', request, context), /body = \{"a": \[9007199254740993\]\}/)
  })

  test('Python’s words', () => {
    assert.equal(
      pythonLiteral(readJson('[true, null, NaN, -Infinity, "\\u2028"]')),
      '[True, None, float("NaN"), float("-Infinity"), "\\u2028"]',
    )
  })
})

describe('images', () => {
  const plan = (shape: readonly number[], dtype = 'float32') => imagePlan({ dtype, shape })
  test('by the shape of a tensor', () => {
    assert.equal(plan([-1, 224, 224, 3])?.order, 'height-width-channels')
    assert.equal(plan([-1, 3, 224, 224])?.order, 'channels-height-width')
    assert.equal(plan([1, 1, 28, 28])?.channels, 1)
    assert.equal(plan([-1, 28, 28])?.order, 'height-width')
    assert.equal(plan([-1, -1, -1, 3])?.height, undefined)
    for (const shape of [[-1, 4], [-1], [], [-1, 2, 2, 3], [8, 3, 224, 224]]) assert.equal(plan(shape), undefined)
    assert.equal(plan([-1, 8, 8, 3], 'object'), undefined)
  })

  test('as numbers', () => {
    const pixels = Uint8ClampedArray.from([255, 0, 51, 255, 0, 255, 102, 255])
    const rgb = { ...plan([-1, 8, 8, 3])! }
    assert.equal(tensorText(rgb, pixels, 2, 1, 'unit'), '[[[[1,0,0.2],[0,1,0.4]]]]')
    assert.equal(
      tensorText({ ...rgb, order: 'channels-height-width' }, pixels, 2, 1, 'byte'),
      '[[[[255,0]],[[0,255]],[[51,102]]]]',
    )
    assert.equal(tensorText({ ...rgb, isFloat: false, hasBatch: false }, pixels, 2, 1, 'unit'), '[[[255,0,51],[0,255,102]]]')
    assert.equal(tensorText({ ...rgb, channels: 1, order: 'height-width' }, pixels, 2, 1, 'byte'), '[[[82,161]]]')
  })
})
