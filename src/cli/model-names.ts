/** Models as a command line names them: `./model`, `churn=./a`. */
import { MlmodelError } from '../errors/index.ts'

export interface NamedPath {
  readonly name: string
  readonly path: string
}

/**
 * Splits names off; a model without one is `model`.
 *
 * @param only - the name of the only model, as platforms give it
 * @throws SERVE_NAME_OF_MANY
 */
export function nameModels(given: readonly string[], only: string | undefined): readonly NamedPath[] {
  const named = given.map((text) => {
    const match = /^([\w.-]+)=(.+)$/s.exec(text)
    return match === null
      ? { name: only ?? 'model', path: text, isNamed: false }
      : { name: match[1]!, path: match[2]!, isNamed: true }
  })
  if (only !== undefined && (named.length !== 1 || named[0]!.isNamed))
    throw new MlmodelError('SERVE_NAME_OF_MANY', { name: only, models: given.length })
  return named.map(({ name, path }) => ({ name, path }))
}
