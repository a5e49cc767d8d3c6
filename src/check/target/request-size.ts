/** Rows that are larger than the requests a platform takes. */
import { type Finding, finding } from '../../finding/index.ts'
import type { Mlmodel } from '../../mlmodel.ts'
import { fieldPlace } from '../place.ts'

/** A JSON number of an array takes two characters at the least: a digit and its comma. */
const bytesOfNumber = 2

/** Says which tensors are too large in one row, by the dimensions that are fixed. */
export function checkRequestSize(model: Mlmodel, platform: string, bytes: number, limit: string): readonly Finding[] {
  const inputs = model.signature?.inputs
  if (inputs?.kind !== 'tensors') return []
  return inputs.tensors.flatMap(({ name, shape }, index) => {
    const row = shape.slice(1).reduce<number>((product, size) => product * (size === null || size < 0 ? 1 : size), bytesOfNumber)
    const where = fieldPlace(model, ['signature', 'inputs'])
    return row <= bytes
      ? []
      : [finding('TARGET_REQUEST_SIZE', { platform, name: String(name ?? index), bytes: row, limit }, where)]
  })
}
