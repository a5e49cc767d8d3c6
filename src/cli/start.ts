/** Gives the real process to {@link main}; `bin/mlmodel.js` calls it and nothing else. */
import { main } from './main.ts'
import { readEnvironment, type Terminal } from './terminal.ts'

/** Runs the command line of this process and sets its exit code. */
export function start(): void {
  const terminal = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: readEnvironment(process.env),
  }
  main(process.argv.slice(2), terminal).then(
    (code) => {
      process.exitCode = code
    },
    (error: unknown) => {
      // Only a stream that cannot be written ends here: nothing is left to tell it to.
      process.exitCode = 2
      process.stderr.write(`error: ${String(error)}\n`)
    },
  )
}
