/**
 * Version specifiers (PEP 440) as `packaging` 26 reads, prints and judges them.
 *
 * The package behind version.ts has ranges too; it follows an older reading (`<1.0.post1` refuses 1.0, a pre-release is refused
 * by itself), and MLflow asks `packaging`.
 */
import { compareVersions, parseVersion, pythonSpace, stripPython, suffixOf, trimmedRelease, type Version } from './version.ts'

export type SpecifierOperator = '===' | '~=' | '==' | '!=' | '<=' | '>=' | '<' | '>'

export interface Specifier {
  readonly operator: SpecifierOperator
  /** As it is written, without spaces around it: `1.0`, `1.2.*`, for `===` any text. */
  readonly version: string
}

const space = `[${pythonSpace}]*`
const release = String.raw`v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*`
const pre = `(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?`
const post = `(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?`
const dev = `(?:[-_.]?dev[-_.]?[0-9]*)?`
const local = String.raw`(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?`

/** The text of a regular expression: one specifier, at the place where it stands. `===` takes commas along, as in `packaging`. */
export const specifierPattern = [
  `===${space}[^${pythonSpace};)]*`,
  String.raw`[=!]=${space}${release}(?:\.\*|${pre}${post}${dev}${local})`,
  String.raw`~=${space}v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)+${pre}${post}${dev}`,
  `(?:<=|>=|<|>)${space}${release}${pre}${post}${dev}`,
].join('|')

const wholeSpecifier = new RegExp(`^${space}(?:${specifierPattern})${space}$`, 'i')

/** Reads one specifier; undefined where it is none. */
export function parseSpecifier(text: string): Specifier | undefined {
  if (!wholeSpecifier.test(text)) return undefined
  const bare = stripPython(text)
  const operator = /^(?:===|[~=!<>]=|[<>])/.exec(bare)![0] as SpecifierOperator
  return { operator, version: stripPython(bare.slice(operator.length)) }
}

/** Reads specifiers with commas between them; undefined where one is none. An empty text is no specifier, and fine. */
export function parseSpecifiers(text: string): readonly Specifier[] | undefined {
  const specifiers: Specifier[] = []
  for (const part of text.split(',')) {
    if (stripPython(part) === '') continue
    const specifier = parseSpecifier(part)
    if (specifier === undefined) return undefined
    specifiers.push(specifier)
  }
  return specifiers
}

/** One specifier as text. */
export function formatSpecifier({ operator, version }: Specifier): string {
  return operator + version
}

/** Specifiers as `packaging` prints them: sorted as texts, of those that mean the same the first. */
export function formatSpecifiers(specifiers: readonly Specifier[]): string {
  const sorted = specifiers
    .map((specifier) => [formatSpecifier(specifier), specifier] as const)
    .sort(([a], [b]) => compareCodePoints(a, b))
  const seen = new Set<string>()
  const kept = sorted.filter(([, specifier]) => {
    const key = canonicalSpecifier(specifier)
    return !seen.has(key) && seen.add(key)
  })
  return kept.map(([text]) => text).join(',')
}

/** What two specifiers that mean the same have in common. */
function canonicalSpecifier({ operator, version }: Specifier): string {
  if (operator === '===' || version.endsWith('.*')) return `${operator} ${version}`
  const parsed = parseVersion(version)!
  if (operator === '~=') return `~= ${parsed.text}`
  const { epoch, local: segments } = parsed
  return `${operator} ${epoch}!${trimmedRelease(parsed).join('.')}${suffixOf(parsed)}+${segments.join('.')}`
}

/** Texts in the order of their characters, as Python sorts them. */
export function compareCodePoints(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

/** Whether a version satisfies all specifiers; a pre-release may. What is no version satisfies only `===`, or no specifiers at all. */
export function satisfiesAll(specifiers: readonly Specifier[], version: string): boolean {
  return specifiers.every((specifier) => satisfies(specifier, version))
}

/** Whether a version satisfies one specifier; a pre-release may, as in `contains(version, prereleases=True)`. */
export function satisfies({ operator, version: wanted }: Specifier, candidate: string): boolean {
  if (operator === '===') return candidate.toLowerCase() === wanted.toLowerCase()
  const version = parseVersion(candidate)
  if (version === undefined) return false
  if (wanted.endsWith('.*')) return hasPrefix(version, parseVersion(wanted.slice(0, -2))!) === (operator === '==')
  const bound = parseVersion(wanted)!
  switch (operator) {
    case '==':
      return isEqual(version, bound)
    case '!=':
      return !isEqual(version, bound)
    case '>=':
      return compareVersions(version, bound) >= 0
    case '<=':
      return compareVersions(withoutLocal(version), bound) <= 0
    case '<':
      // No pre-release of the version that is excluded.
      return compareVersions(version, bound.isPrerelease ? bound : parseVersion(`${bound.public}.dev0`)!) < 0
    case '>':
      if (compareVersions(withoutLocal(version), bound) <= 0) return false
      // Nor a post-release of it, unless it is one itself.
      return bound.isPostRelease || bound.isDevRelease || version.pre !== bound.pre || !isSameRelease(version, bound)
    case '~=':
      return compareVersions(version, bound) >= 0 && hasPrefix(version, { ...bound, release: bound.release.slice(0, -1) })
  }
}

/** A local part counts only where the specifier has one. */
function isEqual(version: Version, bound: Version): boolean {
  return compareVersions(bound.local.length > 0 ? version : withoutLocal(version), bound) === 0
}

function withoutLocal(version: Version): Version {
  return version.local.length === 0 ? version : { ...version, local: [] }
}

/** Whether a release begins with the numbers of another; a missing one is 0. */
function hasPrefix(version: Version, prefix: Version): boolean {
  return version.epoch === prefix.epoch && prefix.release.every((part, index) => (version.release[index] ?? '0') === part)
}

function isSameRelease(left: Version, right: Version): boolean {
  return left.epoch === right.epoch && trimmedRelease(left).join('.') === trimmedRelease(right).join('.')
}
