import type { ErrorTable } from './define.ts'

export const onnxErrors = {} satisfies ErrorTable
