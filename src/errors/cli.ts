import type { ErrorTable } from './define.ts'

export const cliErrors = {} satisfies ErrorTable
