/** python_env.yaml with the line of each thing; what has the wrong shape is gathered, not thrown. */
import { MlmodelError } from '../errors/index.ts'
import { isYamlMap, type YamlDocument, yamlKind } from '../yaml.ts'
import { ListReader } from './conda-file.ts'
import type { PlacedText } from './resolved.ts'

export interface PythonEnvFile {
  readonly file: string
  readonly document: YamlDocument
  /** Null where there is none: MLflow takes the Python it runs with. */
  readonly python: PlacedText | null
  readonly buildDependencies: readonly PlacedText[]
  readonly dependencies: readonly PlacedText[]
  readonly problems: readonly MlmodelError[]
}

const keys: readonly string[] = ['python', 'build_dependencies', 'dependencies']

/** Takes apart what MLflow gives to its class `_PythonEnv`, which knows these three keys and no other. */
export function readPythonEnvFile(document: YamlDocument, file: string): PythonEnvFile {
  const problems: MlmodelError[] = []
  const reader = new ListReader(document, file, problems)
  const root = document.value
  if (!isYamlMap(root)) {
    problems.push(new MlmodelError('YAML_NOT_MAP', { found: yamlKind(root) }, { where: { file, line: 1 } }))
    return { file, document, python: null, buildDependencies: [], dependencies: [], problems }
  }
  for (const key of root.keys()) {
    if (keys.includes(key)) continue
    const where = { file, line: document.lineOf([key]) ?? 1, path: key }
    problems.push(new MlmodelError('ENVIRONMENT_KEY', { key }, { where }))
  }
  const python = root.get('python') ?? null
  // `3.10` without quotes is the number 3.1 to Python.
  if (python !== null && typeof python !== 'string') reader.refuse(['python'], 'text in quotes', python)
  return {
    file,
    document,
    python: reader.scalar(['python'], python),
    buildDependencies: reader.texts(['build_dependencies'], root.get('build_dependencies')),
    dependencies: reader.texts(['dependencies'], root.get('dependencies')),
    problems,
  }
}
