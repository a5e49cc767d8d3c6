/** `predict --timeout`: the same command line in a process of its own, which is killed when its time is over. */
import { MlmodelError } from '../errors/index.ts'
import { runWithDeadline } from '../runner/deadline.ts'
import { removeUnfinished } from '../whole-file.ts'
import type { Terminal } from './terminal.ts'

/** A terminal that is closed ends its commands too (SIGHUP). */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

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
  for (const signal of endings) process.once(signal, onSignal)
  const run = runWithDeadline(again.executable, again.args, { milliseconds: seconds * 1000, abort: interrupt.signal })
  try {
    const ending = await run.ending
    if (ending.kind === 'exit') return ending.code
    if (output !== undefined && run.pid !== undefined) await removeUnfinished(output, run.pid)
    if (interrupt.signal.aborted || (ending.kind === 'signal' && ending.signal === 'SIGINT')) return 130
    if (ending.kind === 'deadline') throw new MlmodelError('PREDICT_DEADLINE', { seconds })
    throw new MlmodelError('PREDICT_DIED', { signal: ending.signal })
  } finally {
    for (const signal of endings) process.off(signal, onSignal)
  }
}
