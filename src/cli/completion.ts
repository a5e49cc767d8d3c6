/** `mlmodel completion`: scripts for shells, made from the command tables so that they never drift. */
import { MlmodelError } from '../errors/index.ts'
import { type Command, commonOptions, defineCommand, type OptionSpec } from './command.ts'
import { commands } from './commands.ts'
import { optionNames } from './parse.ts'

const shells = ['bash', 'zsh', 'fish'] as const

export const command = defineCommand({
  name: 'completion',
  summary: 'Print the completion script of a shell',
  usage: '<bash|zsh|fish>',
  about: 'Commands, options, the values of options that have a fixed set, and file names.',
  operands: [{ name: 'shell', text: 'bash, zsh or fish', choices: shells }],
  options: { ...commonOptions },
  examples: [
    'source <(mlmodel completion bash)',
    'mlmodel completion zsh > ~/.zfunc/_mlmodel',
    'mlmodel completion fish > ~/.config/fish/completions/mlmodel.fish',
  ],
  exitCodes: [
    [0, 'printed'],
    [2, 'no such shell'],
  ],
  async run({ operands }, console) {
    const shell = shells.find((each) => each === operands[0])
    if (shell === undefined) throw new MlmodelError('USAGE_NO_SHELL', { given: operands[0] })
    const loaded = await Promise.all(commands.map((entry) => entry.load()))
    await console.out.write({ bash: bashScript, zsh: zshScript, fish: fishScript }[shell](loaded))
    return 0
  },
})

/** Words that complete the first operand. */
function operandWords(each: Command): readonly string[] {
  return each.operands[0]?.choices ?? []
}

/** Whether a file may stand there too, and behind it. */
function takesFiles(each: Command): boolean {
  return each.operands.some(({ choices }) => choices === undefined)
}

function valued(each: Command, wanted: (option: OptionSpec) => boolean): string[] {
  return Object.entries(each.options)
    .filter(([, option]) => option.value !== undefined && wanted(option))
    .flatMap(([name, option]) => optionNames(name, option))
}

function choicesOf(each: Command): { names: readonly string[]; choices: readonly string[] }[] {
  return Object.entries(each.options).flatMap(([name, option]) =>
    option.choices === undefined ? [] : [{ names: optionNames(name, option), choices: option.choices }],
  )
}

function bashScript(all: readonly Command[]): string {
  const cases = all.map((each) => {
    const names = Object.entries(each.options).flatMap(([name, option]) => optionNames(name, option))
    const lines = [`    ${each.name})`, '      case "$previous" in']
    for (const { names: spelled, choices } of choicesOf(each))
      lines.push(`        ${spelled.join('|')}) words="${choices.join(' ')}" ;;`)
    const files = valued(each, (option) => option.file === true)
    const others = valued(each, (option) => option.file !== true && option.choices === undefined)
    if (files.length > 0) lines.push(`        ${files.join('|')}) files=1 ;;`)
    if (others.length > 0) lines.push(`        ${others.join('|')}) ;;`)
    const operands = operandWords(each)
    lines.push(
      '        *)',
      `          if [[ "$current" == -* ]]; then words="${names.join(' ')}"`,
      takesFiles(each) && operands.length > 0
        ? `          else files=1; ((index + 1 == COMP_CWORD)) && words="${operands.join(' ')}"; fi ;;`
        : takesFiles(each)
          ? '          else files=1; fi ;;'
          : `          else words="${operands.join(' ')}"; fi ;;`,
      '      esac ;;',
    )
    return lines.join('\n')
  })
  return `# Completion of mlmodel for bash. Use: source <(mlmodel completion bash)
_mlmodel() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" words="" files="" index
  COMPREPLY=()
  # bash makes a word of the = in --name=value.
  if [[ "$current" == "=" ]]; then current=""
  elif [[ "$previous" == "=" ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case "\${COMP_WORDS[index]}" in
      ${all.map((each) => each.name).join('|')}) command="\${COMP_WORDS[index]}"; break ;;
    esac
  done
  case "$command" in
    "") words="${[...all.map((each) => each.name), '--help', '--version'].join(' ')}" ;;
${cases.join('\n')}
  esac
  if [[ -n "$words" ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
  if [[ -n "$files" ]]; then
    compopt -o filenames 2>/dev/null
    local IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$current"))
  fi
}
complete -F _mlmodel mlmodel
`
}

