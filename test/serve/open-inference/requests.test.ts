/** Requests over REST: what MLServer's clients send, parameters, outputs, compression, bodies without JSON, and what is refused. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import type { Batch, Cell, Column, Frame } from '../../../src/batch.ts'
import { MlmodelError } from '../../../src/errors/index.ts'
import type { Model } from '../../../src/model.ts'
import { createHandler, type Handler } from '../../../src/serve/handler.ts'
import { openInferenceScoring } from '../../../src/serve/open-inference/scoring.ts'
import { parseSchema, type Signature } from '../../../src/signature.ts'
import { root } from './proto.ts'

interface Recorded {
  /** JSON as it was sent: JavaScript's parser loses digits. */
  readonly requests: Readonly<Record<string, string>>
  readonly frame: Readonly<Record<string, readonly unknown[]>>
  readonly numpy: readonly number[]
  readonly blobs: readonly (readonly number[])[]
  readonly nanoseconds: readonly string[]
}
const recorded = JSON.parse(readFileSync(join(root, 'test/fixtures/open-inference/mlserver.json'), 'utf8')) as Recorded

const columns = (types: Readonly<Record<string, string>>): Signature => ({
  inputs: parseSchema(
    Object.entries(types).map(
      ([name, type]) =>
        new Map<string, Cell>([
          ['name', name],
          ['type', type],
        ]),
    ) as unknown as Cell,
    {},
  ),
})
/** What a model with this signature is given. */
async function read(
  body: object | Uint8Array,
  signature: Signature | undefined,
  details?: Record<string, string>,
): Promise<Batch> {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body))
  const model = { signature, mode: 'strict' } as Model
  const call = { protocol: 'open-inference', contentType: undefined, body: bytes, details } as const
  return (await openInferenceScoring.read(call, model)).data
}
const column = (data: Batch, name: string): Column => (data as Frame).columns.find((each) => each.name === name)!

describe('what MLServer’s codecs write is read as what it was made of', () => {
  test('pandas', async () => {
    const types = { text: 'string', count: 'long', ratio: 'double', flag: 'boolean' }
    const data = await read(Buffer.from(recorded.requests['pandas']!), columns(types))
    assert.deepEqual(column(data, 'text').values, recorded.frame['text'])
    assert.deepEqual([...(column(data, 'count').values as BigInt64Array)], [1n, -2n, 2n ** 53n + 1n])
    assert.deepEqual(
      [...(column(data, 'ratio').values as Float64Array)],
      recorded.frame['ratio']!.map((value) => value ?? Number.NaN),
    )
    assert.deepEqual([...(column(data, 'flag').values as Uint8Array)], [1, 0, 1])
    // Without a signature it is a table all the same.
    const untyped = await read(Buffer.from(recorded.requests['pandas']!), undefined)
    assert.equal(untyped.kind, 'frame')
    assert.deepEqual(
      (untyped as Frame).columns.map(({ name }) => name),
      Object.keys(types),
    )
  })

  test('NumPy', async () => {
    const data = await read(Buffer.from(recorded.requests['numpy']!), undefined)
    assert.ok(data.kind === 'named')
    const tensor = data.items.get('x') as { readonly shape: readonly number[]; readonly values: Float32Array }
    assert.deepEqual([...tensor.shape, ...tensor.values], [2, 3, ...recorded.numpy])
  })

  test('texts, bytes, times', async () => {
    const texts = await read(Buffer.from(recorded.requests['text']!), columns({ text: 'string' }))
    assert.deepEqual(column(texts, 'text').values, recorded.frame['text'])
    const bytes = await read(Buffer.from(recorded.requests['base64']!), columns({ blob: 'binary' }))
    assert.deepEqual(
      (column(bytes, 'blob').values as readonly Uint8Array[]).map((each) => [...each]),
      recorded.blobs,
    )
    const times = await read(Buffer.from(recorded.requests['datetime']!), columns({ moment: 'datetime' }))
    assert.deepEqual(Array.from(column(times, 'moment').values as BigInt64Array, String), recorded.nanoseconds)
  })

  test('base64 in binary, as its gRPC clients send it', async () => {
    const blob = Buffer.from('AP8=')
    const json = Buffer.from(
      JSON.stringify({
        inputs: [
          {
            name: 'blob',
            shape: [1, 1],
            datatype: 'BYTES',
            parameters: { content_type: 'base64', binary_data_size: 4 + blob.length },
          },
        ],
      }),
    )
    const body = Buffer.concat([json, Buffer.from([blob.length, 0, 0, 0]), blob])
    const data = await read(body, columns({ blob: 'binary' }), { 'inference-header-content-length': String(json.length) })
    assert.deepEqual(
      (column(data, 'blob').values as readonly Uint8Array[]).map((each) => [...each]),
      [[0, 255]],
    )
  })
})

