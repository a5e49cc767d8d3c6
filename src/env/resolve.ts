/** What would be installed for a model, for one environment manager of MLflow and one target. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { MlmodelError } from '../errors/index.ts'
import type { Limits } from '../limits.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { condaPackages } from './conda-file.ts'
import { type EnvironmentFiles, managerViews, requirementsName, uvLockName } from './manager-views.ts'
import { evaluateMarker, formatMarker, type MarkerEnvironment, markerEnvironment } from './marker.ts'
import { normalizeName } from './name.ts'
import { type EnvironmentReading, readEnvironmentOf } from './reading.ts'
import { type RequirementLine, type RequirementLines, readRequirementList } from './requirements-file.ts'
import type {
  EnvironmentFile,
  EnvironmentManager,
  ManagerView,
  PlacedText,
  RequirementKind,
  ResolvedEnvironment,
  ResolvedOption,
  ResolvedRequirement,
  Target,
} from './resolved.ts'
import { formatSpecifier, formatSpecifiers } from './specifier.ts'

export interface ResolveOptions {
  /** Whose environment; virtualenv, MLflow's default, when absent. */
  readonly manager?: EnvironmentManager | undefined
  /** The Python that markers are judged for; the environment's own when absent. */
  readonly python?: string | undefined
  readonly platform?: Target['platform'] | undefined
  readonly machine?: string | undefined
  /** MLflow's MLFLOW_ENV_ROOT; `~/.mlflow/envs` when absent. */
  readonly environmentRoot?: string | undefined
  readonly limits?: Limits | undefined
}

/** The Python of markers where nothing names one. */
const defaultPython = '3.11'

/**
 * Says what a model's environment is and which line of which file decided. Reads files of the model's folder; nothing is
 * executed, installed or fetched. Files that cannot be read are errors of the answer.
 */
export async function resolveEnvironment(model: Mlmodel, options: ResolveOptions = {}): Promise<ResolvedEnvironment> {
  return resolveReading(await readEnvironmentOf(model, options.limits), options)
}

/** As {@link resolveEnvironment}, of files that have been read. */
export async function resolveReading(reading: EnvironmentReading, options: ResolveOptions = {}): Promise<ResolvedEnvironment> {
  const { manager = 'virtualenv', platform = 'linux' } = options
  const { files, model, folder } = reading
  const views = await managerViews(model, files, folder, {
    environmentRoot: options.environmentRoot ?? join(homedir(), '.mlflow', 'envs'),
    // MLflow takes its own, which is a whole version.
    currentPython: /^\d+\.\d+\.\d+/.test(options.python ?? '') ? options.python : undefined,
  })
  const view = views.find((each) => each.manager === manager)!
  const target: Target = {
    python: options.python ?? markerPython(view, views) ?? defaultPython,
    platform,
    machine: options.machine ?? (platform === 'darwin' ? 'arm64' : platform === 'win32' ? 'AMD64' : 'x86_64'),
  }
  const lists = await listOf(view, reading)
  const buildLines =
    manager === 'conda' ? [] : await readRequirementList(folder, view.buildDependencies).then(({ lines }) => lines)
  return {
    manager,
    target,
    files: fileRecords(files, lists),
    python: view.python,
    buildDependencies: buildLines.map((line) => toRequirement(line, target)),
    ...sortLines(lists.lines, target),
    conda:
      files.conda.state === 'read'
        ? {
            file: files.conda.name,
            name: files.conda.content.name,
            channels: files.conda.content.channels,
            packages: condaPackages(files.conda.content),
          }
        : null,
    views,
    errors: gatherErrors(files, lists),
  }
}

/** A version; a comparison (`>=3.8` of conda) is none. */
function markerPython(view: ManagerView, views: readonly ManagerView[]): string | undefined {
  return [view, ...views].map(({ python }) => python?.text).find((text) => text !== undefined && /^\d+\.\d+/.test(text))
}

/** The requirements of a manager; where MLflow refuses the files, what they say all the same. */
async function listOf(view: ManagerView, reading: EnvironmentReading): Promise<RequirementLines> {
  // What has been read already.
  if (view.refusal === null && view.file === reading.files.pythonEnv.name) return reading.pythonEnv
  if (view.refusal === null && view.file === reading.files.conda.name) return reading.conda
  if (view.refusal === null) return readRequirementList(reading.folder, view.dependencies)
  if (view.manager !== 'conda' && reading.requirements.lines.length > 0) return reading.requirements
  return reading.conda.lines.length > 0 ? reading.conda : reading.requirements
}

