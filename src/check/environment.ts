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
    const found = await environmentFindings(reading, await resolveReading(reading, { limits }))
    // A path out of the folder is told where the MLmodel file names it.
    const { conda, pythonEnv } = reading.files
    const told = [conda, pythonEnv].flatMap((read) =>
      read.state === 'failed' && isToldByPaths(read.error.code) ? read.name : [],
    )
    return found.filter(({ code, where }) => code !== 'ENV_FILE_UNREADABLE' || !told.includes(where.file ?? ''))
  },
}

function isToldByPaths(code: string): boolean {
  return code === 'PATH_OUTSIDE' || code === 'PATH_LOOP'
}
