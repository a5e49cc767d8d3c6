/** Validation for programs. What it needs is loaded when it is called: who only scores does not pay for it. */
import type { Verdict } from '../check/check.ts'
import type { Policy } from '../check/policy.ts'
import type { ModelVerdict, ReportedFinding } from '../validate/report.ts'
import type { ValidateOptions } from '../validate.ts'

/** What validating a model said. */
export interface ValidationReport {
  /** As the caller named it. */
  readonly location: string
  readonly verdict: ModelVerdict
  /** Most severe first, then by file and line. */
  readonly findings: readonly ReportedFinding[]
  /** Findings that `ignore` or the policy left out. */
  readonly ignored: number
  /** Every regular file of the folder, and what it was judged to be. */
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly format: string; readonly verdict: Verdict }[]
}

/** {@link validateModel}'s options. */
export type ValidateModelOptions = Pick<ValidateOptions, 'ignore' | 'trust' | 'targets' | 'policy' | 'limits'> & {
  /** Warnings count against the model. */
  readonly strict?: boolean
}

/**
 * Validates a model as `mlmodel validate` does: MLmodel, paths, signature, environment, example, ONNX graph, and every file by what its
 * bytes are. Nothing of the model is executed.
 *
 * @param location - a folder, its MLmodel file, or any other file, whose content alone is then judged
 * @throws MlmodelError LOCATION_NOT_FOUND, LOCATION_UNSUPPORTED, LOCATION_UNREADABLE; all else is a finding
 *
 * @example
 * const { verdict, findings } = await validateModel('./model')
 * for (const { level, code, message } of findings) console.log(level, code, message)
 */
export async function validateModel(location: string, options: ValidateModelOptions = {}): Promise<ValidationReport> {
  const [{ validateModel: validate }, { exitCodeOf, reportFinding, verdictOf }] = await Promise.all([
    import('../validate.ts'),
    import('../validate/report.ts'),
  ])
  const { findings, ignored, files } = await validate(location, options)
  return {
    location,
    verdict: verdictOf(exitCodeOf(findings, options.strict === true || options.policy?.strict === true)),
    findings: findings.map(reportFinding),
    ignored,
    files: files.map(({ path, bytes, format, verdict }) => ({ path, bytes, format, verdict })),
  }
}

/**
 * Reads a team's policy (schemas/config.schema.json), for `options.policy` of {@link validateModel}.
 *
 * @throws MlmodelError CONFIG_UNREADABLE, CONFIG_INVALID, FINDING_UNKNOWN
 */
export async function readPolicyFile(path: string): Promise<Policy> {
  return (await import('../policy-file.ts')).readPolicyFile(path)
}
