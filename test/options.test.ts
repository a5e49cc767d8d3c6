/** Options of the public functions: an unknown one, and a value of another kind, is an error that says so. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  loadMlmodel,
  locate,
  MlmodelError,
  openLoaded,
  openModel,
  parseJson,
  parseSignature,
  readRequest,
  writePredictions,
} from '../src/index.ts'
import { limitsOf } from '../src/options.ts'

const penguins = fileURLToPath(
  new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/examples/penguins/model`),
)

async function refusal(action: () => unknown): Promise<MlmodelError> {
  try {
    await action()
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String(error))
    assert.equal(error.kind, 'usage')
    return error
  }
  return assert.fail('it was not refused')
}

describe('openModel', () => {
  const wrong: readonly (readonly [object, string, RegExp])[] = [
    [{ isolat: true }, 'openModel has no option `isolat`', /Did you mean `isolate`/],
    [{ timeOut: 5 }, 'openModel has no option `timeOut`', /Did you mean `timeout`/],
    [{ quantum: 1 }, 'openModel has no option `quantum`', /There are `mode`, `flavor`/],
    [{ isolate: 'yes' }, 'The option `isolate` of openModel must be true or false, not "yes"', /^$/],
    [{ mode: 'lenient' }, 'The option `mode` of openModel must be "strict" or "compat", not "lenient"', /^$/],
    [{ threads: 0 }, 'The option `threads` of openModel must be a whole number from 1 on, not 0', /^$/],
    [
      { isolate: true, timeout: Number.NaN },
      'The option `timeout` of openModel must be a number of milliseconds above 0, not NaN',
      /^$/,
    ],
    [{ limits: { jsonByte: 5 } }, 'openModel, limits has no option `jsonByte`', /Did you mean `jsonBytes`/],
    [
      { limits: { jsonBytes: Number.NaN } },
      'The option `jsonBytes` of openModel, limits must be a number from 0 on, not NaN',
      /^$/,
    ],
    [Object.create({ isolat: true }) as object, 'openModel has no option `isolat`', /isolate/],
  ]
  for (const [options, message, hint] of wrong) {
    test(message, async () => {
      const error = await refusal(() => openModel(penguins, options))
      assert.equal(error.message, message)
      assert.match(error.hint ?? '', hint)
    })
  }

  test('an option that is undefined is not given, and null are no options', async () => {
    await using model = await openModel(penguins, { isolate: undefined, mode: undefined } as object)
    assert.equal(model.mode, 'strict')
    assert.equal((await refusal(() => openModel(penguins, null as never))).code, 'OPTIONS_NO_OBJECT')
    assert.equal((await refusal(() => openModel(penguins, true as never))).code, 'OPTIONS_NO_OBJECT')
  })

  test('some limits are enough, the others stay', async () => {
    const { jsonBytes, arrayBytes } = limitsOf('x', { jsonBytes: 10 })
    assert.deepEqual([jsonBytes, arrayBytes], [10, limitsOf('x', undefined).arrayBytes])
    await using model = await openModel(penguins, { limits: { jsonBytes: 1000 } })
    const { body } = await model.invoke(' '.repeat(1001), 'application/json')
    assert.match(Buffer.from(body).toString(), /JSON_SIZE/)
  })
})

for (const isolate of [false, true]) {
  test(`calls of a model, ${isolate ? 'in a process of its own' : 'in this process'}`, async () => {
    await using model = await openModel(penguins, { isolate })
    for (const [call, action] of [
      ['predict', () => model.predict([{}] as never, { parms: {} } as object)],
      ['predict', () => model.predict([{}] as never, { outputs: 'species' as never })],
      ['invoke', () => model.invoke('{}', 'application/json', { timeout: '5' as never })],
      ['invoke', () => model.invoke('{}', 'application/json', { abort: 1 } as object)],
      ['predict', () => model.predict([{}] as never, { signal: {} as AbortSignal })],
    ] as const) {
      const { message } = await refusal(action)
      assert.match(message, new RegExp(`\\b${call}\\b`))
    }
  })
}

test('the parts alone', async () => {
  const mlmodel = await loadMlmodel(await locate(penguins))
  await refusal(() => openLoaded(mlmodel, { onWarnings: () => {} } as object))
  await refusal(() => parseJson('1', { limit: 5 } as object))
  await refusal(() => readRequest(Buffer.from('{}'), 'application/json', undefined, { mode: 'Strict' as 'strict' }))
  await refusal(() => parseSignature(undefined, {}, { line: 1 } as object))
  await refusal(() => writePredictions({ kind: 'value', value: 1 }, { wrapped: true } as never))
  const model = await openLoaded(mlmodel)
  await refusal(() => model.predict({ kind: 'frame', rows: 0, columns: [] }, { param: 1 } as object))
  await model.close()
})
