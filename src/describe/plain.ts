/** Values of files → JSON without loss. */
import { type Cell, isMoment, isTensor } from '../batch.ts'
import { writeJsonValue } from '../json.ts'
import type { YamlMap, YamlValue } from '../yaml.ts'
import type { Plain } from './description.ts'

/** A cell or a YAML value as JSON: see {@link Plain} for what JSON cannot hold; dates are ISO text, bytes base64. */
export function toPlain(value: Cell | YamlValue | undefined): Plain {
  if (value === undefined || value === null) return null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object') return value
  if (value instanceof Map) return mapToPlain(value as YamlMap)
  if (Array.isArray(value)) return value.map((item: Cell | YamlValue) => toPlain(item))
  // What remains is written by MLflow's rules as one JSON string, or lists of numbers.
  if (value instanceof Uint8Array || isMoment(value as Cell) || isTensor(value as Cell))
    return JSON.parse(writeJsonValue(value as Cell)) as Plain
  return String(value)
}

/** A map as an object; a key `__proto__` becomes a key like any other. */
export function mapToPlain(map: YamlMap | undefined): { readonly [key: string]: Plain } {
  return Object.fromEntries([...(map ?? [])].map(([key, value]) => [String(key), toPlain(value)]))
}
