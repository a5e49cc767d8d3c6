/**
 * Versions of Python packages (PEP 440), by the package that Renovate keeps, and what `packaging` does beyond it.
 *
 * Three things are not left to the package: it counts in JavaScript numbers, which are exact up to 15 digits; it takes a local
 * segment such as `1e5` or `0x1f` for a number; its ranges follow an older PEP 440 (src/env/specifier.ts has ours).
 */
import { compare, explain } from '@renovatebot/pep440'

/** A version, taken apart. Numbers are digits without leading zeros, of any length. */
export interface Version {
  /** Normalised: what `str(packaging.version.Version(text))` is. */
  readonly text: string
  /** {@link text} without the local part. */
  readonly public: string
  readonly epoch: string
  readonly release: readonly string[]
  /** `a1`, `b2`, `rc3`, or empty. */
  readonly pre: string
  readonly isPostRelease: boolean
  readonly isDevRelease: boolean
  /** Alpha, beta, candidate or development. */
  readonly isPrerelease: boolean
  /** Segments of the local part; empty when there is none. */
  readonly local: readonly string[]
}

/** What Python's `str.strip` takes off and its regular expressions call `\s`; JavaScript's set differs in six characters. */
export const pythonSpace = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const isSpace = new RegExp(`[${pythonSpace}]`)

/** Python's `text.strip()`. By hand: a pattern that is bound to the end alone tries every blank of a long line. */
export function stripPython(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isSpace.test(text[start]!)) start++
  while (end > start && isSpace.test(text[end - 1]!)) end--
  return text.slice(start, end)
}

const localPart = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/i

/** Reads a version in any spelling that PEP 440 allows; undefined where it is none. */
export function parseVersion(text: string): Version | undefined {
  const bare = stripPython(text)
  const plus = bare.indexOf('+')
  const local = plus < 0 ? '' : bare.slice(plus + 1)
  if (plus >= 0 && !localPart.test(local)) return undefined
  const [small, digitsOf] = withSmallNumbers([plus < 0 ? bare : bare.slice(0, plus)])
  const parts = explain(small[0]!)
  if (parts === null) return undefined
  const restored = (digits: string | number): string => digitsOf.get(String(digits)) ?? String(digits)
  const segments = local === '' ? [] : local.toLowerCase().split(/[._-]/).map(withoutZeros)
  const publicText = parts.public.replace(/\d{16,}/g, restored)
  return {
    text: segments.length === 0 ? publicText : `${publicText}+${segments.join('.')}`,
    public: publicText,
    epoch: restored(parts.epoch),
    release: parts.release.map(restored),
    pre: parts.pre === null ? '' : parts.pre.map(restored).join(''),
    isPostRelease: parts.is_postrelease,
    isDevRelease: parts.is_devrelease,
    isPrerelease: parts.is_prerelease,
    local: segments,
  }
}

/** Below 0: `left` is older. Trailing zeros do not count, a local part does. */
export function compareVersions(left: Version, right: Version): number {
  const [[leftPublic, rightPublic]] = withSmallNumbers([comparable(left), comparable(right)])
  return compare(leftPublic!, rightPublic!) || compareLocals(left.local, right.local)
}

/** The release without the zeros at its end; one number stays. */
export function trimmedRelease({ release }: Version): readonly string[] {
  return release.slice(0, Math.max(1, release.findLastIndex((part) => part !== '0') + 1))
}

/** What follows the release in the public text: `rc1.post2.dev3`. */
export function suffixOf({ epoch, release, public: text }: Version): string {
  return text.slice((epoch === '0' ? 0 : epoch.length + 1) + release.join('.').length)
}

/** The package takes one zero after the other off the end of a release, which is slow for very many. */
function comparable(version: Version): string {
  return `${version.epoch}!${trimmedRelease(version).join('.')}${suffixOf(version)}`
}

/** Words before numbers, less before more, none first of all. */
function compareLocals(left: readonly string[], right: readonly string[]): number {
  for (const [index, one] of left.entries()) {
    const other = right[index]
    if (other === undefined) return 1
    const [isNumber, isOtherNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)]
    if (isNumber !== isOtherNumber) return isNumber ? 1 : -1
    const order = isNumber ? compareDigits(one, other) : compareTexts(one, other)
    if (order !== 0) return order
  }
  return left.length - right.length
}

/**
 * Texts in which numbers of more than 15 digits are replaced by smaller ones of the same order.
 *
 * @returns the texts, and the digits that each replacement stands for
 */
function withSmallNumbers(texts: readonly string[]): readonly [readonly string[], ReadonlyMap<string, string>] {
  if (!texts.some((text) => /\d{16}/.test(text))) return [texts, new Map()]
  const trimmed = texts.map((text) => text.replace(/\d+/g, withoutZeros))
  const long = [...new Set(trimmed.flatMap((text) => text.match(/\d{16,}/g) ?? []))].sort(compareDigits)
  const ranks = new Map(long.map((digits, rank) => [digits, String(10 ** 15 + rank)]))
  const back = new Map([...ranks].map(([digits, rank]) => [rank, digits]))
  return [trimmed.map((text) => text.replace(/\d{16,}/g, (digits) => ranks.get(digits)!)), back]
}

/** Digits without the zeros before them; whatever is no number as it is. */
function withoutZeros(text: string): string {
  return /^\d+$/.test(text) ? text.replace(/^0+(?=\d)/, '') : text
}

function compareDigits(left: string, right: string): number {
  return left.length - right.length || compareTexts(left, right)
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
