/** What each flavor of a model means here: run, or why not. */
import type { Runnable } from '../flavors/flavor.ts'
import { runnableFlavor } from '../flavors/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import type { FlavorDescription } from './description.ts'
import { mapToPlain } from './plain.ts'

/** Describes the flavors in the order of the MLmodel file, the generic `python_function` last. */
export function describeFlavors(model: Mlmodel): FlavorDescription[] {
  const names = [...model.flavors.keys()]
  const ordered = [...names.filter((name) => name !== 'python_function'), ...names.filter((name) => name === 'python_function')]
  return ordered.map((name) => {
    const verdict = name === 'python_function' ? judgePyfunc(model) : runnableFlavor(name, model)
    return {
      name,
      runs: verdict.runs,
      how: verdict.runs ? verdict.how : null,
      why: verdict.runs ? null : verdict.why,
      keys: mapToPlain(model.flavors.get(name)),
    }
  })
}

/** `python_function` is MLflow's generic door: behind it stands another flavor, or Python code of the model's author. */
function judgePyfunc(model: Mlmodel): Runnable {
  const loader = model.flavors.get('python_function')?.get('loader_module')
  if (typeof loader !== 'string') return { runs: false, why: 'it names no `loader_module`' }
  const name = loader.startsWith('mlflow.') ? loader.slice('mlflow.'.length) : ''
  if (model.flavors.has(name)) {
    const how = `the same model, by way of \`${loader}\``
    return runnableFlavor(name, model).runs ? { runs: true, how } : { runs: false, why: how }
  }
  if (loader.startsWith('mlflow.pyfunc'))
    return { runs: false, why: 'it is Python code of its author; Python comes with a later version' }
  return { runs: false, why: `Python would load it with \`${loader}\`; Python comes with a later version` }
}
