/**
 * Numbers in a JSON text that no double holds, such as `1e400`: once parsed they look like the token `Infinity`, which is
 * meant as such (rule L6).
 */
import { jsonPath } from '../json.ts'
import type { Path } from './sink.ts'
import { type Cell, isCellMap, isList } from './values.ts'

const token = /"(?:[^"\\]|\\.)*"|-?Infinity|-?\d[\d.eE+-]*/gs

/**
 * Finds their places.
 *
 * @param value - the text, parsed; without duplicate keys, so that both have one order
 */
export function findOverflows(body: Uint8Array, value: Cell): ReadonlySet<string> {
  const infinite: Path[] = []
  collect(value, [], infinite)
  if (infinite.length === 0) return new Set()
  const overflows: boolean[] = []
  // Bytes of UTF-16 and UTF-32 read as Latin-1 are ASCII with NUL between.
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1').replaceAll('\0', '')
  for (const [word] of text.matchAll(token)) {
    if (word.startsWith('"')) continue
    if (word.endsWith('y')) overflows.push(false)
    else if (/[.eE]/.test(word) && !Number.isFinite(Number(word))) overflows.push(true)
  }
  return new Set(infinite.filter((_, index) => overflows[index] === true).map(jsonPath))
}

function collect(value: Cell, path: Path, infinite: Path[]): void {
  if (typeof value === 'number') {
    if (Math.abs(value) === Number.POSITIVE_INFINITY) infinite.push(path)
  } else if (isList(value)) {
    for (const [index, item] of value.entries()) collect(item, [...path, index], infinite)
  } else if (isCellMap(value)) for (const [key, item] of value) collect(item, [...path, key], infinite)
}
