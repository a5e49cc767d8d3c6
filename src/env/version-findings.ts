/** What is to be said of the versions that several places ask for. */

import { type Finding, finding } from '../finding/index.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { normalizeName } from './name.ts'
import type { PlacedText } from './resolved.ts'
import { withoutSecrets } from './secrets.ts'
import { parseSpecifiers, type Specifier, satisfiesAll } from './specifier.ts'

/** A package with what one line asks of its version. */
export interface Asked extends PlacedText {
  readonly key: string
  readonly specifiers: readonly Specifier[]
  readonly isConstraint: boolean
}

/** Lines of one list, which are installed together, that contradict or repeat one another. */
export function conflictFindings(asked: readonly Asked[]): readonly Finding[] {
  const found: Finding[] = []
  for (const [name, lines] of byKey(asked)) {
    for (const [index, line] of lines.entries()) {
      const before = lines.slice(0, index)
      const conflict = before.find((other) => !canBothHold(line.specifiers, other.specifiers))
      const other = conflict ?? before.find(({ isConstraint }) => !isConstraint && !line.isConstraint)
      if (other === undefined) continue
      const args = { name, text: withoutSecrets(line.text), other: withoutSecrets(other.text), place: placeOf(other) }
      found.push(finding(conflict === undefined ? 'ENV_DUPLICATE' : 'ENV_VERSION_CONFLICT', args, whereOf(line)))
    }
  }
  return found
}

/** Lists of which one or the other is installed, that ask for different things. */
export function disagreementFindings(
  one: readonly Asked[],
  other: readonly Asked[],
  otherFile: string,
  file: string,
): readonly Finding[] {
  const [left, right] = [byKey(one), byKey(other)]
  const found: Finding[] = []
  for (const [name, lines] of left) {
    const line = lines[0]!
    const match = right.get(name)
    if (match === undefined) found.push(oneSided(name, line, otherFile))
    else {
      const differing = match.find((each) => !canBothHold(line.specifiers, each.specifiers))
      const agree = lines.some((each) => match.some(({ specifiers }) => canBothHold(each.specifiers, specifiers)))
      if (differing !== undefined && !agree) {
        const args = { name, text: withoutSecrets(line.text), other: withoutSecrets(differing.text), place: placeOf(differing) }
        found.push(finding('ENV_VERSION_DISAGREES', args, whereOf(line)))
      }
    }
  }
  for (const [name, lines] of right) if (!left.has(name)) found.push(oneSided(name, lines[0]!, file))
  return found
}

function oneSided(name: string, line: Asked, file: string): Finding {
  return finding('ENV_PACKAGE_ONE_SIDED', { name, text: withoutSecrets(line.text), file }, whereOf(line))
}

function byKey(asked: readonly Asked[]): ReadonlyMap<string, readonly Asked[]> {
  const groups = new Map<string, Asked[]>()
  for (const line of asked) {
    const group = groups.get(line.key)
    if (group === undefined) groups.set(line.key, [line])
    else group.push(line)
  }
  return groups
}

/** Whether some version satisfies both: it would be one that is named, the next after one, or the very first. */
export function canBothHold(left: readonly Specifier[], right: readonly Specifier[]): boolean {
  if (left.length === 0 || right.length === 0) return true
  // The same in two files, as MLflow writes it, needs no thought.
  if (left.length === right.length && left.every((each, index) => isSame(each, right[index]!))) return true
  const all = [...left, ...right]
  const versions = all.flatMap(({ version }) => {
    const bare = version.replace(/\.?\*$/, '')
    return [bare, `${bare.replace(/[^0-9.!].*$/, '').replace(/\.$/, '')}.0.0.0.0.1`, `${bare}.dev0`]
  })
  return ['0', ...versions].some((version) => satisfiesAll(all, version))
}

function isSame(left: Specifier, right: Specifier): boolean {
  return left.operator === right.operator && left.version === right.version
}

/** Keys of flavors that hold a library's version → the library on PyPI; of others the name says it. */
const libraries: Readonly<Record<string, string>> = {
  sklearn_version: 'scikit-learn',
  xgb_version: 'xgboost',
  lgb_version: 'lightgbm',
  pytorch_version: 'torch',
  paddle_version: 'paddlepaddle',
}

/** Versions of libraries that flavors noted when the model was saved, beside what is installed. */
export function flavorFindings(model: Mlmodel, asked: readonly Asked[]): readonly Finding[] {
  const groups = byKey(asked)
  const found: Finding[] = []
  for (const [flavor, keys] of model.flavors) {
    for (const key of keys.keys()) {
      const path = ['flavors', flavor, key]
      const version = model.sourceOf(path)
      if (!key.endsWith('_version') || key === 'python_version' || version === undefined) continue
      const library = libraries[key] ?? normalizeName(key.slice(0, -'_version'.length))
      const differing = groups
        .get(library)
        ?.find(
          ({ specifiers }) =>
            !isPinnedTo(specifiers, version) && !satisfiesAll(specifiers.map(publicOnly), publicVersion(version)),
        )
      if (differing === undefined) continue
      const args = { key, version, other: withoutSecrets(differing.text), place: placeOf(differing) }
      found.push(finding('ENV_FLAVOR_VERSION', args, { file: 'MLmodel', line: model.lineOf(path) ?? 1 }))
    }
  }
  return found
}

function isPinnedTo([first, ...rest]: readonly Specifier[], version: string): boolean {
  return rest.length === 0 && first?.operator === '==' && first.version === version
}

/** `2.1.0+cu118` is 2.1.0 built for a device; MLflow writes either into the requirements. */
function publicVersion(version: string): string {
  return version.split('+', 1)[0]!
}

function publicOnly(specifier: Specifier): Specifier {
  return specifier.operator === '===' ? specifier : { ...specifier, version: publicVersion(specifier.version) }
}

/** `requirements.txt:3`. */
export function placeOf({ file, line }: PlacedText): string {
  return line === 0 ? file : `${file}:${line}`
}

export function whereOf({ file, line }: PlacedText): { readonly file: string; readonly line?: number } {
  return line === 0 ? { file } : { file, line }
}

/** What conda's `numpy=1.26`, `numpy 1.26.*` or `numpy>=1,<2` asks of the version; undefined for what has no match in PEP 440. */
export function condaSpecifiers(version: string): readonly Specifier[] | undefined {
  const bare = version.trim()
  if (bare === '' || bare === '*') return []
  const fuzzy = /^=?([0-9][0-9A-Za-z.!]*?)(?:\.?\*)?(?:[=\s].*)?$/.exec(bare)
  if (fuzzy !== null && !bare.startsWith('==')) return parseSpecifiers(`==${fuzzy[1]}.*`)
  return parseSpecifiers(bare)
}
