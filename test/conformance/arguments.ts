/** The command line of the five runners: a path, and where it applies `--compat mlflow`. */

export interface RunnerArguments {
  readonly path: string
  readonly mode: 'strict' | 'compat'
  /** A folder or file to import in place of the packed, installed package. */
  readonly from?: string
}

/** Reads them; from here on whatever keeps the runner from judging is one line on stderr and exit code 2. */
export function readArguments(argv: readonly string[], usage: string): RunnerArguments {
  process.on('uncaughtException', (error) => {
    console.error(error.message)
    process.exit(2)
  })
  let mode: 'strict' | 'compat' = 'strict'
  let from: string | undefined = process.env['MLMODEL_UNDER_TEST'] || undefined
  const paths: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at]!
    if (argument === '--compat' && argv[at + 1] === 'mlflow') {
      mode = 'compat'
      at++
    } else if (argument === '--compat=mlflow') mode = 'compat'
    else if (argument === '--from' && argv[at + 1] !== undefined) from = argv[++at]!
    else if (argument.startsWith('-')) throw new Error(`unknown option ${argument}; usage: ${usage}`)
    else paths.push(argument)
  }
  if (paths.length !== 1) throw new Error(`usage: ${usage}`)
  return { path: paths[0]!, mode, ...(from === undefined ? {} : { from }) }
}
