import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Cell } from '../src/batch.ts'
import { MlmodelError } from '../src/errors/index.ts'
import { parseJson, writeJsonValue } from '../src/json.ts'
import { readNumpyDtype } from '../src/signature/numpy-dtype.ts'
import { convertParam, parseSignature, printSignature, type Signature, signatureToJson, specNames } from '../src/signature.ts'

interface Answer<Value> {
  readonly ok?: Value
  readonly error?: string
}

/** MLflow's answers, made by test/fixtures/signature/make.py. */
function fixture<Value>(name: string): readonly (readonly [Cell, Answer<Value>])[] {
  // Through our own reader, which keeps integers apart from floats.
  const { value } = parseJson(readFileSync(join(process.cwd(), 'test/fixtures/signature', name)))
  return (value as readonly Cell[]).map((row) => {
    const [input, answer] = row as readonly [Cell, Cell]
    return [input, JSON.parse(writeJsonValue(answer)) as Answer<Value>] as const
  })
}

function read(part: string, text: string): Signature {
  return parseSignature(new Map([[part, text]]), { file: 'MLmodel', path: 'signature' })!
}

interface Written {
  readonly json: string
  readonly repr: string
  readonly names: readonly (string | number)[] | null
}

describe('as MLflow', () => {
  for (const [name, part] of [
    ['schemas.json', 'inputs'],
    ['params.json', 'params'],
  ] as const)
    test(name, () => {
      for (const [input, answer] of fixture<Written>(name)) {
        const text = input as string
        // Python iterates over the keys of an empty object: no params.
        if (text === '{}') continue
        if (answer.ok === undefined) {
          // MLflow reads a null among dates, and fails when it writes it.
          if (answer.error?.includes('isoformat') === true) continue
          assert.throws(() => read(part, text), MlmodelError, `${text}: ${answer.error}`)
          continue
        }
        const signature = read(part, text)
        assert.equal(signatureToJson(signature)[part], answer.ok.json)
        assert.equal(printSignature(signature), answer.ok.repr)
        if (part === 'inputs') assert.deepEqual(specNames(signature.inputs!), answer.ok.names)
      }
    })

  test('numpy-dtypes.json', () => {
    for (const [input, answer] of fixture<string>('numpy-dtypes.json')) {
      // StringDType is of NumPy 2 and has no fixed size.
      if (input === 'T') continue
      const result = readNumpyDtype(input as string)
      assert.equal('name' in result ? result.name : undefined, answer.ok, String(input))
    }
  })

  test('dates.json', () => {
    for (const [input, answer] of fixture<readonly [string, string] | null>('dates.json')) {
      const converted = convertParam(input, { kind: 'scalar', dataType: 'datetime' }, null)
      if (answer.ok === undefined) {
        assert.ok('reason' in converted, `${writeJsonValue(input)}: ${answer.error}`)
        continue
      }
      assert.ok('value' in converted, writeJsonValue(input))
      const moment = converted.value as { readonly kind: string } | null
      assert.deepEqual(moment === null ? null : [moment.kind, JSON.parse(writeJsonValue(converted.value))], answer.ok)
    }
  })
})

describe('older and stranger signatures', () => {
  test('`optional` of MLflow 2.6 to 2.13, which 3.17 refuses', () => {
    const signature = read('inputs', '[{"name":"a","type":"double"},{"name":"b","type":"boolean","optional":true}]')
    assert.equal(
      signatureToJson(signature).inputs,
      '[{"type": "double", "name": "a", "required": true}, {"type": "boolean", "name": "b", "required": false}]',
    )
  })
  test('no signature: absent and null; none of three parts is an error', () => {
    assert.equal(parseSignature(null, {}), undefined)
    assert.equal(parseSignature(undefined, {}), undefined)
    for (const value of [new Map(), new Map([['inputs', null]]), new Map([['inputs', '']])])
      assert.throws(() => parseSignature(value, {}), { code: 'SIGNATURE_EMPTY' })
  })
  test('a part that is no text', () => {
    assert.throws(() => parseSignature('x', {}), { code: 'SIGNATURE_FIELD' })
    assert.throws(() => parseSignature(new Map([['inputs', ['a']]]), {}), { code: 'SIGNATURE_FIELD' })
  })
  test('types that cannot be held are described', () => {
    const { inputs } = read('inputs', '[{"type":"tensor","tensor-spec":{"dtype":"timedelta64[ns]","shape":[-1]}}]')
    assert.deepEqual(inputs, {
      kind: 'tensors',
      tensors: [{ kind: 'tensor', dtype: undefined, numpyDtype: 'timedelta64[ns]', shape: [-1] }],
    })
  })
})

describe('refusals beyond MLflow', () => {
  const tensor = (shape: string) => `[{"type":"tensor","tensor-spec":{"dtype":"float32","shape":${shape}}}]`
  const cases: readonly (readonly [string, string])[] = [
    [tensor('[-1,-2]'), 'SIGNATURE_SHAPE'],
    [tensor('[-1,2.5]'), 'SIGNATURE_SHAPE'],
    [tensor('[-1,99999999999999999999]'), 'SIGNATURE_SHAPE'],
    [tensor('["-1"]'), 'SIGNATURE_SHAPE'],
    [tensor('"-1,4"'), 'SIGNATURE_FIELD'],
    ['[{"type":"double","name":"a","type":"long"}]', 'SIGNATURE_DUPLICATE_KEY'],
    [`${'[{"type":"array","items":'.repeat(3000)}`, 'SIGNATURE_DEPTH'],
    [`[${'{"type":"array","items":'.repeat(40)}{"type":"double"}${'}'.repeat(40)}]`, 'read'],
    [`[${'{"type":"array","items":'.repeat(62)}{"type":"double"}${'}'.repeat(62)}]`, 'read'],
    [`[${'{"type":"array","items":'.repeat(64)}{"type":"double"}${'}'.repeat(64)}]`, 'SIGNATURE_DEPTH'],
    ['[{"type":"double","name":["a"]}]', 'SIGNATURE_FIELD'],
    ['[{"type":"double","name":"a","required":"yes"}]', 'SIGNATURE_FIELD'],
  ]
  for (const [text, code] of cases)
    test(`${text.slice(0, 60)}: ${code}`, () => {
      if (code === 'read') assert.ok(read('inputs', text))
      else assert.throws(() => read('inputs', text), { code })
    })

  test('errors say where', () => {
    try {
      parseSignature(
        new Map([['inputs', '[{"type":"double","name":"a"},{"type":"array","items":{"type":"x"},"name":"b"}]']]),
        { file: 'MLmodel', line: 3, path: 'signature' },
        { lineOf: () => 4 },
      )
      assert.fail('read')
    } catch (error) {
      assert.ok(error instanceof MlmodelError)
      assert.equal(error.code, 'SIGNATURE_TYPE')
      assert.deepEqual(error.where, { file: 'MLmodel', line: 4, path: 'signature.inputs[1].items.type' })
    }
  })
})
