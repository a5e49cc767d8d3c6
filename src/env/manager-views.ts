/**
 * What each environment manager of MLflow makes of a model's files, decided as MLflow decides it.
 *
 * @see mlflow/utils/virtualenv.py (_get_python_env), mlflow/utils/environment.py (_PythonEnv), mlflow/pyfunc/backend.py
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { isYamlMap } from '../yaml.ts'
import { type CondaFile, condaPackages, condaPipLines, condaPythonText, readCondaFile } from './conda-file.ts'
import { condaName, virtualenvName } from './environment-name.ts'
import type { FileRead, ModelFolder, YamlRead } from './model-folder.ts'
import { type PythonEnvFile, readPythonEnvFile } from './python-env-file.ts'
import type { ManagerView, Origin, PlacedText } from './resolved.ts'

export const requirementsName = 'requirements.txt'
export const uvLockName = 'uv.lock'

/** A file that the MLmodel file names, or would name by custom. */
export interface NamedFile {
  readonly name: string
  /** Null where the MLmodel file does not name it. */
  readonly namedAt: Origin | null
  /** `env` is a mapping and lacks the key that MLflow asks for. */
  readonly isUnnamed: boolean
}

/** The files as far as they are there. */
export interface EnvironmentFiles {
  readonly conda: YamlRead<CondaFile>
  readonly pythonEnv: YamlRead<PythonEnvFile>
  readonly requirements: FileRead
  readonly uvLock: FileRead
  readonly names: { readonly conda: NamedFile; readonly pythonEnv: NamedFile }
}

/** Reads the files that MLflow looks for. */
export async function readEnvironmentFiles(model: Mlmodel, folder: ModelFolder): Promise<EnvironmentFiles> {
  const names = namedFiles(model)
  return {
    names,
    conda: await folder.readYaml(names.conda.name, readCondaFile),
    pythonEnv: await folder.readYaml(names.pythonEnv.name, readPythonEnvFile),
    requirements: await folder.read(requirementsName),
    uvLock: await folder.read(uvLockName),
  }
}

const envPath = ['flavors', 'python_function', 'env']

/** `env` is a text (the conda file) through MLflow 1.30 and a mapping since 2.0. */
function namedFiles(model: Mlmodel): EnvironmentFiles['names'] {
  const env = model.flavors.get('python_function')?.get('env') ?? null
  const place = (path: readonly string[]): Origin => ({ file: 'MLmodel', line: model.lineOf(path) ?? 1 })
  const named = (key: string, absent: string): NamedFile => {
    const value = isYamlMap(env) ? env.get(key) : undefined
    return typeof value === 'string'
      ? { name: value, namedAt: place([...envPath, key]), isUnnamed: false }
      : { name: absent, namedAt: null, isUnnamed: isYamlMap(env) && (env.size > 0 || key === 'virtualenv') }
  }
  return {
    conda:
      typeof env === 'string' && env !== ''
        ? { name: env, namedAt: place(envPath), isUnnamed: false }
        : named('conda', 'conda.yaml'),
    pythonEnv: named('virtualenv', 'python_env.yaml'),
  }
}

export interface ViewOptions {
  /** MLflow's MLFLOW_ENV_ROOT. */
  readonly environmentRoot: string
  /** The Python that MLflow runs with, which it takes where no file names one; undefined when nobody said. */
  readonly currentPython: string | undefined
}

/** The views of all managers, local first. */
export async function managerViews(
  model: Mlmodel,
  files: EnvironmentFiles,
  folder: ModelFolder,
  options: ViewOptions,
): Promise<readonly ManagerView[]> {
  const virtualenv = await virtualenvView(files, folder, options)
  return [localView(model, files), virtualenv, uvView(virtualenv, files), condaView(model, files)]
}

const empty = {
  python: null,
  buildDependencies: [],
  dependencies: [],
  ignored: [],
  name: null,
  nameless: null,
  directory: null,
  exists: null,
  refusal: null,
} satisfies Partial<ManagerView>

