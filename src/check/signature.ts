/** What the signature says that MLflow takes and nobody can use; what it cannot read is the business of the rule `mlmodel`. */
import { type Finding, finding } from '../finding/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { type Schema, specsOf } from '../signature.ts'
import type { Check } from './check.ts'
import { fieldPlace } from './place.ts'

export const signature: Check = {
  name: 'signature',
  run({ model }) {
    if (model === undefined) return []
    const given = model.fields.get('signature')
    if (given === undefined || given === null) return [finding('SIGNATURE_MISSING', {}, fieldPlace(model, []))]
    // Undefined: it could not be read, which is said already.
    if (model.signature === undefined) return []
    const { inputs, outputs } = model.signature
    const isEmpty = inputs === undefined && !wasRefused(model, 'inputs')
    return [
      ...(isEmpty ? [finding('SIGNATURE_NO_INPUTS', {}, fieldPlace(model, ['signature']))] : []),
      ...(inputs === undefined ? [] : checkSchema(model, 'inputs', inputs)),
      ...(outputs === undefined ? [] : checkSchema(model, 'outputs', outputs)),
    ]
  },
}

/** A part that is written and was not read. */
function wasRefused(model: Mlmodel, part: 'inputs' | 'outputs'): boolean {
  const text = model.sourceOf(['signature', part])
  return text === undefined ? model.lineOf(['signature', part]) !== undefined : text !== '' && text !== 'null' && text !== '~'
}

function checkSchema(model: Mlmodel, part: 'inputs' | 'outputs', schema: Schema): readonly Finding[] {
  const findings: Finding[] = []
  const seen = new Set<string | number>()
  const field = `signature.${part}`
  const place = (index: number) => ({ ...fieldPlace(model, ['signature', part]), path: `${field}[${index}]` })
  for (const [index, spec] of specsOf(schema).entries()) {
    // An empty name counts as its position, as in MLflow.
    const name = spec.name || undefined
    if (name !== undefined && seen.has(name))
      findings.push(finding('SIGNATURE_DUPLICATE_NAME', { part: field, name: String(name) }, place(index)))
    if (name !== undefined) seen.add(name)
    if (spec.kind === 'tensor' && spec.shape.includes(null))
      findings.push(finding('SIGNATURE_NULL_DIMENSION', { part: `${field}[${index}]` }, place(index)))
  }
  return findings
}
