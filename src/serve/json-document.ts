/** A JSON document written down in code: names of a model keep their order (Map), whole numbers their digits (bigint). */
import type { Cell } from '../batch.ts'
import { writeIndentedJson } from '../json/indented.ts'
import { writeJsonValue } from '../json.ts'

export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonMap | JsonObject
export type JsonMap = ReadonlyMap<string, Json>
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** The document as a cell, which our JSON writer takes; a key of an undefined value is left out. */
export function documentCell(value: Json): Cell {
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return (value as readonly Json[]).map(documentCell)
  const entries = value instanceof Map ? [...(value as JsonMap)] : Object.entries(value as JsonObject)
  return new Map(entries.flatMap(([key, item]) => (item === undefined ? [] : [[key, documentCell(item)] as const])))
}

/** The document as one line, or over several. */
export function writeDocument(value: Json, layout: 'line' | 'lines'): string {
  return layout === 'line' ? writeJsonValue(documentCell(value)) : `${writeIndentedJson(documentCell(value))}\n`
}
