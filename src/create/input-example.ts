/**
 * The input example of a model, as MLflow stores it: the data alone, and as a request.
 *
 * @see mlflow/models/utils.py (_Example)
 */
import { type Cell, type CellMap, isCellMap, type Tensor } from '../batch.ts'
import { subArray } from '../enforce/numpy.ts'
import type { Table } from '../enforce/pandas-frame.ts'
import { cellAt, cellsOf, isMissing, type NumpyArray, type ValueDtype } from '../enforce/values.ts'
import type { Sample } from '../infer/index.ts'
import { writeIndentedJson } from '../json/indented.ts'
import { writeJsonValue } from '../json.ts'
import type { YamlValue } from '../yaml.ts'

/** Rows kept of a sample; it may be a whole data set. */
const mostRows = 5

export interface StoredExample {
  /** File name → text. */
  readonly files: ReadonlyMap<string, string>
  /** `saved_input_example_info`. */
  readonly info: ReadonlyMap<string, YamlValue>
  /** The request as JSON. */
  readonly request: string
}

/**
 * Takes the beginning of a sample as the example. A NaN is written as null, which Python reads back as NaN: MLflow's own NaN is no JSON.
 *
 * @param whole keep all rows: the graph has a fixed number of them
 */
export function inputExample(sample: Sample, params: CellMap | undefined, whole: boolean): StoredExample {
  const rows = whole ? Number.POSITIVE_INFINITY : mostRows
  const { data, form, type } = dataOf(sample, rows)
  const isChat =
    form === 'inputs' &&
    type.get('type') === 'json_object' &&
    isCellMap(data) &&
    ['messages', 'prompt', 'input'].some((key) => data.has(key))
  const hasParams = params !== undefined && params.size > 0
  const stored: Cell = hasParams ? map(['inputs', data], ['params', params]) : data
  const body = isChat ? new Map(data as CellMap) : map([form, data])
  if (hasParams) for (const [key, value] of isChat ? params : map(['params', params])) body.set(key, value)
  const request = writeIndentedJson(body)
  return {
    files: new Map([
      ['input_example.json', writeJsonValue(stored)],
      ['serving_input_example.json', request],
    ]),
    info: new Map<string, YamlValue>([
      ['artifact_path', 'input_example.json'],
      ...[...type].filter(([key]) => key === 'pandas_orient'),
      ...(hasParams ? [['params', 'true'] as const] : []),
      ['serving_input_path', 'serving_input_example.json'],
      ['type', type.get('type')!],
    ]),
    request,
  }
}

interface ExampleData {
  readonly data: Cell
  readonly form: 'dataframe_split' | 'inputs'
  readonly type: ReadonlyMap<string, string>
}

function dataOf(sample: Sample, rows: number): ExampleData {
  const ndarray = new Map([['type', 'ndarray']])
  switch (sample.kind) {
    case 'table': {
      const isNumbered = sample.head.columns.every(({ name }, index) => name === index)
      const type = new Map([
        ['type', 'dataframe'],
        ['pandas_orient', isNumbered ? 'values' : 'split'],
      ])
      return { data: splitOf(sample.head, rows, isNumbered), form: 'dataframe_split', type }
    }
    case 'array':
      return { data: nested(firstRows(sample.array.tensor, rows)), form: 'inputs', type: ndarray }
    case 'arrays': {
      const tensors = [...sample.arrays].map(([name, { tensor }]) => [name, tensor] as const)
      // Arrays of one length are rows; others are kept as they are.
      const isRows = new Set(tensors.map(([, { shape }]) => shape[0])).size === 1
      return {
        data: map(...tensors.map(([name, tensor]) => [name, nested(isRows ? firstRows(tensor, rows) : tensor)] as const)),
        form: 'inputs',
        type: ndarray,
      }
    }
    case 'value':
      return { data: sample.value, form: 'inputs', type: new Map([['type', 'json_object']]) }
  }
}

function splitOf({ columns, rows }: Table, most: number, isNumbered: boolean): Cell {
  const count = Math.min(rows, most)
  const cells = columns.map(({ series }) => cellsOf(series))
  const data = Array.from({ length: count }, (_, row) => cells.map((column) => withoutNaN(column[row]!)))
  const names = columns.map(({ name }): Cell => (typeof name === 'number' ? BigInt(name) : name))
  return isNumbered ? map(['data', data]) : map(['columns', names], ['data', data])
}

function firstRows(tensor: Tensor, most: number): Tensor {
  const [rows = 0, ...rest] = tensor.shape
  if (tensor.shape.length === 0 || rows <= most) return tensor
  const size = rest.reduce((product, length) => product * length, 1)
  const values = (tensor.values as Float64Array).slice(0, most * size)
  return { ...tensor, shape: [most, ...rest], values } as Tensor
}

/** `ndarray.tolist()`. */
function nested(tensor: Tensor): Cell {
  if (tensor.shape.length === 0) return withoutNaN(cellAt(tensor.dtype as ValueDtype, tensor.values, 0))
  if (tensor.shape.length === 1) {
    return Array.from({ length: tensor.shape[0]! }, (_, index) =>
      withoutNaN(cellAt(tensor.dtype as ValueDtype, tensor.values, index)),
    )
  }
  return Array.from({ length: tensor.shape[0]! }, (_, index) => nested(subArray(tensor as NumpyArray, index) as Tensor))
}

function withoutNaN(cell: Cell): Cell {
  return isMissing(cell) ? null : cell
}

function map(...entries: readonly (readonly [string, Cell])[]): Map<string, Cell> {
  return new Map(entries)
}
