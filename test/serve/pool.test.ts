/** The pool with a fake runner: deadlines, deaths, retries, bounds. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { MlmodelError } from '../../src/errors/index.ts'
import type { Call } from '../../src/serve/calls.ts'
import { openPool, type Pool, type PoolEvent, type PoolOptions } from '../../src/serve/pool.ts'

const executable = { path: process.execPath, prefix: [fileURLToPath(new URL('fake-runner.js', import.meta.url))] }
const pools: Pool[] = []
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close()
})

function open(options: Partial<PoolOptions> = {}, path = 'well'): Pool & { readonly events: PoolEvent[] } {
  const events: PoolEvent[] = []
  const pool = openPool({
    executable,
    open: { path, options: {}, maxBatchRows: 100 },
    workers: 1,
    timeout: 20_000,
    openTimeout: 20_000,
    maxWaiting: 100,
    maxBatchCalls: 64,
    maxBatchDelay: 0,
    onWarning: () => {},
    onEvent: (event) => events.push(event),
    ...options,
  })
  pools.push(pool)
  return Object.assign(pool, { events })
}

const call = (text: string | Uint8Array): Call => ({ protocol: 'mlflow', contentType: undefined, body: Buffer.from(text) })

async function answer(promise: Promise<{ readonly body: Uint8Array }>): Promise<readonly string[]> {
  return Buffer.from((await promise).body)
    .toString()
    .split(' ')
}

/** The code of the error. */
async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String(error))
    return error.code
  }
  return 'answered'
}

