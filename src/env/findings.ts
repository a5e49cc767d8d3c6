/** Everything that is to be said of a model's environment files; `env` and `validate` say the same. */
import type { MlmodelError } from '../errors/index.ts'
import { problemMessage } from '../errors/index.ts'
import { type Finding, finding, findingMessage } from '../finding/index.ts'
import { condaPackages } from './conda-file.ts'
import { condaFindings } from './conda-findings.ts'
import { requirementsName } from './manager-views.ts'
import { normalizeName } from './name.ts'
import { pythonFindings } from './python-findings.ts'
import type { EnvironmentReading } from './reading.ts'
import { lineFindings } from './requirement-findings.ts'
import type { RequirementLine, RequirementLines } from './requirements-file.ts'
import { toRequirement } from './resolve.ts'
import type { ManagerView, ResolvedEnvironment, ResolvedRequirement } from './resolved.ts'
import { withoutSecrets } from './secrets.ts'
import {
  type Asked,
  condaSpecifiers,
  conflictFindings,
  disagreementFindings,
  flavorFindings,
  whereOf,
} from './version-findings.ts'

/** The findings in the order of files and lines, worst first among those of one line; each once. */
export async function environmentFindings(
  reading: EnvironmentReading,
  resolved: ResolvedEnvironment,
): Promise<readonly Finding[]> {
  const { files, model } = reading
  const { target } = resolved
  const lists = [reading.requirements, reading.pythonEnv, reading.conda]
  const judged = new Map(lists.flatMap((list) => list.lines.map((line) => [line, toRequirement(line, target)] as const)))
  const asked = new Map(lists.map((list) => [list, asksOf(list, judged)] as const))
  const installed = resolved.views.find(({ manager }) => manager === 'virtualenv')!
  const isUsed = installed.file !== null && installed.refusal === null
  const pip = asked.get(isUsed ? pipList(reading, installed) : reading.requirements)!
  const conda = [...condaAsks(reading), ...asked.get(reading.conda)!]
  const found = [
    ...fileFindings(reading),
    ...pythonFindings(reading, installed),
    ...refusalFindings(resolved.views),
    ...unreadByMlflow(reading, installed),
    ...(await linesOf(lists, reading, judged)),
    ...lists.flatMap((list) => [...conflictFindings(asked.get(list)!), ...hashFindings(list, judged)]),
    ...(files.conda.state === 'read' ? condaFindings(files.conda.content, pip) : []),
    // Two lists that say the same in two files; with conda.yaml alone there is one.
    ...(files.conda.state === 'read' &&
    files.conda.content.dependencies.length > 0 &&
    pip.length > 0 &&
    installed.file !== files.conda.name
      ? disagreementFindings(withoutBuild(conda), withoutBuild(pip), otherName(reading), files.conda.name)
      : []),
    ...flavorFindings(model, pip.length > 0 ? pip : conda),
    ...mlflowFindings(resolved, installed),
  ]
  return inOrder(found)
}

function pipList(reading: EnvironmentReading, view: ManagerView): RequirementLines {
  const { pythonEnv, conda, requirements } = reading
  if (view.file === reading.files.pythonEnv.name) return pythonEnv
  return view.file === reading.files.conda.name ? conda : requirements
}

function otherName(reading: EnvironmentReading): string {
  return reading.requirements.lines.length > 0 ? requirementsName : reading.files.pythonEnv.name
}

/** Lines with the verdicts of their markers. */
type Judged = ReadonlyMap<RequirementLine, ResolvedRequirement>

/** What lines ask of versions; those whose marker is false for the target ask nothing. */
function asksOf(list: RequirementLines, judged: Judged): readonly Asked[] {
  return list.lines.flatMap((line): readonly Asked[] => {
    if (line.class === 'invalid' || line.name === null || judged.get(line)!.applies !== true) return []
    const { text, file, line: number, specifiers, isConstraint } = line
    return [{ text, file, line: number, key: normalizeName(line.name), specifiers, isConstraint }]
  })
}

