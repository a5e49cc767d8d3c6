/**
 * The environment files of a model, as MLflow writes them: conda.yaml, python_env.yaml, requirements.txt. They say what Python
 * would need; nothing here does.
 *
 * @see mlflow/onnx/__init__.py (get_default_pip_requirements) and mlflow/utils/environment.py
 */
import { writeYaml } from '../yaml/write.ts'

/** The MLflow whose files and answers these are, and the packages it was tested with: the tests load such a model with them. */
export const mlflowVersion = '3.17.2'
export const onnxVersion = '1.23.2'
export const pythonVersion = '3.11.7'
const onnxRequirements: readonly string[] = [`mlflow==${mlflowVersion}`, `onnx==${onnxVersion}`, 'onnxruntime==1.31.1']
const pipVersion = '26.3'

export interface EnvironmentOptions {
  readonly python?: string | undefined
  /** More lines of requirements.txt. */
  readonly requirements?: readonly string[] | undefined
}

/**
 * Each package once, as MLflow joins them (`_deduplicate_requirements`): a name alone adds nothing, other bounds are added. Another
 * exact version, which MLflow refuses, takes the place of ours.
 */
function joinRequirements(ours: readonly string[], theirs: readonly string[]): string[] {
  const lines = [...ours]
  for (const line of theirs) {
    const [, name = '', bounds = ''] = /^\s*([\w.-]+?)\s*([<>=!~][^;@[]*)?$/.exec(line) ?? []
    const at = ours.findIndex((known) => known.split('==')[0] === name.toLowerCase())
    if (at < 0) lines.push(line)
    else if (bounds.includes('==')) lines[at] = line
    else if (bounds !== '') lines[at] = `${lines[at]},${bounds.trim()}`
  }
  return lines
}

/** File name → text. */
export function environmentFiles({ python = pythonVersion, requirements = [] }: EnvironmentOptions): ReadonlyMap<string, string> {
  const lines = joinRequirements(onnxRequirements, requirements)
  const pip = new Map([['pip', lines]])
  const conda = new Map<string, string | readonly (string | typeof pip)[]>([
    ['channels', ['conda-forge']],
    // conda-forge gets a new pip later than PyPI does.
    ['dependencies', [`python=${python}`, `pip<=${pipVersion}`, pip]],
    ['name', 'mlflow-env'],
  ])
  const pythonEnv = new Map<string, string | readonly string[]>([
    ['python', python],
    ['build_dependencies', [`pip==${pipVersion}`, 'setuptools', 'wheel']],
    ['dependencies', ['-r requirements.txt']],
  ])
  return new Map([
    ['conda.yaml', writeYaml(conda)],
    ['python_env.yaml', writeYaml(pythonEnv)],
    ['requirements.txt', lines.join('\n')],
  ])
}
