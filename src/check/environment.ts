/** The environment files, as far as they are read; a file that cannot be read is an error, a missing one a warning. */
import { readEnvironment } from '../env/index.ts'
import { finding, findingOfError } from '../finding/index.ts'
import type { Check } from './check.ts'
import { fieldPlace } from './place.ts'

export const environment: Check = {
  name: 'environment',
  async run({ model, limits }) {
    if (model === undefined) return []
    const { missing, errors } = await readEnvironment(model, limits)
    const place = fieldPlace(model, ['flavors', 'python_function', 'env'])
    return [
      // A path that leaves the folder was refused where MLmodel names it.
      ...errors.filter(({ code }) => !code.startsWith('PATH_')).map((error) => findingOfError(error)),
      ...missing.map((file) => finding('ENV_FILE_MISSING', { file }, place)),
    ]
  },
}
