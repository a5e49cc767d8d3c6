/** Arrays in blocks of rows: the rows of the whole, from files and pipes, in both memory orders; `readNpy` is compared with NumPy elsewhere. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Tensor } from '../../src/batch.ts'
import { readNpy, writeNpy } from '../../src/data/npy.ts'
import { type NpyBlocksOptions, readNpyBlocks } from '../../src/data/npy-blocks.ts'
import { sliceBatch } from '../../src/data/slice.ts'
import { bytesSource, type Source, streamSource } from '../../src/data/source.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { defaultLimits } from '../../src/limits.ts'

const folder = join(process.cwd(), 'test/fixtures/npy')
const files = readdirSync(folder).filter((name) => name.endsWith('.npy'))

function pipe(bytes: Uint8Array): Source {
  const pieces = Array.from({ length: Math.ceil(bytes.length / 50) }, (_, at) => bytes.subarray(at * 50, at * 50 + 50))
  return streamSource(Readable.from(pieces), 'standard input')
}

/** A copy, because a block's memory may be used again. */
async function blocksOf(source: Source, options: NpyBlocksOptions): Promise<Tensor[]> {
  const blocks: Tensor[] = []
  for await (const block of readNpyBlocks(source, options)) blocks.push(structuredClone(block))
  return blocks
}

/** What the blocks must be, taken out of the whole array. */
function rowsOf(whole: Tensor, size: number): Tensor[] {
  const rows = whole.shape[0]
  if (rows === undefined || rows === 0) return [structuredClone(whole)]
  return Array.from({ length: Math.ceil(rows / size) }, (_, block) => {
    const part = sliceBatch({ kind: 'array', tensor: whole }, block * size, Math.min(rows, (block + 1) * size))
    return structuredClone((part as { tensor: Tensor }).tensor)
  })
}

for (const file of files) {
  test(`${file} in blocks`, async () => {
    const bytes = readFileSync(join(folder, file))
    const whole = readNpy(bytes)
    for (const batchRows of [1, 2, 5]) {
      for (const reuse of [false, true]) {
        assert.deepEqual(await blocksOf(bytesSource(bytes, file), { batchRows, reuse }), rowsOf(whole, batchRows))
        assert.deepEqual(await blocksOf(pipe(bytes), { batchRows, reuse }), rowsOf(whole, batchRows))
      }
    }
    assert.deepEqual(await blocksOf(pipe(bytes), { whole: true }), [structuredClone(whole)])
  })
}

test('any shape, in either order, in blocks of any size', async () => {
  const dimension = fc.integer({ min: 0, max: 5 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(dimension, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      async (shape, batchRows, fortran) => {
        const count = shape.reduce((product, size) => product * size, 1)
        const c = writeNpy({ dtype: 'int16', shape, values: Int16Array.from({ length: count }, (_, at) => at) })
        // The same bytes read in the other order are another array; that one is what blocks are compared with.
        const bytes = fortran ? Buffer.from(Buffer.from(c).toString('latin1').replace('False', 'True '), 'latin1') : c
        const whole = readNpy(bytes)
        assert.deepEqual(await blocksOf(bytesSource(bytes, 'x'), { batchRows }), rowsOf(whole, batchRows))
        assert.deepEqual(await blocksOf(pipe(bytes), { batchRows, reuse: true }), rowsOf(whole, batchRows))
      },
    ),
    { numRuns: 200 },
  )
})

test('a file that is too short or too long says so before its first block, a pipe at the place', async () => {
  for (const file of ['f8_c.npy', 'f8_fortran.npy']) {
    const bytes = readFileSync(join(folder, file))
    for (const odd of [bytes.subarray(0, bytes.length - 3), Buffer.concat([bytes, Buffer.from('x')])]) {
      const blocks: unknown[] = []
      const read = async (source: Source) => {
        for await (const block of readNpyBlocks(source, { batchRows: 1 })) blocks.push(block)
      }
      await assert.rejects(read(bytesSource(odd, file)), { code: 'NPY_BROKEN' })
      assert.equal(blocks.length, 0)
      await assert.rejects(read(pipe(odd)), { code: 'NPY_BROKEN' })
    }
  }
})

test('the limit is that of a block', async () => {
  const bytes = writeNpy({ dtype: 'float64', shape: [100, 2], values: new Float64Array(200) })
  const limits = { ...defaultLimits, arrayBytes: 160 }
  assert.equal((await blocksOf(bytesSource(bytes, 'x'), { limits, batchRows: 10 })).length, 10)
  await assert.rejects(blocksOf(bytesSource(bytes, 'x'), { limits, batchRows: 11 }), { code: 'NPY_LIMIT' })
  await assert.rejects(blocksOf(bytesSource(bytes, 'x'), { limits, whole: true }), { code: 'NPY_LIMIT' })
})

test('any damaged file is a typed error, and takes no more memory than it has bytes', async () => {
  const seeds = ['f8_c.npy', 'f8_fortran.npy', 'text.npy', 'v3.npy'].map((file) => readFileSync(join(folder, file)))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.option(fc.nat()),
      async (seed, edits, cut) => {
        const bytes = Buffer.from(seed)
        for (const [at, value] of edits) bytes[at % bytes.length] = value
        const damaged = cut === null ? bytes : bytes.subarray(0, cut % bytes.length)
        for (const source of [bytesSource(damaged, 'x'), pipe(damaged)]) {
          try {
            await blocksOf(source, { batchRows: 2 })
          } catch (error) {
            assert.ok(error instanceof MlmodelError, String(error))
          }
        }
      },
    ),
    { numRuns: 500 },
  )
})
