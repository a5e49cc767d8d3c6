/** A model in a process of its own: answers, errors, deadlines, and what is left behind. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { MlmodelError } from '../../src/errors/index.ts'
import { type Model, openModel } from '../../src/library.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))
const slowPath = join(root, 'test/fixtures/library/slow')
const penguinsPath = join(root, 'examples/penguins/model')
const library = new URL('../../src/library.js', import.meta.url).href

const penguin = {
  island: 'Biscoe',
  sex: 'male',
  bill_length_mm: 50,
  bill_depth_mm: 15.5,
  flipper_length_mm: 220,
  body_mass_g: 5000,
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function gone(pid: number, within: number): Promise<boolean> {
  for (const end = performance.now() + within; performance.now() < end; await sleep(20)) if (!exists(pid)) return true
  return false
}

async function refusal(promise: Promise<unknown>): Promise<MlmodelError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String((error as Error).stack))
    return error
  }
  return assert.fail('it was not refused')
}

describe('a model in a process of its own', { timeout: 60_000 }, () => {
  let slow: Model
  /** Steps of the slow model that take about a second here. */
  let second: number

  before(async () => {
    slow = await openModel(slowPath, { isolate: true, threads: 1 })
    await slow.predict({ n: [100] })
    // Longer and longer: a short run on a busy machine says little of how long one takes that computes.
    let took = 0
    for (second = 5_000; took < 600; second = Math.ceil(second * Math.min(8, Math.max(1.2, 1000 / took)))) {
      const started = performance.now()
      await slow.predict({ n: [second] })
      took = performance.now() - started
    }
  })
  after(() => slow.close())

  test('answers and errors are those of a model in this process', async () => {
    const warnings: string[][] = [[], []]
    const models = await Promise.all(
      [false, true].map((isolate, at) =>
        openModel(penguinsPath, { isolate, onWarning: (warning) => warnings[at]!.push(warning) }),
      ),
    )
    const inputs: unknown[] = [
      [penguin, { ...penguin, body_mass_g: 3200n, extra: 1 }],
      Object.fromEntries(Object.entries(penguin).map(([name, value]) => [name, [value]])),
      join(root, 'examples/penguins/penguins.csv'),
      join(root, 'examples/penguins/mistakes.csv'),
      new URL('file:///nothing/there.csv'),
      [{ ...penguin, body_mass_g: 1.5, sex: true }],
      [{ ...penguin, sex: () => 1 }],
      [{ ...penguin, sex: Symbol('s') }],
      [{ ...penguin, sex: new Date(0) }],
      [{}],
      5,
    ]
    for (const input of inputs) {
      const outcomes = await Promise.all(
        models.map((model) =>
          model.predict(input as never).then(
            (predictions) => predictions.batch,
            ({ code, kind, message, where, problems, hint, arguments: args }) => ({
              code,
              kind,
              message,
              where,
              problems,
              hint,
              args,
            }),
          ),
        ),
      )
      assert.deepEqual(outcomes[1], outcomes[0])
    }
    const replies = await Promise.all(models.map((model) => model.invoke(JSON.stringify({ inputs: 5 }), 'application/json')))
    assert.equal(replies[1]!.status, 400)
    assert.deepEqual(Buffer.from(replies[1]!.body), Buffer.from(replies[0]!.body))
    assert.equal(warnings[1]!.length, 1)
    assert.deepEqual(warnings[1], warnings[0])
    assert.equal((await refusal(models[1]!.native())).code, 'NATIVE_ISOLATED')
    const native = await models[0]!.native()
    assert.deepEqual(
      native.session.outputs.map(({ name }) => name),
      ['species', 'probability'],
    )
    for (const model of models) {
      await model.close()
      assert.equal((await refusal(model.predict([penguin]))).code, 'MODEL_CLOSED')
    }
  })

  test('opening fails as in this process', async () => {
    for (const path of [join(root, 'no-such-model'), join(root, 'test/fixtures/models/sig_nested/model')]) {
      const [here, there] = [await refusal(openModel(path)), await refusal(openModel(path, { isolate: true }))]
      assert.equal(there.code, here.code)
      assert.equal(there.message, here.message)
    }
    const options = { providers: ['nothing'] }
    const [here, there] = [
      await refusal(openModel(penguinsPath, options)),
      await refusal(openModel(penguinsPath, { ...options, isolate: true })),
    ]
    assert.deepEqual([there.code, there.message], [here.code, here.message])
  })

  test('an inference of a second delays a timer of 10 ms by less than 20 ms', async () => {
    // Other work on the machine delays timers too: one quiet run of several is enough.
    const runs: number[] = []
    while (runs.length < 12 && !runs.some((longest) => longest < 20)) runs.push(await longestDelay())
    assert.ok(Math.min(...runs) < 20, `a timer was ${runs.join(', ')} ms late`)
  })

  async function longestDelay(): Promise<number> {
    let longest = 0
    let ticks = 0
    let last = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      longest = Math.max(longest, now - last - 10)
      last = now
      ticks += 1
    }, 10)
    const started = performance.now()
    await slow.predict({ n: [second] })
    const took = performance.now() - started
    clearInterval(timer)
    assert.ok(took > 400, `the inference took ${took} ms`)
    assert.ok(ticks > took / 40, `${ticks} ticks in ${took} ms`)
    return longest
  }

  test('a deadline kills the process; the next call starts another', async () => {
    const { pid } = slow
    const waiting = refusal(slow.predict({ n: [second * 60] }, { timeout: 200 }))
    // Who waits behind a call that is given up is answered all the same, or gives up by itself.
    const behind = slow.predict({ n: [10] })
    const tooLate = refusal(slow.predict({ n: [10] }, { timeout: 1 }))
    assert.equal((await tooLate).code, 'PREDICT_TIMEOUT')
    const error = await waiting
    assert.deepEqual([error.code, error.kind, error.arguments], ['PREDICT_TIMEOUT', 'timeout', { milliseconds: 200 }])
    assert.equal((await behind).length, 1)
    assert.equal((await slow.predict({ n: [10] }, { timeout: Number.POSITIVE_INFINITY })).length, 1)
    assert.notEqual(slow.pid, pid)
    assert.ok(await gone(pid!, 2000))
  })

  test('an abort kills the process; one that was aborted before is not begun', async () => {
    const { pid } = slow
    const abort = new AbortController()
    const waiting = refusal(slow.predict({ n: [second * 60] }, { signal: abort.signal }))
    setTimeout(() => abort.abort(new Error('enough')), 100)
    const error = await waiting
    assert.deepEqual([error.code, error.kind, (error.cause as Error).message], ['PREDICT_ABORTED', 'interrupted', 'enough'])
    assert.ok(await gone(pid!, 2000))
    assert.equal((await refusal(slow.predict({ n: [1] }, { signal: abort.signal }))).code, 'PREDICT_ABORTED')
    assert.equal((await slow.predict({ n: [10] })).length, 1)
  })

  test('a process that dies by a signal is an error; the next call starts another', async () => {
    const waiting = refusal(slow.predict({ n: [second * 60] }))
    await sleep(100)
    process.kill(slow.pid!, 'SIGSEGV')
    const error = await waiting
    assert.deepEqual([error.code, error.kind, error.arguments], ['RUNNER_DIED', 'runtime', { signal: 'SIGSEGV', exitCode: null }])
    assert.equal((await slow.predict({ n: [10] })).length, 1)
    // While it waits for work, too.
    process.kill(slow.pid!, 'SIGKILL')
    await sleep(100)
    assert.equal(slow.pid, undefined)
    assert.equal((await slow.predict({ n: [10] })).length, 1)
  })

  test('closing ends the process and whoever waits', async () => {
    const model = await openModel(slowPath, { isolate: true })
    const { pid } = model
    const waiting = refusal(model.predict({ n: [second * 60] }))
    const behind = refusal(model.predict({ n: [1] }))
    await model.close()
    assert.equal((await waiting).code, 'MODEL_CLOSED')
    assert.equal((await behind).code, 'MODEL_CLOSED')
    assert.equal(exists(pid!), false)
    await model[Symbol.asyncDispose]()
  })

  for (const [how, ending] of [
    ['returns', ''],
    ['is killed', "process.kill(process.pid, 'SIGKILL')"],
    ['exits', 'process.exit(3)'],
  ] as const) {
    for (const busy of [false, true]) {
      if (busy && how === 'returns') continue
      test(`nothing is left when a program that opened a model ${how}${busy ? ' while it computes' : ''}`, async () => {
        const program = `
          import { openModel } from ${JSON.stringify(library)}
          const model = await openModel(${JSON.stringify(slowPath)}, { isolate: true })
          ${busy ? `model.predict({ n: [${second * 60}] }).catch(() => {}); await new Promise((resolve) => setTimeout(resolve, 100))` : ''}
          console.log(model.pid)
          await new Promise((resolve) => setTimeout(resolve, 50))
          ${ending}`
        const parent = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
        let text = ''
        parent.stdout.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        const [code] = await once(parent, 'exit')
        if (how === 'returns') assert.equal(code, 0)
        const pid = Number(text)
        assert.ok(pid > 0, text)
        assert.ok(await gone(pid, 3000), `${pid} is still there`)
      })
    }
  }
})

test('in this process there is no deadline', async () => {
  assert.equal((await refusal(openModel(penguinsPath, { timeout: 5 }))).code, 'TIMEOUT_NOT_ISOLATED')
  await using model = await openModel(penguinsPath)
  assert.equal((await refusal(model.predict([penguin], { timeout: 5 }))).code, 'TIMEOUT_NOT_ISOLATED')
  assert.equal((await refusal(model.predict([penguin], { signal: AbortSignal.abort() }))).code, 'PREDICT_ABORTED')
  assert.equal(model.pid, undefined)
})
