/** Package specifications beside conda (test/fixtures/env/make_match_specs.py). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { toPipRequirement } from '../../src/env/conda-to-pip.ts'
import { type MatchSpec, parseMatchSpec } from '../../src/env/match-spec.ts'
import { parseRequirement } from '../../src/env/requirement.ts'
import { satisfiesAll } from '../../src/env/specifier.ts'
import { MlmodelError } from '../../src/errors/index.ts'

interface Expected {
  readonly versions: readonly string[]
  readonly specs: readonly {
    readonly spec: string
    readonly read: {
      readonly name: string
      readonly version: string | null
      readonly build: string | null
      readonly channel: string | null
      readonly subdir: string | null
      readonly others: readonly string[]
      readonly contains: string
    } | null
  }[]
}

const root = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`)
const expected = JSON.parse(readFileSync(new URL('test/fixtures/env/match-specs.json', root), 'utf8')) as Expected
// Nothing at all is a specification of everything to conda's class, and no entry of an environment file.
const specs = expected.specs.filter(({ spec }) => spec !== '')

function parsed(text: string): MatchSpec | null {
  try {
    return parseMatchSpec(text)
  } catch (error) {
    if (error instanceof MlmodelError && error.code === 'MATCH_SPEC_INVALID') return null
    throw error
  }
}

describe('specifications beside conda', () => {
  test('there are enough of them', () => {
    assert.ok(specs.length >= 200)
    assert.ok(specs.filter(({ read }) => read === null).length >= 50)
  })

  test('each is read or refused the same', () => {
    for (const { spec, read } of specs) {
      const found = parsed(spec)
      assert.equal(found === null, read === null, `${JSON.stringify(spec)}: conda ${read === null ? 'refuses' : 'reads'} it`)
      if (found === null || read === null) continue
      if (read.others.includes('url')) {
        assert.notEqual(found.url, undefined, spec)
        continue
      }
      assert.deepEqual(
        {
          name: found.name,
          version: found.versionText ?? null,
          build: found.build ?? null,
          subdir: found.subdir ?? null,
          others: [...found.others.keys()].sort(),
        },
        { name: read.name, version: read.version, build: read.build, subdir: read.subdir, others: read.others },
        spec,
      )
      // An address of a scheme that it does not know conda takes for a folder's.
      if (!/^fil:/.test(spec)) assert.equal(found.channel ?? null, read.channel, spec)
    }
  })

  test('what pip gets contains the same releases', () => {
    let translated = 0
    for (const { spec, read } of specs) {
      const found = parsed(spec)
      if (found === null || read === null) continue
      const translation = toPipRequirement({ ...found, name: 'name' })
      if (translation.requirement === null) continue
      translated++
      const { specifiers } = parseRequirement(translation.requirement)
      const contains = expected.versions.map((version) => Number(satisfiesAll(specifiers, version))).join('')
      assert.equal(contains, read.contains, `${spec}: ${translation.requirement}`)
    }
    assert.ok(translated >= 150, `${translated}`)
  })

  const translations: readonly (readonly [string, string | null, string])[] = [
    ['scikit-learn=1.3', 'scikit-learn==1.3.*', ''],
    ['scikit-learn==1.3.2', 'scikit-learn==1.3.2', ''],
    ['conda-forge::numpy >=1.26,<2', 'numpy<2,>=1.26', 'the channel conda-forge'],
    ['pytorch::pytorch=2.1.0=py3.11_cuda12.1_0', 'torch==2.1.0', 'the channel pytorch, the build py3.11_cuda12.1_0'],
    ['numpy[version=">=1.26",subdir=linux-64,md5=0123]', 'numpy>=1.26', 'the platform linux-64, md5 0123'],
    ['numpy 1.26.* *', 'numpy==1.26.*', ''],
    ['numpy 1.25|1.26', null, 'pip has no versions of which one or another will do (`|`)'],
    ['numpy 1.*.3', null, 'pip has no patterns of versions such as 1.*.3'],
    ['openssl=1.1.1w', null, 'it is no package of Python'],
    ['libgcc-ng', null, 'it is no package of Python'],
    ['_libgcc_mutex=0.1', null, 'it is no package of Python'],
    ['librosa', 'librosa', ''],
    ['r-base', null, 'it is no package of Python'],
    ['python=3.11', null, 'Python itself is not installed by pip'],
    ['numpy=1.26rc1', null, 'PEP 440 has no ==1.26rc1.*'],
    ['numpy 1.26_1', null, 'PEP 440 has no version 1.26_1'],
    ['num*', null, 'it names no one package'],
    ['numpy-1.26.4-py311_0.conda', null, 'it is a file of conda’s own format'],
    ['__cuda', null, 'it is a property of the machine'],
  ]
  for (const [spec, requirement, words] of translations)
    test(`${spec} for pip`, () => {
      const translation = toPipRequirement(parseMatchSpec(spec))
      assert.equal(translation.requirement, requirement)
      assert.equal(translation.requirement === null ? translation.reason : translation.lost.join(', '), words)
    })

  test('a refusal says why', () => {
    assert.throws(() => parseMatchSpec('numpy=>=1', { file: 'conda.yaml', line: 4 }), {
      code: 'MATCH_SPEC_INVALID',
      where: { file: 'conda.yaml', line: 4 },
    })
  })
})

describe('specifications of anybody', () => {
  const words = [
    'a',
    'A_',
    '::',
    ':',
    '=',
    '==',
    '>=',
    '<',
    '!',
    '~',
    ',',
    '|',
    '(',
    ')',
    '[',
    ']',
    ' ',
    '*',
    '.',
    '1.2',
    "version='",
    "'",
    '^',
    '$',
    '#',
    '@',
    '+',
    '-',
    '\n',
  ]
  const text = fc.oneof(
    fc.array(fc.constantFrom(...words), { maxLength: 16 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }),
  )

  test('are read or refused, and nothing else; what pip gets is a requirement', () => {
    fc.assert(
      fc.property(text, (line) => {
        const spec = parsed(line)
        if (spec === null) return
        const { requirement } = toPipRequirement(spec)
        if (requirement !== null) parseRequirement(requirement)
      }),
      { numRuns: 5000 },
    )
  })

  test('long ones are read or refused at once', () => {
    for (const piece of ['a', 'a ', '(', '[', '=', '|1', ',1', ' ', '.', '1.', '*', '((1|2),', 'a-', "a='b',"])
      for (const length of [4000, 1_000_000]) parsed(`numpy ${piece.repeat(length / piece.length)}`)
  })
})
