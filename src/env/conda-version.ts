/** Version expressions of conda: `>=1.26,<2|3.*`. `,` binds more than `|`; parentheses group. @see conda/models/version.py */

export type CondaOperator = '==' | '!=' | '<=' | '>=' | '<' | '>' | '~=' | 'prefix' | 'not-prefix' | 'any' | 'pattern'

/** One comparison. `prefix` is `1.26.*` or `=1.26`; `any` is `*`; `pattern` is a regular expression, or has a `*` within. */
export interface CondaComparison {
  readonly type: 'comparison'
  readonly operator: CondaOperator
  readonly version: string
}

export interface CondaGroup {
  readonly type: 'all' | 'any'
  readonly parts: readonly CondaVersion[]
}

export type CondaVersion = CondaComparison | CondaGroup

/** Reads an expression; a text says why conda refuses it. */
export function parseCondaVersion(text: string): CondaVersion | string {
  if (!/[()|,^$]/.test(text)) return parseComparison(text.trim())
  const tree = parseTree(text)
  return typeof tree === 'string' ? tree : checkTree(tree)
}

type Tree = { readonly text: string } | { readonly join: '|' | ','; readonly parts: Tree[] }

const levels: Readonly<Record<string, number>> = { '(': 0, '|': 1, ',': 2 }

/** Operators and operands on two stacks, as conda does it, with all that it accepts by chance. */
function parseTree(text: string): Tree | string {
  const tokens = `(${text})`.match(/\s*\^[^$]*\$|\s*[()|,]|[^()|,]+/g) ?? []
  const output: Tree[] = []
  const stack: string[] = []
  const apply = (level: number): boolean => {
    while (stack.length > 0 && levels[stack.at(-1)!]! > level) {
      if (output.length < 2) return false
      const join = stack.pop() as '|' | ','
      const [right, left] = [output.pop()!, output.pop()!]
      const parts = 'join' in left && left.join === join ? left.parts : [left]
      if ('join' in right && right.join === join) parts.push(...right.parts)
      else parts.push(right)
      output.push({ join, parts })
    }
    return true
  }
  for (const token of tokens.map((one) => one.trim())) {
    if (token === '(') stack.push(token)
    else if (token === '|' || token === ',') {
      // The same operator again joins what is there first.
      if (!apply(levels[token]! - 1)) return 'an operator has nothing before it'
      stack.push(token)
    } else if (token === ')') {
      if (!apply(0)) return 'an operator has nothing before or behind it'
      if (stack.pop() !== '(') return 'a parenthesis is closed that was not opened'
    } else output.push({ text: token })
  }
  if (stack.length > 0) return 'a parenthesis is not closed'
  return output[0] ?? 'there is no version'
}

function checkTree(tree: Tree): CondaVersion | string {
  if ('text' in tree) return parseComparison(tree.text)
  const parts: CondaVersion[] = []
  for (const part of tree.parts) {
    const checked = checkTree(part)
    if (typeof checked === 'string') return checked
    parts.push(checked)
  }
  return { type: tree.join === '|' ? 'any' : 'all', parts }
}

function parseComparison(text: string): CondaVersion | string {
  if (text === '') return 'there is no version'
  const made = (operator: CondaOperator, version: string): CondaVersion | string => {
    const problem = operator === 'any' || operator === 'pattern' ? undefined : versionProblem(version)
    return problem ?? { type: 'comparison', operator, version }
  }
  if (text.startsWith('^') || text.endsWith('$'))
    return text.startsWith('^') && text.endsWith('$') && text !== '^'
      ? made('pattern', text)
      : 'a pattern begins with ^ and ends with $'
  if (/^[=<>!~]/.test(text)) {
    const match = /^(==|!=|<=|>=|~=|=|<|>)(?![=<>!~])(\S+)$/.exec(text)
    if (match === null) return `${text} has no operator that conda knows, or no version`
    const [, operator, version] = match as unknown as [string, '=' | '==' | '!=' | '<=' | '>=' | '<' | '>' | '~=', string]
    const isPrefix = version.endsWith('.*')
    const bare = isPrefix ? version.slice(0, -2) : version
    if (operator === '=') return made('prefix', bare)
    if (!isPrefix) return made(operator, bare)
    if (operator === '~=') return '~= takes no .*'
    // Beside other operators conda passes over it.
    return made(operator === '!=' ? 'not-prefix' : operator, bare)
  }
  if (text === '*') return made('any', text)
  const stars = text.length - withoutStars(text).length
  if (text.slice(0, text.length - stars).includes('*')) return made('pattern', text)
  if (stars > 0) return made('prefix', withoutDots(withoutStars(text.endsWith('.*') ? text : `${text.slice(0, -1)}.*`)))
  // conda has versions with @, and compares them as texts.
  return text.includes('@') ? made('pattern', text) : made('==', text)
}

function withoutStars(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '*') end--
  return text.slice(0, end)
}

function withoutDots(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '.') end--
  return text.slice(0, end)
}

/** What conda's VersionOrder refuses a version for. */
function versionProblem(text: string): string | undefined {
  const allowed = /^[*.+!_0-9a-z]+$/
  let version = text.trim().toLowerCase()
  if (version === '') return 'there is no version'
  if (!allowed.test(version) && !version.includes('_')) version = version.replaceAll('-', '_')
  if (!allowed.test(version)) return `${text} is no version`
  const epoch = version.split('!')
  if (epoch.length > 2) return `${text} has several epochs`
  if (epoch.length === 2 && !/^\d+$/.test(epoch[0]!)) return `the epoch of ${text} is no number`
  const locals = epoch.at(-1)!.split('+')
  if (locals.length > 2) return `${text} has several local parts`
  const upstream = locals[0]!.endsWith('_') ? locals[0]!.slice(0, -1) : locals[0]!
  const components = upstream.split(/[._]/)
  // The underscore at the end, which OpenSSL's versions need, belongs to the last component.
  if (locals[0]!.endsWith('_')) components[components.length - 1] += '_'
  if (locals.length === 2) components.push(...locals[1]!.split(/[._]/))
  return components.includes('') ? `${text} has an empty part` : undefined
}
