/**
 * A short run of every reader on mutants: each answers with a value or a typed error. The same mutants every time; `npm run fuzz`
 * looks at new ones for as long as it is given, with time and memory.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { mutant, mutations } from './mutants.ts'
import { faultOf, readers } from './readers.ts'
import { seedFiles } from './seeds.ts'

const rounds = Number(process.env['MLMODEL_FUZZ_ROUNDS'] ?? 120)

describe('mutants', () => {
  for (const reader of readers) {
    test(reader.name, async (t) => {
      const seeds = reader.seeds()
      if (seeds.length === 0) return t.skip('no files to start from')
      const property = fc.asyncProperty(mutations(seeds.length), async (mutation) => {
        const fault = await faultOf(reader, mutant(mutation, seeds, reader.tokens))
        assert.equal(fault, undefined, `${seeds[mutation.seed]!.name}: ${(fault as Error | undefined)?.stack}`)
      })
      await fc.assert(property, { numRuns: rounds, seed: 20_261_122, endOnFailure: false })
    })
  }
})

describe('what fuzzing has found', () => {
  for (const { name, bytes } of seedFiles(/^fuzz\/[a-z]+-[0-9a-f]+\.bin$/, 1000)) {
    test(name, async () => {
      const reader = readers.find((each) => name.startsWith(`fuzz/${each.name}-`))
      assert.ok(reader !== undefined)
      assert.equal(await faultOf(reader, bytes), undefined)
    })
  }
})
