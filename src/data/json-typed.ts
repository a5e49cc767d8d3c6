/**
 * The fast reader of request bodies: straight from bytes to typed columns or tensors, driven by the signature. It knows
 * the well-formed plain bodies only, has no rule and no error of its own, and gives up on anything else; what it accepts
 * is what the exact reader and MLflow's enforcement would give, in strict and compat mode alike and without a warning.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import type { ArrayBatch, Frame, NamedBatch } from '../batch.ts'
import type { Signature } from '../signature.ts'
import { readColumnLists, readOnlyColumn, readRecords, readSplit, takesKnownHead } from './json-typed/columns.ts'
import {
  bail,
  type Cursor,
  closeObject,
  colon,
  expect,
  nextByte,
  openList,
  openObject,
  type Stage,
  takes,
} from './json-typed/cursor.ts'
import { type Plan, planOf } from './json-typed/plan.ts'
import { readNamedTensors, readOnlyTensor } from './json-typed/tensors.ts'

/** Numbers of a body kept between calls; more than this is given back after the call. */
const keptNumbers = 1 << 17

/** The one scratch space: reading is synchronous, so no two bodies are read at once. */
let kept: Float64Array = new Float64Array(4096)

/**
 * Reads a plain body for a signature; undefined when the exact reader must decide. The caller has checked the body's
 * size, and that the model's signature is not one of type hints, which has other rules.
 *
 * @param signature - its plan is worked out at the first call and kept as long as the object lives
 */
export function readTyped(body: Uint8Array, signature: Signature): Frame | NamedBatch | ArrayBatch | undefined {
  const plan = planOf(signature)
  if (plan === undefined) return undefined
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (!endsInBrace(bytes)) return undefined
  const ascii = isAscii(bytes)
  if (!ascii && !isUtf8(bytes)) return undefined
  const stage: Stage = { values: kept, used: 0, wide: undefined }
  try {
    return readBody({ bytes, ascii, at: 0 }, plan, stage)
  } catch (error) {
    if (error === bail) return undefined
    throw error
  } finally {
    if (stage.values.length <= keptNumbers) kept = stage.values
  }
}

/** A last byte `}` stops every number and every word before the end. */
function endsInBrace(bytes: Uint8Array): boolean {
  let last = bytes.length - 1
  while (last >= 0 && (bytes[last] === 0x20 || bytes[last] === 0x0a || bytes[last] === 0x0d || bytes[last] === 0x09)) last--
  return bytes[last] === closeObject
}

const splitKey = Buffer.from('"dataframe_split"')
const recordsKey = Buffer.from('"dataframe_records"')
const inputsKey = Buffer.from('"inputs"')
const instancesKey = Buffer.from('"instances"')

/** A body with one key; `params` and unknown keys are for the exact reader. */
function readBody(cursor: Cursor, plan: Plan, stage: Stage): Frame | NamedBatch | ArrayBatch {
  if (plan.kind === 'columns') {
    const known = takesKnownHead(cursor, plan.heads)
    if (known !== undefined) return readSplit(cursor, plan, stage, known)
  }
  expect(cursor, openObject)
  nextByte(cursor)
  if (plan.kind === 'columns' && takes(cursor, splitKey)) {
    expect(cursor, colon)
    return readSplit(cursor, plan, stage)
  }
  if (plan.kind === 'columns' && takes(cursor, recordsKey)) {
    expect(cursor, colon)
    expect(cursor, openList)
    return readRecords(cursor, plan.columns, stage, true)
  }
  const inputs = takes(cursor, inputsKey)
  if (!inputs && !takes(cursor, instancesKey)) throw bail
  expect(cursor, colon)
  const byte = nextByte(cursor)
  if (plan.kind === 'tensors') {
    if (byte === openList && plan.tensors.length === 1) return readOnlyTensor(cursor, plan.tensors[0]!, stage)
    if (byte !== openObject) throw bail
    cursor.at++
    return readNamedTensors(cursor, plan.tensors, stage, !inputs)
  }
  cursor.at++
  if (byte === openObject) return readColumnLists(cursor, plan.columns, stage)
  if (byte !== openList) throw bail
  if (nextByte(cursor) === openObject) return readRecords(cursor, plan.columns, stage, false)
  if (plan.columns.length > 1) throw bail
  return readOnlyColumn(cursor, plan.columns, stage)
}
