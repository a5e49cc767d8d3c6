/** XGBoost's binary forms; its JSON is recognised by keys in text.ts. */
import type { Content } from './content.ts'
import { latin1, startsWith } from './magic.ts'
import type { Sample } from './sample.ts'

const flavor = 'xgboost'

/** Recognises UBJSON (`{L` and a key's length) and the binary form that XGBoost wrote until 3.0. */
export function xgboostContent({ head, name }: Sample): Content | undefined {
  const start = latin1(head.subarray(0, 4096))
  if (startsWith(head, '{L') || /^\{[iUIl]/.test(start)) {
    const booster = /learner/.test(start) || /gradient_booster|learner_model_param/.test(latin1(head))
    if (booster) return { format: 'xgboost', title: `XGBoost model in UBJSON${objectiveOf(latin1(head))}`, flavor }
    return /\.ubj$/i.test(name) ? { format: 'unknown', title: 'UBJSON document' } : undefined
  }
  if (isOldBinary(head, startsWith(head, 'binf') ? 4 : 0))
    return { format: 'xgboost', title: `XGBoost model in the old binary form${objectiveOf(start)}`, flavor }
  return undefined
}

/** A struct of 136 bytes, then the names of objective and booster, each behind its length in 64 bits. Until 0.90 there was no mark. */
function isOldBinary(head: Uint8Array, from: number): boolean {
  const objective = nameAt(head, from + 136)
  if (objective === undefined || !/^[a-z_]+(:[\w:@-]+)?$/.test(objective)) return false
  return /^(gbtree|gblinear|dart)$/.test(nameAt(head, from + 136 + 8 + objective.length) ?? '')
}

function nameAt(head: Uint8Array, at: number): string | undefined {
  if (at + 8 > head.length) return undefined
  const length = Number(new DataView(head.buffer, head.byteOffset, head.byteLength).getBigUint64(at, true))
  return length > 60 || at + 8 + length > head.length ? undefined : latin1(head.subarray(at + 8, at + 8 + length))
}

function objectiveOf(text: string): string {
  const objective = /\b(reg|binary|multi|rank|survival|count):[a-z_]{3,30}/.exec(text)?.[0]
  return objective === undefined ? '' : `, objective ${objective}`
}
