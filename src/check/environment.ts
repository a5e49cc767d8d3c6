/** The environment files: what `mlmodel env` says of them. */
import { environmentFindings } from '../env/findings.ts'
import { readEnvironmentOf } from '../env/reading.ts'
import { resolveReading } from '../env/resolve.ts'
import type { Check } from './check.ts'

export const environment: Check = {
  name: 'environment',
  async run({ model, limits }) {
    if (model === undefined) return []
    const reading = await readEnvironmentOf(model, limits)
    return environmentFindings(reading, await resolveReading(reading, { limits }))
  },
}
