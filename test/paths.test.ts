import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { MlmodelError } from '../src/errors/index.ts'
import { isInside, normalizeInside, openInside, readInside, resolveInside } from '../src/paths.ts'

describe('by the text alone', () => {
  const fine: readonly (readonly [string, string])[] = [
    ['model.onnx', 'model.onnx'],
    ['./a//b/', 'a/b'],
    ['sub/../model.onnx', 'model.onnx'],
    ['a/b/../../c', 'c'],
    ['.', ''],
    ['', ''],
    ['...', '...'],
    ['..a/b..', '..a/b..'],
    ['100%', '100%'],
    ['日本/é', '日本/é'],
    ['~/x', '~/x'],
  ]
  for (const [path, normalized] of fine)
    test(`${JSON.stringify(path)} is fine`, () => assert.equal(normalizeInside(path), normalized))

  const refused: readonly (readonly [string, string])[] = [
    ['..', 'PATH_OUTSIDE'],
    ['a/../..', 'PATH_OUTSIDE'],
    ['../model/x', 'PATH_OUTSIDE'],
    ['a/../../a/b', 'PATH_OUTSIDE'],
    ['/x', 'PATH_INVALID'],
    ['//host/x', 'PATH_INVALID'],
    ['a\\b', 'PATH_INVALID'],
    ['..\\x', 'PATH_INVALID'],
    ['C:x', 'PATH_INVALID'],
    ['file:x', 'PATH_INVALID'],
    ['s3://b/x', 'PATH_INVALID'],
    ['a\0b', 'PATH_INVALID'],
    ['%2e%2e/x', 'PATH_INVALID'],
    ['a%2Fb', 'PATH_INVALID'],
  ]
  for (const [path, code] of refused)
    test(`${JSON.stringify(path)} is refused`, () => assert.throws(() => normalizeInside(path), { code }))

  test('whatever passes joins to a place inside', () => {
    const segments = fc.constantFrom('a', '..', '.', '', 'b', '...', '%', ':', '\\', 'C:', '..a')
    fc.assert(
      fc.property(fc.array(segments, { maxLength: 8 }), (parts) => {
        let normalized: string
        try {
          normalized = normalizeInside(parts.join('/'))
        } catch (error) {
          assert.ok(error instanceof MlmodelError)
          return
        }
        assert.ok(isInside('/root/model', join('/root/model', normalized)))
      }),
      { interruptAfterTimeLimit: 10_000, markInterruptAsFailure: true },
    )
  })

  test('containment is by segments', () => {
    assert.equal(isInside(join(sep, 'a', 'model'), join(sep, 'a', 'model-2', 'x')), false)
    assert.equal(isInside(join(sep, 'a', 'model'), join(sep, 'a', 'model', '..x')), true)
  })
})

describe('on the disk', () => {
  let root = ''
  before(() => {
    const base = mkdtempSync(join(tmpdir(), 'mlmodel-paths-'))
    root = join(base, 'model')
    mkdirSync(join(root, 'sub'), { recursive: true })
    writeFileSync(join(base, 'secret'), 'outside')
    writeFileSync(join(root, 'weights'), 'inside')
    writeFileSync(join(root, 'sub', 'x'), 'x')
    symlinkSync('weights', join(root, 'link'))
    symlinkSync('../weights', join(root, 'sub', 'up'))
    symlinkSync('../secret', join(root, 'out'))
    symlinkSync(base, join(root, 'dir'))
    symlinkSync('loop', join(root, 'loop'))
    symlinkSync(join(base, 'nothing'), join(root, 'dangling'))
  })
  after(() => rmSync(join(root, '..'), { recursive: true }))

  test('files, and links that stay inside', async () => {
    for (const path of ['weights', './sub/../weights', 'link', 'sub/up'])
      assert.equal(Buffer.from(await readInside(root, path, 100)).toString(), 'inside', path)
    assert.equal(await resolveInside(root, 'sub'), await realpath(join(root, 'sub')))
  })

  const cases: readonly (readonly [string, string])[] = [
    ['out', 'PATH_OUTSIDE'],
    ['dir/secret', 'PATH_OUTSIDE'],
    ['dir', 'PATH_OUTSIDE'],
    ['loop', 'PATH_LOOP'],
    ['dangling', 'PATH_MISSING'],
    ['nothing', 'PATH_MISSING'],
    ['weights/x', 'PATH_MISSING'],
    ['sub', 'PATH_NOT_FILE'],
    ['', 'PATH_NOT_FILE'],
  ]
  for (const [path, code] of cases)
    test(`${JSON.stringify(path)}: ${code}`, async () => {
      await assert.rejects(openInside(root, path, { file: 'MLmodel', line: 3 }), (error: MlmodelError) => {
        assert.equal(error.code, code)
        assert.deepEqual(error.where, { file: 'MLmodel', line: 3 })
        assert.ok(!error.message.includes(root), 'the message names no folder of the machine')
        return true
      })
    })

  test('a pipe is refused and not waited for', { skip: process.platform === 'win32' }, async () => {
    execFileSync('mkfifo', [join(root, 'pipe')])
    await assert.rejects(openInside(root, 'pipe'), { code: 'PATH_NOT_FILE' })
  })

  test('a file of /proc, which announces 0 bytes, is outside anyway; size is limited', async () => {
    await assert.rejects(readInside(root, 'weights', 5), { code: 'FILE_TOO_LARGE' })
  })

  test('a link that is swapped all the time never leads out', async () => {
    const flips = ['weights', '../secret']
    for (let turn = 0; turn < 400; turn++) {
      symlinkSync(flips[turn % 2]!, join(root, 'next'))
      renameSync(join(root, 'next'), join(root, 'flipping'))
      const reading = readInside(root, 'flipping', 100).then(
        (bytes) => Buffer.from(bytes).toString(),
        (error: MlmodelError) => error.code,
      )
      symlinkSync(flips[(turn + 1) % 2]!, join(root, 'next'))
      await new Promise((resolve) => setImmediate(resolve))
      renameSync(join(root, 'next'), join(root, 'flipping'))
      assert.notEqual(await reading, 'outside')
    }
  })
})