describe('a pool', () => {
  test('what comes together goes together, each with its own answer', async () => {
    const pool = open()
    await pool.ready
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => answer(pool.ask(call(text)))))
    assert.deepEqual(
      answers.map(([word, together]) => [word, together]),
      [
        ['a', '3'],
        ['b', '3'],
        ['c', '3'],
      ],
    )
    assert.equal(pool.inFlight, 0)
  })

  test('a frame is not longer than eight MiB and one request', async () => {
    const pool = open()
    await pool.ready
    await pool.ask(call('fast'))
    const large = Buffer.alloc(5 << 20, 'x')
    const answers = await Promise.all([1, 2, 3].map(() => answer(pool.ask(call(large)))))
    assert.deepEqual(
      answers.map(([, together]) => together),
      ['2', '2', '1'],
    )
  })

  test('a request that hangs gets its deadline, the others their answers', async () => {
    const pool = open()
    await pool.ready
    const hanging = code(pool.ask(call('hang'), 300))
    const [, , first] = await answer(pool.ask(call('before')).catch(() => ({ body: Buffer.from('lost') }))).catch(() => [])
    assert.equal(await hanging, 'SERVE_TIMEOUT')
    const [word, together] = await answer(pool.ask(call('after')))
    assert.deepEqual([word, together], ['after', '1'])
    assert.notEqual(first, undefined)
    assert.equal(pool.notReady, undefined)
    assert.deepEqual(
      pool.events.filter(({ kind }) => kind === 'restart').map((event) => 'why' in event && event.why),
      ['a request took longer than its deadline'],
    )
  })

  test('what was lost with another is asked again, alone; what kills twice is a failure', async () => {
    const pool = open()
    await pool.ready
    const [deadly, ...others] = ['die', 'one', 'two'].map((text) => pool.ask(call(text)))
    const codes = code(deadly!)
    const answers = await Promise.all(others.map(answer))
    assert.equal(await codes, 'SERVE_CRASHED')
    assert.deepEqual(
      answers.map(([word, together]) => [word, together]),
      [
        ['one', '1'],
        ['two', '1'],
      ],
    )
  })

  test('a runner that speaks nonsense is ended', async () => {
    const pool = open()
    await pool.ready
    assert.equal(await code(pool.ask(call('mad'))), 'SERVE_CRASHED')
    assert.equal((await answer(pool.ask(call('well'))))[0], 'well')
  })

  test('five crashes in a minute: not ready, with the reason; it is tried again', async () => {
    const pool = open({ workers: 2 })
    await pool.ready
    for (let index = 0; index < 2; index++) assert.equal(await code(pool.ask(call('die'))), 'SERVE_CRASHED')
    assert.equal(await code(pool.ask(call('die'))), 'SERVE_CRASHED')
    assert.match(pool.notReady ?? '', /its process was ended by SIGKILL; 5 times in a minute/)
    assert.ok(pool.events.some(({ kind }) => kind === 'broken'))
  })

  test('a model that cannot be opened is told as it is, and no stranger the stack of a bug', async () => {
    const pool = open({}, 'fails')
    assert.equal(await code(pool.ready), 'SERVE_NO_KEYS')
    assert.equal(await code(pool.ask(call('a'))), 'SERVE_NOT_READY')
  })

  test('a process that cannot be started is tried five times', async () => {
    const pool = open({ executable: { path: '/nonexistent/node', prefix: [] } })
    assert.equal(await code(pool.ready), 'SERVE_NOT_READY')
    assert.equal(pool.notReady, 'its process could not be started (ENOENT); 5 times in a minute')
  })

  test('a process that dies when it opens the model, and one that does not open it in time', async () => {
    const dies = open({}, 'dies')
    assert.equal(await code(dies.ready), 'SERVE_NOT_READY')
    assert.match(dies.notReady ?? '', /exit code 3/)
    const hangs = open({ openTimeout: 50 }, 'hangs')
    assert.equal(await code(hangs.ready), 'SERVE_NOT_READY')
    assert.match(hangs.notReady ?? '', /could not be opened in time/)
  })

  test('more than may wait is refused at once, also by its bytes', async () => {
    const pool = open({ maxWaiting: 2, maxBatchCalls: 1 })
    await pool.ready
    const asked = ['wait 200', 'b', 'c', 'd', 'e'].map((text) => code(pool.ask(call(text))))
    assert.deepEqual(await Promise.all(asked.slice(2)), ['SERVE_OVERLOADED', 'SERVE_OVERLOADED', 'SERVE_OVERLOADED'])
    assert.deepEqual(await Promise.all(asked.slice(0, 2)), ['answered', 'answered'])
    const heavy = open({ maxHeldBytes: 1000 })
    await heavy.ready
    // Whatever its size, one that is alone is taken.
    const first = code(heavy.ask(call(Buffer.alloc(2000, 'x'))))
    assert.equal(await code(heavy.ask(call('b'))), 'SERVE_OVERLOADED')
    assert.equal(await first, 'answered')
    assert.equal(await code(heavy.ask(call('b'))), 'answered')
  })

  test('what nobody waits for any more is not begun', async () => {
    const pool = open({ maxBatchCalls: 1 })
    await pool.ready
    // Two frames go to the process, one behind the other; the third waits here.
    const first = [pool.ask(call('wait 200')), pool.ask(call('b'))]
    let isGone = false
    const third = code(pool.ask({ ...call('c'), isGone: () => isGone }))
    const fourth = answer(pool.ask(call('d')))
    isGone = true
    assert.equal(await third, 'SERVE_LEFT')
    await Promise.all(first)
    assert.equal((await fourth)[0], 'd')
  })

  test('a request that waits is told on time, one with a shorter deadline too', async () => {
    const pool = open({ maxBatchCalls: 1 })
    await pool.ready
    const long = pool.ask(call('wait 1500'))
    const next = pool.ask(call('in the pipe'))
    const began = performance.now()
    assert.equal(await code(pool.ask(call('short'), 100)), 'SERVE_TIMEOUT')
    assert.ok(performance.now() - began < 1000)
    await Promise.all([long, next])
    // Nothing was killed for it.
    assert.deepEqual(
      pool.events.map(({ kind }) => kind),
      ['ready'],
    )
  })

  test('slow, not hanging: a process that answers is not killed for requests that came too late to it', async () => {
    const pool = open({ maxBatchCalls: 1, maxWaiting: 1000 })
    await pool.ready
    await pool.ask(call('wait 100'))
    const codes = await Promise.all(Array.from({ length: 30 }, () => code(pool.ask(call('wait 100'), 1_000))))
    const answered = codes.filter((one) => one === 'answered').length
    assert.ok(answered >= 5, `${answered} of 30`)
    assert.deepEqual(new Set(codes), new Set(['answered', 'SERVE_TIMEOUT']))
    assert.deepEqual(
      pool.events.map(({ kind }) => kind),
      ['ready'],
    )
  })

  test('a request that eats the memory ends its own process only', { skip: process.platform !== 'linux' }, async () => {
    const pool = open({ maxMemory: 200 << 20 })
    await pool.ready
    assert.equal(await code(pool.ask(call(`eat ${400 << 20}`))), 'SERVE_MEMORY')
    assert.equal((await answer(pool.ask(call('well'))))[0], 'well')
  })

  test('closing ends what waits and what is being scored, and the processes', async () => {
    const pool = open()
    await pool.ready
    const [pid] = pool.pids
    const asked = ['hang', 'b'].map((text) => code(pool.ask(call(text))))
    await sleep(50)
    await pool.close()
    assert.deepEqual(await Promise.all(asked), ['SERVE_STOPPING', 'SERVE_STOPPING'])
    assert.throws(() => process.kill(pid!, 0))
    assert.equal(await code(pool.ask(call('c'))), 'SERVE_STOPPING')
  })

  test('draining waits for what is there', async () => {
    const pool = open()
    await pool.ready
    let done = false
    const asked = pool.ask(call('wait 100')).then(() => {
      done = true
    })
    await pool.drain()
    assert.equal(done, true)
    await asked
  })
})
