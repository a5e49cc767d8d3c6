/** MLmodel and environment files as PyYAML wrote them, read and written again. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { writeText, writeYaml } from '../../src/yaml/write.ts'
import { parseYaml, type YamlMap } from '../../src/yaml.ts'

const models = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/test/fixtures/models/`)

describe('YAML is written as PyYAML writes it', () => {
  for (const name of readdirSync(models)) {
    for (const file of ['MLmodel', 'conda.yaml', 'python_env.yaml']) {
      test(`${name}/${file}`, (t) => {
        const text = readFileSync(new URL(`${name}/model/${file}`, models), 'utf8')
        const fields = parseYaml(text, file).value as YamlMap
        if (file === 'MLmodel' && fields.get('mlflow_version') !== '3.17.2') return t.skip('written by hand')
        assert.equal(writeYaml(fields), text)
      })
    }
  }

  test('any text comes back', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.string({ unit: fc.constantFrom(' ', "'", 'a', '#', ':', '-', '\n', '"'), maxLength: 200 }),
    )
    fc.assert(
      fc.property(text, text, (key, value) => {
        const map = new Map([
          [key, value],
          ['list', [value, new Map([['a', value]])] as never],
        ])
        assert.deepEqual(parseYaml(writeYaml(map), 'x').value, map)
      }),
      { numRuns: 500, interruptAfterTimeLimit: 20_000 },
    )
  })

  test('words of YAML are quoted', () => {
    for (const word of ['true', 'no', 'null', '~', '3.10', '1e3', '2026-01-01', '', '- a', 'a: b', '=', '<<'])
      assert.equal(parseYaml(`a: ${writeText(word, 3, 2)}`, 'x').sourceOf(['a']), word)
    assert.equal(writeText('3.11.7', 0, 0), '3.11.7')
    assert.equal(writeText('-r requirements.txt', 0, 0), '-r requirements.txt')
  })
})
