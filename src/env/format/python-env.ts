/** The environment as python_env.yaml, which MLflow reads for virtualenv and uv. */

import { writeYaml } from '../../yaml/write.ts'
import type { YamlValue } from '../../yaml.ts'
import type { ResolvedEnvironment } from '../resolved.ts'
import { entriesForPip, type FormattedEnvironment, omissionComments, requirementLines, withOptions } from './entries.ts'

/** The requirements stand in the file itself, where MLflow's own files say `-r requirements.txt`. */
export function formatPythonEnv(environment: ResolvedEnvironment): FormattedEnvironment {
  const entries = entriesForPip(environment)
  const map = new Map<string, YamlValue>()
  if (entries.python !== null) map.set('python', entries.python)
  const build = entries.buildDependencies.map(withOptions)
  if (build.length > 0) map.set('build_dependencies', build)
  const dependencies = requirementLines(entries)
  if (dependencies.length > 0) map.set('dependencies', dependencies)
  const comments = omissionComments(entries.omitted).map((line) => `${line}\n`)
  return { text: comments.join('') + writeYaml(map), omitted: entries.omitted }
}