function localView(model: Mlmodel, files: EnvironmentFiles): ManagerView {
  const path = ['flavors', 'python_function', 'python_version']
  const text = model.sourceOf(path)
  const python = text === undefined || text === '' ? null : { text, file: 'MLmodel', line: model.lineOf(path) ?? 1 }
  const base = { ...empty, manager: 'local', python, nameless: 'it makes no environment' } as const
  if (files.requirements.state === 'read')
    return {
      ...base,
      file: requirementsName,
      dependencies: [included(requirementsName)],
      why: 'installs nothing; MLflow compares requirements.txt with what is there',
    }
  if (files.conda.state === 'read')
    return {
      ...base,
      file: files.conda.name,
      dependencies: condaPipLines(files.conda.content),
      why: `installs nothing, and compares nothing without requirements.txt; ${files.conda.name} says what should be there`,
    }
  return { ...base, file: null, why: 'installs nothing, and no file says what should be there' }
}

/** A line that MLflow makes itself. */
function included(name: string): PlacedText {
  return { text: `-r ${name}`, file: 'MLflow', line: 0 }
}

async function virtualenvView(files: EnvironmentFiles, folder: ModelFolder, options: ViewOptions): Promise<ManagerView> {
  const decided = decideVirtualenv(files)
  if (decided.refusal !== null) return { ...empty, ...decided, manager: 'virtualenv' }
  const python = decided.python?.text ?? options.currentPython
  const named =
    python === undefined
      ? { reason: 'no file names a Python version, so MLflow takes the one it runs with: give it with --python' }
      : await virtualenvName(
          {
            python,
            buildDependencies: decided.buildDependencies.map(({ text }) => text),
            dependencies: decided.dependencies.map(({ text }) => text),
          },
          folder,
        )
  if (!('name' in named)) return { ...empty, ...decided, manager: 'virtualenv', nameless: named.reason }
  const directory = join(options.environmentRoot, named.name)
  return { ...empty, ...decided, manager: 'virtualenv', name: named.name, directory, exists: existsSync(directory) }
}

type Decision = Pick<ManagerView, 'file' | 'why' | 'python' | 'buildDependencies' | 'dependencies' | 'ignored' | 'refusal'>

function refused(file: string | null, why: string, refusal: MlmodelError): Decision {
  return { file, why, python: null, buildDependencies: [], dependencies: [], ignored: [], refusal }
}

/** python_env.yaml, else requirements.txt with Python of conda.yaml, else conda.yaml. */
function decideVirtualenv({ conda, pythonEnv, requirements, names }: EnvironmentFiles): Decision {
  if (names.pythonEnv.isUnnamed) return unnamed('virtualenv', names.pythonEnv)
  if (names.conda.isUnnamed) return unnamed('conda', names.conda)
  if (pythonEnv.state !== 'absent') {
    const why = `${pythonEnv.name} is there`
    const refusal = pythonEnv.state === 'failed' ? pythonEnv.error : (pythonEnv.content.problems[0] ?? null)
    if (refusal !== null || pythonEnv.state === 'failed') return refused(pythonEnv.name, why, refusal!)
    const { python, buildDependencies, dependencies } = pythonEnv.content
    return { file: pythonEnv.name, why, python, buildDependencies, dependencies, ignored: [], refusal: null }
  }
  const absent = `there is no ${pythonEnv.name}`
  const withRequirements = requirements.state !== 'absent'
  const why = withRequirements
    ? `${absent}: requirements.txt, with Python and build dependencies of ${conda.name}`
    : `${absent} and no requirements.txt`
  if (conda.state === 'absent') {
    const where = { file: names.conda.namedAt?.file ?? 'MLmodel', ...(names.conda.namedAt && { line: names.conda.namedAt.line }) }
    return refused(
      null,
      `${why}; ${conda.name} is missing`,
      new MlmodelError('ENVIRONMENT_FILE_ABSENT', { file: conda.name }, { where }),
    )
  }
  const file = withRequirements ? requirementsName : conda.name
  if (conda.state === 'failed') return refused(file, why, conda.error)
  if (withRequirements && requirements.state === 'failed') return refused(file, why, requirements.error)
  const read = ofConda(conda.content, !withRequirements)
  if (read instanceof MlmodelError) return refused(file, why, read)
  return { file, why, ...read, dependencies: withRequirements ? [included(requirementsName)] : read.dependencies, refusal: null }
}

function unnamed(key: 'conda' | 'virtualenv', { name }: NamedFile): Decision {
  const refusal = new MlmodelError('ENVIRONMENT_NOT_NAMED', { key }, { where: { file: 'MLmodel', path: envPath.join('.') } })
  return refused(name, `\`env\` of the MLmodel file has no \`${key}\``, refusal)
}

