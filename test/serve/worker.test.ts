/** What a runner does with calls: one reply each, whatever fails. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Model, openModel } from '../../src/model.ts'
import type { Call, NumberedReply } from '../../src/serve/calls.ts'
import { scoreCalls } from '../../src/serve/worker.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const names = ['island', 'sex', 'bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g']
const penguin = ['Biscoe', 'male', 50, 15.5, 220, 5000]

function call(rows: readonly (readonly unknown[])[], more: Partial<Call> = {}): Call {
  const body = Buffer.from(JSON.stringify({ dataframe_split: { columns: names, data: rows } }))
  return { protocol: 'mlflow', contentType: 'application/json', body, ...more }
}

describe('a runner', () => {
  let model: Model
  const logged: string[] = []
  before(async () => {
    model = await openModel(`${root}examples/penguins/model`, { onWarning: () => {} })
  })

  async function score(
    calls: readonly Call[],
    bounds: { maxBatchRows: number; maxRows?: number } = { maxBatchRows: 100 },
    by = model,
  ) {
    logged.length = 0
    const replies: NumberedReply[] = []
    await scoreCalls(
      by,
      calls.map((one, id) => ({ id, call: one })),
      bounds,
      { send: (some) => replies.push(...some), log: (text) => logged.push(text) },
    )
    assert.deepEqual(
      replies.map(({ id }) => id).sort((left, right) => left - right),
      calls.map((_, id) => id),
    )
    return new Map(replies.map(({ id, reply }) => [id, { ...reply, text: Buffer.from(reply.body).toString() }]))
  }

  test('scores together what may be, and answers as it would alone', async () => {
    const calls = [call([penguin]), call([penguin, penguin]), call([['Dream', 'female', 40, 18, 190, 3500]])]
    const together = await score(calls)
    assert.equal(together.get(0)!.batchRows, 4)
    for (const [id, one] of calls.entries()) assert.equal(together.get(id)!.text, (await score([one])).get(0)!.text)
  })

  test('one bad request is one bad answer', async () => {
    const replies = await score([call([penguin]), call([], { body: Buffer.from('{') }), call([['Biscoe']]), call([penguin])])
    assert.deepEqual([...replies.values()].map(({ status }) => status).sort(), [200, 200, 400, 400])
    assert.deepEqual(logged, [])
  })

  test('a bug in one call loses no other, and its words go to the log alone', async () => {
    const bug = { ...call([penguin]), protocol: 'nobody' as 'mlflow' }
    const replies = await score([call([penguin]), bug, call([penguin])])
    assert.deepEqual([replies.get(0)!.status, replies.get(1)!.status, replies.get(2)!.status], [200, 500, 200])
    assert.equal(logged.length, 1)
    assert.doesNotMatch(replies.get(1)!.text, / at |\.js|undefined/)
  })

  test('a model that throws what is no error of ours', async () => {
    const odd = {
      read: (...given: Parameters<Model['read']>) => model.read(...given),
      score: () => Promise.reject(new TypeError(`secret ${root}`)),
    } as unknown as Model
    const replies = await score([call([penguin]), call([penguin])], { maxBatchRows: 100 }, odd)
    for (const { status, text } of replies.values()) {
      assert.equal(status, 500)
      assert.ok(!text.includes('secret') && !text.includes(root))
    }
    assert.match(logged[0]!, /^bug: TypeError: secret/)
  })

  test('too many rows are refused before they are scored', async () => {
    const replies = await score([call([penguin, penguin]), call([penguin])], { maxBatchRows: 0, maxRows: 1 })
    assert.equal(replies.get(0)!.status, 400)
    assert.match(replies.get(0)!.text, /SERVE_ROWS/)
    assert.equal(replies.get(1)!.status, 200)
  })
})
