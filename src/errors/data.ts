import type { ErrorTable } from './define.ts'

export const dataErrors = {} satisfies ErrorTable