function condaAsks({ files }: EnvironmentReading): readonly Asked[] {
  if (files.conda.state !== 'read') return []
  return condaPackages(files.conda.content).flatMap((item): readonly Asked[] => {
    const [, name, version = ''] = /^(?:[^\s:]+::)?([A-Za-z0-9_.-]+)\s*([^[]*)$/.exec(item.text.trim()) ?? []
    if (name === undefined || build.has(normalizeName(name))) return []
    return [{ ...item, key: normalizeName(name), specifiers: condaSpecifiers(version) ?? [], isConstraint: false }]
  })
}

const build: ReadonlySet<string> = new Set(['python', 'pip', 'setuptools', 'wheel'])

function withoutBuild(asked: readonly Asked[]): readonly Asked[] {
  return asked.filter(({ key, isConstraint }) => !build.has(key) && !isConstraint)
}

function fileFindings({ files, requirements, conda, pythonEnv }: EnvironmentReading): readonly Finding[] {
  const found: Finding[] = []
  for (const [read, named] of [
    [files.pythonEnv, files.names.pythonEnv],
    [files.conda, files.names.conda],
  ] as const) {
    if (read.state === 'absent' && named.namedAt !== null)
      found.push(finding('ENV_FILE_MISSING', { file: read.name }, whereOf({ text: '', ...named.namedAt })))
    if (read.state === 'failed') found.push(unreadable(read.error, read.name))
    if (read.state === 'read')
      // What is wrong with Python's version has findings of its own.
      for (const problem of read.content.problems.filter(({ where }) => where.path !== 'python'))
        found.push(finding('ENV_SHAPE', { problem: sentence(problem) }, { file: read.name, ...problem.where }))
  }
  if (files.requirements.state === 'failed') found.push(unreadable(files.requirements.error, requirementsName))
  for (const list of [requirements, pythonEnv, conda])
    for (const error of list.errors) found.push(includeFinding(error, list.lines))
  return found
}

function unreadable(error: MlmodelError, file: string): Finding {
  return finding('ENV_FILE_UNREADABLE', { file, reason: sentence(error) }, { ...error.where, file: error.where.file ?? file })
}

function includeFinding(error: MlmodelError, lines: readonly RequirementLine[]): Finding {
  const { file, line } = error.where
  const naming = lines.find((each) => each.file === file && each.line === line)
  if (naming === undefined || file === undefined) return unreadable(error, file ?? requirementsName)
  return finding(
    'ENV_INCLUDE',
    { text: withoutSecrets(naming.text), reason: withoutSecrets(sentence(error)) },
    { file, line: naming.line },
  )
}

function sentence(error: MlmodelError): string {
  return [error.message, ...error.problems.map(problemMessage)].join('; ')
}

/** What MLflow would stop with, where no other finding says so: the file is read, and asks for what a manager cannot do. */
function refusalFindings(views: readonly ManagerView[]): readonly Finding[] {
  const refusals = new Map<string, { readonly error: MlmodelError; readonly managers: string[] }>()
  for (const { refusal, manager } of views) {
    if (refusal === null) continue
    if (!/^ENVIRONMENT_(PYTHON|NOT_NAMED|FILE_ABSENT)/.test(refusal.code)) continue
    // One that the MLmodel file names has a finding of its own.
    if (refusal.code === 'ENVIRONMENT_FILE_ABSENT' && refusal.where.line !== undefined) continue
    const key = `${refusal.code} ${refusal.message}`
    const known = refusals.get(key)
    if (known === undefined) refusals.set(key, { error: refusal, managers: [manager] })
    else known.managers.push(manager)
  }
  return [...refusals.values()].map(({ error, managers }) => {
    const words = managers.length > 1 ? `${managers.slice(0, -1).join(', ')} and ${managers.at(-1)}` : managers[0]!
    const { file = 'MLmodel', line } = error.where
    const args = { managers: words, reason: error.message }
    // A model without any such file is one that nobody wants Python for.
    const isPlain = error.code === 'ENVIRONMENT_FILE_ABSENT'
    return finding(
      'ENV_MANAGER_REFUSED',
      args,
      { file, ...(line !== undefined && { line }) },
      isPlain ? 'notice' : managers.length === 3 ? 'error' : 'warning',
    )
  })
}

/** pip follows more spellings of `-r` and `-c` than MLflow, which stops where it finds no file of the very text behind them. */
function unreadByMlflow({ requirements, pythonEnv, conda }: EnvironmentReading, view: ManagerView): readonly Finding[] {
  if (view.refusal !== null || view.python === null || view.nameless === null || view.file === null) return []
  const lists = [requirements, pythonEnv, conda]
  // What pip cannot follow either has a finding of its own.
  if (lists.some(({ errors, lines }) => errors.length > 0 || lines.some((line) => line.class === 'invalid'))) return []
  const args = {
    managers: 'virtualenv and uv',
    reason: `in its own reading of the requirements, ${view.nameless}`,
    fix: 'Write `-r FILE` and `-c FILE` with one space, without quotes and options, and files as UTF-8',
  }
  return [finding('ENV_MANAGER_REFUSED', args, { file: view.file })]
}

async function linesOf(
  lists: readonly RequirementLines[],
  { model }: EnvironmentReading,
  judged: Judged,
): Promise<readonly Finding[]> {
  const found: Finding[] = []
  const seen = new Set<string>()
  for (const list of lists) {
    const hasOtherIndex = list.lines.some(({ options }) =>
      options.some(({ option }) => /^--(index-url|extra-index-url|find-links)$/.test(option)),
    )
    for (const line of list.lines) {
      const key = `${line.file}:${line.line}:${line.text}`
      if (seen.has(key)) continue
      seen.add(key)
      const context = { directory: model.directory, hasOtherIndex, resolved: judged.get(line)! }
      found.push(...(await lineFindings(line, context)))
    }
  }
  return found
}

/** One hash makes pip ask for all that it installs, and of a marker that is false it installs nothing. */
function hashFindings(list: RequirementLines, judged: Judged): readonly Finding[] {
  const isHashed = (line: RequirementLine): boolean => line.lineOptions.some(({ option }) => option === '--hash')
  const asks = list.lines.some((line) => isHashed(line) || line.options.some(({ option }) => option === '--require-hashes'))
  if (!asks) return []
  return list.lines
    .filter((line) => judged.get(line)!.applies !== false)
    .filter((line) => !line.isConstraint && /^(requirement|url|path|vcs|editable)$/.test(line.class))
    .filter(
      (line) =>
        !isHashed(line) || (line.class === 'requirement' && !line.specifiers.some(({ operator }) => operator.startsWith('=='))),
    )
    .filter((line) => !/[#&]sha\d+=/i.test(line.url ?? ''))
    .map((line) => finding('ENV_HASH_MISSING', { name: line.name ?? '', text: withoutSecrets(line.text) }, whereOf(line)))
}

function mlflowFindings({ requirements }: ResolvedEnvironment, view: ManagerView): readonly Finding[] {
  const last = requirements.at(-1)
  if (view.refusal !== null || last === undefined) return []
  if (requirements.some(({ key }) => key === 'mlflow' || key === 'mlflow-skinny')) return []
  return [finding('ENV_MLFLOW_ABSENT', { file: last.file }, { file: last.file })]
}

const levels = ['error', 'warning', 'notice'] as const

function inOrder(found: readonly Finding[]): readonly Finding[] {
  const unique = new Map(
    found.map((each) => [`${each.code} ${each.where.file}:${each.where.line} ${findingMessage(each)}`, each]),
  )
  const fileOrder = ['MLmodel', 'python_env.yaml', requirementsName]
  const rank = (file: string | undefined): number => {
    const at = fileOrder.indexOf(file ?? 'MLmodel')
    return at === -1 ? fileOrder.length : at
  }
  return [...unique.values()].sort(
    (a, b) =>
      rank(a.where.file) - rank(b.where.file) ||
      compareTexts(a.where.file ?? '', b.where.file ?? '') ||
      (a.where.line ?? 0) - (b.where.line ?? 0) ||
      levels.indexOf(a.level) - levels.indexOf(b.level),
  )
}

/** Not by `localeCompare`, which loads ICU's data. */
function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
