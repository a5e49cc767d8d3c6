/** What one line of a requirements file is, as pip takes it. */
import { MlmodelError } from '../errors/index.ts'
import type { Marker } from './marker.ts'
import { normalizeName } from './name.ts'
import { type PipOption, readPipOptions, requirementOptions } from './pip-options.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import type { Specifier } from './specifier.ts'

/**
 * `requirement`: a package of an index. `url` and `vcs`: an address, bare or behind `name @`. `path`: a file or folder.
 * `include` and `constraint`: `-r` and `-c`.
 */
export type RequirementLineClass =
  | 'requirement'
  | 'option'
  | 'vcs'
  | 'url'
  | 'path'
  | 'editable'
  | 'include'
  | 'constraint'
  | 'invalid'

/** A line taken apart. */
export interface RequirementLineParts {
  readonly class: RequirementLineClass
  /** Also of an address or a path that tells it: `name @ …`, `#egg=name`, a wheel's file name. */
  readonly name: string | null
  readonly extras: readonly string[]
  readonly specifiers: readonly Specifier[]
  /** The address or path; of `-r` and `-c` the file. */
  readonly url: string | null
  /** Whether it stands behind `name @`. */
  readonly isNamed: boolean
  readonly marker: Marker | null
  /** Of a line of options. */
  readonly options: readonly PipOption[]
  /** Of a requirement: `--hash=sha256:…`, and others like it. */
  readonly lineOptions: readonly PipOption[]
  /** Why it is invalid. */
  readonly problem: string | null
}

const nothing: RequirementLineParts = {
  class: 'invalid',
  name: null,
  extras: [],
  specifiers: [],
  url: null,
  isNamed: false,
  marker: null,
  options: [],
  lineOptions: [],
  problem: null,
}

/** Takes one line apart, without comment and continuation. */
export function readRequirementLine(line: string): RequirementLineParts {
  const parts = readParts(line)
  const variable = parts.problem === null ? undefined : /\$\{[A-Z0-9_]+\}/.exec(line)?.[0]
  if (variable === undefined) return parts
  return { ...parts, problem: `${parts.problem} (pip puts the variable ${variable} of its environment there, if there is one)` }
}

function readParts(line: string): RequirementLineParts {
  // Most lines of most models: what the parser gives for them, without its patterns, which cost a short command 2 ms.
  const [, pinned, version, bare] =
    /^([A-Za-z][A-Za-z0-9]*(?:[._-][A-Za-z0-9]+)*)==([0-9]+(?:\.[0-9]+)*)$|^([A-Za-z]+)$/.exec(line) ?? []
  if (bare !== undefined) return { ...nothing, class: 'requirement', name: bare }
  if (version !== undefined) return { ...nothing, class: 'requirement', name: pinned!, specifiers: [{ operator: '==', version }] }
  const { requirement, options: optionText } = splitOptions(line)
  const { options, problem } = readPipOptions(optionText)
  if (problem !== null) return { ...nothing, problem }
  if (requirement !== '')
    return { ...readTarget(requirement), lineOptions: options.filter(({ option }) => requirementOptions.has(option)) }
  const firstOf = (name: string): string | undefined => options.find(({ option }) => option === name)?.value ?? undefined
  const editable = firstOf('--editable')
  if (editable !== undefined) return readEditable(editable)
  const included = firstOf('--requirement')
  if (included !== undefined) return { ...nothing, class: 'include', url: included }
  const constraints = firstOf('--constraint')
  if (constraints !== undefined) return { ...nothing, class: 'constraint', url: constraints }
  // Of a requirement's own options alone pip says that it ignores them.
  return { ...nothing, class: 'option', options }
}

/** pip splits a line at its spaces, and takes what follows the first word with a dash for options. */
function splitOptions(line: string): { readonly requirement: string; readonly options: string } {
  const start = line.startsWith('-') ? 0 : line.indexOf(' -') + 1
  return start === 0 && !line.startsWith('-')
    ? { requirement: line, options: '' }
    : { requirement: line.slice(0, start).trim(), options: line.slice(start) }
}

const vcsScheme = /^(?:git|hg|svn|bzr)\+/i
const urlScheme =
  /^(?:https?|file|ftp|git\+(?:https?|ssh|git|file)|svn\+(?:ssh|https?|svn|file)|hg\+(?:file|https?|ssh|static-http)|bzr\+(?:https?|ssh|sftp|ftp|lp|file)):/i
const archive = /\.(?:zip|whl|tar\.gz|tgz|tar|tar\.bz2|tbz|tar\.xz|txz|tlz|tar\.lz|tar\.lzma)$/i

function readTarget(text: string): RequirementLineParts {
  try {
    if (urlScheme.test(text)) return readAddress(text, text.indexOf('; '), 2)
    const semicolon = text.indexOf(';')
    const bare = (semicolon < 0 ? text : text.slice(0, semicolon)).trim()
    const { path } = splitExtras(bare)
    const at = bare.indexOf('@')
    if (archive.test(path) && (at < 0 || looksLikePath(bare.slice(0, at)))) return readAddress(text, semicolon, 1)
    return ofRequirement(text, bare)
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return { ...nothing, problem: reasonOf(error) }
  }
}

