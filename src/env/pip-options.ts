/** Options in requirements files, as pip splits (`shlex`) and reads (`optparse`) them. */

/** An option by its long name, with its value where it takes one. */
export interface PipOption {
  /** `--index-url`, also for `-i` and `--pypi-url`. */
  readonly option: string
  readonly value: string | null
}

export interface PipOptions {
  readonly options: readonly PipOption[]
  /** What pip refuses the line for. */
  readonly problem: string | null
}

/** Long names → the one that is shown; those that take a value. @see pip/_internal/req/req_file.py (SUPPORTED_OPTIONS) */
const withValue: Readonly<Record<string, string>> = {
  '--index-url': '--index-url',
  '--pypi-url': '--index-url',
  '--extra-index-url': '--extra-index-url',
  '--constraint': '--constraint',
  '--requirement': '--requirement',
  '--editable': '--editable',
  '--find-links': '--find-links',
  '--no-binary': '--no-binary',
  '--only-binary': '--only-binary',
  '--trusted-host': '--trusted-host',
  '--use-feature': '--use-feature',
  '--all-releases': '--all-releases',
  '--only-final': '--only-final',
  '--global-option': '--global-option',
  '--hash': '--hash',
  '--config-settings': '--config-settings',
  '--config-setting': '--config-settings',
}
const flags: ReadonlySet<string> = new Set(['--no-index', '--prefer-binary', '--require-hashes', '--pre'])
const short: Readonly<Record<string, string>> = {
  i: '--index-url',
  c: '--constraint',
  r: '--requirement',
  e: '--editable',
  f: '--find-links',
  C: '--config-settings',
}
const longNames: readonly string[] = [...Object.keys(withValue), ...flags]

/** Options that belong to the requirement in front of them; others there have no effect. */
export const requirementOptions: ReadonlySet<string> = new Set(['--global-option', '--hash', '--config-settings'])

/** Reads the options of one line. */
export function readPipOptions(text: string): PipOptions {
  const words = splitShell(text)
  if (words === undefined) return { options: [], problem: 'a quote is not closed, or a backslash ends the line' }
  const options: PipOption[] = []
  const refuse = (problem: string): PipOptions => ({ options, problem })
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!
    if (word === '--') break
    // What is no option is passed over.
    if (!word.startsWith('-') || word === '-') continue
    const equals = word.indexOf('=')
    const isLong = word.startsWith('--')
    const spelled = isLong ? (equals < 0 ? word : word.slice(0, equals)) : `-${word[1]}`
    const name = isLong ? longName(spelled) : short[word[1]!]
    if (name === undefined) return refuse(`pip knows no option ${spelled}`)
    if (name === '') return refuse(`${spelled} may stand for several options`)
    const attached = isLong ? (equals < 0 ? undefined : word.slice(equals + 1)) : word.slice(2) || undefined
    if (flags.has(name)) {
      if (attached !== undefined) return refuse(`${name} takes no value`)
      options.push({ option: name, value: null })
      continue
    }
    const value = attached ?? words[++at]
    if (value === undefined) return refuse(`${name} has no value`)
    options.push({ option: withValue[name]!, value })
  }
  return { options, problem: null }
}

/** The option of a spelling that may be cut short; empty when several begin so. */
function longName(spelled: string): string | undefined {
  if (longNames.includes(spelled)) return spelled
  const beginning = longNames.filter((name) => name.startsWith(spelled))
  return beginning.length > 1 ? '' : beginning[0]
}

/** `shlex.split`: words, quotes taken off; undefined where a quote or a backslash is left open. */
function splitShell(text: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let at = 0
  while (at < text.length) {
    const character = text[at]!
    if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
      at++
    } else if (character === "'") {
      const end = text.indexOf("'", at + 1)
      if (end < 0) return undefined
      word = (word ?? '') + text.slice(at + 1, end)
      at = end + 1
    } else if (character === '"') {
      word ??= ''
      at++
      while (text[at] !== '"') {
        if (at >= text.length) return undefined
        // In double quotes a backslash stands for itself, unless a quote or a backslash follows.
        if (text[at] === '\\' && (text[at + 1] === '"' || text[at + 1] === '\\')) at++
        word += text[at++]
      }
      at++
    } else if (character === '\\') {
      if (at + 1 >= text.length) return undefined
      word = (word ?? '') + text[at + 1]
      at += 2
    } else {
      word = (word ?? '') + character
      at++
    }
  }
  if (word !== undefined) words.push(word)
  return words
}
