/** Environment markers of requirements: `python_version >= "3.9" and sys_platform != "win32"`, as `packaging` reads, prints and judges them. */
import { MlmodelError } from '../errors/index.ts'
import { normalizeName } from './name.ts'
import { quoteMarkerValue } from './python-string.ts'
import { parseSpecifier, satisfies } from './specifier.ts'
import { parseVersion } from './version.ts'

export type MarkerOperator = '===' | '~=' | '==' | '!=' | '<=' | '>=' | '<' | '>' | 'in' | 'not in'

/** A side of a comparison. */
export interface MarkerValue {
  readonly type: 'variable' | 'text'
  readonly value: string
}

export interface MarkerComparison {
  readonly type: 'comparison'
  readonly left: MarkerValue
  readonly operator: MarkerOperator
  readonly right: MarkerValue
}

/** Parts with `and` and `or` between them, as they are written; `and` binds more. One part: what stood in parentheses. */
export interface MarkerGroup {
  readonly type: 'group'
  readonly parts: readonly Marker[]
  /** One less than parts. */
  readonly operators: readonly ('and' | 'or')[]
}

export type Marker = MarkerComparison | MarkerGroup

/** What a marker may ask for. A set (`extras`, `dependency_groups`) is known in lock files only. */
export interface MarkerEnvironment {
  readonly implementation_name: string
  readonly implementation_version: string
  readonly os_name: string
  readonly platform_machine: string
  readonly platform_python_implementation: string
  readonly platform_release: string
  readonly platform_system: string
  readonly platform_version: string
  readonly python_full_version: string
  readonly python_version: string
  readonly sys_platform: string
  readonly extra: string
}

const platforms = {
  linux: { os_name: 'posix', platform_system: 'Linux' },
  darwin: { os_name: 'posix', platform_system: 'Darwin' },
  win32: { os_name: 'nt', platform_system: 'Windows' },
} as const

/** What CPython of a version says on a platform. Release and version of the platform are unknown, and empty as `packaging` has it. */
export function markerEnvironment(target: {
  readonly python: string
  readonly platform: 'linux' | 'darwin' | 'win32'
  readonly machine: string
}): MarkerEnvironment {
  const [major = '0', minor = '0', ...rest] = (parseVersion(target.python)?.public ?? target.python).split('.')
  const full = rest.length > 0 || /[a-z]/.test(minor) ? [major, minor, ...rest].join('.') : `${major}.${minor}.0`
  return {
    ...platforms[target.platform],
    implementation_name: 'cpython',
    implementation_version: full,
    platform_machine: target.machine,
    platform_python_implementation: 'CPython',
    platform_release: '',
    platform_version: '',
    python_full_version: full,
    python_version: `${major}.${/^\d+/.exec(minor)?.[0] ?? '0'}`,
    sys_platform: target.platform,
    extra: '',
  }
}

/** The comparisons that are made as of versions, where the text on the other side makes a specifier. */
const versionKeys: ReadonlySet<string> = new Set([
  'implementation_version',
  'platform_release',
  'python_full_version',
  'python_version',
])

/**
 * Whether a marker is true. Every comparison is made, so that one without meaning is found whatever the others say.
 *
 * @throws MlmodelError MARKER_UNDEFINED
 */
export function evaluateMarker(marker: Marker, environment: MarkerEnvironment): boolean {
  if (marker.type === 'comparison') return compare(marker, environment)
  let all = true
  let any = false
  for (const [index, part] of marker.parts.entries()) {
    if (index > 0 && marker.operators[index - 1] === 'or') {
      any ||= all
      all = true
    }
    const isTrue = evaluateMarker(part, environment)
    all &&= isTrue
  }
  return any || all
}

function compare(comparison: MarkerComparison, environment: MarkerEnvironment): boolean {
  const { left, operator, right } = comparison
  // With variables on both sides `packaging` takes the name of the right one for its value.
  const key = left.type === 'variable' ? left.value : right.value
  const known = Object.hasOwn(environment, key) ? environment[key as keyof MarkerEnvironment] : undefined
  if (known === undefined) throw undefinedMarker(comparison, `${JSON.stringify(key)} is not known here`)
  const value = key === 'extra' && known !== '' ? normalizeName(known) : known
  const [one, other] = left.type === 'variable' ? [value, right.value] : [left.value, value]
  if (versionKeys.has(key) && operator !== 'in' && operator !== 'not in') {
    const specifier = parseSpecifier(operator + other)
    if (specifier !== undefined) return satisfies(specifier, one)
  }
  switch (operator) {
    case 'in':
      return other.includes(one)
    case 'not in':
      return !other.includes(one)
    case '==':
    case '<=':
    case '>=':
      return one === other
    case '!=':
      return one !== other
    case '<':
    case '>':
      return false
    default:
      throw undefinedMarker(comparison, `${operator} compares versions, and these are texts`)
  }
}

function undefinedMarker(comparison: MarkerComparison, why: string): MlmodelError {
  return new MlmodelError('MARKER_UNDEFINED', { marker: formatMarker(comparison), why })
}

/** A marker as `packaging` prints it. */
export function formatMarker(marker: Marker): string {
  return format(marker, true)
}

function format(marker: Marker, isOutermost: boolean): string {
  if (marker.type === 'comparison') return `${formatValue(marker.left)} ${marker.operator} ${formatValue(marker.right)}`
  if (marker.parts.length === 1) return format(marker.parts[0]!, isOutermost)
  const text = marker.parts
    .map((part, index) => (index === 0 ? '' : ` ${marker.operators[index - 1]} `) + format(part, false))
    .join('')
  return isOutermost ? text : `(${text})`
}

function formatValue({ type, value }: MarkerValue): string {
  return type === 'variable' ? value : quoteMarkerValue(value)
}

/** Makes a comparison; names of extras in it are normalised as PEP 685 has it. */
export function markerComparison(left: MarkerValue, operator: MarkerOperator, right: MarkerValue): MarkerComparison {
  const normalized = (value: MarkerValue): MarkerValue => ({ type: 'text', value: normalizeName(value.value) })
  if (left.type === 'variable' && left.value === 'extra' && right.type === 'text')
    return { type: 'comparison', left, operator, right: normalized(right) }
  const isOfNames = right.type === 'variable' && /^(?:extras?|dependency_groups)$/.test(right.value)
  return { type: 'comparison', left: isOfNames && left.type === 'text' ? normalized(left) : left, operator, right }
}
