/** Compat mode against recorded answers of MLflow: every body and array must give the same data, or be refused with the same code. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Batch, Tensor } from '../../src/batch.ts'
import { arrayOfDtype, numberToFloat16 } from '../../src/dtype.ts'
import { enforceTyped } from '../../src/enforce/index.ts'
import { readRequest } from '../../src/enforce/request.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { parseJson } from '../../src/json.ts'
import { parseParams } from '../../src/signature/param.ts'
import { parseSchema } from '../../src/signature/schema.ts'
import type { Signature } from '../../src/signature.ts'
import {
  atomOfCell,
  atomOfTag,
  atomText,
  type Canonical,
  canonicalOfBatch,
  canonicalOfOracle,
  canonicalText,
  type Foreign,
} from '../conformance/canonical.ts'
import { difference } from '../conformance/compare.ts'

// Tests run from build/…/test/enforce or from the sources: fixtures are in the working directory's tree.
const fixtures = join(process.cwd(), 'test', 'fixtures', 'enforce')

function casesOf(file: string): Foreign[] {
  return readFileSync(join(fixtures, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function signatureOf(schema: Foreign, params?: Foreign): Signature | undefined {
  const inputs = schema === null ? undefined : parseSchema(parseJson(JSON.stringify(schema)).value, {})
  const specs = params === undefined ? undefined : parseParams(parseJson(JSON.stringify(params)).value, {})
  return inputs === undefined && specs === undefined ? undefined : { ...(inputs && { inputs }), ...(specs && { params: specs }) }
}

/** pandas numbers columns with NumPy integers, which the canonical form does not name. */
function expectedOf(parsed: Foreign): Canonical {
  for (const column of parsed.columns ?? []) if (column.name?.$np !== undefined) column.name = { $int: String(column.name.v) }
  return canonicalOfOracle(parsed)
}

test('requests: the data MLflow would give its model, or its refusal', () => {
  for (const given of casesOf('requests.jsonl')) {
    const signature = signatureOf(given.schema, given.params_schema)
    const label = `${JSON.stringify(given.schema)} ${given.body}`
    const read = () => readRequest(Buffer.from(given.body), given.content_type, signature, { mode: 'compat' })
    if (!given.expect.ok) {
      assert.throws(
        read,
        (error) => {
          assert.ok(error instanceof MlmodelError, `${label}: ${String(error)}`)
          assert.equal(error.info.httpStatus, given.expect.http_status, label)
          if (given.expect.error_code !== undefined)
            assert.equal(error.info.mlflowCode, given.expect.error_code, `${label}: ${error.message}`)
          return true
        },
        label,
      )
      continue
    }
    const { data, params } = read()
    assert.equal(difference(expectedOf(given.expect.parsed), canonicalOfBatch(data), { pandas: true }), undefined, label)
    if (given.expect.params !== undefined)
      assert.equal(atomText(atomOfCell(params)), atomText(atomOfTag(given.expect.params)), label)
  }
})

test('typed data: what predict in process accepts, and gives', () => {
  for (const given of casesOf('typed.jsonl')) {
    const label = `${JSON.stringify(given.schema)} ${JSON.stringify(given.given)}`
    const fit = () => enforceTyped(batchOf(given.given), signatureOf(given.schema), 'compat').data
    if (given.expect.ok)
      assert.equal(difference(expectedOf(given.expect.parsed), canonicalOfBatch(fit()), { pandas: true }), undefined, label)
    else assert.throws(fit, (error) => error instanceof MlmodelError && error.kind === 'signature', label)
  }
})

test('strict mode takes what MLflow takes, where nothing is lost', () => {
  for (const given of casesOf('typed.jsonl')) {
    if (!given.expect.ok) continue
    const { data } = enforceTyped(batchOf(given.given), signatureOf(given.schema), 'strict')
    assert.equal(
      difference(expectedOf(given.expect.parsed), canonicalOfBatch(data)),
      undefined,
      canonicalText(canonicalOfBatch(data)),
    )
  }
})

function batchOf(given: Foreign): Batch {
  if (given.kind === 'array') return { kind: 'array', tensor: tensorOf(given) }
  if (given.kind === 'named')
    return { kind: 'named', items: new Map(given.items.map(([name, tensor]: [string, Foreign]) => [name, tensorOf(tensor)])) }
  const columns = given.columns.map((column: Foreign) => {
    const { dtype, values } = tensorOf({ ...column, shape: [column.values.length] })
    return { name: column.name, dtype, values, ...(dtype === 'string' && { pandas: 'str' }) }
  })
  return { kind: 'frame', rows: given.rows, columns }
}

function tensorOf({ dtype, shape, values }: Foreign): Tensor {
  if (dtype === 'str') return { dtype: 'string', shape, values }
  if (dtype === 'bytes') return { dtype, shape, values: values.map((value: string) => Buffer.from(value, 'base64')) }
  if (dtype === 'object')
    return {
      dtype,
      shape,
      values: values.map((cell: Foreign) => (cell?.$bytes === undefined ? cell : Buffer.from(cell.$bytes, 'base64'))),
    }
  const held = dtype.startsWith('datetime64') ? 'datetime64' : dtype
  const array = new arrayOfDtype[held as keyof typeof arrayOfDtype](values.length)
  values.forEach((value: Foreign, index: number) => {
    array[index] =
      held === 'datetime64'
        ? nanoseconds(value)
        : /int64/.test(held)
          ? BigInt(value)
          : held === 'float16'
            ? numberToFloat16(Number(value))
            : Number(value)
  })
  return { dtype: held, shape, values: array } as Tensor
}

function nanoseconds(text: string): bigint {
  if (text === 'NaT') return -(2n ** 63n)
  return BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1_000_000n + BigInt(text.slice(20).padEnd(9, '0'))
}
