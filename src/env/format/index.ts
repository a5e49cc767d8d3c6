/** Environments as the files of other tools. */
import type { ResolvedEnvironment } from '../resolved.ts'
import { formatAzureml } from './azureml.ts'
import { formatConda } from './conda.ts'
import { formatDockerfile } from './dockerfile.ts'
import type { FormattedEnvironment } from './entries.ts'
import { formatPep723, formatPyproject, formatUv } from './project.ts'
import { formatPylock } from './pylock.ts'
import { formatPythonEnv } from './python-env.ts'
import { formatRequirements } from './requirements.ts'

export type { FormattedEnvironment, Omission } from './entries.ts'

const formats = {
  requirements: formatRequirements,
  conda: formatConda,
  python_env: formatPythonEnv,
  uv: formatUv,
  pyproject: formatPyproject,
  pylock: formatPylock,
  pep723: formatPep723,
  dockerfile: formatDockerfile,
  azureml: formatAzureml,
} as const satisfies Readonly<Record<string, (environment: ResolvedEnvironment) => FormattedEnvironment>>

export type EnvironmentFormat = keyof typeof formats

/** Names of the formats, as `--format` takes them. */
export const environmentFormats = Object.keys(formats) as readonly EnvironmentFormat[]

/**
 * Writes an environment as a file of another tool. Nothing in the environment, which is a stranger's, becomes more than the
 * value it stands for.
 *
 * @throws MlmodelError PYLOCK_NEEDS_INDEX
 */
export function formatEnvironment(environment: ResolvedEnvironment, format: EnvironmentFormat): FormattedEnvironment {
  return formats[format](environment)
}
