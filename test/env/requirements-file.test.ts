/** Requirements files beside pip (test/fixtures/env/make_requirements_files.py). */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { formatMarker } from '../../src/env/marker.ts'
import { openModelFolder } from '../../src/env/model-folder.ts'
import { readRequirementLine } from '../../src/env/requirement-line.ts'
import { type RequirementLines, readRequirementList, readRequirementsFile } from '../../src/env/requirements-file.ts'
import { formatSpecifiers } from '../../src/env/specifier.ts'
import { defaultLimits } from '../../src/limits.ts'

interface PipRequirement {
  readonly requirement: string | null
  readonly specifier: string
  readonly extras: readonly string[]
  readonly link: string | null
  readonly url: string | null
  readonly marker: string | null
  readonly hashes: number
}
type PipLine =
  | PipRequirement
  | { readonly editable: string }
  | { readonly include: string }
  | { readonly constraint: string }
  | { readonly options: Readonly<Record<string, string | boolean | readonly string[]>> }

interface Expected {
  readonly files: readonly {
    readonly file: string
    readonly line: number
    readonly requirement: string | null
    readonly constraint: boolean
  }[]
  readonly lines: readonly { readonly line: string; readonly read: PipLine | null }[]
}

const root = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`)
const fixtures = fileURLToPath(new URL('test/fixtures/env/', root))
const expected = JSON.parse(readFileSync(join(fixtures, 'requirements-files.json'), 'utf8')) as Expected

const remoteClasses = ['url', 'vcs', 'path']

describe('requirements files beside pip', () => {
  test('every line has its file, its number and its text', async () => {
    const { lines, errors } = await readRequirementsFile(
      openModelFolder(join(fixtures, 'requirements'), defaultLimits),
      'requirements.txt',
    )
    assert.deepEqual(errors, [])
    const found = lines
      .filter((line) => line.class !== 'include' && line.class !== 'constraint')
      .map(({ file, line, text, isConstraint, class: kind, url }) => {
        // pip gives an editable's address, and takes the options off a line.
        const requirement = kind === 'option' ? null : kind === 'editable' ? url : text.replace(/\s--hash.*$/, '').trim()
        return { file, line, requirement, constraint: isConstraint }
      })
    const wanted = expected.files.map((one) => ({ ...one, requirement: one.requirement?.trim() ?? null }))
    assert.deepEqual(found, wanted)
    assert.deepEqual(lines.find(({ text }) => text === 'deeper==1')?.via, [
      { text: '-r nested/more.txt', file: 'requirements.txt', line: 9 },
      { text: '-r deeper.txt', file: 'nested/more.txt', line: 2 },
    ])
  })

  for (const { line, read } of expected.lines)
    test(`the line ${line}`, () => {
      const parts = readRequirementLine(line)
      // pip takes it for a file of this name, and finds none.
      if (read === null || line.startsWith('s3:')) {
        assert.equal(parts.class, 'invalid')
        assert.ok(parts.problem)
      } else if ('editable' in read)
        assert.deepEqual([parts.class, parts.url], ['editable', read.editable.replace(/^(\..*)\[.*/, '$1')])
      else if ('include' in read) assert.deepEqual([parts.class, parts.url], ['include', read.include])
      else if ('constraint' in read) assert.deepEqual([parts.class, parts.url], ['constraint', read.constraint])
      else if ('options' in read) {
        assert.equal(parts.class, 'option')
        for (const [name, value] of Object.entries(read.options)) {
          const values = parts.options.filter(({ option }) => option === name).map((option) => option.value ?? true)
          assert.deepEqual(values, Array.isArray(value) ? value : [value])
        }
      } else {
        assert.deepEqual(
          [parts.name, formatSpecifiers(parts.specifiers), parts.extras, parts.marker && formatMarker(parts.marker)],
          [read.requirement, read.specifier, read.extras, read.marker],
        )
        if (read.url !== null) assert.deepEqual([parts.url, parts.isNamed], [read.url, true])
        assert.equal(remoteClasses.includes(parts.class), read.link !== null || read.url !== null)
        if (read.link?.includes('+')) assert.equal(parts.class, 'vcs')
        if (read.link === 'file') assert.equal(parts.class, 'path')
        assert.equal(
          parts.lineOptions.some(({ option }) => option === '--hash'),
          read.hashes > 0,
        )
      }
    })
})

async function reading(
  files: Readonly<Record<string, string>>,
  prepare: (folder: string) => void = () => {},
): Promise<RequirementLines> {
  const folder = mkdtempSync(join(tmpdir(), 'mlmodel-requirements-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
    prepare(folder)
    return await readRequirementsFile(openModelFolder(folder, defaultLimits), 'requirements.txt')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe('requirements files of strangers', () => {
  const refusals: readonly (readonly [string, string, string])[] = [
    ['-r ../other.txt', 'PATH_OUTSIDE', 'above the folder'],
    ['-r a/../../other.txt', 'PATH_OUTSIDE', 'above the folder on its way'],
    ['-r /etc/passwd', 'PATH_INVALID', 'absolute'],
    ['-c https://example.com/c.txt', 'PATH_INVALID', 'an address'],
    ['-r file:///etc/passwd', 'PATH_INVALID', 'an address of a file'],
    ['-r %2e%2e/other.txt', 'PATH_INVALID', 'an escape'],
    ['-r link.txt', 'PATH_OUTSIDE', 'a link that leads out'],
    ['-r absent.txt', 'PATH_MISSING', 'absent'],
    ['-r folder', 'PATH_NOT_FILE', 'a folder'],
    ['-r .', 'PATH_NOT_FILE', 'the folder itself'],
    ['-r requirements.txt', 'REQUIREMENTS_CYCLE', 'itself'],
    ['-r folder/back.txt', 'REQUIREMENTS_CYCLE', 'a circle'],
  ]
  for (const [line, code, why] of refusals)
    test(`${line} is not followed: ${why}`, async () => {
      const { lines, errors } = await reading(
        { 'requirements.txt': `numpy\n${line}\npandas\n`, 'folder/back.txt': '\n-r ../requirements.txt' },
        (folder) => symlinkSync('/etc/passwd', join(folder, 'link.txt')),
      )
      assert.deepEqual(
        errors.map((error) => error.code),
        [code],
      )
      const isBehind = line.endsWith('back.txt')
      assert.deepEqual(
        [errors[0]!.where.file, errors[0]!.where.line],
        isBehind ? ['folder/back.txt', 2] : ['requirements.txt', 2],
      )
      // The lines around it are there all the same.
      assert.deepEqual([lines[0]!.text, lines.at(-1)!.text], ['numpy', 'pandas'])
    })

  test('files that double at each level come to an end', async () => {
    const files: Record<string, string> = { 'requirements.txt': '-r 0.txt\n-r 0.txt' }
    for (let level = 0; level < 40; level++) files[`${level}.txt`] = `-r ${level + 1}.txt\n-r ${level + 1}.txt`
    const { lines, errors } = await reading({ ...files, '40.txt': 'numpy' })
    assert.equal(lines.length, 20_000)
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['REQUIREMENTS_TOO_MANY'],
    )
  })

  test('an entry of a list that holds line breaks is several lines', async () => {
    const entry = { file: 'conda.yaml', line: 7, text: 'numpy\n--index-url https://evil.example\r\n-r requirements.txt' }
    const folder = openModelFolder(join(fixtures, 'requirements'), defaultLimits)
    const { lines } = await readRequirementList(folder, [entry])
    assert.deepEqual(
      lines.slice(0, 4).map(({ class: kind, file, line }) => [kind, file, line]),
      [
        ['requirement', 'conda.yaml', 7],
        ['option', 'conda.yaml', 7],
        ['include', 'conda.yaml', 7],
        ['requirement', 'requirements.txt', 2],
      ],
    )
  })

  test('any line has a class', () => {
    const words = [
      'a',
      '==1',
      ';',
      ' ',
      '-e',
      '-r',
      '--hash',
      '=',
      'https://',
      'git+',
      '[',
      ']',
      '.whl',
      './',
      '@',
      '"',
      "'",
      '\\',
      '#egg=',
      '-',
    ]
    const text = fc.oneof(
      fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary', maxLength: 40 }),
    )
    fc.assert(
      fc.property(text, (line) => {
        const parts = readRequirementLine(line)
        assert.equal(parts.class === 'invalid', parts.problem !== null)
      }),
      { numRuns: 3000 },
    )
  })

  test('long lines take no longer than their length asks for', () => {
    const long = 200_000
    for (const line of [
      `-${' -'.repeat(long)}`,
      `--find-links ${'"a'.repeat(long)}`,
      `./${'['.repeat(long)}]`,
      `a${'-1'.repeat(long)}.whl`,
      `https://a/${'#'.repeat(long)}egg=`,
      `https://a/${'-'.repeat(long)}.whl`,
      `a @ ${'x'.repeat(long)} ;`,
      `-e ${'a'.repeat(long)}`,
      `-e a${' '.repeat(long)}b`,
    ])
      readRequirementLine(line)
  })
})