// MLflow's own pattern: a version is digits and points and nothing else, so that `python=3.8.*` is no Python to it.
const buildPackage = /^(python|pip|setuptools|wheel)(<|>|<=|>=|=|==|!=)?([\p{Nd}.]+)?\n?$/u

/** `get_dependencies_from_conda_yaml`. */
function ofConda(
  conda: CondaFile,
  withPip: boolean,
): Pick<Decision, 'python' | 'buildDependencies' | 'dependencies' | 'ignored'> | MlmodelError {
  // A pip list of the wrong shape matters to whoever reads it.
  const problem = conda.problems.find(({ where }) => isReadOf(where.path, withPip))
  if (problem !== undefined) return problem
  let python: PlacedText | null = null
  const buildDependencies: PlacedText[] = []
  const ignored: PlacedText[] = []
  for (const dependency of condaPackages(conda)) {
    const [, name, operator, version] = buildPackage.exec(dependency.text) ?? []
    const where = { file: dependency.file, line: dependency.line }
    if (name === undefined) ignored.push(dependency)
    else if (name === 'python' && python === null) {
      if (operator === undefined) return new MlmodelError('ENVIRONMENT_PYTHON_UNPINNED', { text: dependency.text }, { where })
      if (operator === '<' || operator === '>' || operator === '!=')
        return new MlmodelError('ENVIRONMENT_PYTHON_COMPARATOR', { text: dependency.text, comparator: operator }, { where })
      python = version === undefined ? null : { ...dependency, text: version }
    } else {
      // A single `=` is conda's.
      const comparison = operator === '=' ? '==' : (operator ?? '')
      buildDependencies.push({ ...dependency, text: `${name}${comparison}${version ?? ''}` })
    }
  }
  return { python, buildDependencies, dependencies: condaPipLines(conda), ignored }
}

function isReadOf(path: string | undefined, withPip: boolean): boolean {
  if (path === undefined) return true
  if (!path.startsWith('dependencies')) return false
  return withPip || !/^dependencies\.\d+\.pip/.test(path)
}

/** As virtualenv, except that a uv.lock is installed as it stands. */
function uvView(virtualenv: ManagerView, { uvLock }: EnvironmentFiles): ManagerView {
  const view: ManagerView = { ...virtualenv, manager: 'uv' }
  if (uvLock.state === 'absent' || view.refusal !== null) return view
  return { ...view, file: uvLockName, why: 'uv.lock is there: `uv sync` installs what it says, and no requirements are read' }
}

function condaView(model: Mlmodel, { conda, names }: EnvironmentFiles): ManagerView {
  const base = { ...empty, manager: 'conda' } as const
  const pyfunc = model.flavors.get('python_function')
  if (pyfunc === undefined || !pyfunc.has('env'))
    return {
      ...base,
      file: null,
      why: 'the MLmodel file has no `env`: MLflow takes the local environment',
      nameless: 'it makes none',
    }
  // `env: null` and `env: {}` are an `env` that names nothing.
  if (names.conda.namedAt === null) return { ...base, ...unnamed('conda', names.conda) }
  const why = `\`env\` of the MLmodel file names ${conda.name}, and conda reads no other`
  if (conda.state === 'absent') {
    const refusal = new MlmodelError('ENVIRONMENT_FILE_ABSENT', { file: conda.name }, { where: names.conda.namedAt })
    return { ...base, file: null, why: `${conda.name} is missing`, refusal }
  }
  // The name is of the text alone, whatever it says.
  const named = conda.bytes === undefined ? { reason: `${conda.name} cannot be read` } : condaName(conda.bytes, conda.name)
  const view = {
    ...base,
    file: conda.name,
    why,
    name: 'name' in named ? named.name : null,
    nameless: 'reason' in named ? named.reason : null,
  }
  if (conda.state === 'failed') return { ...view, refusal: conda.error }
  const packages = condaPackages(conda.content)
  return {
    ...view,
    python: condaPython(packages),
    buildDependencies: packages.filter(({ text }) => /^(pip|setuptools|wheel)\b(?![-.])/.test(text)),
    dependencies: condaPipLines(conda.content),
    refusal: conda.content.problems[0] ?? null,
  }
}

/** The version conda is asked for, or its comparison. */
function condaPython(packages: readonly PlacedText[]): PlacedText | null {
  for (const dependency of packages) {
    const text = condaPythonText(dependency.text)
    if (text !== undefined && text !== '') return { ...dependency, text }
  }
  return null
}
