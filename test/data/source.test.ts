import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, test } from 'node:test'
import { type ByteReader, spool, streamSource } from '../../src/data/source.ts'

const folder = mkdtempSync(join(tmpdir(), 'mlmodel-test-'))
process.env['TMPDIR'] = folder
after(() => rmSync(folder, { recursive: true }))

async function readAll(reader: ByteReader): Promise<string> {
  const target = new Uint8Array(7)
  let text = ''
  for (;;) {
    const count = await reader.read(target, 0, target.length)
    if (count === 0) return text
    text += Buffer.from(target.subarray(0, count)).toString()
  }
}

test('a spooled stream is read again, and two readers do not disturb each other', async () => {
  const spooled = await spool(
    streamSource(Readable.from([Buffer.from('one, '), Buffer.from('two, '), Buffer.from('three')]), 'stdin'),
  )
  const first = await spooled.open()
  const one = new Uint8Array(3)
  assert.equal(await first.read(one, 0, 3), 3)
  assert.equal(await readAll(await spooled.open()), 'one, two, three')
  assert.equal(Buffer.from(one).toString() + (await readAll(first)), 'one, two, three')
  await spooled.remove()
  assert.deepEqual(readdirSync(folder), [])
})

test('a process that is killed leaves no copy of the data', { skip: process.platform === 'win32' }, async () => {
  const spooled = await spool(streamSource(Readable.from([Buffer.from('secret')]), 'stdin'))
  assert.deepEqual(readdirSync(folder), [])
  assert.equal(await readAll(await spooled.open()), 'secret')
  await spooled.remove()
})

test('nothing is left of a stream that fails', async () => {
  const failing = new Readable({
    read() {
      this.destroy(new Error('cut off'))
    },
  })
  await assert.rejects(spool(streamSource(failing, 'stdin')), { code: 'SOURCE_UNREADABLE' })
  assert.deepEqual(readdirSync(folder), [])
})
