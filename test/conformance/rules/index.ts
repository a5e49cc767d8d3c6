/**
 * The closed list of differences in strict mode (docs/differences.md), each as a prediction of our answer made from the
 * signature, the input and MLflow's outcome.
 *
 * About one value: here. About a whole body: l7.ts, l12.ts, x7.ts. What we accept and MLflow does not: x2-x4.ts for CSV, and
 * ../convert.ts with ../reading.ts for X1, X2 and X3 in JSON. About models: L9, X4, X5 and X9 in ../wanted.ts. X8 is an
 * HTTP status.
 */
import { l1 } from './l1.ts'
import { l2 } from './l2.ts'
import { l3 } from './l3.ts'
import { l4 } from './l4.ts'
import { l5 } from './l5.ts'
import { l6 } from './l6.ts'
import { l8 } from './l8.ts'
import { l10 } from './l10.ts'
import { l11 } from './l11.ts'
import type { LeafRule } from './leaf.ts'

/** In the order in which they are asked; the first that speaks names the difference. */
export const leafRules: readonly LeafRule[] = [l1, l2, l3, l8, l4, l5, l6, l10, l11]
