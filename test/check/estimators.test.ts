/** Estimators whose classes are harmless and whose numbers lie. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { estimatorFindings } from '../../src/check/estimators.ts'
import { findingMessage } from '../../src/finding/index.ts'
import { defaultLimits } from '../../src/limits.ts'
import { judgePickle } from '../../src/pickle/file.ts'
import type { ArrayNode, DtypeNode, ObjectNode, PickleValue } from '../../src/pickle/value.ts'
import { validateModel } from '../../src/validate.ts'

const folder = join(process.cwd(), 'test/fixtures/estimators')
const verdicts: Record<string, { verdict: string; why: string }> = JSON.parse(readFileSync(join(folder, 'verdicts.json'), 'utf8'))

describe('pickles of scikit-learn 1.9, each but two with one number changed', () => {
  for (const [name, { verdict, why }] of Object.entries(verdicts)) {
    test(`${name}: ${why}`, async () => {
      const { files, findings } = await validateModel(join(folder, name))
      assert.equal(files[0]!.verdict, verdict === 'accept' ? 'safe' : 'reject')
      assert.deepEqual(
        findings.map(({ code }) => code),
        verdict === 'accept' ? [] : [name === 'unfitted.pkl' ? 'ESTIMATOR_UNFITTED' : 'ESTIMATOR_BROKEN'],
      )
    })
  }
})

const double: DtypeNode = { kind: 'dtype', code: 'f', size: 8, bigEndian: false, objects: false }

function array(shape: readonly number[], dtype: DtypeNode = double, data?: Uint8Array): ArrayNode {
  const size = shape.reduce((product, each) => product * each, 1) * dtype.size
  return {
    kind: 'array',
    module: 'numpy',
    name: 'ndarray',
    dtype,
    shape,
    fortran: false,
    data: data ?? new Uint8Array(size),
    built: true,
  }
}

function object(module: string, name: string, state: Readonly<Record<string, PickleValue>>): ObjectNode {
  const entries = Object.entries({ _sklearn_version: '1.9.1', fitted_: true, ...state }).flat() as PickleValue[]
  return { kind: 'object', module, name, entry: undefined, args: [], state: { kind: 'dict', entries }, offset: 0 }
}

const list = (...items: PickleValue[]): PickleValue => ({ kind: 'list', items })
const messages = (value: PickleValue) => estimatorFindings(value, {}).map(findingMessage)

describe('records made by hand', () => {
  const network = (...layers: readonly (readonly number[])[]) =>
    object('sklearn.neural_network._multilayer_perceptron', 'MLPRegressor', {
      n_features_in_: 3n,
      coefs_: list(...layers.map((shape) => array(shape))),
      intercepts_: list(...layers.map((shape) => array([shape[1]!]))),
    })
  test('layers follow one another', () => {
    assert.deepEqual(messages(network([3, 4], [4, 1])), [])
    assert.match(messages(network([3, 4], [5, 1]))[0]!, /layer 1/)
    assert.match(messages(network([2, 4], [4, 1]))[0]!, /layer 0/)
  })
  test('scalers and neighbours are as wide as their features', () => {
    const scaler = (width: number) =>
      object('sklearn.preprocessing._data', 'StandardScaler', { n_features_in_: 3n, mean_: array([width]), scale_: array([3]) })
    assert.deepEqual(messages(scaler(3)), [])
    assert.match(messages(scaler(2))[0]!, /mean_/)
    const neighbours = (answers: number) =>
      object('sklearn.neighbors._classification', 'KNeighborsClassifier', {
        n_features_in_: 2n,
        _fit_X: array([5, 2]),
        _y: array([answers]),
      })
    assert.deepEqual(messages(neighbours(5)), [])
    assert.match(messages(neighbours(4))[0]!, /4 answers/)
  })

  /** Nodes of histogram boosting: [left, right, is_leaf]. */
  function predictor(nodes: readonly (readonly [number, number, number])[]): ObjectNode {
    const word: DtypeNode = { ...double, code: 'u', size: 4 }
    const byte: DtypeNode = { ...double, code: 'u', size: 1 }
    const fields = [
      { name: 'feature_idx', dtype: word, offset: 0 },
      { name: 'left', dtype: word, offset: 4 },
      { name: 'right', dtype: word, offset: 8 },
      { name: 'is_leaf', dtype: byte, offset: 12 },
    ]
    const data = Buffer.alloc(nodes.length * 13)
    nodes.forEach(([left, right, leaf], row) => {
      data.writeUInt32LE(left, row * 13 + 4)
      data.writeUInt32LE(right, row * 13 + 8)
      data[row * 13 + 12] = leaf
    })
    const dtype: DtypeNode = { ...double, code: 'V', size: 13, fields }
    return object('sklearn.ensemble._hist_gradient_boosting.predictor', 'TreePredictor', {
      nodes: array([nodes.length], dtype, data),
    })
  }
  test('trees of histogram boosting', () => {
    assert.deepEqual(
      messages(
        predictor([
          [1, 2, 0],
          [0, 0, 1],
          [0, 0, 1],
        ]),
      ),
      [],
    )
    assert.match(
      messages(
        predictor([
          [1, 9, 0],
          [0, 0, 1],
          [0, 0, 1],
        ]),
      )[0]!,
      /child 9/,
    )
    assert.match(
      messages(
        predictor([
          [1, 0, 0],
          [0, 0, 1],
        ]),
      )[0]!,
      /circle/,
    )
    assert.match(
      messages(
        predictor([
          [1, 1, 0],
          [0, 0, 1],
        ]),
      )[0]!,
      /two ways/,
    )
  })
  test('an estimator deep inside others is found, and a circle of objects ends', () => {
    const broken = object('sklearn.linear_model._base', 'LinearRegression', { n_features_in_: 3n, coef_: array([5]) })
    const holder = object('sklearn.pipeline', 'Pipeline', {
      steps: list({
        kind: 'tuple',
        items: ['last', object('sklearn.ensemble._voting', 'VotingRegressor', { estimators_: list(broken) })],
      }),
    })
    ;(holder.state as { entries: PickleValue[] }).entries.push('self', holder)
    assert.equal(messages(holder).length, 1)
  })
  test('boosters inside of pickles are read', () => {
    const booster = (text: string) => object('lightgbm.basic', 'Booster', { handle: text })
    const text = readFileSync(join(folder, '../trees/lightgbm-4.7-binary.txt'), 'utf8')
    assert.deepEqual(messages(booster(text)), [])
    assert.match(messages(booster(text.replace('left_child=', 'left_child=9 ')))[0]!, /LightGBM/)
    const bytes = readFileSync(join(folder, '../trees/xgboost-3.2-binary.ubj'))
    const handle = (part: Uint8Array) => object('xgboost.core', 'Booster', { handle: { kind: 'bytearray', bytes: part } })
    assert.deepEqual(messages(handle(bytes)), [])
    assert.match(messages(handle(bytes.subarray(0, 500)))[0]!, /UBJSON/)
  })
})

const pickles = join(process.cwd(), '../shared/pickles')
describe('no estimator of seven versions is flagged', { skip: existsSync(pickles) ? false : '../shared is not there' }, () => {
  for (const version of existsSync(pickles) ? readdirSync(pickles) : []) {
    test(version, () => {
      for (const name of readdirSync(join(pickles, version))) {
        const { value } = judgePickle(readFileSync(join(pickles, version, name)), defaultLimits)
        if (value !== undefined) assert.deepEqual(messages(value), [], name)
      }
    })
  }
})
