/** What two model folders differ in besides the signature: flavors, environment, files, operators. */
import { readRequirement } from '../check/target/requirement.ts'
import type { Environment } from '../env/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import type { OnnxModel } from '../onnx/index.ts'

/** A value that is not the same; absent on the side that has none. */
export interface Change {
  readonly name: string
  readonly old?: string
  readonly new?: string
}

/** Flavors that came or went, and those of another version of their library. */
export function diffFlavors(before: Mlmodel, after: Mlmodel): readonly Change[] {
  return diffMaps(flavorsOf(before), flavorsOf(after))
}

/** Every key of a flavor that names a version, as MLflow writes them: `sklearn_version`, `py_version`, `onnx_version`. */
function flavorsOf({ flavors, sourceOf }: Mlmodel): ReadonlyMap<string, string> {
  return new Map(
    [...flavors].map(([name, keys]) => {
      const versions = [...keys]
        .filter(([key, value]) => /version$/.test(String(key)) && (typeof value === 'string' || typeof value === 'number'))
        // A version 1.10 without quotes is the number 1.1.
        .map(([key, value]) => `${key} ${sourceOf(['flavors', name, String(key)])?.replace(/^(['"])(.*)\1$/, '$2') ?? value}`)
      return [name, versions.join(', ')]
    }),
  )
}

/** Requirements by package, and the Python version; the first file that names a package counts. */
export function diffEnvironments(before: Environment, after: Environment): readonly Change[] {
  return diffMaps(packagesOf(before), packagesOf(after))
}

function packagesOf({ dependencies, python }: Environment): ReadonlyMap<string, string> {
  const packages = new Map<string, string>()
  if (python[0] !== undefined) packages.set('python', python[0].text)
  for (const { text } of dependencies) {
    const name = readRequirement(text)?.name ?? text
    if (!packages.has(name)) packages.set(name, text)
  }
  return packages
}

/** How often each operator stands in the graphs, and the opsets. */
export function diffOperators(before: OnnxModel | undefined, after: OnnxModel | undefined): readonly Change[] {
  return diffMaps(operatorsOf(before), operatorsOf(after))
}

function operatorsOf(model: OnnxModel | undefined): ReadonlyMap<string, string> {
  if (model === undefined) return new Map()
  const named = (domain: string, name: string) => (domain === '' ? name : `${domain}:${name}`)
  return new Map([
    ...model.opsets.map(({ domain, version }): [string, string] => [named(domain, 'opset'), String(version)]),
    ...model.operators.map(({ domain, operator, count }): [string, string] => [named(domain, operator), String(count)]),
    ['parameters', String(model.parameterCount)],
  ])
}

/** Names of either side whose values differ, sorted. */
export function diffMaps(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly Change[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .sort()
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => {
      const [old, now] = [before.get(name), after.get(name)]
      return { name, ...(old !== undefined && { old }), ...(now !== undefined && { new: now }) }
    })
}
