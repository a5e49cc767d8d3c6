/** The one list of names that a pickle may ask for: exact pairs of module and name, each with a rule for its arguments (P2). */
import { generatedNames } from './names.generated.ts'
import { python2Modules, python2Names } from './python2.generated.ts'
import { type Rule, specialNames, torchNames, valueClasses, valueRules } from './special-names.ts'

export interface NameEntry {
  readonly rule: Rule
  /** May be kept as a value, such as the type of a column or the function of a scorer: calling it does no harm (P8). */
  readonly asValue: boolean
  /** Its instances are lists or dictionaries, and take items as such. */
  readonly items?: 'list' | 'dict'
}

export interface FoundName {
  /** In Python 3's words. */
  readonly module: string
  readonly name: string
  readonly entry: NameEntry | undefined
}

type NameTable = ReadonlyMap<string, ReadonlyMap<string, NameEntry>>

let table: NameTable | undefined
let torchTable: NameTable | undefined

/** Finds a name as Python's Unpickler would: below protocol 3, Python 2's names are translated first. */
export function lookUpName(module: string, name: string, protocol: number, torch: boolean): FoundName {
  let found = { module, name }
  if (protocol < 3) {
    const pair = python2Names[`${module}\n${name}`]
    if (pair !== undefined) found = { module: pair[0], name: pair[1] }
    else if (Object.hasOwn(python2Modules, module)) found = { module: python2Modules[module]!, name }
  }
  table ??= makeTable(specialNames, generatedNames)
  let entry = table.get(found.module)?.get(found.name)
  if (entry === undefined && torch) {
    torchTable ??= makeTable(torchNames, {})
    entry = torchTable.get(found.module)?.get(found.name)
  }
  return { ...found, entry }
}

/** Whether the list has the name: for files that name their classes in other ways than a pickle (skops). */
export function listedName(module: string, name: string): NameEntry | undefined {
  return lookUpName(module, name, 5, false).entry
}

/** Every name of the list with its rule, in order; for tests and documents. */
export function everyName(): { readonly module: string; readonly name: string; readonly rule: Rule }[] {
  table ??= makeTable(specialNames, generatedNames)
  return [...table].flatMap(([module, names]) => [...names].map(([name, { rule }]) => ({ module, name, rule })))
}

function makeTable(
  special: readonly (readonly [rule: Rule, module: string, names: string])[],
  generated: Readonly<Record<string, string>>,
): NameTable {
  const made = new Map<string, Map<string, NameEntry>>()
  const add = (rule: Rule, module: string, name: string, items?: 'list' | 'dict'): void => {
    let names = made.get(module)
    if (names === undefined) {
      names = new Map()
      made.set(module, names)
    }
    names.set(name, {
      rule,
      asValue: valueRules.has(rule) || valueClasses.has(`${module}.${name}`),
      ...(items !== undefined && { items }),
    })
  }
  // `rule module` → names with the versions they occur in, `name@first-last`.
  for (const [key, names] of Object.entries(generated)) {
    const [kind, module] = key.split(' ') as [string, string]
    const rule = (kind === 'class-list' || kind === 'class-dict' ? 'class' : kind) as Rule
    const items = kind === 'class-list' ? 'list' : kind === 'class-dict' ? 'dict' : undefined
    for (const each of names.split(' ')) add(rule, module, each.split('@', 1)[0]!, items)
  }
  // A rule made by hand is the stricter or the more exact one.
  for (const [rule, module, names] of special) {
    for (const name of names.split(' ')) {
      const items = rule === 'mapping' || rule === 'default-dict' ? 'dict' : rule === 'deque' ? 'list' : undefined
      add(rule, module, name, items)
    }
  }
  return made
}