function ofRequirement(text: string, bare: string): RequirementLineParts {
  const semicolon = text.indexOf(';')
  let requirement: Requirement
  try {
    // A semicolon without a marker is no mistake to pip.
    requirement = parseRequirement(semicolon >= 0 && text.slice(semicolon + 1).trim() === '' ? bare : text)
  } catch (error) {
    if (!looksLikePath(bare)) throw error
    return readAddress(text, semicolon, 1)
  }
  const { name, extras, specifiers, url, marker } = requirement
  if (url !== undefined && !urlScheme.test(url)) return { ...nothing, problem: `pip knows no address like ${url}` }
  // Only the text behind === holds a bracket, and nobody means it: `name===1.0[extra]`.
  if (specifiers.some(({ version }) => version.endsWith(']')))
    return { ...nothing, problem: 'the extras stand behind the version; they belong to the name' }
  return {
    ...nothing,
    class: url === undefined ? 'requirement' : classOf(url),
    name,
    extras,
    specifiers,
    url: url ?? null,
    isNamed: url !== undefined,
    marker: marker ?? null,
  }
}

/** An address or a path, with a marker behind the semicolon at an index. */
function readAddress(text: string, semicolon: number, length: number): RequirementLineParts {
  const address = (semicolon < 0 ? text : text.slice(0, semicolon)).trim()
  const marker = semicolon < 0 ? '' : text.slice(semicolon + length).trim()
  const { path, extras } = urlScheme.test(address) ? { path: address, extras: [] } : splitExtras(address)
  const scheme = urlScheme.test(path) ? undefined : /^(?:[a-z][a-z0-9+.-]*:\/\/|[^/@\s]+@[^/:\s]+:)/i.exec(path)?.[0]
  if (scheme !== undefined) return { ...nothing, problem: `pip knows no address that begins with ${scheme}` }
  const named = nameOf(path)
  return {
    ...nothing,
    ...named,
    class: named.problem === undefined ? classOf(path) : 'invalid',
    ...(extras.length > 0 ? { extras } : {}),
    url: path,
    marker: marker === '' ? null : (parseRequirement(`name; ${marker}`).marker ?? null),
  }
}

function readEditable(text: string): RequirementLineParts {
  try {
    const named = /^[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\]\s*)?@/.test(text) && !urlScheme.test(text)
    const parts = named ? ofRequirement(text, text) : readAddress(text, -1, 0)
    return parts.problem === null ? { ...parts, class: 'editable' } : parts
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return { ...nothing, problem: reasonOf(error) }
  }
}

function classOf(url: string): RequirementLineClass {
  if (vcsScheme.test(url)) return 'vcs'
  return urlScheme.test(url) && !/^file:/i.test(url) ? 'url' : 'path'
}

function looksLikePath(text: string): boolean {
  return text.includes('/') || text.includes('\\') || text.startsWith('.')
}

/** `./folder[extra]`. */
function splitExtras(text: string): { readonly path: string; readonly extras: readonly string[] } {
  const open = text.endsWith(']') ? text.lastIndexOf('[') : -1
  if (open <= 0 || open === text.length - 2) return { path: text, extras: [] }
  const extras = text
    .slice(open + 1, -1)
    .split(',')
    .map((extra) => normalizeName(extra.trim()))
  return { path: text.slice(0, open), extras }
}

/** What an address says of its package: `#egg=name[extra]`, or a wheel's `name-version-….whl`. */
function nameOf(url: string): Partial<RequirementLineParts> {
  const hash = url.indexOf('#')
  const bare = hash < 0 ? url : url.slice(0, hash)
  const file = bare.slice(Math.max(bare.lastIndexOf('/'), bare.lastIndexOf('\\')) + 1)
  if (/\.whl$/i.test(file)) {
    const wheel = /^([^\s-]+)-([^\s-]+)(?:-\d[^-]*)?-[^\s-]+-[^\s-]+-[^\s-]+\.whl$/.exec(file)
    try {
      if (wheel === null) return { problem: `a wheel has no name like ${file}` }
      // As pip does: what stands in the name must make a requirement.
      const { name, specifiers } = parseRequirement(`${wheel[1]}==${wheel[2]}`.replaceAll('_', '-'))
      return { name, specifiers }
    } catch {
      return { problem: `a wheel has no name like ${file}` }
    }
  }
  const egg = hash < 0 ? undefined : /(?:^|&)egg=([^&]*)/.exec(url.slice(hash + 1))?.[1]
  if (egg === undefined) return {}
  try {
    const { name, extras } = parseRequirement(egg)
    return { name, extras }
  } catch {
    return {}
  }
}

function reasonOf(error: MlmodelError): string {
  return error.code === 'REQUIREMENT_INVALID' ? (error.arguments as { why: string }).why : error.message
}
