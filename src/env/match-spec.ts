/** Package specifications of conda: `conda-forge::numpy>=1.26,<2 py311*`. @see conda/models/match_spec.py (MatchSpec) */
import { MlmodelError, type Where } from '../errors/index.ts'
import { type CondaVersion, parseCondaVersion } from './conda-version.ts'

export interface MatchSpec {
  /** In lower case; `*` or a pattern where several packages are meant. */
  readonly name: string
  /** As conda keeps it: `1.26.*` for `=1.26`. */
  readonly versionText: string | undefined
  readonly version: CondaVersion | undefined
  /** A build string or a pattern of them. */
  readonly build: string | undefined
  readonly channel: string | undefined
  /** Such as `linux-64`. */
  readonly subdir: string | undefined
  /** What else stands in brackets: md5, build_number, license, … */
  readonly others: ReadonlyMap<string, string>
  /** The file that is asked for, by path or address. */
  readonly url: string | undefined
}

/** Longer than any; conda's own reading takes time that grows with the square of the length. CWE-1333. */
const longest = 4096

const fields: ReadonlySet<string> = new Set(
  'channel subdir name version build build_number track_features features url md5 sha256 license license_family fn when extras flags optional target'.split(
    ' ',
  ),
)
const subdirs =
  /^(?:noarch|emscripten-wasm32|wasi-wasm32|freebsd-64|linux-(?:32|64|aarch64|armv6l|armv7l|ppc64|ppc64le|riscv64|s390x)|osx-(?:64|arm64)|win-(?:32|64|arm64)|zos-z)$/

/**
 * Reads a specification.
 *
 * @throws MlmodelError MATCH_SPEC_INVALID for what conda refuses
 */
