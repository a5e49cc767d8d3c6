/** What each flavor of a model means here: run, or why not. */
import { runnableFlavor } from '../flavors/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import type { FlavorDescription } from './description.ts'
import { mapToPlain } from './plain.ts'

/** Describes the flavors in the order of the MLmodel file, the generic `python_function` last. */
export function describeFlavors(model: Mlmodel): FlavorDescription[] {
  const names = [...model.flavors.keys()]
  const ordered = [...names.filter((name) => name !== 'python_function'), ...names.filter((name) => name === 'python_function')]
  return ordered.map((name) => {
    const verdict = runnableFlavor(name, model)
    return {
      name,
      runs: verdict.runs,
      how: verdict.runs ? verdict.how : null,
      why: verdict.runs ? null : verdict.why,
      keys: mapToPlain(model.flavors.get(name)),
    }
  })
}
