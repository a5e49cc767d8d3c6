import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Tensor } from '../../src/batch.ts'
import { readNpy, writeNpy } from '../../src/data/npy.ts'
import { readNpz } from '../../src/data/npz.ts'
import { float16ToNumber, numberToFloat16 } from '../../src/dtype.ts'
import { MlmodelError } from '../../src/errors/index.ts'

interface Expected {
  readonly dtype: string
  readonly shape: number[]
  readonly values: unknown[]
}
const folder = join(process.cwd(), 'test/fixtures/npy')
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')).files as Record<string, Expected>

/** Our tensor in the form that make.py writes: exact texts, so that no digit can hide. */
function plain(tensor: Tensor): Expected {
  const { dtype, shape } = tensor
  const numpy = dtype === 'datetime64' ? 'datetime64' : dtype === 'string' ? 'str' : dtype
  const values = Array.from(tensor.values as ArrayLike<unknown>, (value) => {
    if (dtype === 'bool') return value === 1
    if (dtype === 'bytes') return Buffer.from(value as Uint8Array).toString('hex')
    if (dtype === 'datetime64') return value === -(2n ** 63n) ? 'NaT' : String(value)
    if (dtype === 'float16') return float16ToNumber(value as number)
    if (dtype.includes('int')) return String(value)
    return value
  })
  return { dtype: numpy, shape: [...shape], values }
}

/** Python's float.hex() and str() of non-finite numbers. */
function parsePython(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const match = /^(-?)0x([01])\.([0-9a-f]+)p([+-]\d+)$/.exec(value)
  if (match === null) return value === 'nan' ? Number.NaN : value === 'inf' ? Infinity : value === '-inf' ? -Infinity : value
  const mantissa = Number.parseInt(match[2]! + match[3]!, 16) / 16 ** match[3]!.length
  const magnitude = mantissa * 2 ** Number(match[4])
  return match[1] === '-' ? -magnitude : magnitude
}

function assertSame(tensor: Tensor, want: Expected): void {
  const got = plain(tensor)
  assert.deepEqual(got.shape, want.shape)
  assert.equal(got.dtype, want.dtype.replace(/^(datetime64|str|bytes).*/, '$1'))
  assert.deepEqual(got.values, want.values.map(parsePython))
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.npy'))) {
  test(`reads ${file} as NumPy does`, () => {
    assertSame(readNpy(readFileSync(join(folder, file))), expected[file]!)
  })
}

for (const file of ['stored.npz', 'deflated.npz']) {
  test(`reads ${file} as NumPy does`, () => {
    const want = expected[file] as unknown as Record<string, Expected>
    const arrays = readNpz(readFileSync(join(folder, file)))
    assert.deepEqual([...arrays.keys()], Object.keys(want))
    for (const [name, tensor] of arrays) assertSame(tensor, want[name]!)
  })
}

test('writes the bytes that NumPy wrote', () => {
  // Row-major little-endian files are written by NumPy in exactly one way.
  for (const file of Object.keys(expected).filter((name) => /_c\.npy$|^(text|bytes|scalar|empty|one|time_ns)\.npy$/.test(name))) {
    const bytes = readFileSync(join(folder, file))
    assert.deepEqual(Buffer.from(writeNpy(readNpy(bytes))), bytes, file)
  }
})

test('refuses any damaged file with a typed error', () => {
  const seeds = ['f8_c.npy', 'text.npy', 'v3.npy', 'stored.npz', 'deflated.npz'].map((file) => readFileSync(join(folder, file)))
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.option(fc.nat()),
      (seed, edits, cut) => {
        const bytes = Buffer.from(seed)
        for (const [at, value] of edits) bytes[at % bytes.length] = value
        const damaged = cut === null ? bytes : bytes.subarray(0, cut % bytes.length)
        try {
          if (seed[0] === 0x50) readNpz(damaged)
          else readNpy(damaged)
        } catch (error) {
          assert.ok(error instanceof MlmodelError, String(error))
        }
      },
    ),
    { numRuns: 3000 },
  )
})

test('a header that claims more than the file holds allocates nothing', () => {
  const bytes = Buffer.from(readFileSync(join(folder, 'f8_c.npy')).toString('latin1').replace('(3, 4), ', '(9999,4),'), 'latin1')
  assert.throws(() => readNpy(bytes), { code: 'NPY_BROKEN' })
})

test('float16 rounds as IEEE 754 says', () => {
  // Values from the standard: largest, smallest normal, smallest subnormal, ties to even.
  const rows: [number, number][] = [
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.0001, 0x0001],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [-0, 0x8000],
    [-Infinity, 0xfc00],
  ]
  for (const [value, bits] of rows) assert.equal(numberToFloat16(value), bits, String(value))
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = float16ToNumber(bits)
    if (!Number.isNaN(value)) assert.equal(numberToFloat16(value), bits)
  }
})
