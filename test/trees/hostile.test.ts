/** Boosters that lie: each is a sound file of its library with one thing changed. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { MlmodelError } from '../../src/errors/index.ts'
import { readCatboost } from '../../src/trees/catboost.ts'
import { readLightgbm } from '../../src/trees/lightgbm.ts'
import { readXgboost } from '../../src/trees/xgboost.ts'

const folder = join(process.cwd(), 'test/fixtures/trees')
const file = (name: string) => readFileSync(join(folder, name))

function refuses(read: () => unknown, pattern: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(error instanceof MlmodelError, String((error as Error).stack))
    assert.match(error.message, pattern)
    return true
  })
}

// biome-ignore lint/suspicious/noExplicitAny: a document of many shapes, changed in place
type Document = any

describe('XGBoost', () => {
  const changed = (
    change: (document: Document, model: Document, tree: Document) => void,
    name = 'xgboost-3.2-regression.json',
  ) => {
    const document = JSON.parse(file(name).toString('utf8'))
    const { model } = document.learner.gradient_booster
    change(document, model, model?.trees[0])
    return () => readXgboost(Buffer.from(JSON.stringify(document)))
  }
  const lies: Readonly<Record<string, readonly [(document: Document, model: Document, tree: Document) => void, RegExp]>> = {
    'a root that is its own child': [(_, __, tree) => (tree.left_children[0] = 0), /two ways|circle|no way/],
    'a child out of range': [(_, __, tree) => (tree.right_children[0] = 1e6), /not there/],
    'a child below -1': [(_, __, tree) => (tree.right_children[0] = -5), /not there/],
    'a child of two parents': [(_, __, tree) => (tree.left_children[1] = tree.right_children[1]), /two ways/],
    'a feature out of range': [(_, __, tree) => (tree.split_indices[0] = 4), /feature 4 of 4/],
    'a threshold that is missing': [(_, __, tree) => (tree.split_conditions[0] = null), /split_conditions\[0\]/],
    'arrays of different lengths': [(_, __, tree) => tree.default_left.pop(), /default_left has/],
    'num_nodes that lies': [(_, __, tree) => (tree.tree_param.num_nodes = '3'), /not 3/],
    'num_deleted that lies': [(_, __, tree) => (tree.tree_param.num_deleted = '1'), /deleted/],
    'num_trees that lies': [(_, model) => (model.gbtree_model_param.num_trees = '7'), /7 trees/],
    'tree_info too short': [(_, model) => model.tree_info.pop(), /tree_info/],
    'tree_info of an output that is not there': [(_, model) => (model.tree_info[0] = 1), /output 1 of 1/],
    'iteration_indptr that goes beyond': [(_, model) => (model.iteration_indptr[6] = 9), /iteration_indptr/],
    'num_feature beyond 32 bits': [
      (document) => (document.learner.learner_model_param.num_feature = '9'.repeat(20)),
      /num_feature/,
    ],
    'names for other features': [(document) => (document.learner.feature_names = ['a']), /feature names/],
    'a base score that is no number': [(document) => (document.learner.learner_model_param.base_score = '[NaN]'), /base score/],
    'no learner': [(document) => delete document.learner, /learner/],
    'an unknown booster': [(document) => (document.learner.gradient_booster.name = 'x'), /booster `x`/],
  }
  for (const [name, [change, pattern]] of Object.entries(lies)) test(name, () => refuses(changed(change), pattern))

  test('categories that overlap, go beyond or belong to no split', () => {
    const categories = (change: (tree: Document) => void) =>
      changed((_, model) => {
        const tree = model.trees.find((each: Document) => each.categories_nodes.length > 1)
        change(tree)
      }, 'xgboost-3.2-categories.json')
    refuses(
      categories((tree) => {
        tree.categories_segments[0] = 10_000
      }),
      /not where/,
    )
    refuses(
      categories((tree) => {
        tree.categories[0] = -1
      }),
      /between 0/,
    )
    refuses(
      categories((tree) => {
        tree.categories_nodes[0] = tree.split_type.indexOf(0)
      }),
      /categories at node/,
    )
    refuses(
      categories((tree) => {
        tree.categories_segments = tree.categories_segments.map(() => 0)
        tree.categories_sizes = tree.categories_sizes.map(() => tree.categories.length)
      }),
      /overlap/,
    )
  })
  test('leaf vectors that are too short', () => {
    refuses(
      changed((_, __, tree) => tree.leaf_weights.splice(2), 'xgboost-3.2-outputs.json'),
      /no values for the leaf/,
    )
  })
  for (const name of ['xgboost-0.90-regression.model', 'xgboost-1.7-classes.deprecated', 'xgboost-3.2-regression.ubj'])
    test(`${name} is refused wherever it is cut`, () => {
      const bytes = file(name)
      for (let length = 0; length < bytes.length; length += 97) refuses(() => readXgboost(bytes.subarray(0, length)), /./)
    })
  test('a number of trees that lies in the old binary', () => {
    const bytes = Buffer.from(file('xgboost-0.90-regression.model'))
    // Behind the learner's struct and the two names.
    bytes.writeInt32LE(0x7fffffff, 136 + 8 + 'reg:squarederror'.length + 8 + 'gbtree'.length)
    refuses(() => readXgboost(bytes), /trees, and/)
  })
})

describe('LightGBM', () => {
  const text = file('lightgbm-4.7-regression.txt').toString('latin1')
  /** With tree_sizes made to fit, so that the tree itself is judged. */
  const changed = (from: string | RegExp, to: string, sizes = true) => {
    const lie = text.replace(from, to)
    assert.notEqual(lie, text)
    const blocks = lie.slice(lie.indexOf('\nTree=0') + 1, lie.indexOf('\nend of trees') + 1).split(/(?=^Tree=)/m)
    return () =>
      readLightgbm(sizes ? lie.replace(/^tree_sizes=.*$/m, `tree_sizes=${blocks.map(({ length }) => length).join(' ')}`) : lie)
  }
  const lies: readonly (readonly [name: string, from: string | RegExp, to: string, pattern: RegExp])[] = [
    ['a split that is its own child', /left_child=\S+/, 'left_child=0', /two ways|circle/],
    ['a child out of range', /left_child=\S+/, 'left_child=99', /not there/],
    ['a leaf out of range', /left_child=\S+/, 'left_child=-99', /not there/],
    ['a feature out of range', /split_feature=\S+/, 'split_feature=5', /feature 5 of 5/],
    ['num_leaves that lies', /num_leaves=\d+/, 'num_leaves=1000000000', /leaf_value, not 1000000000/],
    ['num_leaves of none', /num_leaves=\d+/, 'num_leaves=0', /num_leaves/],
    ['too few leaf values', /leaf_value=\S+ /, 'leaf_value=', /values of leaf_value/],
    ['a threshold that is no number', /threshold=\S+/, 'threshold=nan', /threshold|category set/],
    ['a threshold that is text', /threshold=\S+/, 'threshold=1e9e9', /threshold/],
    ['num_cat that lies', /num_cat=\d+/, 'num_cat=2147483647', /cat_boundaries|category set/],
    ['a set of categories that is not there', /num_cat=1/, 'num_cat=0', /category set/],
    ['cat_boundaries that fall', /cat_boundaries=0 \d+/, 'cat_boundaries=0 -3', /cat_boundaries/],
    ['cat_threshold too short', /cat_threshold=.*/, 'cat_threshold=', /cat_threshold/],
    ['a negative max_feature_idx', /max_feature_idx=\d+/, 'max_feature_idx=-1', /max_feature_idx/],
    ['too few names', /feature_names=\S+ /, 'feature_names=', /feature_names/],
    ['a field twice', /num_cat=1\n/, 'num_cat=1\nnum_cat=1\n', /twice/],
    ['a tree of another number', 'Tree=1', 'Tree=3', /tree 1/],
  ]
  for (const [name, from, to, pattern] of lies) test(name, () => refuses(changed(from, to), pattern))
  test('tree_sizes that lie', () => refuses(changed(/tree_sizes=\d+/, 'tree_sizes=99999999', false), /bytes/))
  test('a file without trees', () =>
    refuses(
      () => readLightgbm(text.replace(/\nTree=0[\s\S]*?(?=\nend of trees)/, '').replace(/tree_sizes=.*/, 'tree_sizes=')),
      /no trees/,
    ))
  test('a file that is cut', () => {
    for (let length = 0; length < text.indexOf('end of trees'); length += 61)
      refuses(() => readLightgbm(text.slice(0, length)), /./)
  })
  test('unknown lines at the end are passed over', () =>
    assert.equal(readLightgbm(`${text}\nx=${'A'.repeat(100_000)}`).trees.length, 5))
})

