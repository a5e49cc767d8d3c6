/** The list of names: its shape, that it is exact, and that it holds what real files of ten generations ask for. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { generatedNames, readVersions } from '../../src/pickle/names.generated.ts'
import { everyName, listedName, lookUpName } from '../../src/pickle/names.ts'

const root = import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))

describe('names', () => {
  test('the generated table is what make.py writes: rules, modules, names with versions', () => {
    const rules = new Set([
      'class',
      'class-dict',
      'class-list',
      'slots',
      'native',
      'cython-unpickle',
      'cython-new',
      'enum',
      'named-tuple',
      'distribution',
      'value',
    ])
    const keys = Object.keys(generatedNames)
    assert.deepEqual(keys, [...keys].sort())
    for (const [key, names] of Object.entries(generatedNames)) {
      const [rule, module, ...more] = key.split(' ')
      assert.ok(rules.has(rule!) && more.length === 0 && /^[A-Za-z_][\w.]*$/.test(module!), key)
      for (const name of names.split(' ')) assert.match(name, /^[A-Za-z_]\w*@\d[\w.]*(-\d[\w.]*)?$/, key)
    }
    assert.equal(readVersions['scikit-learn']!.split(' ').length, 15)
  })

  test('every version that was read stands in the list of wheels', () => {
    const wheels = readFileSync(new URL(`${root}/scripts/pickle-table/wheels.txt`), 'utf8')
    for (const [library, versions] of Object.entries(readVersions))
      for (const version of versions.split(' ')) assert.ok(wheels.includes(`${library}==${version} `), `${library} ${version}`)
  })

  test('names match exactly', () => {
    assert.ok(listedName('sklearn.linear_model._base', 'LinearRegression'))
    for (const [module, name] of [
      ['sklearn.linear_model._base', 'LinearRegression.fit'],
      ['sklearn.linear_model._base', 'linearregression'],
      ['sklearn.linear_model._base ', 'LinearRegression'],
      ['sklearn.linear_model', '_base.LinearRegression'],
      ['', 'sklearn.linear_model._base.LinearRegression'],
      ['sklearn.linear_model._base', 'constructor'],
      ['__proto__', 'constructor'],
      ['sklearn.linear_m\u043edel._base', 'LinearRegression'],
    ] as const)
      assert.equal(listedName(module, name), undefined, `${module} ${name}`)
  })

  test('Python 2’s names are translated below protocol 3, and only there', () => {
    assert.deepEqual(names(lookUpName('__builtin__', 'set', 2, false)), ['builtins', 'set'])
    assert.deepEqual(names(lookUpName('commands', 'getoutput', 0, false)), ['subprocess', 'getoutput'])
    assert.equal(lookUpName('__builtin__', 'set', 3, false).entry, undefined)
    assert.equal(lookUpName('constructor', 'x', 0, false).entry, undefined)
  })

  test('no function stands on it that calls or gives what it is named, nor a private one that no class keeps', () => {
    const values = everyName().filter(({ module, rule }) => rule === 'value' && module.startsWith('sklearn.'))
    const doubtful = values.filter(({ name }) => /^__|_call$|_method$|^get_|^_check/.test(name))
    assert.deepEqual(
      doubtful.map(({ module, name }) => `${module}.${name}`),
      [],
    )
  })

  test('no function that opens, loads or runs stands on it', () => {
    const doubtful = everyName().filter(
      ({ module, name, rule }) =>
        rule !== 'class' &&
        !module.startsWith('scipy.special') &&
        /^(load|open|fetch|read_|save|eval|exec|run|import|compile|dump)/.test(name),
    )
    assert.deepEqual(
      doubtful.map(({ module, name }) => `${module}.${name}`),
      [],
    )
  })

  const globals = new URL(`${root}/../shared/fixtures-old/globals.txt`)
  test('it has every name of pickles since scikit-learn 0.20', { skip: !existsSync(globals) }, () => {
    for (const line of readFileSync(globals, 'utf8').trim().split('\n')) {
      const full = line.split(' | ')[0]!
      const at = full.lastIndexOf('.')
      assert.ok(listedName(full.slice(0, at), full.slice(at + 1)), full)
    }
  })
})

function names(found: { readonly module: string; readonly name: string }): string[] {
  return [found.module, found.name]
}
