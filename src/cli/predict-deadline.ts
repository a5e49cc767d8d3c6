/** `predict --timeout`: the same command line in a process of its own, which is killed when its time is over. */
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import { runWithDeadline } from '../runner/deadline.ts'
import { temporaryName } from './output-file.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs a prediction under a deadline. The child writes stdout and stderr itself; its exit code is ours.
 *
 * @throws PREDICT_DEADLINE, PREDICT_DIED
 */
export async function predictWithDeadline(
  again: NonNullable<Terminal['again']>,
  seconds: number,
  output: string | undefined,
): Promise<number> {
  const interrupt = new AbortController()
  const onSignal = (): void => interrupt.abort()
  // This process only waits, so unlike the one that scores it may handle signals.
  process.once('SIGINT', onSignal)
  process.once('SIGTERM', onSignal)
  const run = runWithDeadline(again.executable, again.args, { milliseconds: seconds * 1000, abort: interrupt.signal })
  try {
    const ending = await run.ending
    if (ending.kind === 'exit') return ending.code
    if (output !== undefined && run.pid !== undefined) await removePart(output, run.pid)
    if (interrupt.signal.aborted || (ending.kind === 'signal' && ending.signal === 'SIGINT')) return 130
    if (ending.kind === 'deadline') throw new MlmodelError('PREDICT_DEADLINE', { seconds })
    throw new MlmodelError('PREDICT_DIED', { signal: ending.signal })
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

/** Removes what the process left of its output, a file or a folder of results. */
async function removePart(output: string, pid: number): Promise<void> {
  await rm(join(dirname(output), temporaryName(basename(output), pid)), { force: true })
  for (const name of await readdir(output, { recursive: true }).catch(() => [])) {
    const file = basename(name)
    if (file.startsWith('.') && file.endsWith(temporaryName('', pid).slice(1))) await rm(join(output, name), { force: true })
  }
}
