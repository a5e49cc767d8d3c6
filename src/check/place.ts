/** Where a field of MLmodel stands. */
import type { Where } from '../errors/index.ts'
import { mlmodelName } from '../locate/index.ts'
import type { Mlmodel } from '../mlmodel.ts'

/** File, line and path of a field; the line of what is around it where the field itself is absent. */
export function fieldPlace(model: Mlmodel, path: readonly (string | number)[]): Where {
  let line: number | undefined
  for (let length = path.length; length > 0 && line === undefined; length--) line = model.lineOf(path.slice(0, length))
  return { file: mlmodelName, ...(line !== undefined && { line }), ...(path.length > 0 && { path: path.join('.') }) }
}
