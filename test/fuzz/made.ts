/** The mutants of a run by number, the same in every process. */
import fc from 'fast-check'
import { mutant, mutations } from './mutants.ts'
import type { FuzzedReader } from './readers.ts'

/** Made at once; the numbers of a run count through the chunks. */
export const chunk = 500

/** The mutants from one number to another. */
export function makeMutants(reader: FuzzedReader, seed: number, from: number, to: number): readonly Uint8Array[] {
  const seeds = reader.seeds()
  if (seeds.length === 0) return []
  const made: Uint8Array[] = []
  for (let part = Math.floor(from / chunk); part * chunk < to; part++) {
    const sample = fc.sample(mutations(seeds.length), { seed: seed + part, numRuns: chunk })
    sample.forEach((mutation, place) => {
      const number = part * chunk + place
      if (number >= from && number < to) made.push(mutant(mutation, seeds, reader.tokens))
    })
  }
  return made
}
