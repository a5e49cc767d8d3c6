/** Findings on platforms that a model is deployed to. */
import type { FindingTable } from './define.ts'

export const targetFindings = {} as const satisfies FindingTable
