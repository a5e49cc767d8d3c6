import type { ErrorTable } from './define.ts'

export const modelErrors = {} satisfies ErrorTable