export function parseMatchSpec(text: string, where: Where = {}): MatchSpec {
  const refuse = (why: string): never => {
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text
    throw new MlmodelError('MATCH_SPEC_INVALID', { text: shown, why }, { where })
  }
  if (text.length > longest) refuse(`it is longer than ${longest} characters`)
  if (text.endsWith('@')) return { ...empty, others: new Map([['track_features', text.slice(0, -1)]]) }
  const uncommented = text.replace(/#.*$/s, '')
  const [unconditional] = uncommented.split(' if ') as [string]
  if (/\.(?:conda|tar\.bz2)$/.test(unconditional)) return { ...empty, url: unconditional }
  const { rest: withoutBrackets, inside } = takeLast(unconditional, '[', ']')
  const bracketed = readBrackets(inside) ?? refuse('a key in brackets has no value')
  for (const key of bracketed.keys()) if (!fields.has(key)) refuse(`conda knows no ${key} in brackets`)
  // What stands in parentheses is an old form of options, and passed over.
  const { rest } = takeLast(withoutBrackets, '(', ')')
  const { channel: channelText, rest: spec } = splitChannel(rest)
  const parts = /^([^ =<>!~]+)?([><!=~ ].+)?/.exec(spec)!
  const name = (parts[1] ?? refuse('it names no package')).toLowerCase()
  const problem = nameProblem(name)
  if (problem !== undefined) refuse(problem)
  const outer = splitBuild(parts[2]?.trim() ?? '')
  if (parts[2]?.includes('[')) refuse('it has several pairs of brackets')
  const bracketVersion = bracketed.get('version')
  const versionText =
    bracketVersion === undefined
      ? outer.version === undefined
        ? undefined
        : sanitized(outer.version, outer.build)
      : sanitized(bracketVersion, undefined)
  const version = versionText === undefined ? undefined : parseCondaVersion(versionText)
  if (typeof version === 'string') refuse(version)
  const isBare = typeof version === 'object' && version.type === 'comparison' && version.operator === 'prefix'
  const place = readChannel(bracketed.get('channel') ?? channelText)
  const outerPlace = readChannel(channelText)
  return {
    name,
    versionText: isBare ? versionText!.replace(/(?<!\.)\*$/, '.*') : versionText,
    version: version as CondaVersion | undefined,
    build: bracketed.get('build') ?? outer.build,
    channel: place.channel ?? outerPlace.channel,
    subdir: bracketed.get('subdir') ?? place.subdir ?? outerPlace.subdir,
    others: new Map([...bracketed].filter(([key]) => !mainFields.has(key))),
    url: bracketed.get('url'),
  }
}

const mainFields: ReadonlySet<string> = new Set(['name', 'version', 'build', 'channel', 'subdir', 'optional', 'target'])

const empty: MatchSpec = {
  name: '*',
  versionText: undefined,
  version: undefined,
  build: undefined,
  channel: undefined,
  subdir: undefined,
  others: new Map(),
  url: undefined,
}

/** The last opening bracket that is closed, to the last closing one. */
function takeLast(text: string, open: string, close: string): { readonly rest: string; readonly inside: string } {
  const end = text.lastIndexOf(close)
  const start = end < 0 ? -1 : text.lastIndexOf(open, end)
  if (start < 0) return { rest: text, inside: '' }
  const enclosed = text.slice(start, end + 1)
  return { rest: text.replaceAll(enclosed, ''), inside: enclosed.slice(1, -1) }
}

/** `key=value` with or without quotes; undefined where a value is missing. */
function readBrackets(text: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>()
  for (const [, key, , value] of text.matchAll(/([a-zA-Z0-9_-]+?)=(["']?)([^'"]*?)(\2)(?:[, ]|$)/g)) {
    if (!key || !value) return undefined
    found.set(key, value)
  }
  return found
}

/** `channel:namespace:name`; an address may hold colons of its own. */
function splitChannel(text: string): { readonly channel: string | undefined; readonly rest: string } {
  const last = text.lastIndexOf(':')
  if (last < 0) return { channel: undefined, rest: text }
  const before = last === 0 ? -1 : text.lastIndexOf(':', last - 1)
  return { channel: before < 0 ? undefined : text.slice(0, before), rest: text.slice(last + 1) }
}

function readChannel(text: string | undefined): { readonly channel: string | undefined; readonly subdir: string | undefined } {
  if (text === undefined || text === '') return { channel: undefined, subdir: undefined }
  // The addresses of the channels of anaconda.org are written by their names.
  const named = text.replace(/^https?:\/\/conda\.anaconda\.org\//, '')
  const slash = named.lastIndexOf('/')
  const last = named.slice(slash + 1)
  return subdirs.test(last) && slash >= 0
    ? { channel: named.slice(0, slash), subdir: last }
    : { channel: named, subdir: undefined }
}

/** CEP 26. */
function nameProblem(name: string): string | undefined {
  if (name.includes('*')) return undefined
  const invalid = [...new Set(name.match(/[^a-z0-9._-]/g))]
  if (invalid.length > 0) return `a name has no ${invalid.join(' ')}`
  const isName = /^(?:[a-z0-9]|[a-z0-9_](?!_))[._-]?(?:[a-z0-9]+(?:[._-]|$))*$/.test(name)
  return isName || /^__[a-z0-9][._-]?(?:[a-z0-9]+(?:[._-]|$))*$/.test(name) ? undefined : 'it is no name of a package'
}

/** A build string stands behind the version and a space or `=`. */
function splitBuild(text: string): { readonly version: string | undefined; readonly build: string | undefined } {
  if (text === '') return { version: undefined, build: undefined }
  const match = /(.+?[^><!,|]?)(?:(?<![=!|,<>~])[ =]([^-=,|<>~]+?))?$/.exec(text)
  const version = (match?.[1] ?? text).replaceAll(' ', '')
  return { version: version === '' ? undefined : version, build: match?.[2]?.trim() }
}

/** `=1.26` is `1.26.*`, and with a build string `1.26`. */
function sanitized(version: string, build: string | undefined): string {
  if (version === '=' || version === '==' || !version.startsWith('=')) return version
  const bare = version.replace(/^=+/, '')
  if (version.startsWith('==') && build === undefined) return bare
  if (/[=,|]/.test(bare)) return version
  return build === undefined && !bare.endsWith('*') ? `${bare}*` : bare
}
