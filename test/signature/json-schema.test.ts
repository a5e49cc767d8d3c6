/** The JSON Schema of a row, by ajv, against what MLflow accepts. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { readRequest } from '../../src/enforce/request.ts'
import { parseJson, writeJsonValue } from '../../src/json.ts'
import { rowSchema } from '../../src/signature/json-schema.ts'
import { type ColumnSchema, parseSchema, printSchema } from '../../src/signature.ts'

const file = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/test/fixtures/json-schema/rows.jsonl`)
const ajv = new Ajv2020({ strict: true, strictTypes: false, strictTuples: false })

const compile = (schema: Parameters<typeof rowSchema>[0]) => ajv.compile(JSON.parse(writeJsonValue(rowSchema(schema))))

/** What strict mode makes of one row. */
function accepts(schema: ColumnSchema, row: unknown): boolean {
  const body = Array.isArray(row) ? { dataframe_split: { data: [row] } } : { dataframe_records: [row] }
  try {
    readRequest(Buffer.from(JSON.stringify(body)), 'application/json', { inputs: schema }, { mode: 'strict' })
    return true
  } catch {
    return false
  }
}

describe('a row that the schema lets through is accepted by MLflow', () => {
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const { schema: given, rows } = JSON.parse(line) as { schema: unknown; rows: [row: unknown, accepted: boolean][] }
    const schema = parseSchema(parseJson(JSON.stringify(given)).value, {}) as ColumnSchema
    test(printSchema(schema), () => {
      const validate = compile(schema)
      let both = 0
      for (const [row, accepted] of rows) {
        const valid = validate(row)
        const text = JSON.stringify(row)
        // JavaScript's numbers do not tell 2^63 from 2^63 - 1.
        if (/9223372036854776000/.test(text)) continue
        if (valid && accepted) both++
        if (valid) assert.ok(accepted || accepts(schema, row), `${text} is valid, and refused`)
        else if (accepted && accepts(schema, row))
          assert.ok(isConverted(row, schema), `${text} is not valid, and accepted as it stands`)
      }
      assert.ok(both > 0)
    })
  }
})

/** Whether MLflow takes a row only by converting a value, or leaves a missing number missing. */
function isConverted(row: unknown, schema: ColumnSchema): boolean {
  const value = Array.isArray(row) ? row : (row as Record<string, unknown>)['a']
  const type = schema.columns[0]!.type
  const wanted = type.kind === 'scalar' ? type.dataType : type.kind
  const natural = { boolean: 'boolean', integer: 'number', long: 'number', float: 'number', double: 'number', string: 'string' }[
    wanted as string
  ]
  if (natural !== undefined) return typeof value !== natural || !Number.isFinite(Math.fround(Number(value)))
  // Dates of other forms, numbers as nanoseconds; lists and objects of such values.
  return true
}

describe('tensors', () => {
  test('nested lists without the dimension of rows', () => {
    const tensor = { kind: 'tensor', dtype: 'float32', numpyDtype: 'float32', shape: [-1, 2, -1] } as const
    const validate = compile({ kind: 'tensors', tensors: [tensor] })
    assert.ok(validate([[1, 2.5, 3], []]))
    for (const row of [[[1]], [1, 2], 1, [['x'], []], [[1e39], []]]) assert.ok(!validate(row), JSON.stringify(row))
  })

  test('several by name, of every element type', () => {
    const element = (dtype: 'uint8' | 'int64' | 'bool' | 'string' | 'object', name: string) =>
      ({ kind: 'tensor', name, dtype, numpyDtype: dtype, shape: [-1] }) as const
    const tensors = [
      element('uint8', 'u'),
      element('int64', 'i'),
      element('bool', 'b'),
      element('string', 's'),
      element('object', 'o'),
    ]
    const validate = compile({ kind: 'tensors', tensors })
    assert.ok(validate({ u: 255, i: -1, b: true, s: 'x', o: null }))
    for (const change of [{ u: 256 }, { u: -1 }, { i: 0.5 }, { b: 1 }, { s: 1 }])
      assert.ok(!validate({ u: 1, i: 1, b: true, s: 'x', o: 1, ...change }))
    assert.ok(!validate({ u: 1 }))
  })

  test('bounds of 64 bits are written exactly', () => {
    const text = writeJsonValue(
      rowSchema({
        kind: 'columns',
        columns: [{ kind: 'column', name: 'a', type: { kind: 'scalar', dataType: 'long' }, required: true }],
      }),
    )
    assert.match(text, /"minimum": -9223372036854775808, "maximum": 9223372036854775807\}/)
  })
})
