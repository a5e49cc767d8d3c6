/** Findings on conda.yaml, python_env.yaml and requirements.txt. */
import type { FindingTable } from './define.ts'

export const environmentFindings = {} as const satisfies FindingTable
