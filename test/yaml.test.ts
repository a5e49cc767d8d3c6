import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MlmodelError } from '../src/errors/index.ts'
import { formatPythonFloat } from '../src/json.ts'
import { defaultLimits } from '../src/limits.ts'
import { isYamlList, isYamlMap, parseYaml, type YamlValue } from '../src/yaml.ts'

type Answer = { readonly ok: unknown } | { readonly error: string }

/** PyYAML's answers, made by test/fixtures/yaml/make.py. */
function fixture(name: string): readonly (readonly [string, Answer])[] {
  return JSON.parse(readFileSync(join(process.cwd(), 'test/fixtures/yaml', name), 'utf8'))
}

function encode(value: YamlValue): unknown {
  if (typeof value === 'bigint') return { int: String(value) }
  if (typeof value === 'number') return { float: formatPythonFloat(value) }
  if (isYamlMap(value)) return { map: [...value].map(([key, item]) => [key, encode(item)]) }
  return isYamlList(value) ? value.map(encode) : value
}

function codeOf(text: string | Uint8Array, limits = defaultLimits): string {
  try {
    parseYaml(text, 'x.yaml', limits)
    return 'accepted'
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return error.code
  }
}

/** What PyYAML takes and we refuse on purpose: no document, a key given twice, a key without text. */
const stricter = ['YAML_EMPTY', 'YAML_DUPLICATE_KEY', 'YAML_KEY']

describe('as PyYAML', () => {
  for (const name of ['scalars.json', 'documents.json', 'dumped.json'])
    test(name, () => {
      for (const [text, answer] of fixture(name)) {
        const code = codeOf(text)
        if ('error' in answer) assert.notEqual(code, 'accepted', `PyYAML refuses ${JSON.stringify(text)}: ${answer.error}`)
        else if (!stricter.includes(code))
          assert.deepEqual(encode(parseYaml(text, 'x.yaml').value), answer.ok, JSON.stringify(text))
      }
    })
})

describe('encodings', () => {
  const utf16 = (text: string, isBig: boolean) => {
    const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
    return isBig ? bytes.swap16() : bytes
  }
  test('UTF-8 with and without a byte order mark, UTF-16 with one', () => {
    for (const bytes of [Buffer.from('a: é'), Buffer.from('\ufeffa: é'), utf16('a: é', false), utf16('a: é', true)])
      assert.deepEqual(encode(parseYaml(bytes, 'x').value), { map: [['a', 'é']] })
  })
  test('other encodings are refused', () => {
    assert.equal(codeOf(Buffer.from('a: é', 'latin1')), 'YAML_ENCODING')
    assert.equal(codeOf(Buffer.from('a: é', 'utf16le')), 'YAML_ENCODING')
    assert.equal(codeOf(Buffer.from('a: b', 'utf16le')), 'YAML_CHARACTER')
  })
})

