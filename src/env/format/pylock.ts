/** The environment as pylock.toml (PEP 751), where what the model says is enough for one. */
import { MlmodelError } from '../../errors/index.ts'
import type { ResolvedEnvironment } from '../resolved.ts'
import { withoutSecrets } from '../secrets.ts'
import { type Entry, entriesForPip, type FormattedEnvironment, minorOf, omissionComments } from './entries.ts'
import { tomlText } from './toml.ts'

/**
 * A lock file names every file with its hash. A model says both only of requirements at addresses with `--hash` or `#sha256=`,
 * and of repositories at a commit; what else there is only an index knows, and nothing is fetched here.
 *
 * @throws MlmodelError PYLOCK_NEEDS_INDEX, with the packages of which file and hash are not known
 */
export function formatPylock(environment: ResolvedEnvironment): FormattedEnvironment {
  const entries = entriesForPip(environment)
  const unknown: string[] = []
  const lines = entries.requirements.flatMap((entry) => {
    const locked = lockedPackage(entry)
    if (locked === undefined) unknown.push(entry.text)
    return locked ?? []
  })
  if (unknown.length > 0)
    throw new MlmodelError('PYLOCK_NEEDS_INDEX', { packages: unknown.length, first: withoutSecrets(unknown[0]!) })
  const head = ['lock-version = "1.0"', 'created-by = "mlmodel"']
  if (entries.python !== null) head.push(`requires-python = ${tomlText(`==${minorOf(entries.python)}.*`)}`)
  if (lines.length === 0) head.push('packages = []')
  return {
    text: [...omissionComments(entries.omitted), ...head, ...lines].map((line) => `${line}\n`).join(''),
    omitted: entries.omitted,
  }
}

function lockedPackage({ requirement }: Entry): readonly string[] | undefined {
  const { key, url, marker, lineOptions } = requirement
  if (key === null || url === null || !/^(?:https?:|git\+https?:|git\+ssh:)/i.test(url)) return undefined
  const head = ['', '[[packages]]', `name = ${tomlText(key)}`, ...(marker === null ? [] : [`marker = ${tomlText(marker)}`])]
  const [address, fragment = ''] = url.split('#') as [string, string?]
  const parts = new URLSearchParams(fragment)
  const subdirectory = parts.get('subdirectory')
  const below = subdirectory === null ? [] : [`subdirectory = ${tomlText(subdirectory)}`]
  if (/^git\+/i.test(address)) {
    const commit = /@([0-9a-f]{40})$/.exec(address)?.[1]
    if (commit === undefined) return undefined
    const repository = address.slice(4, -41)
    return [
      ...head,
      '[packages.vcs]',
      'type = "git"',
      `url = ${tomlText(repository)}`,
      `commit-id = ${tomlText(commit)}`,
      ...below,
    ]
  }
  const stated = lineOptions.flatMap((option) => /^--hash=(sha256|sha384|sha512):([0-9a-f]+)$/.exec(option)?.slice(1, 3) ?? [])
  const [algorithm, digest] = stated.length > 0 ? stated : ['sha256', parts.get('sha256') ?? '']
  if (!/^[0-9a-f]{64,128}$/.test(digest!)) return undefined
  return [
    ...head,
    '[packages.archive]',
    `url = ${tomlText(address)}`,
    `hashes = { ${algorithm} = ${tomlText(digest!)} }`,
    ...below,
  ]
}
