/** Two environments beside each other. */
import type { PlacedText, ResolvedEnvironment, ResolvedRequirement } from './resolved.ts'

export interface EnvironmentDifference {
  readonly subject: 'python' | 'build' | 'requirement' | 'constraint' | 'option' | 'channel' | 'conda'
  /** Normalised name; for options and channels what stands there. */
  readonly name: string
  /** Empty where the first has none. */
  readonly left: readonly PlacedText[]
  readonly right: readonly PlacedText[]
}

/** What differs, by name; the order of lines does not count, except that of channels and options. */
export function compareEnvironments(left: ResolvedEnvironment, right: ResolvedEnvironment): readonly EnvironmentDifference[] {
  const sides = [left, right] as const
  const groups = <T extends PlacedText>(
    subject: EnvironmentDifference['subject'],
    take: (environment: ResolvedEnvironment) => readonly T[],
    name: (each: T) => string,
  ): readonly EnvironmentDifference[] => {
    const [a, b] = sides.map((side) => grouped(take(side), name)) as [Groups, Groups]
    return [...new Set([...a.keys(), ...b.keys()])]
      .sort()
      .map((key) => ({ subject, name: key, left: a.get(key) ?? [], right: b.get(key) ?? [] }))
      .filter((each) => textOf(each.left) !== textOf(each.right))
  }
  const keyOf = (each: { readonly key: string | null; readonly text: string }): string => each.key ?? each.text
  return [
    ...groups(
      'python',
      ({ python }) => (python === null ? [] : [python]),
      () => 'python',
    ),
    ...groups<ResolvedRequirement>('build', ({ buildDependencies }) => buildDependencies, keyOf),
    ...groups<ResolvedRequirement>('requirement', ({ requirements }) => requirements, keyOf),
    ...groups<ResolvedRequirement>('constraint', ({ constraints }) => constraints, keyOf),
    ...groups(
      'option',
      ({ options }) => options,
      ({ option }) => option,
    ),
    ...groups(
      'channel',
      ({ conda }) => conda?.channels ?? [],
      () => 'channels',
    ),
    ...groups(
      'conda',
      ({ conda }) => conda?.packages ?? [],
      ({ text }) => /^[^\s=<>!~[]+/.exec(text.trim())?.[0] ?? text,
    ),
  ]
}

type Groups = ReadonlyMap<string, readonly PlacedText[]>

function grouped<T extends PlacedText>(items: readonly T[], name: (each: T) => string): Groups {
  const groups = new Map<string, PlacedText[]>()
  for (const each of items) {
    const key = name(each)
    const group = groups.get(key) ?? []
    group.push({ text: each.text, file: each.file, line: each.line })
    groups.set(key, group)
  }
  return groups
}

/** Spaces do not tell requirements apart. */
function textOf(lines: readonly PlacedText[]): string {
  return lines.map(({ text }) => text.replace(/\s+/g, '')).join('\n')
}
