/** Mutated real files: every answer is a frame or a typed error, within a bounded time and memory. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { readArrowBytes } from '../../src/data/arrow/read.ts'
import { readJsonLines } from '../../src/data/json-lines.ts'
import { readParquet } from '../../src/data/parquet/read.ts'
import { bytesSource } from '../../src/data/source.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { defaultLimits } from '../../src/limits.ts'
import { folder, readBytes } from './tables.ts'

/** Small, so that a lie about a length cannot cost much more than the file. */
const limits = { ...defaultLimits, pageBytes: 1 << 22, pageValues: 1 << 18, arrayBytes: 1 << 28 }
const rounds = Number(process.env['MLMODEL_FUZZ_ROUNDS'] ?? 12)

/** xorshift32: the same mutants on every run. */
function random(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

function mutate(bytes: Uint8Array, next: () => number): Uint8Array {
  const mutant = Uint8Array.from(bytes)
  const at = () => Math.floor(next() * mutant.length)
  for (let change = 0; change <= next() * 4; change++) {
    const kind = next()
    // Half of the changes near the end, where a Parquet file has its footer.
    const place = next() < 0.5 ? at() : Math.max(0, mutant.length - 1 - Math.floor(next() * 4000))
    if (kind < 0.4) mutant[place] = Math.floor(next() * 256)
    else if (kind < 0.6) mutant[place]! ^= 1 << Math.floor(next() * 8)
    else if (kind < 0.75) mutant.fill(255, place, place + 1 + Math.floor(next() * 8))
    else if (kind < 0.85) mutant.fill(0, place, place + 1 + Math.floor(next() * 8))
    else if (kind < 0.95) mutant.copyWithin(place, at(), at())
    else return mutant.subarray(0, place)
  }
  return mutant
}

function judge(name: string, read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw new Error(`${name}: ${(error as Error).stack}`, { cause: error })
  }
}

describe('mutated files', () => {
  for (const name of readdirSync(folder).filter((file) => /\.(parquet|arrows?)$/.test(file))) {
    test(name, () => {
      const bytes = readBytes(name)
      const next = random(bytes.length * 2654435761)
      for (let round = 0; round < rounds; round++) {
        const mutant = mutate(bytes, next)
        judge(`${name} mutant ${round}`, () =>
          name.endsWith('.parquet') ? readParquet(mutant, {}, limits) : readArrowBytes(mutant, {}, limits),
        )
      }
    })
  }

  test('every beginning of a file', () => {
    for (const name of ['nullable.parquet', 'delta.arrows', 'empty.arrow']) {
      const bytes = readBytes(name)
      for (let length = 0; length < bytes.length; length += 7) {
        judge(`${name} cut at ${length}`, () =>
          name.endsWith('.parquet')
            ? readParquet(bytes.subarray(0, length), {}, limits)
            : readArrowBytes(bytes.subarray(0, length), {}, limits),
        )
      }
    }
  })

  test('JSON Lines', async () => {
    const bytes = Buffer.from('{"a": [1, "}"], "b": "\\"{"}\n\n{"a": {}}\r\n{"a": "é"}\n')
    const next = random(7)
    for (let round = 0; round < 300; round++) {
      try {
        for await (const { body } of readJsonLines(bytesSource(mutate(bytes, next), 'x'), { batchRows: 2 }))
          assert.ok(body.length > 0)
      } catch (error) {
        assert.ok(error instanceof MlmodelError, String((error as Error).stack))
      }
    }
  })
})
