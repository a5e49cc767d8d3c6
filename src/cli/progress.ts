/** Progress of long work on stderr: only on a terminal, only after a second, never with `--quiet` or in CI. */
import type { Console } from './command.ts'
import type { startSpinner } from './spinner.ts'

const quietMilliseconds = 1000

export interface Progress {
  /** Rows done so far. */
  rows(count: number): void
  stop(): void
}

/** Opens progress for one command; silent where nobody looks. */
export function openProgress(console: Console): Progress {
  const { stderr, environment } = console.terminal
  if (stderr.isTTY !== true || console.quiet || environment.ci || environment.dumb) return { rows: () => {}, stop: () => {} }
  const started = performance.now()
  let spinner: ReturnType<typeof startSpinner> | undefined
  let stopped = false
  let latest = 0
  const timer = setTimeout(show, quietMilliseconds)
  timer.unref()
  async function show(): Promise<void> {
    const { startSpinner } = await import('./spinner.ts')
    if (!stopped) spinner = startSpinner(stderr, text())
  }
  const text = (): string =>
    latest === 0
      ? 'scoring'
      : `${latest.toLocaleString('en')} rows, ${Math.round(latest / ((performance.now() - started) / 1000)).toLocaleString('en')} a second`
  return {
    rows(count) {
      latest = count
      if (spinner !== undefined) spinner.text = text()
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      spinner?.stop()
    },
  }
}
