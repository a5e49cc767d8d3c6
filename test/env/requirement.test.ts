/** Requirements, markers, versions and specifiers beside `packaging` (test/fixtures/env/make_requirements.py). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { evaluateMarker, type Marker, type MarkerEnvironment, markerEnvironment } from '../../src/env/marker.ts'
import { formatRequirement, parseRequirement, type Requirement } from '../../src/env/requirement.ts'
import { formatSpecifiers, parseSpecifiers, satisfiesAll } from '../../src/env/specifier.ts'
import { compareVersions, parseVersion } from '../../src/env/version.ts'
import { MlmodelError } from '../../src/errors/index.ts'

interface Expected {
  readonly targets: readonly {
    readonly target: Parameters<typeof markerEnvironment>[0]
    readonly environment: MarkerEnvironment
  }[]
  readonly lines: readonly {
    readonly line: string
    readonly error?: true
    readonly text: string | null
    readonly key: string
    readonly extras: readonly string[]
    readonly url: string | null
    readonly marker: readonly (boolean | null)[] | null
  }[]
  readonly versions: readonly {
    readonly text: string
    readonly error?: true
    readonly normalized: string
    readonly prerelease: boolean
  }[]
  readonly ranks: Readonly<Record<string, number>>
  readonly specifiers: readonly { readonly specifier: string; readonly text: string; readonly contains: string }[]
  readonly 'not specifiers': readonly string[]
}

const root = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`)
const expected = JSON.parse(readFileSync(new URL('test/fixtures/env/requirements.json', root), 'utf8')) as Expected

function parsed(line: string): Requirement | undefined {
  try {
    return parseRequirement(line)
  } catch (error) {
    if (error instanceof MlmodelError && error.code === 'REQUIREMENT_INVALID') return undefined
    throw error
  }
}

function judged(marker: Marker, environment: MarkerEnvironment): boolean | null {
  try {
    return evaluateMarker(marker, environment)
  } catch (error) {
    if (error instanceof MlmodelError && error.code === 'MARKER_UNDEFINED') return null
    throw error
  }
}

describe('requirements beside packaging', () => {
  test('there are enough of them', () => {
    assert.ok(expected.lines.length >= 300)
    assert.ok(expected.lines.filter(({ error }) => error).length >= 100)
  })

  test('the environments are those that Python reports', () => {
    for (const { target, environment } of expected.targets) assert.deepEqual(markerEnvironment(target), environment)
  })

  test('every line is read, refused, printed and judged the same', () => {
    const found = expected.lines.map(({ line }) => {
      const requirement = parsed(line)
      if (requirement === undefined) return { line, error: true }
      const { key, extras, url, marker } = requirement
      const verdicts = expected.targets.map(({ environment }) => (marker === undefined ? null : judged(marker, environment)))
      return {
        line,
        text: formatRequirement(requirement),
        key,
        extras,
        url: url ?? null,
        marker: marker === undefined ? null : verdicts,
      }
    })
    // What packaging cannot print, ours can.
    const wanted = expected.lines.map((one, index) => (one.text === null ? { ...one, text: found[index]!.text } : one))
    assert.deepEqual(found, wanted)
  })

  test('what is printed is read as the same again', () => {
    for (const { line, text } of expected.lines) {
      const requirement = parsed(line)
      if (requirement === undefined || text?.includes('\n') || text?.includes('\\')) continue
      assert.equal(formatRequirement(parseRequirement(formatRequirement(requirement))), formatRequirement(requirement))
    }
  })

  test('a value with both quotes, which packaging cannot print', () => {
    const line = `a; os_name == "\\x22'"`
    assert.equal(formatRequirement(parseRequirement(line)), line)
  })

  test('versions', () => {
    const found = expected.versions.map(({ text }) => {
      const version = parseVersion(text)
      return version === undefined ? { text, error: true } : { text, normalized: version.text, prerelease: version.isPrerelease }
    })
    assert.deepEqual(found, expected.versions)
  })

  test('the order of versions', () => {
    const ranks = Object.entries(expected.ranks)
    for (const [left, leftRank] of ranks)
      for (const [right, rightRank] of ranks)
        assert.equal(
          Math.sign(compareVersions(parseVersion(left)!, parseVersion(right)!)),
          Math.sign(leftRank - rightRank),
          `${left} and ${right}`,
        )
  })

  test('specifiers and what they contain', () => {
    const found = expected.specifiers.map(({ specifier }) => {
      const specifiers = parseSpecifiers(specifier)!
      const contains = expected.versions.map(({ text }) => Number(satisfiesAll(specifiers, text))).join('')
      return { specifier, text: formatSpecifiers(specifiers), contains }
    })
    assert.deepEqual(found, expected.specifiers)
    for (const text of expected['not specifiers']) assert.equal(parseSpecifiers(text), undefined, text)
  })

  test('a refusal says where and why', () => {
    assert.throws(() => parseRequirement('numpy=1.26', { file: 'requirements.txt', line: 3 }), {
      code: 'REQUIREMENT_INVALID',
      message: '"numpy=1.26" is no requirement: versions or a semicolon are wanted behind the name (at character 6)',
      where: { file: 'requirements.txt', line: 3 },
    })
  })
})

describe('requirements of anybody', () => {
  const words = [
    'a',
    'A-b_',
    '[',
    ']',
    '(',
    ')',
    ',',
    ';',
    ' ',
    '\t',
    '==',
    '>=',
    '~=',
    '===',
    '1.0',
    '2.*',
    '+x',
    '@',
    'https://x',
    '"',
    "'",
    '\\',
  ]
  const markers = ['python_version', 'os.name', 'extra', '"3.9"', 'and', 'or', 'in', 'not', '\\x41', '\n']
  const text = fc.oneof(
    fc.array(fc.constantFrom(...words, ...markers), { maxLength: 20 }).map((parts) => parts.join('')),
    fc.array(fc.constantFrom(...words, ...markers), { maxLength: 20 }).map((parts) => `a;${parts.join(' ')}`),
    fc.string({ unit: 'binary', maxLength: 40 }),
  )

  test('are read or refused, and nothing else', () => {
    fc.assert(
      fc.property(text, (line) => {
        const requirement = parsed(line)
        if (requirement?.marker !== undefined) judged(requirement.marker, expected.targets[0]!.environment)
        if (requirement !== undefined) formatRequirement(requirement)
        parseSpecifiers(line)
        parseVersion(line)
      }),
      { numRuns: 2000 },
    )
  })

  test('long ones take no longer than their length asks for', () => {
    const long = 200_000
    for (const line of [
      'a'.repeat(long),
      `a${'-'.repeat(long)}`,
      `a==${'1.'.repeat(long)}`,
      `a==1${'.1'.repeat(long / 2)}x`,
      `a==${'1'.repeat(long)}`,
      `a==1+${'a.'.repeat(long)}`,
      `a${' '.repeat(long)}b`,
      `a[${'b,'.repeat(long / 2)}`,
      `a${'==1,'.repeat(20_000)}`,
      `a; ${'('.repeat(long)}`,
      `a; ${'os_name == "a" and '.repeat(5000)}`,
      `a; os_name == "${'\\'.repeat(long)}"`,
      `a; os_name == "${'\\x'.repeat(long)}"`,
      `a===${' '.repeat(long)};`,
    ]) {
      const requirement = parsed(line)
      if (requirement !== undefined) formatRequirement(requirement)
    }
    assert.equal(parseVersion(`1${' '.repeat(long)}x`), undefined)
    assert.equal(parseVersion(`1+${'a'.repeat(long)}!`), undefined)
  })
})
