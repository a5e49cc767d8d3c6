/** The rules of compatibility, and that MLflow's enforcement agrees: what the old signature takes, a compatible one takes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { diffSignatures } from '../../src/diff/signature.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { makeRequest } from '../../src/example/index.ts'
import { writeJsonValue } from '../../src/json.ts'
import { parseSignature, type Signature } from '../../src/signature.ts'

type Texts = Partial<Record<'inputs' | 'outputs' | 'params', readonly object[]>>

function signature(parts: Texts): Signature {
  const texts = Object.entries(parts).map(([key, value]): [string, string] => [key, JSON.stringify(value)])
  return parseSignature(new Map(texts), { file: 'MLmodel' })!
}
const column = (name: string, type: string | object = 'double', required = true) => ({
  ...(typeof type === 'string' ? { type } : type),
  name,
  required,
})
const tensor = (shape: readonly number[], dtype = 'float32', name?: string) => ({
  type: 'tensor',
  'tensor-spec': { dtype, shape },
  ...(name !== undefined && { name }),
})
const param = (name: string, type: string, value: unknown, shape: null | readonly number[] = null) => ({
  name,
  type,
  default: value,
  shape,
})
const object = (...properties: readonly (readonly [string, string, boolean])[]) => ({
  type: 'object',
  properties: Object.fromEntries(properties.map(([name, type, required]) => [name, { type, required }])),
})

function verdict(before: Texts, after: Texts): string {
  const changes = diffSignatures(signature(before), signature(after))
  return changes.some(({ effect }) => effect === 'breaking') ? 'breaking' : changes.length > 0 ? 'compatible' : 'equal'
}

test('inputs: what a client sends must still be taken', () => {
  const [a, b] = [column('a'), column('b')]
  const cases: readonly (readonly [readonly object[], readonly object[], string])[] = [
    [[a, b], [a, b], 'equal'],
    [[a, b], [b, a], 'compatible'],
    [[a, b], [a], 'compatible'],
    [[a], [a, b], 'breaking'],
    [[a], [a, column('b', 'double', false)], 'compatible'],
    [[a], [column('a', 'double', false)], 'compatible'],
    [[column('a', 'double', false)], [a], 'breaking'],
    [[column('a', 'integer')], [column('a', 'long')], 'compatible'],
    [[column('a', 'integer')], [a], 'compatible'],
    [[column('a', 'float')], [a], 'compatible'],
    [[column('a', 'long')], [column('a', 'integer')], 'breaking'],
    [[column('a', 'long')], [a], 'breaking'],
    [[a], [column('a', 'string')], 'breaking'],
    [[a], [column('a', { type: 'any' })], 'compatible'],
    [
      [column('a', { type: 'array', items: { type: 'integer' } })],
      [column('a', { type: 'array', items: { type: 'long' } })],
      'compatible',
    ],
    [[column('a', object(['p', 'long', true]))], [column('a', object(['p', 'long', true], ['q', 'long', false]))], 'compatible'],
    [[column('a', object(['p', 'long', true]))], [column('a', object(['p', 'long', true], ['q', 'long', true]))], 'breaking'],
    [[column('a', object(['p', 'long', true], ['q', 'long', false]))], [column('a', object(['p', 'long', true]))], 'breaking'],
    [[tensor([-1, 3])], [tensor([-1, -1])], 'compatible'],
    [[tensor([-1, -1])], [tensor([-1, 3])], 'breaking'],
    [[tensor([-1, 3])], [tensor([-1, 3], 'float64')], 'breaking'],
    [[tensor([-1, 3])], [tensor([-1])], 'breaking'],
    [[tensor([-1], 'float32', 'x'), tensor([-1], 'float32', 'y')], [tensor([-1], 'float32', 'x')], 'compatible'],
    [[tensor([-1], 'float32', 'x')], [tensor([-1], 'float32', 'x'), tensor([-1], 'float32', 'y')], 'breaking'],
    [[a], [tensor([-1, 1])], 'breaking'],
    [
      [{ type: 'double', required: true }],
      [
        { type: 'double', required: true },
        { type: 'double', required: true },
      ],
      'breaking',
    ],
  ]
  for (const [before, after, expected] of cases)
    assert.equal(verdict({ inputs: before }, { inputs: after }), expected, JSON.stringify([before, after]))
})

test('outputs: what a client reads must still be there', () => {
  const cases: readonly (readonly [readonly object[], readonly object[], string])[] = [
    [[column('a')], [column('a'), column('b')], 'compatible'],
    [[column('a'), column('b')], [column('a')], 'breaking'],
    [[column('a')], [column('a', 'float')], 'compatible'],
    [[column('a', 'float')], [column('a')], 'breaking'],
    [[column('a')], [column('a', 'double', false)], 'breaking'],
    [[column('a', 'double', false)], [column('a')], 'compatible'],
    [[tensor([-1, -1])], [tensor([-1, 3])], 'compatible'],
    [[tensor([-1, 3])], [tensor([-1, 4])], 'breaking'],
  ]
  for (const [before, after, expected] of cases)
    assert.equal(verdict({ outputs: before }, { outputs: after }), expected, JSON.stringify([before, after]))
})

test('params, and sides that come and go', () => {
  const k = param('k', 'long', 1)
  assert.equal(verdict({ params: [k] }, { params: [k, param('l', 'long', 1)] }), 'compatible')
  assert.equal(verdict({ params: [k, param('l', 'long', 1)] }, { params: [k] }), 'breaking')
  assert.equal(verdict({ params: [k] }, { params: [param('k', 'long', 2)] }), 'compatible')
  assert.equal(verdict({ params: [k] }, { params: [param('k', 'string', 'a')] }), 'breaking')
  assert.equal(verdict({ params: [k] }, { params: [param('k', 'long', [1], [-1])] }), 'breaking')
  const [inputs, outputs] = [[column('a')], [column('y')]]
  assert.equal(verdict({ outputs }, { inputs, outputs }), 'breaking')
  assert.equal(verdict({ inputs, outputs }, { outputs }), 'compatible')
  assert.equal(verdict({ inputs }, { inputs, outputs }), 'compatible')
  assert.equal(verdict({ inputs, outputs }, { inputs }), 'breaking')
})

test('a request that the old signature takes, a compatible one takes', () => {
  const scalar = fc.constantFrom('boolean', 'integer', 'long', 'float', 'double', 'string')
  const type = fc.oneof(
    { weight: 5, arbitrary: scalar.map((type) => ({ type })) },
    { weight: 1, arbitrary: scalar.map((type) => ({ type: 'array', items: { type } })) },
    {
      weight: 1,
      arbitrary: fc
        .uniqueArray(fc.tuple(fc.constantFrom('p', 'q', 'r'), scalar, fc.boolean()), { minLength: 1, selector: ([name]) => name })
        .map((properties) => object(...properties)),
    },
  )
  const columns = fc.uniqueArray(
    fc
      .record({ name: fc.constantFrom('a', 'b', 'c', 'd'), required: fc.boolean(), type })
      .map(({ name, required, type }) => column(name, type, required)),
    { minLength: 1, maxLength: 4, selector: ({ name }) => name },
  )
  const shapes = fc.array(fc.constantFrom(-1, 1, 2), { minLength: 1, maxLength: 3 })
  const tensors = fc
    .uniqueArray(
      fc.record({ name: fc.constantFrom('x', 'y'), shape: shapes, dtype: fc.constantFrom('float32', 'float64', 'int64') }),
      { minLength: 1, selector: ({ name }) => name },
    )
    .map((all) => all.map(({ name, shape, dtype }) => tensor(shape, dtype, name)))
  const inputs = fc.oneof({ weight: 3, arbitrary: columns }, { weight: 1, arbitrary: tensors })
  let compatible = 0
  fc.assert(
    fc.property(inputs, inputs, fc.boolean(), (before, after, keep) => {
      // Two signatures made by chance rarely have anything to do with one another.
      const next = keep ? before.filter((_, at) => at !== 1) : after
      const [old, now] = [signature({ inputs: before as object[] }), signature({ inputs: next as object[] })]
      if (diffSignatures(old, now).some(({ effect }) => effect === 'breaking')) return
      compatible++
      const body = Buffer.from(writeJsonValue(makeRequest(old, false)))
      readRequest(body, 'application/json', old, { mode: 'strict' })
      readRequest(body, 'application/json', now, { mode: 'strict' })
    }),
    { numRuns: 500, seed: 6 },
  )
  assert.ok(compatible > 100)
})
