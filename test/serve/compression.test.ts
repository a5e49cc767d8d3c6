/** Bodies that are compressed: one coding, bounded. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import { codingOf, compress, decompress } from '../../src/serve/compression.ts'
import type { Incoming } from '../../src/serve/message.ts'

function asked(body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Incoming {
  return { method: 'POST', path: '/', query: '', header: (name) => headers[name], body }
}

async function plain(body: Uint8Array, coding: string, most = 1 << 30): Promise<Uint8Array | number> {
  const done = await decompress(asked(body), coding, most)
  return 'refused' in done ? done.refused.status : done.body
}

describe('compression', () => {
  test('gzip and deflate, in several members too', async () => {
    const text = Buffer.from('a body')
    assert.deepEqual(await plain(gzipSync(text), 'gzip'), text)
    assert.deepEqual(await plain(gzipSync(text), 'x-gzip'), text)
    assert.deepEqual(await plain(deflateSync(text), 'deflate'), text)
    assert.deepEqual(await plain(Buffer.concat([gzipSync('a '), gzipSync('body')]), 'gzip'), text)
  })

  test('what is none, or is cut short, is 400; another coding 415', async () => {
    assert.equal(await plain(Buffer.from('plain'), 'gzip'), 400)
    assert.equal(await plain(gzipSync('x'.repeat(1000)).subarray(0, 20), 'gzip'), 400)
    assert.equal(await plain(Buffer.alloc(0), 'gzip'), 400)
    for (const coding of ['br', 'zstd', 'gzip, gzip', 'constructor', '__proto__'])
      assert.equal(await plain(gzipSync('x'), coding), 415, coding)
  })

  test('bombs are 413: by their size, and by their ratio', async () => {
    assert.equal(await plain(gzipSync(Buffer.alloc(2000)), 'gzip', 1000), 413)
    assert.equal(await plain(gzipSync(Buffer.alloc(50 << 20)), 'gzip'), 413)
    // Up to a MiB any ratio is well.
    assert.equal(((await plain(gzipSync(Buffer.alloc(1 << 20)), 'gzip')) as Uint8Array).length, 1 << 20)
  })

  test('many at once wait for their turn, and all are done', async () => {
    const body = gzipSync(Buffer.alloc(1 << 20))
    const done = await Promise.all(Array.from({ length: 600 }, () => plain(body, 'gzip', 1 << 20)))
    assert.ok(done.every((one) => typeof one !== 'number' && one.length === 1 << 20))
  })

  test('which coding a body has', () => {
    assert.equal(codingOf(asked(Buffer.alloc(0))), undefined)
    assert.equal(codingOf(asked(Buffer.alloc(0), { 'content-encoding': 'identity' })), undefined)
    assert.equal(codingOf(asked(Buffer.alloc(0), { 'content-encoding': ' GZIP ' })), 'gzip')
  })

  test('replies as the client takes them, when it is worth it', async () => {
    const body = 'x'.repeat(5000)
    const reply = { status: 200, headers: {}, body }
    const by = (accept: string) => compress(asked(Buffer.alloc(0), { 'accept-encoding': accept }), reply)
    const gzipped = await by('br, GZIP;q=0.5')
    assert.equal(gzipped.headers['content-encoding'], 'gzip')
    assert.equal(gunzipSync(gzipped.body as Uint8Array).toString(), body)
    assert.equal(inflateSync((await by('gzip;q=0, deflate')).body as Uint8Array).toString(), body)
    for (const accept of ['', 'br', 'identity', 'gzip;q=0', 'gzip; q=0.000', 'xgzip', ','.repeat(2000)])
      assert.equal((await by(accept)).body, body, accept)
    const small = await compress(asked(Buffer.alloc(0), { 'accept-encoding': 'gzip' }), { ...reply, body: 'small' })
    assert.equal(small.body, 'small')
  })
})