/** Lines by what they are: requirements, constraints, options. */
export function sortLines(
  lines: readonly RequirementLine[],
  target: Target,
): Pick<ResolvedEnvironment, 'requirements' | 'constraints' | 'options'> {
  const requirements: ResolvedRequirement[] = []
  const constraints: ResolvedRequirement[] = []
  const options: ResolvedOption[] = []
  for (const line of lines) {
    if (line.class === 'include' || line.class === 'constraint') continue
    if (line.class === 'option')
      for (const { option, value } of line.options)
        options.push({ text: line.text, file: line.file, line: line.line, option, value })
    else (line.isConstraint ? constraints : requirements).push(toRequirement(line, target))
  }
  return { requirements, constraints, options }
}

/** A line with the verdict of its marker. */
export function toRequirement(line: RequirementLine, target: Target): ResolvedRequirement {
  const verdict = judge(line, target)
  return {
    text: line.text,
    file: line.file,
    line: line.line,
    kind: verdict.problem === null ? kindOf(line) : 'invalid',
    name: line.name,
    key: line.name === null ? null : normalizeName(line.name),
    extras: line.extras,
    specifier: line.specifiers.length === 1 ? formatSpecifier(line.specifiers[0]!) : formatSpecifiers(line.specifiers),
    url: line.url,
    marker: line.marker === null ? null : formatMarker(line.marker),
    applies: verdict.applies,
    lineOptions: line.lineOptions.map(({ option, value }) => (value === null ? option : `${option}=${value}`)),
    problem: verdict.problem,
    via: line.via,
  }
}

/** Made once a target: a model has many lines. */
const environments = new WeakMap<Target, MarkerEnvironment>()

function judge(line: RequirementLine, target: Target): { readonly applies: boolean | null; readonly problem: string | null } {
  if (line.class === 'invalid') return { applies: null, problem: line.problem }
  if (line.marker === null) return { applies: true, problem: null }
  try {
    let environment = environments.get(target)
    environment ??= markerEnvironment(target)
    environments.set(target, environment)
    return { applies: evaluateMarker(line.marker, environment), problem: null }
  } catch (error) {
    return { applies: null, problem: (error as MlmodelError).message }
  }
}

function kindOf(line: RequirementLine): RequirementKind {
  switch (line.class) {
    case 'requirement':
      return 'package'
    case 'path':
    case 'editable':
    case 'invalid':
      return line.class
    default:
      return line.isNamed ? 'url' : 'bare-url'
  }
}

function fileRecords(files: EnvironmentFiles, lists: RequirementLines): readonly EnvironmentFile[] {
  const { conda, pythonEnv, requirements, uvLock, names } = files
  const record = (
    name: string,
    role: EnvironmentFile['role'],
    isPresent: boolean,
    namedAt = null as EnvironmentFile['namedAt'],
  ) => ({
    name,
    role,
    isPresent,
    namedAt,
  })
  return [
    record(pythonEnv.name, 'python_env', pythonEnv.state !== 'absent', names.pythonEnv.namedAt),
    record(requirementsName, 'requirements', requirements.state !== 'absent'),
    record(conda.name, 'conda', conda.state !== 'absent', names.conda.namedAt),
    ...(uvLock.state === 'absent' ? [] : [record(uvLockName, 'uv', true)]),
    ...lists.files
      .filter(({ name }) => name !== requirementsName)
      .map(({ name, role, isPresent }) => record(name, role, isPresent)),
  ]
}

function gatherErrors({ conda, pythonEnv, requirements }: EnvironmentFiles, lists: RequirementLines): readonly MlmodelError[] {
  const failed = [pythonEnv, requirements, conda].flatMap((read) => (read.state === 'failed' ? [read.error] : []))
  const problems = [pythonEnv, conda].flatMap((read) => (read.state === 'read' ? read.content.problems : []))
  return [...failed, ...problems, ...lists.errors]
}

/** A requirement that is asked for on the command line, at its place there. */
export function placedOption(option: string, text: string): PlacedText {
  return { text, file: option, line: 0 }
}
