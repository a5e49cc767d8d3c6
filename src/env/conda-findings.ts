/** What is to be said of conda.yaml beside its list for pip. */
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding } from '../finding/index.ts'
import { type CondaFile, condaPackages } from './conda-file.ts'
import { toPipRequirement } from './conda-to-pip.ts'
import { parseMatchSpec } from './match-spec.ts'
import { normalizeName } from './name.ts'
import { protection } from './requirement-findings.ts'
import { withoutSecrets } from './secrets.ts'
import { type Asked, whereOf } from './version-findings.ts'

const build: ReadonlySet<string> = new Set(['python', 'pip', 'setuptools', 'wheel'])

/** @param pip what virtualenv and uv install */
export function condaFindings(conda: CondaFile, pip: readonly Asked[]): readonly Finding[] {
  const found: Finding[] = []
  const { name, prefix, channels } = conda
  if (name !== null && (!/^[\p{L}\p{N}_][\p{L}\p{N}_.+-]*$/u.test(name.text) || name.text.length > 200))
    found.push(finding('ENV_CONDA_NAME', { text: name.text }, whereOf(name)))
  if (prefix !== null) found.push(finding('ENV_CONDA_PREFIX', { text: prefix.text }, whereOf(prefix)))
  for (const channel of channels) found.push(...channelFindings(channel.text.trim(), whereOf(channel)))
  const installed = new Set(pip.map(({ key }) => key))
  const names = new Set<string>()
  for (const item of condaPackages(conda)) {
    const problem = specProblem(item.text.trim())
    if (problem !== undefined) {
      found.push(finding('ENV_CONDA_SPEC', { text: withoutSecrets(item.text), problem }, whereOf(item)))
      continue
    }
    const [, channel, package_ = ''] = /^(?:([^\s:]+(?:\/[^\s:]+)?):(?:[^\s:]*:)?)?([^\s=<>!~[]*)/.exec(item.text.trim()) ?? []
    if (channel !== undefined) found.push(...channelFindings(channel, whereOf(item)))
    const key = normalizeName(package_)
    names.add(key)
    if (!build.has(key) && !installed.has(key) && key !== '')
      found.push(
        finding('ENV_CONDA_IGNORED', { name: package_, text: item.text.trim(), ...inPipsWords(item.text.trim()) }, whereOf(item)),
      )
  }
  const list = conda.dependencies.find((dependency) => dependency.kind === 'pip')
  if (list?.kind === 'pip' && list.lines.length > 0 && !names.has('pip'))
    found.push(finding('ENV_CONDA_PIP_ABSENT', undefined, whereOf({ ...list.lines[0]!, text: '' })))
  return found
}

/** The requirement that a specification is for pip, or why it is none. */
function inPipsWords(text: string): { readonly requirement: string } | { readonly reason: string } {
  const translation = toPipRequirement(parseMatchSpec(text))
  return translation.requirement === null ? { reason: translation.reason } : { requirement: translation.requirement }
}

/** Why conda refuses a specification. */
function specProblem(text: string): string | undefined {
  try {
    parseMatchSpec(text)
    return undefined
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return error.code === 'MATCH_SPEC_INVALID' ? (error.arguments as { readonly why: string }).why : error.message
  }
}

function channelFindings(channel: string, where: ReturnType<typeof whereOf>): readonly Finding[] {
  if (/^(?:defaults|main|r|msys2|anaconda|pkgs\/(?:main|r|msys2))$/.test(channel) || /\/\/repo\.anaconda\.com\//.test(channel))
    return [finding('ENV_CHANNEL_DEFAULTS', { channel: withoutSecrets(channel) }, where)]
  if (!/^[a-z][a-z0-9+.-]*:\/\/|^[./~\\]|^[A-Za-z]:|\\/i.test(channel)) return []
  return [finding('ENV_CHANNEL_URL', { url: withoutSecrets(channel) }, where), ...protection(channel, where)]
}