describe('bodies', () => {
  const codeOf = async (body: object | Uint8Array, details?: Record<string, string>, signature?: Signature): Promise<string> =>
    read(body, signature, details).then(
      () => 'none',
      (error: unknown) => {
        assert.ok(error instanceof MlmodelError, String(error))
        return error.code
      },
    )
  const header = (length: unknown): Record<string, string> => ({ 'inference-header-content-length': String(length) })
  const x = { name: 'x', shape: [1], datatype: 'FP32' }

  test('that are none', async () => {
    const cases: readonly (readonly [string, string])[] = [
      ['[]', 'OIP_BODY'],
      ['{}', 'OIP_BODY'],
      ['{"inputs": {}}', 'OIP_BODY'],
      ['{"inputs": [1]}', 'OIP_FIELD'],
      ['{"inputs": [{"name": 1}]}', 'OIP_FIELD'],
      [`{"inputs": [${JSON.stringify({ ...x, data: [1] })}], "id": 5}`, 'OIP_FIELD'],
      [`{"inputs": [${JSON.stringify({ ...x, data: [1] })}], "outputs": {}}`, 'OIP_FIELD'],
      [`{"inputs": [${JSON.stringify({ ...x, data: [1] })}], "parameters": []}`, 'OIP_FIELD'],
      [`{"inputs": [${JSON.stringify(x)}]}`, 'OIP_DATA_MISSING'],
      [`{"inputs": [${JSON.stringify({ ...x, data: 1 })}]}`, 'OIP_DATA_MISSING'],
      [`{"inputs": [${JSON.stringify({ ...x, data: [1] })}, ${JSON.stringify({ ...x, data: [1] })}]}`, 'OIP_TWO_INPUTS'],
      ['{"inputs": [], "inputs": []}', 'KEY_REPEATED'],
    ]
    for (const [body, code] of cases) assert.equal(await codeOf(Buffer.from(body)), code, body)
  })

  test('whose binary data is not what the JSON says', async () => {
    const sized = (size: unknown): object => ({ inputs: [{ ...x, parameters: { binary_data_size: size } }] })
    const send = (json: object, binary: number, length?: unknown): Promise<string> => {
      const head = Buffer.from(JSON.stringify(json))
      return codeOf(Buffer.concat([head, Buffer.alloc(binary)]), header(length ?? head.length))
    }
    assert.equal(await send(sized(4), 4), 'none')
    // The only input without a size is all that stands behind the JSON.
    assert.equal(await send({ inputs: [x] }, 4), 'none')
    for (const [size, binary] of [
      [4, 3],
      [4, 5],
      [3, 3],
      [8, 8],
      [2 ** 40, 4],
      [0, 4],
    ] as const)
      assert.match(await send(sized(size), binary), /^OIP_(BINARY_SIZE|SHAPE_LARGE)$/, `${size} of ${binary}`)
    for (const size of [-1, 1.5, '4', null, true, 2 ** 60]) assert.equal(await send(sized(size), 4), 'OIP_FIELD', String(size))
    assert.equal(await send({ inputs: [{ ...x, data: [1], parameters: { binary_data_size: 4 } }] }, 4), 'OIP_FIELD')
    for (const length of ['-1', '1e3', '999999', 'x', ''])
      assert.equal(await send(sized(4), 4, length), 'OIP_HEADER_LENGTH', length)
  })

  test('without JSON: the elements of the only input', async () => {
    const tensors = (...shapes: readonly (readonly number[])[]): Signature => ({
      inputs: parseSchema(
        shapes.map(
          (shape, index) =>
            new Map<string, Cell>([
              ['name', `t${index}`],
              ['type', 'tensor'],
              [
                'tensor-spec',
                new Map<string, Cell>([
                  ['dtype', 'float32'],
                  ['shape', shape.map(BigInt)],
                ]),
              ],
            ]),
        ) as unknown as Cell,
        {},
      ),
    })
    const six = Buffer.from(new Float32Array([1, 2, 3, 4, 5, 6]).buffer)
    const data = await read(six, tensors([-1, 3]), header(0))
    assert.ok(data.kind === 'named')
    const tensor = data.items.get('t0') as { readonly shape: readonly number[]; readonly values: Float32Array }
    assert.deepEqual([...tensor.shape, ...tensor.values], [2, 3, 1, 2, 3, 4, 5, 6])
    const text = await read(Buffer.from('a\0ä'), columns({ text: 'string' }), header(0))
    assert.deepEqual(column(text, 'text').values, ['a\0ä'])
    assert.equal(await codeOf(six, header(0), tensors([-1, -1])), 'OIP_RAW_MODE')
    assert.equal(await codeOf(six, header(0), tensors([-1], [-1])), 'OIP_RAW_MODE')
    assert.equal(await codeOf(six, header(0)), 'OIP_RAW_MODE')
    assert.equal(await codeOf(six.subarray(1), header(0), tensors([-1, 3])), 'OIP_BINARY_SIZE')
  })
})

