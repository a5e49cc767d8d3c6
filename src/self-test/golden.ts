/** `mlmodel-golden.json`: requests and the answers that a model must still give (schemas/golden.schema.json). */
import { randomBytes } from 'node:crypto'
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Cell, type CellMap, isCellMap } from '../batch.ts'
import { MlmodelError } from '../errors/index.ts'
import { parseJson, writeJsonValue } from '../json.ts'
import { checkSchema } from '../schema.ts'
import type { Tolerance } from './cells.ts'

/** The file's name in the model's folder. */
export const goldenName = 'mlmodel-golden.json'

/** Bytes of the file; a few rows each are enough to see a change. */
export const goldenBytes = 64 << 20

/** What a float32 graph gives on another processor, or with another ONNX Runtime, stays within this. */
export const defaultTolerance: Tolerance = { relative: 1e-5, absolute: 1e-6 }

export interface GoldenCase {
  /** A body of MLflow's scoring protocol. */
  readonly request: CellMap
  /** What the reply has under `predictions`. */
  readonly predictions: Cell
}

export interface Golden {
  readonly tolerance: Tolerance
  readonly cases: readonly GoldenCase[]
}

/**
 * Reads the file's text.
 *
 * @throws JSON_*; GOLDEN_SCHEMA where it is JSON of another form
 */
export function parseGolden(bytes: Uint8Array): Golden {
  const { value } = parseJson(bytes, { where: { file: goldenName } })
  const [problem] = checkSchema('golden', value)
  if (problem !== undefined) throw new MlmodelError('GOLDEN_SCHEMA', problem, { where: { file: goldenName } })
  const document = value as CellMap
  const tolerance = document.get('tolerance') as CellMap
  return {
    tolerance: { relative: Number(tolerance.get('relative')), absolute: Number(tolerance.get('absolute')) },
    cases: (document.get('cases') as readonly CellMap[]).map((one) => ({
      request: one.get('request') as CellMap,
      predictions: one.get('predictions') ?? null,
    })),
  }
}

/** The file's text; a case is a line, so that a change is seen in a review. */
export function goldenText({ tolerance, cases }: Golden, recordedWith: string): string {
  const lines = cases.map(
    ({ request, predictions }) => `    {"request": ${writeJsonValue(request)}, "predictions": ${writeJsonValue(predictions)}}`,
  )
  return `{
  "golden": 1,
  "recorded_with": ${JSON.stringify(recordedWith)},
  "tolerance": {"relative": ${tolerance.relative}, "absolute": ${tolerance.absolute}},
  "cases": [
${lines.join(',\n')}
  ]
}
`
}

/**
 * Puts the file into a model's folder, whole or not at all.
 *
 * @throws OUTPUT_NOT_WRITTEN
 */
export async function writeGolden(directory: string, text: string): Promise<string> {
  const path = join(directory, goldenName)
  const temporary = join(directory, `.${goldenName}.${randomBytes(6).toString('hex')}`)
  try {
    const handle = await open(temporary, 'wx', 0o644)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new MlmodelError('OUTPUT_NOT_WRITTEN', { path, why: cause instanceof Error ? cause.message : String(cause) }, { cause })
  }
  return path
}

/** The value of a reply's `predictions`. */
export function predictionsOf(reply: Uint8Array): Cell {
  const { value } = parseJson(reply)
  return isCellMap(value) && value.has('predictions') ? value.get('predictions')! : value
}