function zshScript(all: readonly Command[]): string {
  const quote = (text: string) => text.replace(/'/g, "'\\''")
  const describe = (text: string) => quote(text.replace(/[\\[\]:`]/g, (character) => (character === '`' ? '' : `\\${character}`)))
  const functions = all.map((each) => {
    const specs = Object.entries(each.options).map(([name, option]) => {
      const names = optionNames(name, option)
      const repeated = option.many === true ? '*' : names.length === 1 ? '' : `(${names.join(' ')})`
      const spelled = names.length === 1 ? `'${repeated}${names[0]}` : `'${repeated}'{${names.join(',')}}'`
      const value =
        option.value === undefined
          ? ''
          : `:${option.value}:${option.choices !== undefined ? `(${option.choices.join(' ')})` : option.file === true ? '_files' : ''}`
      return `    ${spelled}[${describe(option.text)}]${quote(value)}'`
    })
    const words = operandWords(each)
    const first =
      words.length === 0 ? '_files' : takesFiles(each) ? `{compadd ${words.join(' ')}; _files}` : `(${words.join(' ')})`
    return [
      `_mlmodel_${each.name}() {`,
      '  _arguments -s \\',
      ...specs.map((spec) => `${spec} \\`),
      `    '1:${each.operands[0]?.name ?? ''}:${first}'${words.length > 0 && takesFiles(each) ? ` \\\n    '*:${each.operands[1]?.name ?? ''}:_files'` : ''}`,
      '}',
    ].join('\n')
  })
  return `#compdef mlmodel
# Completion of mlmodel for zsh. Use: mlmodel completion zsh > ~/.zfunc/_mlmodel (a folder in fpath)
${functions.join('\n')}
_mlmodel() {
  local -a commands
  commands=(
${all.map((each) => `    '${each.name}:${describe(each.summary)}'`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _arguments '--help[Print the help]' '--version[Print the version]'
    return
  fi
  local command="\${words[2]}"
  shift words
  (( CURRENT-- ))
  case "$command" in
${all.map((each) => `    ${each.name}) _mlmodel_${each.name} ;;`).join('\n')}
  esac
}
if [[ "\${funcstack[1]}" == _mlmodel ]]; then _mlmodel "$@"; else compdef _mlmodel mlmodel; fi
`
}

function fishScript(all: readonly Command[]): string {
  const quote = (text: string) => `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`
  const lines = [
    '# Completion of mlmodel for fish. Use: mlmodel completion fish > ~/.config/fish/completions/mlmodel.fish',
    `set -l commands ${all.map((each) => each.name).join(' ')}`,
    'complete -c mlmodel -n "not __fish_seen_subcommand_from $commands" -f',
    ...all.map(
      (each) => `complete -c mlmodel -n "not __fish_seen_subcommand_from $commands" -a ${each.name} -d ${quote(each.summary)}`,
    ),
    'complete -c mlmodel -n "not __fish_seen_subcommand_from $commands" -l version -s V -d "Print the version"',
    'complete -c mlmodel -n "not __fish_seen_subcommand_from $commands" -l help -s h -d "Print the help"',
  ]
  for (const each of all) {
    const when = `complete -c mlmodel -n "__fish_seen_subcommand_from ${each.name}"`
    const words = operandWords(each)
    if (words.length > 0) lines.push(`${when}${takesFiles(each) ? '' : ' -f'} -a ${quote(words.join(' '))}`)
    for (const [name, option] of Object.entries(each.options)) {
      const short = option.short === undefined ? '' : ` -s ${option.short}`
      const value =
        option.value === undefined
          ? ''
          : option.choices !== undefined
            ? ` -x -a ${quote(option.choices.join(' '))}`
            : option.file === true
              ? ' -r -F'
              : ' -x'
      for (const [index, long] of [name, ...(option.aliases ?? [])].entries()) {
        lines.push(`${when} -l ${long}${index === 0 ? short : ''}${value} -d ${quote(option.text)}`)
      }
    }
  }
  return `${lines.join('\n')}\n`
}
