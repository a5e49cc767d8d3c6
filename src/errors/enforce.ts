import type { ErrorTable } from './define.ts'

export const enforceErrors = {} satisfies ErrorTable
