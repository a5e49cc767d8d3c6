/**
 * Bodies of Azure Machine Learning's online endpoints: MLflow's data under `input_data`.
 *
 * @see learn.microsoft.com, "Deploy MLflow models to online endpoints"; what its server answers is in the tests
 */
import { type Cell, type CellMap, isCellMap } from '../batch.ts'

/** Turns a body of MLflow's protocol into one of Azure's: tables as columns, index and data; everything else as it stands. */
export function azureRequest(body: CellMap): CellMap {
  const params = body.get('params')
  const entries: [string, Cell][] = [['input_data', inputData(body)]]
  if (isCellMap(params) && params.size > 0) entries.push(['params', params])
  return new Map(entries)
}

function inputData(body: CellMap): Cell {
  const split = body.get('dataframe_split')
  if (isCellMap(split)) return splitData(split.get('columns') ?? null, (split.get('data') ?? []) as readonly Cell[])
  const records = body.get('dataframe_records')
  if (Array.isArray(records)) return recordsData(records as readonly CellMap[])
  return body.get('inputs') ?? body.get('instances') ?? new Map([...body].filter(([key]) => key !== 'params'))
}

function splitData(columns: Cell, data: readonly Cell[]): Cell {
  const width = Array.isArray(data[0]) ? data[0].length : 0
  return new Map<string, Cell>([
    ['columns', columns ?? Array.from({ length: width }, (_, index) => BigInt(index))],
    ['index', data.map((_, index) => BigInt(index))],
    ['data', data],
  ])
}

function recordsData(records: readonly CellMap[]): Cell {
  const columns = [...new Set(records.flatMap((record) => [...record.keys()]))]
  return splitData(
    columns,
    records.map((record) => columns.map((column) => record.get(column) ?? null)),
  )
}
