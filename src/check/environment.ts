/** The environment files: what `mlmodel env` says of them. */
import { environmentFindings } from '../env/findings.ts'
import { readEnvironmentOf } from '../env/reading.ts'
import { resolveReading } from '../env/resolve.ts'
import { MlmodelError } from '../errors/index.ts'
import type { Finding } from '../finding/index.ts'
import type { Check, CheckContext } from './check.ts'

export const environment: Check = {
  name: 'environment',
  async run(context) {
    const { model, limits } = context
    if (model === undefined) return []
    const reading = await readEnvironmentOf(model, limits)
    const findings = await environmentFindings(reading, await resolveReading(reading, { limits }))
    const refused = await Promise.all(findings.map((found) => isRefusedPath(found, context)))
    return findings.filter((_, index) => !refused[index])
  },
}

/** A file that cannot be read because its path leads out: the rule `paths` says so, with the field that names it. */
async function isRefusedPath({ code, arguments: given }: Finding, context: CheckContext): Promise<boolean> {
  if (code !== 'ENV_FILE_UNREADABLE') return false
  try {
    await context.resolve((given as { readonly file: string }).file)
    return false
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return true
  }
}
