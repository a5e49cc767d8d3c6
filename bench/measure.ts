/** What the benchmarks share: timing of whole processes, and the table of minimum, median and maximum. */
import { type SpawnOptions, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface ProcessFigures {
  readonly wallMs: number
  /** User and system time, from the accounting of finished children; resolution 10 ms, so sum over runs before dividing. */
  readonly cpuMs: number
  /** Highest resident memory seen. */
  readonly peakMb: number
  readonly stdout: string
}

/** CPU milliseconds of this process's finished children (Linux; clock ticks are 10 ms). */
export function childrenCpuMs(): number {
  // Fields 16 and 17 (cutime, cstime), counted after the command name, which may hold blanks.
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)!.split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}

/** Runs one process to its end; throws when it fails. */
export async function runProcess(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<ProcessFigures> {
  const cpuBefore = childrenCpuMs()
  const started = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let peakKb = 0
  const poll = setInterval(() => {
    try {
      peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0))
    } catch {
      // It has ended.
    }
  }, 5)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearInterval(poll)
  const wallMs = performance.now() - started
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr.slice(0, 2000)}`)
  return { wallMs, cpuMs: childrenCpuMs() - cpuBefore, peakMb: peakKb / 1024, stdout }
}

export interface Spread {
  readonly minimum: number
  readonly median: number
  readonly maximum: number
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { minimum: sorted[0]!, median, maximum: sorted.at(-1)! }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Prints one row: name, minimum, median, maximum. */
export function row(name: string, values: readonly number[], unit: string, digits = 1): void {
  const { minimum, median, maximum } = spread(values)
  const cell = (value: number) => value.toFixed(digits).padStart(9)
  console.log(`${name.padEnd(44)}${cell(minimum)}${cell(median)}${cell(maximum)}  ${unit}`)
}

/** Prints versions, machine and the heading of {@link row}. */
export function heading(title: string, runs: number): void {
  console.log(`\n${title}`)
  console.log(`node ${process.versions.node}, ${process.platform}-${process.arch}, ${runs} runs`)
  console.log(`${''.padEnd(44)}${'min'.padStart(9)}${'median'.padStart(9)}${'max'.padStart(9)}`)
}

/** A ratio with the target it is held against; nothing fails, a person reads it. */
export function ratio(name: string, value: number, target: number | undefined, better: 'lower' | 'higher' = 'lower'): void {
  const met =
    target === undefined
      ? ''
      : (better === 'lower' ? value <= target : value >= target)
        ? `  (target ${target}: met)`
        : `  (target ${target}: MISSED)`
  console.log(`ratio ${name}: ${value.toFixed(2)}×${met}`)
}

/** Whether only a smoke run is wanted. */
export const tiny = process.argv.includes('--tiny')

/** The value of `--name value`. */
export function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`)
  return at < 0 ? undefined : process.argv[at + 1]
}
