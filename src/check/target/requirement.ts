/** The versions that a line of a requirements file or of conda.yaml allows, as an interval. */

export interface Requirement {
  /** Normalised: lower case, `-` for every separator. */
  readonly name: string
  /** The line without what follows a `;` or a hash. */
  readonly text: string
  readonly allowed: Interval
}

/** Release numbers; `!=` and pre-releases are left aside. An absent end is open. */
export interface Interval {
  readonly from?: Bound
  readonly to?: Bound
}

interface Bound {
  readonly release: readonly number[]
  readonly inclusive: boolean
}

/** A line as a requirement; undefined for options, URLs and paths. */
export function readRequirement(line: string): Requirement | undefined {
  const text = line.replace(/\s[;#].*$|;.*$/s, '').trim()
  const [, name, rest] = /^([A-Za-z0-9][\w.-]*?)\s*(?:\[[^\]]*\])?\s*((?:[=<>!~].*)?)$/s.exec(text) ?? []
  if (name === undefined || rest === undefined) return undefined
  const allowed = rest
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(intervalOf)
    .reduce(narrow, {})
  return { name: name.toLowerCase().replace(/[-_.]+/g, '-'), text, allowed }
}

/** The interval of one clause such as `>=1.2`, `~=1.8.0`, `==2.*`, or conda's `=2.1`; everything for a clause we do not know. */
export function intervalOf(clause: string): Interval {
  const [, operator, version] = /^(===?|=|~=|!=|<=?|>=?)\s*v?([^\s=]+)/.exec(clause) ?? []
  const release = version === undefined ? undefined : releaseOf(version)
  if (operator === undefined || release === undefined || operator === '!=') return {}
  const star = version!.endsWith('.*') || operator === '='
  switch (operator) {
    case '>=':
      return { from: { release, inclusive: true } }
    case '>':
      return { from: { release, inclusive: false } }
    case '<=':
      return { to: { release, inclusive: true } }
    case '<':
      return { to: { release, inclusive: false } }
    case '~=':
      return { from: { release, inclusive: true }, to: { release: next(release.slice(0, -1)), inclusive: false } }
    default:
      return {
        from: { release, inclusive: true },
        to: star ? { release: next(release), inclusive: false } : { release, inclusive: true },
      }
  }
}

/** What two intervals have in common; it may be empty. */
export function narrow(a: Interval, b: Interval): Interval {
  const from = pick(a.from, b.from, 1)
  const to = pick(a.to, b.to, -1)
  return { ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

/** Whether no version is in the interval. */
export function isEmpty({ from, to }: Interval): boolean {
  if (from === undefined || to === undefined) return false
  const order = compare(from.release, to.release)
  return order > 0 || (order === 0 && !(from.inclusive && to.inclusive))
}

/** The stricter bound: the larger one with sign 1, the smaller one with sign -1. */
function pick(a: Bound | undefined, b: Bound | undefined, sign: 1 | -1): Bound | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const order = compare(a.release, b.release) * sign
  return order > 0 || (order === 0 && !a.inclusive) ? a : b
}

function releaseOf(version: string): readonly number[] | undefined {
  const digits = /^(?:\d+!)?(\d{1,9}(?:\.\d{1,9})*)/.exec(version)?.[1]
  return digits?.split('.').map(Number)
}

function next(release: readonly number[]): readonly number[] {
  return release.map((part, index) => (index === release.length - 1 ? part + 1 : part))
}

/** Missing parts count as zero, as in PEP 440. */
function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const order = (a[index] ?? 0) - (b[index] ?? 0)
    if (order !== 0) return order
  }
  return 0
}
