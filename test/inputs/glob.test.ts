/** Patterns against bash, which has the same ones. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { expandBraces, isPattern, matchesName, naturalOrder } from '../../src/inputs/glob.ts'
import { findInputs, isSeveral } from '../../src/inputs.ts'

const folder = mkdtempSync(join(tmpdir(), 'mlmodel-glob-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const paths = [
  'a.csv',
  'b.csv',
  'b10.csv',
  'b9.csv',
  'c.json',
  '.hidden.csv',
  'x/a.csv',
  'x/y/b.csv',
  'x/y/z/a.json',
  '.git/a.csv',
  'odd{1,2}.csv',
  'star*.csv',
  'ä.csv',
  'x/.hidden/a.csv',
]
for (const path of paths) {
  mkdirSync(join(folder, dirname(path)), { recursive: true })
  writeFileSync(join(folder, path), 'a\n1\n')
}
symlinkSync('..', join(folder, 'x', 'up'))
symlinkSync('a.csv', join(folder, 'linked.csv'))

/** Without the folder of the link: bash looks into it, but not below it. */
function bash(pattern: string): string[] {
  const script = `shopt -s globstar nullglob; cd "$1"; for f in ${pattern}; do [ -f "$f" ] && printf '%s\\n' "$f"; done; true`
  const { stdout } = spawnSync('bash', ['-c', script, 'bash', folder], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  })
  return [...new Set(stdout.split('\n').filter((line) => line !== '' && !line.includes('/up/')))].sort()
}

async function ours(pattern: string): Promise<string[]> {
  const { files } = await findInputs([`${folder}/${pattern}`]).catch((error: { code: string }) => {
    assert.equal(error.code, 'INPUTS_NONE')
    return { files: [] }
  })
  return files.map(({ path }) => path.slice(folder.length + 1)).sort()
}

describe('patterns find what bash finds', () => {
  for (const pattern of [
    '*.csv',
    '?.csv',
    '??.csv',
    '*',
    '**/*.csv',
    '**',
    '**/a.*',
    'x/**/*.json',
    '*/*.csv',
    '{a,b}.csv',
    '{a,c}.{csv,json}',
    'b{,9,10}.csv',
    'x/{a,y/b}.csv',
    '{x/*,b*}.csv',
    '**/y/**/*.json',
    '*.{csv,json}',
    '.*.csv',
    'x/*/b.csv',
    'no*',
    '{a,{b,c}}.*',
    '*b*1*',
  ])
    test(pattern, async () =>
      assert.deepEqual(
        (await ours(pattern)).filter((path) => !path.includes('/up/')),
        bash(pattern),
      ),
    )
})

test('a name that is there is itself, whatever its characters', async () => {
  for (const name of ['odd{1,2}.csv', 'star*.csv']) {
    const path = join(folder, name)
    assert.deepEqual((await findInputs([path])).files, [{ path, name }])
    assert.equal(await isSeveral(path), false)
  }
  assert.equal(await isSeveral(`${folder}/*.csv`), true)
  assert.equal(await isSeveral(folder), true)
  // A missing file is told by who opens it.
  assert.deepEqual(
    (await findInputs(['nowhere.csv', '-'])).files.map(({ path }) => path),
    ['nowhere.csv', '-'],
  )
})

test('a folder: data only, in natural order, none twice', async () => {
  const { files, skipped } = await findInputs([join(folder, 'b.csv'), folder])
  assert.deepEqual(
    files.map(({ name }) => name),
    ['b.csv', 'a.csv', 'b9.csv', 'b10.csv', 'c.json', 'linked.csv', 'odd{1,2}.csv', 'star*.csv', 'ä.csv'],
  )
  assert.deepEqual(skipped, [])
})

test('natural order: numbers by their value, folder by folder, and always the same', () => {
  const sorted = ['1.csv', '01.csv', '2.csv', '10.csv', 'a', 'a/1', 'a/2', 'a/10', 'a1b2', 'a1b10', 'b', 'x9', 'x10', 'x10a']
  const wanted = ['01.csv', '1.csv', '2.csv', '10.csv', 'a', 'a/1', 'a/2', 'a/10', 'a1b2', 'a1b10', 'b', 'x9', 'x10', 'x10a']
  assert.deepEqual([...sorted].reverse().sort(naturalOrder), wanted)
  const name = fc.string({ unit: fc.constantFrom('0', '1', '9', 'a', 'b', '/', '.'), maxLength: 7 })
  fc.assert(
    fc.property(name, name, name, (a, b, c) => {
      assert.equal(Math.sign(naturalOrder(a, b)), -Math.sign(naturalOrder(b, a)) || 0)
      assert.equal(naturalOrder(a, b) === 0, a === b)
      if (naturalOrder(a, b) < 0 && naturalOrder(b, c) < 0) assert.ok(naturalOrder(a, c) < 0)
    }),
    { numRuns: 3000 },
  )
})

test('a segment is matched as the regular expression it stands for', { timeout: 20_000 }, () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?', 'ä', '😀'), maxLength: 8 })
  fc.assert(
    fc.property(text, text, (name, pattern) => {
      const source = [...pattern].map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c === '.' ? '\\.' : c)).join('')
      const wanted = new RegExp(`^${source}$`, 'su').test(name) && !(name.startsWith('.') && !pattern.startsWith('.'))
      assert.equal(matchesName(name, pattern), wanted)
    }),
    { numRuns: 5000 },
  )
})

test('patterns that explode elsewhere end soon', { timeout: 5000 }, () => {
  assert.equal(matchesName('a'.repeat(250), `${'*a'.repeat(100)}*b`), false)
  assert.equal(expandBraces('{a,b}'.repeat(40), 1000), undefined)
  assert.deepEqual(expandBraces('{a', 10), ['{a'])
  assert.deepEqual(expandBraces('{a}{b,c}', 10), ['{a}b', '{a}c'])
  assert.equal(isPattern('{a}.csv'), false)
})
