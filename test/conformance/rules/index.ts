/**
 * The closed list of differences in strict mode (docs/differences.md), each as a prediction of our answer made from the
 * signature, the input and MLflow's outcome. L9, X5 and X9 are about models, and stand in ../models.ts.
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
