import type { WholeBody } from './whole-body.ts'

/** One key or column name twice in a body: MLflow takes the last, or renames; we refuse. */
export function l7({ duplicateKeys, layout, duplicateHeader }: WholeBody): boolean {
  return duplicateKeys || duplicateHeader || layout?.duplicateNames === true
}
