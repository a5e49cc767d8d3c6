/** The rules of `mlmodel validate`, in the order in which they run; findings are sorted by whoever prints them. */
import { MlmodelError } from '../errors/index.ts'
import { type Finding, findingOfError } from '../finding/index.ts'
import { boosters } from './boosters.ts'
import type { Check, CheckContext } from './check.ts'
import { content } from './content.ts'
import { environment } from './environment.ts'
import { example } from './example.ts'
import { flavors } from './flavors.ts'
import { mlmodel } from './mlmodel.ts'
import { onnxSignature } from './onnx-signature.ts'
import { paths } from './paths.ts'
import { policy } from './policy.ts'
import { run } from './run.ts'
import { signature } from './signature.ts'
import { target } from './target.ts'

/** A rule is a file beside this one and a name in this list. */
export const checks: readonly Check[] = [
  mlmodel,
  paths,
  flavors,
  signature,
  onnxSignature,
  boosters,
  example,
  environment,
  policy,
  target,
  content,
  run,
]

/**
 * Runs the rules on a model.
 *
 * @returns every finding once, in the order of the rules
 */
export async function runChecks(context: CheckContext, list: readonly Check[] = checks): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const check of list) {
    try {
      findings.push(...(await check.run(context)))
    } catch (error) {
      if (!(error instanceof MlmodelError)) throw error
      findings.push(findingOfError(error))
    }
  }
  return distinct(findings.map((found) => nameMlmodel(found, context.file)))
}

/** Judges content only: for a file that is no model. */
export async function checkContent(context: CheckContext): Promise<readonly Finding[]> {
  return runChecks(context, [content])
}

/** Errors name the MLmodel file as the user would; findings name it as the folder does. */
function nameMlmodel(found: Finding, file: string): Finding {
  return found.where.file === file ? { ...found, where: { ...found.where, file: 'MLmodel' } } : found
}

/** Two rules may meet the same defect; one of the same code, place and arguments is enough. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>()
  return findings.filter(({ code, where, arguments: args }) => {
    const key = JSON.stringify([code, where, args], (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
