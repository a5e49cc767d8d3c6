/** Findings on the files by what their bytes are (pickles, ONNX graphs, arrays, boosters). */
import type { FindingTable } from './define.ts'

export const contentFindings = {} as const satisfies FindingTable
