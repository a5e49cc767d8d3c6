import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { longestNumber, putFloat32, putInteger } from '../../src/json/number-bytes.ts'
import { formatPythonFloat } from '../../src/json/python-number.ts'

const target = Buffer.alloc(2 * longestNumber)
function print(put: typeof putFloat32, value: number): string {
  const end = put(target, 3, value)
  assert.ok(end - 3 <= longestNumber)
  return target.toString('latin1', 3, end)
}

test('prints the float32 of the fixture as Python prints them widened', () => {
  let singles = 0
  for (const line of readFileSync(join(process.cwd(), 'test/fixtures/json/floats.txt'), 'utf8').trimEnd().split('\n')) {
    const [bits, text] = line.split(' ') as [string, string]
    const value = Buffer.from(bits, 'hex').readDoubleBE(0)
    if (Math.fround(value) !== value) continue
    singles++
    assert.equal(print(putFloat32, value), text)
  }
  assert.ok(singles > 150)
})

test('prints every kind of float32 as the engine prints its double', () => {
  const single = new Float32Array(1)
  const bits = new Uint32Array(single.buffer)
  // Every exponent and sign, with few bits, many bits and a spread between.
  for (let top = 0; top < 512; top++) {
    for (let index = 0; index < 120; index++) {
      const fraction =
        index < 40 ? index : index < 80 ? 0x7fffff - index + 40 : Math.imul(index * 131 + top, 2654435761) & 0x7fffff
      bits[0] = top * 0x800000 + fraction
      assert.equal(print(putFloat32, single[0]!), formatPythonFloat(single[0]!))
    }
  }
  for (let tenths = 0; tenths < 30_000; tenths++) {
    for (const unit of [1e-4, 1e-3, 0.01, 0.1, 10]) {
      const value = Math.fround(tenths * unit)
      assert.equal(print(putFloat32, value), formatPythonFloat(value))
    }
  }
})

test('prints integers', () => {
  for (const value of [0, 1, -1, 9, 10, 99, 100, 65535, -128, 999999999, 1000000000, 2147483647, -2147483648]) {
    assert.equal(print(putInteger, value), String(value))
  }
})
