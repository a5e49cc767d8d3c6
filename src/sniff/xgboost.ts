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
  if (startsWith(head, 'binf') || /^[\s\S]{136,160}(reg|binary|multi|rank|survival|count):[\w:]{3,30}/.test(start)) {
    return /gb(tree|linear)|dart/.test(start)
      ? { format: 'xgboost', title: `XGBoost model in the old binary form${objectiveOf(start)}`, flavor }
      : undefined
  }
  return undefined
}

function objectiveOf(text: string): string {
  const objective = /\b(reg|binary|multi|rank|survival|count):[a-z_]{3,30}/.exec(text)?.[0]
  return objective === undefined ? '' : `, objective ${objective}`
}
