/** Every form of booster against what its own library says and predicts (test/fixtures/trees/make.py). */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readCatboost } from '../../src/trees/catboost.ts'
import { readLightgbm } from '../../src/trees/lightgbm.ts'
import { readXgboost } from '../../src/trees/xgboost.ts'
import { catboostRaw, lightgbmRaw, type Row, xgboostRaw } from './raw-score.ts'

interface Expected {
  readonly rows: readonly Row[]
  readonly raw: readonly (readonly number[])[]
  readonly trees: number
  readonly features: number
  readonly names?: readonly string[]
  readonly categories?: readonly unknown[]
  readonly best_iteration?: string
  readonly hashes?: Readonly<Record<string, number>>
}

const folder = join(process.cwd(), 'test/fixtures/trees')
const expected: Record<string, Expected> = Object.assign(
  {},
  ...readdirSync(folder)
    .filter((name) => name.startsWith('expected-'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))),
)

function assertClose(got: readonly number[], want: readonly number[], what: string): void {
  assert.equal(got.length, want.length, what)
  got.forEach((value, index) => {
    // float32 sums of the libraries against double ones here; a wrong leaf is off by far more.
    assert.ok(
      Math.abs(value - want[index]!) <= 2e-5 * Math.max(1, Math.abs(want[index]!)),
      `${what}: ${value}, not ${want[index]}`,
    )
  })
}

describe('boosters are read as their libraries read them', () => {
  for (const [name, want] of Object.entries(expected)) {
    test(name, () => {
      const bytes = readFileSync(join(folder, name))
      if (name.startsWith('xgboost')) {
        const model = readXgboost(bytes)
        assert.equal(model.trees.length, want.trees)
        assert.equal(model.features, want.features)
        if (want.names !== undefined) assert.deepEqual(model.featureNames, want.names)
        if (want.best_iteration !== undefined) assert.equal(model.attributes.get('best_iteration'), want.best_iteration)
        if (want.categories !== undefined)
          assert.deepEqual(
            model.categories.map((each) => (each === undefined ? null : [...each])),
            want.categories,
          )
        want.rows.forEach((row, index) => {
          assertClose(xgboostRaw(model, row), want.raw[index]!, `row ${index}`)
        })
      } else if (name.startsWith('lightgbm')) {
        const model = readLightgbm(bytes)
        assert.deepEqual([model.trees.length, model.features, model.featureNames], [want.trees, want.features, want.names])
        want.rows.forEach((row, index) => {
          assertClose(lightgbmRaw(model, row), want.raw[index]!, `row ${index}`)
        })
      } else {
        const model = readCatboost(bytes)
        assert.deepEqual([model.trees.length, model.features, model.featureNames], [want.trees, want.features, want.names])
        want.rows.forEach((row, index) => {
          assertClose(catboostRaw(model, row, want.hashes ?? {}), want.raw[index]!, `row ${index}`)
        })
      }
    })
  }
  test('a CatBoost model of text says what is not read', () => {
    assert.equal(readCatboost(readFileSync(join(folder, 'catboost-1.2-text.cbm'))).unread.length, 2)
  })
})

const shared = join(process.cwd(), '../shared')
describe('all boosters of the shared sets are read', { skip: existsSync(shared) ? false : '../shared is not there' }, () => {
  for (const set of ['fixtures/models', 'fixtures-old/models']) {
    const root = join(shared, set)
    for (const model of existsSync(root) ? readdirSync(root) : []) {
      const inside = join(root, model, 'model')
      for (const file of existsSync(inside) ? readdirSync(inside) : []) {
        const read =
          /\.(ubj|xgb)$/.test(file) || (file === 'model.json' && model.includes('xgb'))
            ? readXgboost
            : file.endsWith('.lgb')
              ? readLightgbm
              : file.endsWith('.cb')
                ? readCatboost
                : undefined
        if (read !== undefined)
          test(`${set}/${model}/${file}`, () => assert.ok(read(readFileSync(join(inside, file))).features > 0))
      }
    }
  }
})