describe('refusals', () => {
  const laughs = ['a: &a [x,x,x,x,x,x,x,x,x]', ...'bcdefghi'].map((line, index) => {
    const before = String.fromCharCode(96 + index)
    return index === 0 ? line : `${line}: &${line} [${Array(9).fill(`*${before}`).join(',')}]`
  })
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'application tags': ['a: !!python/object/apply:os.system ["true"]', 'YAML_TAG'],
    'tags of other languages': ['a: !!js/function "f"', 'YAML_TAG'],
    sets: ['a: !!set {b}', 'YAML_TAG'],
    'alias bombs': [laughs.join('\n'), 'YAML_NODES'],
    'bombs of merge keys': [
      `${Array.from({ length: 400 }, (_, i) => `a${i}: &a${i} {${Array.from({ length: 40 }, (_, j) => `k${i}_${j}: 1`)}}`).join('\n')}\nz: {${Array(20).fill(`<<: [${Array.from({ length: 400 }, (_, i) => `*a${i}`)}]`)}}`,
      'YAML_NODES',
    ],
    circles: ['a: &a\n  b: *a', 'YAML_ANCHOR'],
    'deep brackets': ['['.repeat(20_000), 'YAML_DEPTH'],
    'deep braces': ['{a: '.repeat(20_000), 'YAML_DEPTH'],
    'deep dashes': ['- '.repeat(20_000), 'YAML_DEPTH'],
    'deep blocks': [Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'YAML_DEPTH'],
    'depth by aliases': [
      Array.from({ length: 20 }, (_, i) => `k${i}: &k${i} [[[[[[${i === 0 ? 1 : `*k${i - 1}`}]]]]]]`).join('\n'),
      'YAML_DEPTH',
    ],
    'many values': [Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n'), 'YAML_NODES'],
    'many commas': [`[${','.repeat(400_000)}]`, 'YAML_NODES'],
    size: [`a: ${'x'.repeat(1 << 20)}`, 'FILE_TOO_LARGE'],
    'long integers': [`a: ${'1'.repeat(5000)}`, 'YAML_VALUE'],
    NUL: ['a: "x\0y"', 'YAML_CHARACTER'],
    'several documents': ['a: 1\n---\nb: 2', 'YAML_DOCUMENTS'],
    'duplicate keys': ['a: 1\nb: 2\na: 3', 'YAML_DUPLICATE_KEY'],
    'keys that are duplicates once read': ['yes: 1\ntrue: 2', 'YAML_DUPLICATE_KEY'],
  }
  for (const [name, [text, code]] of Object.entries(cases))
    test(name, () => {
      assert.equal(codeOf(text), code)
    })

  test('errors have file, line and column', () => {
    assert.throws(
      () => parseYaml('a: 1\nb:\n  c: !x 2\n', 'MLmodel'),
      (error: MlmodelError) => {
        assert.equal(error.kind, 'model')
        assert.deepEqual({ ...error.where, column: 0 }, { file: 'MLmodel', line: 3, column: 0 })
        return true
      },
    )
  })
})

test('__proto__ is a key like any other', () => {
  const { value } = parseYaml('__proto__: {polluted: true}\nz: {<<: {__proto__: {polluted: true}}}', 'x')
  assert.deepEqual(encode(value), {
    map: [
      ['__proto__', { map: [['polluted', true]] }],
      ['z', { map: [['__proto__', { map: [['polluted', true]] }]] }],
    ],
  })
  assert.equal('polluted' in {}, false)
})

test('lines and sources of values', () => {
  const document = parseYaml('# c\na:\n  b: 3.10\n  c:\n  - x\n  - 010\nd: &d\n  e: 1\nf: *d\n', 'x')
  assert.equal(document.lineOf([]), 2)
  assert.equal(document.lineOf(['a', 'b']), 3)
  assert.equal(document.sourceOf(['a', 'b']), '3.10')
  assert.equal(document.lineOf(['a', 'c', 1]), 6)
  assert.equal(document.sourceOf(['a', 'c', 1]), '010')
  assert.equal(document.lineOf(['f', 'e']), 8)
  assert.equal(document.lineOf(['a', 'x']), undefined)
  assert.equal(document.sourceOf(['a']), undefined)
})

test('whatever is read ends in data or in an error of ours', () => {
  const atoms = fc.constantFrom(
    'a',
    ': ',
    '\n',
    '\n  ',
    '- ',
    '? ',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '"',
    "'",
    '|\n',
    '>\n',
    '&x ',
    '*x',
    '!!int ',
    '!',
    '#',
    '---\n',
    '...',
    '%YAML 1.1\n',
    '<<: ',
    '\t',
    '010',
    '~',
    '\\',
    '\u2028',
    '😀',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(atoms, fc.string({ maxLength: 4 })), { maxLength: 40 }), (parts) => {
      codeOf(parts.join(''))
    }),
    { numRuns: 2000, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
  )
})