describe('over REST', { timeout: 120_000 }, () => {
  let handler: Handler
  before(async () => {
    handler = await createHandler(join(root, 'test/fixtures/models/onnx_rf_zipmap_off_columns/model'), { threads: 1 })
  })
  after(() => handler?.close())

  async function ask(path: string, body?: object | Uint8Array, headers: Record<string, string> = {}) {
    const sent = body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body)
    const init = sent === undefined ? {} : { method: 'POST', body: sent as string, headers }
    const reply = await handler(new Request(`http://here/v2/models/model${path}`, init))
    return { status: reply.status, headers: reply.headers, bytes: Buffer.from(await reply.arrayBuffer()) }
  }
  const plain = ({ bytes }: { readonly bytes: Buffer }) => JSON.parse(bytes.toString())
  async function request(): Promise<{ inputs: object[] }> {
    const { inputs } = plain(await ask('')) as { inputs: { name: string; datatype: string }[] }
    return { inputs: inputs.map(({ name, datatype }) => ({ name, datatype, shape: [2, 1], data: [1, 2] })) }
  }

  test('the id comes back, and only the outputs that were asked for', async () => {
    const all = plain(await ask('/infer', { ...(await request()), id: 'x"1' }))
    assert.equal(all.id, 'x"1')
    assert.equal(all.model_version, '1')
    const [first, last] = [all.outputs[0], all.outputs.at(-1)]
    const one = plain(await ask('/infer', { ...(await request()), outputs: [{ name: last.name }] }))
    assert.deepEqual(one.outputs, [last])
    assert.equal('id' in one, false)
    const turned = plain(
      await ask('/infer', {
        ...(await request()),
        outputs: all.outputs.map(({ name }: { name: string }) => ({ name })).reverse(),
      }),
    )
    assert.deepEqual(turned.outputs, all.outputs.toReversed())
    const mixed = await ask('/infer', {
      ...(await request()),
      outputs: [{ name: first.name, parameters: { binary_data: true } }, { name: last.name }],
    })
    const length = Number(mixed.headers.get('inference-header-content-length'))
    const head = JSON.parse(mixed.bytes.subarray(0, length).toString())
    assert.equal(head.outputs[0].parameters.binary_data_size, mixed.bytes.length - length)
    assert.deepEqual(head.outputs[1], last)
    const unknown = await ask('/infer', { ...(await request()), outputs: [{ name: 'none' }] })
    assert.equal(unknown.status, 400)
    assert.equal(plain(unknown).code, 'OIP_OUTPUT')
  })

  test('gzip and deflate both ways', async () => {
    const body = Buffer.from(JSON.stringify(await request()))
    const wanted = plain(await ask('/infer', body))
    for (const [coding, packed] of [
      ['gzip', gzipSync(body)],
      ['deflate', deflateSync(body)],
    ] as const)
      assert.deepEqual(plain(await ask('/infer', packed, { 'content-encoding': coding })), wanted, coding)
    const big = { inputs: (await request()).inputs.map((input) => ({ ...input, shape: [500, 1], data: new Array(500).fill(1) })) }
    const reply = await ask('/infer', big, { 'accept-encoding': 'gzip' })
    assert.equal(reply.headers.get('content-encoding'), 'gzip')
    assert.equal(JSON.parse(gunzipSync(reply.bytes).toString()).outputs[0].shape[0], 500)
  })

  test('zero rows, and columns that do not agree', async () => {
    const { inputs } = await request()
    const none = await ask('/infer', { inputs: inputs.map((input) => ({ ...input, shape: [0, 1], data: [] })) })
    if (none.status === 200) for (const { data } of plain(none).outputs) assert.deepEqual(data, [])
    else assert.equal(none.status, 400, none.bytes.toString())
    const ragged = await ask('/infer', {
      inputs: inputs.map((input, index) => (index === 1 ? { ...input, shape: [1], data: [1] } : input)),
    })
    assert.equal(plain(ragged).code, 'OIP_ROWS')
    const missing = await ask('/infer', { inputs: inputs.slice(1) })
    assert.equal(missing.status, 400)
  })
})
