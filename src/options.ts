/** Options that a caller of the library hands in: an unknown name or a value of another kind is an error, never passed over. */
import { MlmodelError } from './errors/index.ts'
import { guess } from './guess.ts'
import { defaultLimits, type Limits } from './limits.ts'

const kinds = {
  flag: ['true or false', (value: unknown) => typeof value === 'boolean'],
  text: ['a string', (value: unknown) => typeof value === 'string'],
  place: ['a path or a file URL', (value: unknown) => typeof value === 'string' || value instanceof URL],
  texts: ['a list of strings', (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string')],
  count: ['a whole number from 1 on', (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0],
  milliseconds: ['a number of milliseconds above 0', (value: unknown) => typeof value === 'number' && value > 0],
  function: ['a function', (value: unknown) => typeof value === 'function'],
  signal: ['an AbortSignal', (value: unknown) => typeof (value as AbortSignal | null)?.addEventListener === 'function'],
  object: ['an object', (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)],
  /** Judged where it is read. */
  anything: ['a value', () => true],
} as const

/** What the value of an option is; a list is of the only words it may be. */
export type OptionKind = keyof typeof kinds | readonly string[]

/** All options of a function. */
export type OptionTable<Options> = { readonly [Name in keyof Options]-?: OptionKind }

/**
 * Checks an object of options. An option that is undefined is not given.
 *
 * @param of - the function, as the caller knows it
 * @throws OPTIONS_NO_OBJECT, OPTION_UNKNOWN, OPTION_VALUE
 */
export function checkOptions<Options extends object>(of: string, given: Options | undefined, table: OptionTable<Options>): void {
  if (given === undefined) return
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new MlmodelError('OPTIONS_NO_OBJECT', { of, found: textOf(given) })
  // Inherited ones count as well: they would be read.
  for (const name in given) {
    const value: unknown = given[name]
    if (!Object.hasOwn(table, name)) {
      const known = Object.keys(table)
      throw new MlmodelError('OPTION_UNKNOWN', { of, option: name, near: guess(name, known), known })
    }
    if (value === undefined) continue
    const kind: OptionKind = table[name]
    const words = typeof kind === 'string' ? undefined : kind
    const [wanted, fits] =
      words === undefined
        ? kinds[kind as keyof typeof kinds]
        : [words.map((word) => `"${word}"`).join(' or '), (item: unknown) => words.includes(item as string)]
    if (!fits(value)) throw new MlmodelError('OPTION_VALUE', { of, option: name, wanted, found: textOf(value) })
  }
}

const limitTable = Object.fromEntries(Object.keys(defaultLimits).map((name) => [name, 'anything'])) as OptionTable<Limits>

/**
 * Completes limits of which only some are given.
 *
 * @throws OPTIONS_NO_OBJECT, OPTION_UNKNOWN, OPTION_VALUE
 */
export function limitsOf(of: string, given: Partial<Limits> | undefined): Limits {
  if (given === undefined) return defaultLimits
  checkOptions<Partial<Limits>>(`${of}, limits`, given, limitTable)
  const limits: Record<string, number> = { ...defaultLimits }
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    // Not a number is no bound: every comparison with it is false.
    if (typeof value !== 'number' || !(value >= 0))
      throw new MlmodelError('OPTION_VALUE', {
        of: `${of}, limits`,
        option: name,
        wanted: 'a number from 0 on',
        found: textOf(value),
      })
    limits[name] = value
  }
  return limits as unknown as Limits
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100))
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'function') return 'a function'
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
