/** Small parts of what is shown: counts, sizes, indented lines. */
import type { Ink } from './ink.ts'
import { grouped, wrap } from './table.ts'

export interface RenderOptions {
  readonly width: number
  readonly ink: Ink
  /** Lists everything: long signatures, all files, all operators. */
  readonly all: boolean
}

/** `1 file`, `2 files`. */
export function count(number: number, noun: string): string {
  return `${grouped(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** Bytes in decimal units, as disks and `ls --si` count. */
export function byteWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const units = ['kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = -1
  // 999,950 would round to 1000.0 kB.
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`
}

/** Lines two columns in. */
export function indented(text: string, width: number): string[] {
  return wrap(text, width - 2).map((line) => `  ${line}`)
}

/** The line for what is left out, or none. */
export function more(left: number, noun: string): string[] {
  return left > 0 ? [`  and ${count(left, `more ${noun}`)} (--all lists them)`] : []
}
