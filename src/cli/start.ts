/** Gives the real process to {@link main}; `bin/mlmodel.js` calls it and nothing else. */
import { directStream } from './direct-stream.ts'
import { main } from './main.ts'
import { readEnvironment, type Terminal } from './terminal.ts'

/** Runs the command line of this process and sets its exit code. */
export function start(): void {
  const given = process.argv.slice(2)
  // A model's process: told what to do through its channel.
  if (given[0] === '__runner' && given.length === 1 && process.connected) {
    void import('../runner/child.ts').then(({ serveRunner }) => serveRunner())
    return
  }
  // A runner process of a server: told what to do through its pipe.
  if (given[0] === '__serve-runner') {
    void import('../serve/worker.ts').then(({ serveWorker }) => serveWorker())
    return
  }
  // The hidden subcommand of a child process: the command line of its parent follows.
  const inRunner = given[0] === '__runner'
  const args = inRunner ? given.slice(1) : given
  const executable = { path: process.execPath, prefix: [...process.execArgv, process.argv[1] ?? ''] }
  const terminal: Terminal = {
    // Node opens it when it is first asked for, which costs 7 ms: most commands read none.
    get stdin() {
      return process.stdin
    },
    stdout: directStream(1, () => process.stdout),
    stderr: directStream(2, () => process.stderr),
    environment: readEnvironment(process.env),
    ...(!inRunner && { again: { executable, args: ['__runner', ...args] } }),
  }
  if (inRunner) void import('../runner/parent-watch.ts').then(({ endWithParent }) => endWithParent())
  main(args, terminal).then(
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
