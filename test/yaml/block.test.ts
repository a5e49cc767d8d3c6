/** The short way to read plain YAML against the long one: it gives the very nodes of the `yaml` package, or nothing. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { defaultLimits } from '../../src/limits.ts'
import { readBlock } from '../../src/yaml/block.ts'
import { composeYaml } from '../../src/yaml/compose.ts'

/** The short way leaves out where values end. */
function withoutEnds(given: unknown): unknown {
  return JSON.parse(JSON.stringify(given, (key, value) => (key === 'end' ? undefined : value)))
}

/** What the package gives, or the code of its error. */
function compose(text: string): unknown {
  try {
    return composeYaml(text, defaultLimits, (code) => {
      throw new Error(code)
    })
  } catch (error) {
    return { error: (error as Error).message }
  }
}

/** Whether the short way read it; it must then have read it right. */
function agrees(text: string): boolean {
  const node = readBlock(text, defaultLimits)
  if (node === undefined) return false
  assert.deepEqual(node, withoutEnds(compose(text)), JSON.stringify(text))
  return true
}

const written = `artifact_path: model
flavors:
  onnx:
    data: model.onnx
    onnx_session_options: null
    providers:
    - CUDAExecutionProvider
    - name: cpu
      options: {}
  python_function:
    env:
      conda: conda.yaml
    python_version: 3.10.12
signature:
  inputs: '[{"type": "double", "name": "it''s", "required": true}, {"type": "double",
    "name": "b", "required": true}]'

  outputs: "none"
utc_time_created: '2024-05-01 10:00:00.000000'
`.replace('\n\n', '\n')

/** Edges of the grammar: each is read right or left to the package. */
const pieces = [
  ...["'", '"', "''", ' ', '  ', '\n', '\n\n', '\n  ', ':', ': ', 'k: ', '- ', '\n- ', '-', '#', ' #', ',', '\\', '\t'],
  ...[
    '[]',
    '{}',
    '[',
    '{',
    '&a ',
    '*a',
    '!t ',
    '|',
    '>',
    '?',
    '<<',
    '=',
    '~',
    'null',
    '---',
    '...',
    '%',
    '@',
    '`',
    'é',
    '\u00a0',
  ],
]

describe('readBlock', () => {
  test('what MLflow writes is read', () => {
    assert.ok(agrees(written))
    assert.ok(
      agrees('name: m\nchannels:\n- conda-forge\ndependencies:\n- python=3.10\n- pip<=24\n- pip:\n  - mlflow\n  - a==1\n'),
    )
    assert.ok(agrees("a:\n  b\n  c\nd: 'x\n\n\n  y\n\n  '\ne:\n  - - 1\n".replace('  - - 1', '  - 1')))
  })

  test('everything else is left to the package', () => {
    for (const text of ['', 'a:\n', '- - a\n', '# c\na: 1\n', 'a: 1 # c\n', 'a: &x 1\n', 'a: !t 1\n', 'a: [1]\n', 'a: |\n  x\n'])
      assert.equal(readBlock(text, defaultLimits), undefined, JSON.stringify(text))
    for (const text of [
      '---\na: 1\n',
      'a: b: c\n',
      ' a: 1\nb: 2\n',
      'a:\n\tb: 1\n',
      'a: "\\n"\n',
      "a: 'b\n",
      '? a\n',
      'a: 1\n\nb: 2\n',
    ])
      assert.equal(readBlock(text, defaultLimits), undefined, JSON.stringify(text))
    assert.equal(readBlock(written, { ...defaultLimits, depth: 3 }), undefined)
    assert.equal(readBlock(written, { ...defaultLimits, yamlNodes: 100 }), undefined)
  })

  test('every file of the fixtures', () => {
    const texts = ['scalars.json', 'documents.json', 'dumped.json'].flatMap((name) =>
      (JSON.parse(readFileSync(join('test/fixtures/yaml', name), 'utf8')) as [string, unknown][]).map(([text]) => text),
    )
    const folders = ['test/fixtures', 'examples', '../shared/fixtures', '../shared/corpus/yaml'].filter(existsSync)
    for (const folder of folders)
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
        if (/(?:\.ya?ml|MLmodel)$/.test(name)) texts.push(readFileSync(join(folder, name), 'utf8'))
    const plain = texts.map((text) => text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n'))
    assert.ok(plain.filter(agrees).length > 100)
  })

  test('files with mistakes in them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ at: fc.nat(written.length), cut: fc.nat(6), piece: fc.constantFrom('', ...pieces) }), {
          minLength: 1,
          maxLength: 5,
        }),
        (edits) => {
          const text = edits.reduce((before, { at, cut, piece }) => before.slice(0, at) + piece + before.slice(at + cut), written)
          agrees(text)
        },
      ),
      { numRuns: 3000, interruptAfterTimeLimit: 20_000 },
    )
  })

  test('texts of the pieces of the grammar', () => {
    const text = fc.array(fc.constantFrom('a', '1', 'b: ', '\n', '\n  ', '\n- ', ...pieces), { maxLength: 14 })
    fc.assert(
      fc.property(text, (parts) => {
        agrees(parts.join(''))
      }),
      { numRuns: 5000, interruptAfterTimeLimit: 20_000 },
    )
  })
})
