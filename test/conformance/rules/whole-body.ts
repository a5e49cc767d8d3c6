/** What a rule about a body as a whole sees. */
import type { Layout } from '../table.ts'

export interface WholeBody {
  readonly duplicateKeys: boolean
  readonly layout: Layout | undefined
  /** CSV: two header cells with the same text. */
  readonly duplicateHeader: boolean
}
