/** The example that was stored with a model, as a body of MLflow's scoring protocol. */
import { type Cell, type CellMap, isCellMap } from '../batch.ts'
import { parseJson } from '../json.ts'
import { defaultLimits } from '../limits.ts'
import type { InputExample, Mlmodel } from '../mlmodel.ts'
import { readInside } from '../paths.ts'

export interface StoredRequest {
  readonly body: CellMap
  /** The file itself, where it holds the body. */
  readonly text?: string
  readonly file: string
}

/**
 * Reads the stored request, or makes one of the stored example where an older MLflow wrote no request.
 *
 * @returns undefined where there is none, or none that a server takes (sparse matrices)
 * @throws PATH_*, FILE_*, JSON_*
 */
export async function readStoredRequest(model: Mlmodel): Promise<StoredRequest | undefined> {
  const example = model.inputExample
  if (example === undefined) return undefined
  if (example.servingInputPath !== undefined) {
    const { text, value } = await readJsonFile(model, example.servingInputPath)
    return isCellMap(value) ? { body: value, text, file: example.servingInputPath } : undefined
  }
  const { value } = await readJsonFile(model, example.artifactPath)
  const body = exampleBody(value, example)
  return body.size === 0 ? undefined : { body, file: example.artifactPath }
}

/** The body of a request that a stored example stands for; empty where no request can hold it (sparse matrices). */
export function exampleBody(value: Cell, example: InputExample): CellMap {
  const data = example.hasParams && isCellMap(value) ? (value.get('inputs') ?? null) : value
  return new Map([...bodyOf(data, example.type, example.pandasOrient), ...paramsOf(value, example.hasParams)])
}

async function readJsonFile(model: Mlmodel, path: string): Promise<{ readonly text: string; readonly value: Cell }> {
  const bytes = await readInside(model.directory, path, defaultLimits.jsonBytes, { file: model.file })
  return { text: Buffer.from(bytes).toString('utf8'), value: parseJson(bytes, { where: { file: path } }).value }
}

function bodyOf(data: Cell, type: string, orient: string | undefined): readonly (readonly [string, Cell])[] {
  switch (type) {
    case 'dataframe':
      return [[orient === 'records' ? 'dataframe_records' : 'dataframe_split', data]]
    case 'ndarray':
      // MLflow 1.x stored the form of TensorFlow Serving.
      return isCellMap(data) && data.size === 1 && data.has('inputs') ? [...data] : [['inputs', data]]
    case 'json_object':
      return isCellMap(data) && ['messages', 'prompt', 'input'].some((key) => data.has(key)) ? [...data] : [['inputs', data]]
    default:
      return []
  }
}

function paramsOf(value: Cell, hasParams: boolean): readonly (readonly [string, Cell])[] {
  const params = hasParams && isCellMap(value) ? value.get('params') : undefined
  return params === undefined ? [] : [['params', params]]
}
