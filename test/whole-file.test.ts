import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openOutputFile, removeUnfinished, temporaryName } from '../src/whole-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'mlmodel-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** A fresh folder for one test. */
function place(name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

test('the file appears complete, and only at the end', async () => {
  const at = place('complete')
  const path = join(at, 'out.csv')
  const output = await openOutputFile(path)
  await output.write(Buffer.from('a\n'))
  assert.deepEqual(
    readdirSync(at).map((name) => name.startsWith(`.out.csv.${process.pid}.`)),
    [true],
  )
  await output.write(Buffer.from('1\n'))
  await output.commit()
  assert.deepEqual(readdirSync(at), ['out.csv'])
  assert.equal(readFileSync(path, 'utf8'), 'a\n1\n')
})

test('an abandoned output leaves the old file and nothing else', async () => {
  const at = place('abandoned')
  const path = join(at, 'out.csv')
  writeFileSync(path, 'old')
  const output = await openOutputFile(path)
  await output.write(Buffer.from('new'))
  await output.abandon()
  assert.deepEqual(readdirSync(at), ['out.csv'])
  assert.equal(readFileSync(path, 'utf8'), 'old')
})

test('what a killed process left is removed, what a living one writes is not', async () => {
  const at = place('stale')
  // No process has this number: Linux's highest is 4,194,304.
  writeFileSync(join(at, temporaryName('out.csv', 4_194_305)), 'dead')
  const alive = temporaryName('out.csv', process.ppid)
  writeFileSync(join(at, alive), 'alive')
  const output = await openOutputFile(join(at, 'out.csv'))
  await output.write(Buffer.from('x'))
  await output.commit()
  assert.deepEqual(readdirSync(at).sort(), [alive, 'out.csv'].sort())
})

test('a symbolic link is followed and stays', async () => {
  const at = place('link')
  writeFileSync(join(at, 'target'), 'old')
  symlinkSync('target', join(at, 'out.csv'))
  const output = await openOutputFile(join(at, 'out.csv'))
  await output.write(Buffer.from('new'))
  await output.commit()
  assert.ok(lstatSync(join(at, 'out.csv')).isSymbolicLink())
  assert.equal(readFileSync(join(at, 'target'), 'utf8'), 'new')
})

test('a device is written in place', { skip: process.platform === 'win32' }, async () => {
  const output = await openOutputFile('/dev/null')
  await output.write(Buffer.from('x'))
  await output.commit()
  assert.ok(lstatSync('/dev/null').isCharacterDevice())
})

test('a folder and a missing folder are typed errors', async () => {
  await assert.rejects(openOutputFile(folder), { code: 'OUTPUT_NOT_WRITTEN' })
  await assert.rejects(openOutputFile(join(folder, 'nowhere', 'out.csv')), { code: 'OUTPUT_NOT_WRITTEN' })
})

test('a link that leads nowhere is not replaced', { skip: process.platform === 'win32' }, async () => {
  const at = place('dangling')
  symlinkSync('nowhere', join(at, 'out.csv'))
  await assert.rejects(openOutputFile(join(at, 'out.csv')), { code: 'OUTPUT_NOT_WRITTEN' })
  assert.ok(lstatSync(join(at, 'out.csv')).isSymbolicLink())
})

test('a private file stays private', { skip: process.platform === 'win32' }, async () => {
  const path = join(place('private'), 'out.csv')
  writeFileSync(path, 'old', { mode: 0o600 })
  const output = await openOutputFile(path)
  await output.write(Buffer.from('new'))
  await output.commit()
  assert.equal(lstatSync(path).mode & 0o777, 0o600)
})

test('what an earlier process of our number left is in nobody’s way: in a container each is number 1', async () => {
  const at = place('same-number')
  writeFileSync(join(at, temporaryName('out.csv', 77).replace('.77.', `.${process.pid}.`)), 'old')
  const output = await openOutputFile(join(at, 'out.csv'))
  await output.write(Buffer.from('x'))
  await output.commit()
  assert.deepEqual(readdirSync(at), ['out.csv'])
})

test('two outputs of one process to one file do not remove each other', async () => {
  const at = place('two')
  const [one, other] = [await openOutputFile(join(at, 'out.csv')), await openOutputFile(join(at, 'out.csv'))]
  await one.write(Buffer.from('one'))
  await other.write(Buffer.from('other'))
  await one.commit()
  assert.equal(readFileSync(join(at, 'out.csv'), 'utf8'), 'one')
  await other.commit()
  assert.equal(readFileSync(join(at, 'out.csv'), 'utf8'), 'other')
  assert.deepEqual(readdirSync(at), ['out.csv'])
})

test('what a killed process had written is removed, also behind a link', { skip: process.platform === 'win32' }, async () => {
  const at = place('killed')
  mkdirSync(join(at, 'real'))
  writeFileSync(join(at, 'real', 'out.csv'), 'old')
  symlinkSync('real/out.csv', join(at, 'out.csv'))
  writeFileSync(join(at, 'real', temporaryName('out.csv', 77)), 'half')
  writeFileSync(join(at, 'real', temporaryName('out.csv', 78)), 'half')
  await removeUnfinished(join(at, 'out.csv'), 77)
  assert.equal(readdirSync(join(at, 'real')).length, 2)
})

test('a name as long as a name may be', async () => {
  const at = place('long')
  const name = `${'é'.repeat(120)}.csv`
  const output = await openOutputFile(join(at, name))
  await output.write(Buffer.from('x'))
  await output.commit()
  assert.deepEqual(readdirSync(at), [name])
})