describe('CatBoost', () => {
  const cbm = () => Buffer.from(file('catboost-1.2-statistics.cbm'))
  test('lengths that lie', () => {
    for (const length of [0, 3, 0x7fffffff, 0xffffffff]) {
      const bytes = cbm()
      bytes.writeUInt32LE(length, 4)
      refuses(() => readCatboost(bytes), /core|refers|trees/)
    }
  })
  test('a root out of range', () => {
    const bytes = cbm()
    bytes.writeUInt32LE(0x80000000, 8)
    refuses(() => readCatboost(bytes), /refers/)
  })
  test('it is refused wherever it is cut', () => {
    const bytes = cbm()
    for (let length = 0; length < bytes.length; length += 211) refuses(() => readCatboost(bytes.subarray(0, length)), /./)
  })
  test('bad magic', () => refuses(() => readCatboost(Buffer.from('CBM2....')), /begins neither/))
  test('statistics without an empty bucket, which CatBoost would search for ever', () => {
    const bytes = cbm()
    const empty = Buffer.alloc(8, 0xff)
    const core = 8 + bytes.readUInt32LE(4)
    for (let at = bytes.indexOf(empty, core); at >= 0; at = bytes.indexOf(empty, at)) bytes.writeBigUInt64LE(5n, at)
    refuses(() => readCatboost(bytes), /no empty bucket/)
  })
  const changed = (name: string, change: (document: Document) => void) => {
    const document = JSON.parse(file(name).toString('utf8'))
    change(document)
    return () => readCatboost(Buffer.from(JSON.stringify(document)))
  }
  const json = 'catboost-1.2-regression.json'
  const lies: Readonly<Record<string, readonly [(document: Document) => void, RegExp, string?]>> = {
    'a split out of range': [(d) => (d.oblivious_trees[0].splits[0].split_index = 10_000), /condition 10000/],
    'a split whose border is another': [(d) => (d.oblivious_trees[0].splits[0].border = 7.5), /disagree/],
    'too few leaf values': [(d) => d.oblivious_trees[1].leaf_values.pop(), /leaf values/],
    'more levels than there are leaves': [
      (d) => (d.oblivious_trees[0].splits = Array(60).fill(d.oblivious_trees[0].splits[0])),
      /60 levels/,
    ],
    'borders that fall': [(d) => d.features_info.float_features[0].borders.reverse(), /do not rise/],
    'two features of one column': [(d) => (d.features_info.float_features[1].flat_feature_index = 0), /column 0/],
    'a column far away': [(d) => (d.features_info.float_features[1].flat_feature_index = 2_000_000_000), /column 2000000000/],
    'a scale that is none': [(d) => (d.scale_and_bias = ['x', 0]), /scale_and_bias/],
    'a leaf of other width': [
      (d) => (d.trees[0].left = { value: [1, 2], weight: 1 }),
      /numbers of values|split/,
      'catboost-1.2-lossguide.json',
    ],
  }
  for (const [name, [change, pattern, of = json]] of Object.entries(lies)) test(name, () => refuses(changed(of, change), pattern))
  test('a tree as deep as the file is long', () => {
    let tree = '{"value":1,"weight":1}'
    const split = '"split":{"split_index":0,"split_type":"OnlineCtr"}'
    const depth = 50_000
    tree = `${`{${split},"left":{"value":1},"right":`.repeat(depth)}${tree}${'}'.repeat(depth)}`
    const document = `{"features_info":{"float_features":[{"feature_index":0,"flat_feature_index":0,"borders":[1]}]},"trees":[${tree}]}`
    // V8's own parser reads any depth; ours has a limit. Either is an answer.
    try {
      assert.equal(readCatboost(Buffer.from(document)).trees[0]!.conditions.length, depth)
    } catch (error) {
      assert.ok(error instanceof MlmodelError)
    }
  })
})
