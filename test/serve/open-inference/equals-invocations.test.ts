/** Both protocols asked the same of every model that MLflow wrote for the tests: the values of the answers are the same. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Cell, isCellMap } from '../../../src/batch.ts'
import { float16ToNumber } from '../../../src/dtype.ts'
import { readRequest } from '../../../src/enforce/request.ts'
import { openInferenceRequest } from '../../../src/example/open-inference.ts'
import { parseJson, writeJsonValue } from '../../../src/json.ts'
import { locate } from '../../../src/locate/index.ts'
import { loadMlmodel } from '../../../src/mlmodel.ts'
import { createHandler, type Handler } from '../../../src/serve/handler.ts'
import { readBinaryTensor } from '../../../src/serve/open-inference/tensor-data.ts'
import { root } from './proto.ts'

interface Expected {
  readonly cases: readonly { readonly file: string; readonly via: string; readonly content_type: string; readonly ok: boolean }[]
}
const shared = join(root, '..', 'shared', 'fixtures', 'models')
const folder = existsSync(shared) ? shared : join(root, 'test', 'fixtures', 'models')
const names = readdirSync(folder).filter((name) => name.startsWith('onnx_') && existsSync(join(folder, name, 'expected.json')))

describe('the Open Inference Protocol answers as /invocations does', { timeout: 300_000 }, () => {
  for (const name of names)
    test(name, async () => {
      const path = join(folder, name, 'model')
      const { cases } = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8')) as Expected
      const asked = cases.filter(({ via, content_type: type }) => via === 'invocations' && type === 'application/json')
      assert.ok(asked.length > 0)
      const { signature } = await loadMlmodel(await locate(path))
      const handler = await createHandler(path, { threads: 1 })
      try {
        for (const { file, ok } of asked) {
          const body = readFileSync(join(folder, name, file))
          const reply = await post(handler, '/invocations', { 'content-type': 'application/json' }, body)
          // What real MLflow fails on may be refused here.
          if (reply.status !== 200) {
            assert.equal(ok, false, file)
            continue
          }
          const predictions = parseJson(await bytesOf(reply)).value as ReadonlyMap<string, Cell>
          const wanted = columnsOf(predictions.get('predictions')!)
          const { data } = readRequest(body, 'application/json', signature, { mode: 'strict' })
          for (const binary of [false, true]) {
            const request = openInferenceRequest(data, new Map([['binary_data_output', binary]]))
            assert.deepEqual(
              await infer(handler, request, binary),
              wanted.map((values) => values.map(valueFor(binary))),
              file,
            )
          }
        }
      } finally {
        await handler.close()
      }
    })
})

function post(handler: Handler, path: string, headers: Record<string, string>, body: Uint8Array | string): Promise<Response> {
  return handler(new Request(`http://here${path}`, { method: 'POST', headers, body }))
}

async function bytesOf(reply: Response): Promise<Uint8Array> {
  return new Uint8Array(await reply.arrayBuffer())
}

/** The values of each output, in their order. */
async function infer(handler: Handler, request: Cell, binary: boolean): Promise<readonly (readonly unknown[])[]> {
  const reply = await post(handler, '/v2/models/model/infer', {}, writeJsonValue(request))
  const bytes = await bytesOf(reply)
  assert.equal(reply.status, 200, Buffer.from(bytes).toString())
  const length = Number(reply.headers.get('inference-header-content-length') ?? bytes.length)
  const head = parseJson(bytes.subarray(0, length)).value as ReadonlyMap<string, Cell>
  let at = length
  const values = (head.get('outputs') as readonly ReadonlyMap<string, Cell>[]).map((output) => {
    const shape = (output.get('shape') as readonly bigint[]).map(Number)
    const size = Number((output.get('parameters') as ReadonlyMap<string, bigint> | undefined)?.get('binary_data_size') ?? 0)
    assert.equal(output.has('data'), !binary)
    const datatype = String(output.get('datatype'))
    const elements = binary
      ? binaryElements(bytes.subarray(at, at + size), datatype, shape)
      : (output.get('data') as readonly Cell[])
    assert.equal(
      elements.length,
      shape.reduce((product, each) => product * each, 1),
    )
    at += size
    return elements.map(plain)
  })
  assert.equal(at, bytes.length)
  return values
}

function binaryElements(bytes: Uint8Array, datatype: string, shape: readonly number[]): readonly Cell[] {
  const { values } = readBinaryTensor(bytes, datatype, shape, '$')
  return Array.from(values as ArrayLike<Cell>, (value) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString()
    if (datatype === 'BOOL') return value === 1
    if (datatype === 'FP16') return float16ToNumber(Number(value))
    // MLflow's reply has a float32 as its double.
    return value
  })
}

/** The values of each output: a table is a list of its rows, several outputs are an object. */
function columnsOf(predictions: Cell): readonly (readonly unknown[])[] {
  if (isCellMap(predictions)) return [...predictions.values()].map(leaves)
  const rows = predictions as readonly Cell[]
  if (rows.length > 0 && rows.every(isCellMap)) return [...rows[0]!.keys()].map((key) => leaves(rows.map((row) => row.get(key)!)))
  return [leaves(predictions)]
}

/** Lists in lists as one; what the protocol has no tensor for is text of JSON. */
function leaves(cell: Cell): readonly unknown[] {
  if (Array.isArray(cell)) return (cell as readonly Cell[]).flatMap(leaves)
  return [plain(isCellMap(cell) ? writeJsonValue(cell) : cell)]
}

/** A number is a number, whether it is written with a point or without. */
function plain(cell: Cell): unknown {
  return typeof cell === 'bigint' && Number.isSafeInteger(Number(cell)) ? Number(cell) : cell
}

/** JSON has no NaN and no infinity; binary has no missing text. */
function valueFor(binary: boolean): (value: unknown) => unknown {
  return (value) => {
    if (!binary && typeof value === 'number' && !Number.isFinite(value)) return null
    return binary && value === null ? '' : value
  }
}
