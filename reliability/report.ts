/** What a scenario prints: its figures beside their goals, and whether one was missed. */

export const isTiny = process.argv.includes('--tiny')
/** `--share=0.2`: a fifth of the counts and times. */
const share = Number(process.argv.find((argument) => argument.startsWith('--share='))?.slice(8) ?? 1)

/** A count or a time of the full run, or the one of a smoke run. */
export function size(full: number, tiny: number): number {
  return isTiny ? tiny : Math.max(tiny, Math.round(full * share))
}

let missed = 0

export function title(goal: string, text: string): void {
  console.log(`\n${goal}  ${text}${isTiny ? ' (tiny)' : share === 1 ? '' : ` (a share of ${share})`}`)
}

/** A figure without a goal. */
export function figure(name: string, value: string | number): void {
  console.log(`    ${name.padEnd(46)} ${value}`)
}

/** A figure that must hold; of speed only in a full run, because a smoke run shares its machine. */
export function goal(name: string, value: string | number, isMet: boolean, kind: 'always' | 'speed' = 'always'): void {
  const counts = kind === 'always' || !isTiny
  if (!isMet && counts) missed++
  console.log(`${isMet ? 'ok  ' : counts ? 'MISS' : 'slow'}${name.padEnd(46)} ${value}`.replace(/^(....)/, '$1 '))
}

export const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`
export const milliseconds = (value: number): string => `${value.toFixed(1)} ms`
export const answersText = (answers: ReadonlyMap<number, number>): string =>
  [...answers].map(([status, count]) => `${status === 0 ? 'closed' : status}: ${count}`).join(', ')

export function finish(): void {
  process.exitCode = missed === 0 ? 0 : 1
}
