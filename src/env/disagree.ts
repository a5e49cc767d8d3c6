/** Places of one environment that name different versions of the same thing. */
import type { Dependency, Disagreement, EnvironmentLine } from './environment.ts'

/** Compares pinned versions only: `numpy>=1` beside `numpy==1.26.4` is no contradiction that can be seen by its text. */
export function findDisagreements(
  python: readonly EnvironmentLine[],
  dependencies: readonly Dependency[],
): readonly Disagreement[] {
  const places = new Map<string, { version: string; place: EnvironmentLine }[]>()
  const add = (name: string, version: string, place: EnvironmentLine): void => {
    const known = places.get(name)
    if (known === undefined) places.set(name, [{ version, place }])
    else known.push({ version, place })
  }
  for (const place of python) if (/^[0-9]/.test(place.text)) add('python', place.text, place)
  for (const place of dependencies) {
    const pin = readPin(place)
    if (pin !== undefined) add(pin.name, pin.version, place)
  }
  return [...places]
    .filter(([, pins]) => pins.some((pin) => !isCompatible(pin.version, pins[0]!.version)))
    .map(([name, pins]) => ({ name, places: pins.map((pin) => pin.place) }))
}

/** `name==version` (conda: also `name=version`), the name normalised as PEP 503 has it. */
function readPin(dependency: Dependency): { readonly name: string; readonly version: string } | undefined {
  const match = /^([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\]\s*)?(==?)\s*([0-9][A-Za-z0-9._+!-]*)\s*(?:;.*)?$/.exec(
    dependency.text,
  )
  if (match === null || (match[2] === '=' && dependency.kind === 'pip')) return undefined
  return { name: match[1]!.toLowerCase().replace(/[-_.]+/g, '-'), version: match[3]! }
}

/** Equal, or one is the beginning of the other: conda's `python=3.8` covers 3.8.12. */
function isCompatible(left: string, right: string): boolean {
  const [short, long] = left.length < right.length ? [left, right] : [right, left]
  return long === short || long.startsWith(`${short}.`)
}
