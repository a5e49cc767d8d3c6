/** Rules about a body as a whole: L7 and L12. */
import type { Layout } from '../table.ts'

export interface WholeBody {
  readonly duplicateKeys: boolean
  readonly layout: Layout | undefined
  /** CSV: two header cells with the same text. */
  readonly duplicateHeader: boolean
}

/** One key or column name twice in a body: MLflow takes the last, or renames; we refuse. */
export function l7({ duplicateKeys, layout, duplicateHeader }: WholeBody): boolean {
  return duplicateKeys || duplicateHeader || layout?.duplicateNames === true
}

/** `instances` whose rows have different keys: with MLflow values move to other rows; we refuse. */
export function l12({ layout }: WholeBody): boolean {
  return layout?.unevenRows === true
}
