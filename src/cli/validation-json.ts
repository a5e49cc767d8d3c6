/** A validation as one JSON document; schemas/validation.schema.json. */
import { reportFinding } from '../validate/report.ts'
import { countLevels, type Outcome } from './validation.ts'

/** The document of `--format json`. */
export function validationDocument({ models, exitCode, strict }: Outcome): object {
  return {
    schema_version: 1,
    exit_code: exitCode,
    strict,
    models: models.map(({ location, folder, findings, files, verdict, known, ignored }) => {
      const levels = countLevels(findings)
      return {
        location,
        folder,
        verdict,
        counts: { errors: levels.error, warnings: levels.warning, notices: levels.notice, known, ignored },
        findings: findings.map(reportFinding),
        files: files.map(({ path, bytes, format, verdict }) => ({ path, bytes, format, verdict })),
      }
    }),
  }
}
