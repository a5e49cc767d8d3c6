/** Findings on the MLmodel file, its paths and its signature. */
import type { FindingTable } from './define.ts'

export const mlmodelFindings = {} as const satisfies FindingTable
