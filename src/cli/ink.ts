/** Colour: only where a stream wants it, and never the only carrier of a meaning. */
import type { Environment, OutputStream } from './terminal.ts'

type Paint = (text: string) => string

/** The few styles in use: bold and dim for weight, red for errors, yellow for warnings, cyan for hints and paths, green for commands. */
export interface Ink {
  readonly bold: Paint
  readonly dim: Paint
  readonly red: Paint
  readonly yellow: Paint
  readonly cyan: Paint
  readonly green: Paint
}

const plainPaint: Paint = (text) => text

/** Leaves every text as it is. */
export const plain: Ink = {
  bold: plainPaint,
  dim: plainPaint,
  red: plainPaint,
  yellow: plainPaint,
  cyan: plainPaint,
  green: plainPaint,
}

export type ColorChoice = 'auto' | 'always' | 'never'

/** Decides whether a stream gets colour: the option first, then NO_COLOR, FORCE_COLOR, TERM=dumb, then whether it is a terminal. */
export function wantsColor(stream: OutputStream, choice: ColorChoice | undefined, environment: Environment): boolean {
  if (choice === 'always' || choice === 'never') return choice === 'always'
  if (environment.noColor) return false
  if (environment.forceColor) return true
  return stream.isTTY === true && !environment.dumb
}

/** Loads chalk only when some stream is coloured: a piped command does without. */
export async function colorInk(): Promise<Ink> {
  const { Chalk } = await import('chalk')
  // 16 colours: they follow the person's own terminal theme.
  const chalk = new Chalk({ level: 1 })
  return { bold: chalk.bold, dim: chalk.dim, red: chalk.red, yellow: chalk.yellow, cyan: chalk.cyan, green: chalk.green }
}
