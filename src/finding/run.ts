/** Findings on scoring the input example. */
import type { FindingTable } from './define.ts'

export const runFindings = {} as const satisfies FindingTable
