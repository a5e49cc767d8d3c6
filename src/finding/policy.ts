/** Findings on what a team asks of its models. */
import type { FindingTable } from './define.ts'

export const policyFindings = {} as const satisfies FindingTable
