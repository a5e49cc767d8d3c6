/**
 * What an interpreter has beside what a model wants, by the rules of the warnings that MLflow gives when it loads a model.
 *
 * @see mlflow/utils/requirements_utils.py (_check_requirement_satisfied), mlflow/pyfunc/__init__.py
 *   (_warn_potentially_incompatible_py_version_if_necessary), mlflow/pyfunc/model.py (cloudpickle)
 */
import type { Mlmodel } from '../mlmodel.ts'
import type { Interpreter } from './interpreter.ts'
import type { ResolvedEnvironment, ResolvedRequirement } from './resolved.ts'
import { parseSpecifiers, satisfiesAll } from './specifier.ts'
import { parseVersion } from './version.ts'

export interface Mismatch {
  readonly kind: 'python' | 'package'
  /** As the requirement spells it. */
  readonly name: string
  /** Null: not installed. */
  readonly current: string | null
  readonly required: string
  readonly file: string
  readonly line: number
}

export interface EnvironmentCheck {
  readonly mismatches: readonly Mismatch[]
  /** Packages that fit, with what is installed. */
  readonly matching: readonly { readonly name: string; readonly current: string; readonly required: string }[]
  /** Lines that are not compared, and why. */
  readonly skipped: readonly (Pick<ResolvedRequirement, 'text' | 'file' | 'line'> & { readonly why: string })[]
}

/** MLflow does not miss these; Databricks installs them by itself. */
const ignored: ReadonlySet<string> = new Set(['databricks-feature-lookup', 'databricks-agents'])

/** Compares; `environment` is resolved for the interpreter's own version, platform and machine. */
export function checkInterpreter(model: Mlmodel, environment: ResolvedEnvironment, interpreter: Interpreter): EnvironmentCheck {
  const mismatches: Mismatch[] = [...pythonMismatches(model, interpreter), ...cloudpickleMismatches(model, interpreter)]
  const matching: EnvironmentCheck['matching'][number][] = []
  const skipped: EnvironmentCheck['skipped'][number][] = []
  // MLflow compares constraints as if they were requirements.
  for (const requirement of [...environment.requirements, ...environment.constraints]) {
    const { text, file, line, name, key } = requirement
    const why = reasonToSkip(requirement)
    if (why !== undefined || name === null || key === null) {
      skipped.push({ text, file, line, why: why ?? 'it names no package' })
      continue
    }
    const current = installedVersion(interpreter, name)
    const isDevelopment = name === 'mlflow' && current !== undefined && parseVersion(current)?.isDevRelease === true
    const specifiers = parseSpecifiers(requirement.specifier) ?? []
    if (current !== undefined && (isDevelopment || satisfiesAll(specifiers, current)))
      matching.push({ name, current, required: text })
    else mismatches.push({ kind: 'package', name, current: current ?? null, required: text, file, line })
  }
  return { mismatches, matching, skipped }
}

function reasonToSkip({ kind, key, applies, lineOptions }: ResolvedRequirement): string | undefined {
  if (kind === 'bare-url' || kind === 'path' || kind === 'editable') return 'an address or a path tells no version'
  if (kind === 'invalid') return 'it is no requirement'
  if (lineOptions.length > 0) return 'it has options for pip'
  if (applies === false) return 'its marker is false here'
  return key !== null && ignored.has(key) ? 'MLflow does not miss it' : undefined
}

/** Development versions of PySpark count as the version they lead to. */
function installedVersion(interpreter: Interpreter, name: string): string | undefined {
  const version = interpreter.installed(name)
  return name === 'pyspark' ? version?.replace(/\.?dev.*/s, '') : version
}

function pythonMismatches(model: Mlmodel, { version }: Interpreter): readonly Mismatch[] {
  const path = ['flavors', 'python_function', 'python_version']
  const required = model.sourceOf(path)
  if (required === undefined || required === '' || minor(required) === minor(version ?? '')) return []
  return [{ kind: 'python', name: 'python', current: version, required, file: 'MLmodel', line: model.lineOf(path) ?? 1 }]
}

/** All of a version that MLflow compares. */
function minor(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}

/** MLflow wants the very version that pickled a Python model. */
function cloudpickleMismatches(model: Mlmodel, interpreter: Interpreter): readonly Mismatch[] {
  const path = ['flavors', 'python_function', 'cloudpickle_version']
  const required = model.sourceOf(path)
  const current = interpreter.installed('cloudpickle')
  if (required === undefined || required === '' || required === current) return []
  const place = { file: 'MLmodel', line: model.lineOf(path) ?? 1 }
  return [{ kind: 'package', name: 'cloudpickle', current: current ?? null, required: `cloudpickle==${required}`, ...place }]
}
