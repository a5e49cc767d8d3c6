/** The environment as conda.yaml, in the shape MLflow writes and reads. */

import { writeYaml } from '../../yaml/write.ts'
import type { YamlMap, YamlValue } from '../../yaml.ts'
import type { ResolvedEnvironment } from '../resolved.ts'
import {
  type Entries,
  type Entry,
  entriesOf,
  type FormattedEnvironment,
  omissionComments,
  pinOf,
  requirementLines,
} from './entries.ts'

/** Python, pip and what is built with from conda, all else by pip; with conda as the manager its own packages as they are. */
export function formatConda(environment: ResolvedEnvironment): FormattedEnvironment {
  const entries = entriesOf(environment)
  const comments = omissionComments(entries.omitted).map((line) => `${line}\n`)
  return { text: comments.join('') + writeYaml(condaMap(environment, entries)), omitted: entries.omitted }
}

/** The content of conda.yaml. */
export function condaMap(environment: ResolvedEnvironment, entries: Entries): YamlMap {
  const packages = entries.condaPackages
  const names = new Set(packages.map((text) => /^(?:.*::?)?([\w.-]*)/.exec(text)?.[1]?.toLowerCase()))
  const dependencies: YamlValue[] = [...packages]
  if (!names.has('python') && entries.python !== null) dependencies.unshift(`python=${entries.python}`)
  for (const entry of entries.buildDependencies)
    if (!names.has(entry.requirement.key ?? '')) dependencies.push(...condaBuild(entry))
  const hasPip = names.has('pip') || entries.buildDependencies.some(({ requirement }) => requirement.key === 'pip')
  const pip = requirementLines(entries)
  if (!hasPip && pip.length > 0) dependencies.push('pip')
  if (pip.length > 0) dependencies.push(new Map([['pip', pip]]))
  const channels = entries.channels.length > 0 ? entries.channels : ['conda-forge']
  return new Map<string, YamlValue>([
    ['channels', channels],
    ['dependencies', dependencies],
    ['name', nameOf(environment)],
  ])
}

/** MLflow writes `pip<=26.3` where the environment had 26.3, because conda-forge gets a new pip later than PyPI does. */
function condaBuild({ requirement }: Entry): readonly string[] {
  if (
    requirement.kind !== 'package' ||
    requirement.applies === false ||
    !['pip', 'setuptools', 'wheel'].includes(requirement.key!)
  )
    return []
  const pin = pinOf(requirement)
  if (pin !== null) return [requirement.key === 'pip' ? `pip<=${pin}` : `${requirement.key}==${pin}`]
  // MLflow reads one comparison at most.
  return [/^(?:[<>]=?|!=)[\d.]+$/.test(requirement.specifier) ? requirement.key! + requirement.specifier : requirement.key!]
}

/** The file's own, unless a shell or a folder would make something else of it; MLflow and conda are given another one anyway. */
function nameOf({ conda }: ResolvedEnvironment): string {
  const name = conda?.name?.text ?? ''
  return /^\w[\w.+-]{0,99}$/.test(name) ? name : 'mlflow-env'
}
