/** The form of a JSON body: one of MLflow's four, or an LLM request, which is one row of values as they are. */
import type { ParamSpec } from '../signature.ts'
import { typeNameOf } from './python.ts'
import type { Report } from './report.ts'
import { type Cell, isCellMap } from './values.ts'

export const formNames = ['dataframe_split', 'dataframe_records', 'instances', 'inputs'] as const
export type Form = (typeof formNames)[number]

export type BodyForm =
  | { readonly kind: 'form'; readonly form: Form; readonly value: Cell; readonly params: Cell | undefined }
  | { readonly kind: 'llm'; readonly value: ReadonlyMap<string, Cell>; readonly params: Cell }

const llmKeys = ['messages', 'prompt', 'input']

export interface FormOptions {
  readonly params: readonly ParamSpec[] | undefined
  /** Whether the signature comes from a type hint: then only `inputs` will do. */
  readonly typeHint: boolean
}

/** Tells the form; undefined when there is none, with the problem reported. Other keys are ignored, as MLflow does. */
export function formOf(body: Cell, options: FormOptions, report: Report): BodyForm | undefined {
  if (!isCellMap(body)) {
    report.problem('parse', 'BODY_NOT_OBJECT', { found: typeNameOf(body) }, { path: '$' })
    return undefined
  }
  if (llmKeys.some((key) => body.has(key))) {
    const known = new Set(options.params?.map(({ name }) => name))
    const entries = [...body]
    return {
      kind: 'llm',
      value: new Map(entries.filter(([key]) => !known.has(key))),
      params: new Map(entries.filter(([key]) => known.has(key))),
    }
  }
  const given = formNames.filter((form) => body.has(form))
  if (options.typeHint) {
    if (given.includes('inputs')) return { kind: 'form', form: 'inputs', value: body.get('inputs')!, params: body.get('params') }
    report.problem('params', 'BODY_TYPE_HINT', { given }, { path: '$' })
    return undefined
  }
  if (given.length === 1) return { kind: 'form', form: given[0]!, value: body.get(given[0]!)!, params: body.get('params') }
  report.problem('parse', 'BODY_FORM', { given }, { path: '$' })
  return undefined
}
