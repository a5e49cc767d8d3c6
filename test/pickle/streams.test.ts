/** The machine against CPython: the same value of every harmless stream, and no value where CPython refuses. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { defaultLimits } from '../../src/limits.ts'
import { runPickle } from '../../src/pickle/machine.ts'
import { isNode, type PickleValue } from '../../src/pickle/value.ts'

const root = import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))

interface Line {
  readonly pickle: string
  readonly value: unknown
}

/** PICKLE_STREAMS names a larger file, made by `make.py 100000`. */
const file = process.env.PICKLE_STREAMS ?? new URL(`${root}/test/fixtures/pickle/streams.jsonl`)

test('values of harmless streams are those of CPython', { skip: !existsSync(file) }, () => {
  const counts = { same: 0, refused: 0, stricter: 0 }
  for (const text of readFileSync(file, 'utf8').split('\n')) {
    if (text === '') continue
    const line: Line = JSON.parse(text)
    const bytes = Buffer.from(line.pickle, 'base64')
    const verdict = runPickle(bytes, defaultLimits)
    if (line.value === 'error') {
      // Byte strings of Python 2 are ASCII unless the caller of Python 3 says another encoding; here they are Latin-1.
      if (verdict.outcome === 'safe')
        assert.match(bytes.toString('latin1'), /[STU][\s\S]*[\x80-\xff]/, `CPython refuses ${line.pickle}`)
      counts.refused++
    } else if (verdict.outcome === 'reject' && stricter.test(verdict.rejection!.why)) {
      counts.stricter++
    } else {
      assert.equal(verdict.outcome, 'safe', `${line.pickle}: ${JSON.stringify(verdict.rejection ?? verdict.unsafe)}`)
      assert.deepEqual(tagged(verdict.value!), line.value, line.pickle)
      counts.same++
    }
  }
  assert.ok(counts.same > 200 && counts.refused > 50, JSON.stringify(counts))
  assert.ok(counts.stricter < counts.same / 50, JSON.stringify(counts))
})

/** What CPython reads and nobody writes. */
const stricter = /frame|not written plainly|puts items into|integer that is none/

/** The form of make.py. Bytes and sets of protocols below 3 are calls, whose results are values too. */
function tagged(value: PickleValue): unknown {
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'bigint') return { i: value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}` }
  if (typeof value === 'number') return { f: hexOfFloat(value) }
  if (typeof value === 'string') return { s: Buffer.from(value, 'utf16le').toString('hex') }
  if (value instanceof Uint8Array) return { b: Buffer.from(value).toString('hex') }
  if (isNode(value, 'bytearray')) return { a: Buffer.from(value.bytes).toString('hex') }
  if (isNode(value, 'list')) return { l: value.items.map(tagged) }
  if (isNode(value, 'tuple')) return { t: value.items.map(tagged) }
  if (isNode(value, 'dict')) {
    const entries = new Map<string, [unknown, unknown]>()
    for (let index = 0; index < value.entries.length; index += 2) {
      const key = tagged(value.entries[index]!)
      const text = keyText(value.entries[index]!)
      const first = entries.get(text)
      entries.set(text, [first?.[0] ?? key, tagged(value.entries[index + 1]!)])
    }
    return { d: [...entries.values()] }
  }
  if (isNode(value, 'set') || isNode(value, 'frozenset')) {
    const items = new Map(value.items.map((item) => [keyText(item), item]).reverse() as [string, PickleValue][])
    const texts = [...items.values()].map((item) => JSON.stringify(tagged(item)).replace(/([:,])/g, '$1 '))
    return { [value.kind === 'set' ? 'e' : 'z']: texts.sort() }
  }
  throw new Error(`a ${value.kind} in a harmless stream`)
}

/** Python's equality of keys: 1, 1.0 and True are one. */
function keyText(value: PickleValue): string {
  if (typeof value === 'boolean') return `n${Number(value)}`
  if (typeof value === 'bigint') return `n${value}`
  if (typeof value === 'number' && Number.isInteger(value)) return `n${BigInt(value)}`
  if (isNode(value, 'tuple')) return `t(${value.items.map(keyText).join()})`
  return JSON.stringify(tagged(value))
}

/** `float.hex()`. */
function hexOfFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf'
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const word = bits.getBigUint64(0)
  const sign = word >> 63n === 1n ? '-' : ''
  const exponent = Number((word >> 52n) & 0x7ffn)
  const fraction = word & 0xfffffffffffffn
  if (exponent === 0 && fraction === 0n) return `${sign}0x0.0p+0`
  const power = exponent === 0 ? -1022 : exponent - 1023
  return `${sign}0x${exponent === 0 ? 0 : 1}.${fraction.toString(16).padStart(13, '0')}p${power < 0 ? '' : '+'}${power}`
}
