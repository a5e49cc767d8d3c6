/** What is to be said of single lines of requirements. */
import type { Where } from '../errors/define.ts'
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding } from '../finding/index.ts'
import { resolveInside } from '../paths.ts'
import { normalizeName } from './name.ts'
import type { PipOption } from './pip-options.ts'
import type { RequirementLine } from './requirements-file.ts'
import type { ResolvedRequirement } from './resolved.ts'
import { withoutSecrets } from './secrets.ts'

/** What a line is judged by beside itself. */
export interface LineContext {
  readonly directory: string
  /** Of the same list: an index that may have what PyPI has not. */
  readonly hasOtherIndex: boolean
  /** The line with the verdict of its marker. */
  readonly resolved: ResolvedRequirement
}

/** The findings of one line. */
export async function lineFindings(line: RequirementLine, context: LineContext): Promise<readonly Finding[]> {
  const where: Where = { file: line.file, line: line.line }
  const text = withoutSecrets(line.text)
  if (context.resolved.problem !== null)
    return [finding('ENV_REQUIREMENT_INVALID', { text, problem: context.resolved.problem }, where)]
  const found: Finding[] = line.lineOptions
    .filter(({ option }) => option !== '--hash')
    .map(({ option }) => finding('ENV_BUILD_OPTION', { option, text }, where))
  switch (line.class) {
    case 'requirement':
      return [...found, ...packageFindings(line, text, where, context)]
    case 'option':
      for (const option of line.options) found.push(...(await optionFindings(option, where, context.directory)))
      return found
    case 'vcs':
    case 'url':
    case 'path':
    case 'editable':
      return [...found, ...(await addressFindings(line.url ?? '', where, context.directory))]
    default:
      return found
  }
}

/** Names that PyPI does not have, or has only to say what is meant. */
const notPackages: Readonly<Record<string, string>> = {
  python: 'Python itself is not installed by pip; python_env.yaml names its version',
  sklearn: 'the package is called scikit-learn, and the one called sklearn only stops with an error',
}

function packageFindings(line: RequirementLine, text: string, where: Where, { hasOtherIndex }: LineContext): readonly Finding[] {
  const name = line.name!
  const key = normalizeName(name)
  const reason = Object.hasOwn(notPackages, key) ? notPackages[key] : undefined
  if (reason !== undefined) return [finding('ENV_NOT_A_PACKAGE', { name, text, reason }, where)]
  const exact = line.specifiers.find(
    ({ operator, version }) => operator === '===' || (operator === '==' && !version.endsWith('*')),
  )
  const found: Finding[] = []
  if (exact?.version.includes('+') && !hasOtherIndex) found.push(finding('ENV_LOCAL_VERSION', { name, text }, where))
  if (/^mlflow(-|$)/.test(key) && /\.?dev\d*$/.test(exact?.version ?? ''))
    found.push(finding('ENV_DEV_VERSION', { name, text }, where))
  // A constraint is no wish, and what builds is the maker's choice.
  if (exact !== undefined || line.isConstraint) return found
  found.push(finding(line.specifiers.length === 0 ? 'ENV_UNPINNED' : 'ENV_LOOSE', { name, text }, where))
  return found
}

async function optionFindings({ option, value }: PipOption, where: Where, directory: string): Promise<readonly Finding[]> {
  const url = withoutSecrets(value ?? '')
  switch (option) {
    case '--index-url':
    case '--extra-index-url':
      return [finding('ENV_INDEX', { option, url }, where), ...protection(value ?? '', where)]
    case '--find-links':
      if (isAddress(value ?? '')) return [finding('ENV_INDEX', { option, url }, where), ...protection(value ?? '', where)]
      // pip passes over such a place that is not there.
      return pathFindings(value ?? '', where, directory, 'warning')
    case '--trusted-host':
      return [finding('ENV_INSECURE', { url }, where)]
    default:
      return [finding('ENV_PIP_OPTION', { option }, where)]
  }
}

function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(text) && !/^file:/i.test(text)
}

async function addressFindings(address: string, where: Where, directory: string): Promise<readonly Finding[]> {
  const url = withoutSecrets(address)
  if (/^(git|hg|svn|bzr)\+/i.test(address)) return [finding('ENV_VCS', { url }, where), ...protection(address, where)]
  if (!isAddress(address)) return pathFindings(address, where, directory)
  const isHashed = /[#&](sha256|sha384|sha512)=[0-9a-f]+/i.test(address)
  return [
    isHashed ? finding('ENV_URL', { url }, where, 'notice') : finding('ENV_URL', { url }, where),
    ...(isHashed ? credentials(address, where) : protection(address, where)),
  ]
}

/** pip takes a path from the folder it runs in, which MLflow makes of the model's, whatever file names it. */
async function pathFindings(
  path: string,
  where: Where,
  directory: string,
  level: 'error' | 'warning' = 'error',
): Promise<readonly Finding[]> {
  const local = path.replace(/#.*$/s, '')
  try {
    await resolveInside(directory, local)
    return [finding('ENV_PATH', { path: withoutSecrets(path) }, where)]
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return [
      finding(
        error.code === 'PATH_MISSING' ? 'ENV_PATH_MISSING' : 'ENV_PATH_OUTSIDE',
        { path: withoutSecrets(path) },
        where,
        level,
      ),
    ]
  }
}

/** What anybody on the way could change, or read. */
export function protection(address: string, where: Where): readonly Finding[] {
  const plain = /^(?:(?:git|hg|svn|bzr)\+)?(?:http|git|ftp|svn|bzr|lp):\/\//i.test(address)
  return [...(plain ? [finding('ENV_INSECURE', { url: withoutSecrets(address) }, where)] : []), ...credentials(address, where)]
}

const userInfo = /^([a-z][a-z0-9+.-]*:\/\/)([^/@?#]*)@/i

/** `git@` and the account of ssh are everybody's; `${TOKEN}` is read from the environment by pip. */
function credentials(address: string, where: Where): readonly Finding[] {
  const [, scheme = '', user = ''] = userInfo.exec(address) ?? []
  const [account = '', secret = ''] = user.replace(/\$\{[A-Z0-9_]+\}/g, '').split(':', 2)
  const isKnown = account === 'git' || /ssh:\/\/$/i.test(scheme)
  if (secret === '' && (account === '' || isKnown)) return []
  return [finding('ENV_CREDENTIALS', { url: withoutSecrets(address) }, where)]
}
