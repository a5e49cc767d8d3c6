/** Files in every form that pickles take: honest ones are safe to the last byte, bad ones never are. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { defaultLimits } from '../../src/limits.ts'
import { judgePickle } from '../../src/pickle/file.ts'
import { salvageZip } from '../../src/pickle/salvage.ts'
import { judgeTorchPickle } from '../../src/pickle/torch.ts'
import { isNode } from '../../src/pickle/value.ts'
import { readSkops } from '../../src/skops/read.ts'
import { bytesOf, textForms, u64, zipOf } from './assemble.ts'

const root = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/test/fixtures/pickle/`)
const t = textForms.short!

function judge(folder: string, name: string) {
  const bytes = readFileSync(new URL(`${folder}/${name}`, root))
  return name.endsWith('.skops') ? readSkops(bytes, {}, defaultLimits) : judgePickle(bytes, defaultLimits)
}

describe('files', () => {
  for (const name of readdirSync(new URL('honest/', root)))
    test(`${name} is safe`, () => {
      const verdict = judge('honest', name)
      assert.deepEqual(verdict.unsafe, [])
      assert.equal(verdict.rejection, undefined)
      assert.equal(verdict.outcome, 'safe')
    })

  for (const name of readdirSync(new URL('bad/', root)))
    test(`${name} is not safe`, () => {
      assert.notEqual(judge('bad', name).outcome, 'safe')
      assert.deepEqual(Object.keys(Object.prototype), [])
    })

  test('every compression gives the same arrays', () => {
    const forms = ['raw', 'zlib', 'gzip', 'bz2', 'xz', 'lzma', 'lz4']
    const values = forms.map((form) => {
      const verdict = judgePickle(readFileSync(new URL(`honest/sklearn-1.6-arrays.${form}.joblib`, root)), defaultLimits)
      assert.ok(isNode(verdict.value, 'dict'), form)
      return verdict.value.entries.flatMap((each) =>
        isNode(each, 'array') && each.data instanceof Uint8Array ? [Buffer.from(each.data)] : [],
      )
    })
    assert.ok(values[0]!.length > 5)
    for (const value of values) assert.deepEqual(value, values[0])
  })

  test('every cut and every flipped byte of a compressed file is refused or read as it was', () => {
    for (const form of ['bz2', 'xz', 'lzma', 'lz4', 'zlib', 'gzip']) {
      const bytes = readFileSync(new URL(`honest/sklearn-1.6-arrays.${form}.joblib`, root))
      for (let cut = 0; cut < bytes.length; cut += 37)
        assert.notEqual(judgePickle(bytes.subarray(0, cut), defaultLimits).outcome, 'safe', `${form} cut at ${cut}`)
      for (let at = 0; at < bytes.length; at += 29) {
        const changed = Buffer.from(bytes)
        changed[at]! ^= 0x41
        // gzip's header has bytes that mean nothing: time, operating system.
        judgePickle(changed, defaultLimits)
      }
    }
  })

  test('bytes after the end, other members, two layers are never clean', () => {
    const plain = bytesOf(0x80, 4, 'N.')
    assert.equal(judgePickle(plain, defaultLimits).outcome, 'safe')
    assert.equal(judgePickle(bytesOf(plain, 0), defaultLimits).outcome, 'reject')
    assert.equal(judgePickle(bytesOf(plain, plain), defaultLimits).outcome, 'reject')
    assert.equal(judgePickle(bytesOf(deflateSync(plain), 0), defaultLimits).outcome, 'reject')
    assert.equal(judgePickle(bytesOf(gzipSync(plain), gzipSync(plain)), defaultLimits).outcome, 'reject')
    assert.equal(judgePickle(deflateSync(gzipSync(plain)), defaultLimits).outcome, 'reject')
    assert.equal(judgePickle(new Uint8Array(0), defaultLimits).outcome, 'reject')
  })

  test('a bomb is refused by its ratio', () => {
    const verdict = judgePickle(deflateSync(Buffer.alloc(40 << 20, 0x4e)), defaultLimits)
    assert.equal(verdict.outcome, 'reject')
    assert.equal(verdict.rejection?.limit, true)
  })

  test('array bytes that pickle itself would run are judged as it reads them', () => {
    // Without alignment (joblib before 1.2) the bytes follow BUILD at once; these eight and more are a gadget.
    const gadget = Buffer.from('cos\nsystem\n(S"true"\ntR.'.padEnd(24, ' '), 'latin1')
    const state = bytesOf(
      '}(',
      ...[t('subclass'), 'cnumpy\nndarray\n', t('shape'), 'K\x03', 0x85, t('order'), t('C'), t('dtype')],
      ...['cnumpy\ndtype\n', t('f8'), 0x89, 0x88, 0x87, 'R', t('allow_mmap'), 0x88, 'u'],
    )
    const file = bytesOf(0x80, 4, 'cjoblib.numpy_pickle\nNumpyArrayWrapper\n', ')', 0x81, state, 'b', gadget, '.')
    const verdict = judgePickle(file, defaultLimits)
    assert.equal(verdict.format, 'joblib')
    assert.equal(verdict.outcome, 'unsafe')
    assert.deepEqual([verdict.unsafe[0]!.module, verdict.unsafe[0]!.name], ['os', 'system'])
    const harmless = bytesOf(0x80, 4, 'cjoblib.numpy_pickle\nNumpyArrayWrapper\n', ')', 0x81, state, 'b', Buffer.alloc(24), '.')
    assert.equal(judgePickle(harmless, defaultLimits).outcome, 'safe')
  })

  test('torch: tensors are data, storages are counted, other names are not', () => {
    const storage = bytesOf('(', t('storage'), 'ctorch\nFloatStorage\n', t('0'), t('cpu'), 'K\x02', 't', 'Q')
    const tensor = bytesOf(
      'ctorch._utils\n_rebuild_tensor_v2\n',
      '(',
      storage,
      'K\x00',
      'K\x02',
      0x85,
      'K\x01',
      0x85,
      0x89,
      'ccollections\nOrderedDict\n)R',
      't',
      'R',
    )
    const pickle = bytesOf(0x80, 2, '}', t('weight'), tensor, 's.')
    assert.equal(judgeTorchPickle(pickle, new Map([['0', 8]]), defaultLimits).outcome, 'safe')
    assert.equal(judgeTorchPickle(pickle, new Map([['0', 4]]), defaultLimits).outcome, 'reject')
    assert.equal(judgePickle(pickle, defaultLimits).outcome, 'unsafe')
    const gadget = bytesOf(0x80, 2, '}', t('weight'), 'ctorch.storage\n_load_from_bytes\n', 'C\x01x', 0x85, 'R', 's.')
    assert.equal(judgeTorchPickle(gadget, new Map(), defaultLimits).outcome, 'unsafe')
    const magic = bytesOf(0x80, 2, 0x8a, 10, Buffer.from('6cfc9c46f9206aa85019', 'hex'), '.')
    const keys = bytesOf(0x80, 2, ']', t('0'), 'a.')
    const legacy = bytesOf(magic, 0x80, 2, 'M\xe9\x03.', 0x80, 2, '}.', pickle, keys, u64(2), Buffer.alloc(8))
    const verdict = judgePickle(legacy, defaultLimits)
    assert.equal(verdict.format, 'torch')
    assert.equal(verdict.outcome, 'safe', verdict.rejection?.why)
    assert.equal(judgePickle(bytesOf(legacy, 0), defaultLimits).outcome, 'reject')
    assert.equal(judgePickle(legacy.subarray(0, -1), defaultLimits).outcome, 'reject')
  })

  test('members of a zip file are found although it lies', () => {
    const gadget = bytesOf('cos\nsystem\n', t('true'), 0x85, 'R.')
    for (const deflated of [false, true]) {
      const zip = zipOf('data.pkl', gadget, deflated)
      const [member] = salvageZip(zip.subarray(0, -10))
      assert.equal(member!.name, 'data.pkl')
      assert.equal(judgePickle(member!.bytes, defaultLimits).outcome, 'unsafe')
    }
  })
})
