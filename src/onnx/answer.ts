/** What a graph answered, in the form MLflow gives it: a table for a table, arrays by name for arrays. */
import { type Batch, type Cell, type Column, elementCount, isTensor, type Tensor } from '../batch.ts'
import { MlmodelError } from '../errors/index.ts'

/** An output: a tensor, or the list that a sequence or a ZipMap is. */
export type Answer = Tensor | readonly Cell[]

/**
 * Makes the batch of one run.
 *
 * A table gets a column per output. MLflow flattens every output, so that probabilities of shape (n, 3) become 3n rows,
 * or fail beside labels of shape (n). `strict` keeps rank (rule L9 of docs/differences.md): where an output has several
 * values a row, the column holds a tensor per row.
 *
 * @throws ONNX_OUTPUT_LENGTHS when the outputs make no table
 */
export function answerBatch(answers: ReadonlyMap<string, Answer>, form: 'table' | 'arrays', strict: boolean): Batch {
  if (form === 'arrays') return { kind: 'named', items: answers }
  const rows = strict ? sharedRows(answers) : undefined
  const columns = [...answers].map(([name, answer]) =>
    rows === undefined ? flatColumn(name, answer) : rowColumn(name, answer, rows),
  )
  const lengths = new Set(columns.map(({ values }) => values.length))
  if (lengths.size > 1)
    throw new MlmodelError('ONNX_OUTPUT_LENGTHS', {
      shapes: [...answers].map(([name, answer]) => `\`${name}\` ${shapeText(answer)}`),
    })
  return { kind: 'frame', rows: columns[0]?.values.length ?? 0, columns }
}

const shapeText = (answer: Answer) => (isTensor(answer) ? `[${answer.shape.join(', ')}]` : `[${answer.length}]`)

/** The first dimension, when all outputs have one and it is the same. */
function sharedRows(answers: ReadonlyMap<string, Answer>): number | undefined {
  const sizes = new Set([...answers.values()].map((answer) => (isTensor(answer) ? answer.shape[0] : answer.length)))
  return sizes.size === 1 ? sizes.values().next().value : undefined
}

function rowColumn(name: string, answer: Answer, rows: number): Column {
  if (!isTensor(answer)) return { name, dtype: 'object', values: answer }
  const shape = answer.shape.slice(1)
  const size = elementCount(shape)
  if (size === 1) return flatColumn(name, answer)
  const values = Array.from(
    { length: rows },
    (_, row) => ({ ...answer, shape, values: answer.values.slice(row * size, (row + 1) * size) }) as Tensor,
  )
  return { name, dtype: 'object', values }
}

/** `numpy.asarray(output).reshape(-1)` as a pandas column. */
function flatColumn(name: string, answer: Answer): Column {
  if (!isTensor(answer)) return listColumn(name, answer)
  if (answer.dtype === 'string') return { name, dtype: 'string', values: answer.values, pandas: 'str' }
  return { name, dtype: answer.dtype, values: answer.values } as Column
}

function listColumn(name: string, answer: readonly Cell[]): Column {
  const tensors = answer.filter((cell) => isTensor(cell))
  if (tensors.length === 0) return { name, dtype: 'object', values: answer }
  const stacked = stackTensors(tensors)
  if (stacked === undefined)
    throw new MlmodelError('ONNX_OUTPUT_LENGTHS', { shapes: tensors.map((tensor) => `\`${name}\` ${shapeText(tensor)}`) })
  return flatColumn(name, stacked)
}

/** One tensor of tensors of equal shape; undefined when shapes differ, which NumPy refuses too. */
function stackTensors(tensors: readonly Tensor[]): Tensor | undefined {
  const first = tensors[0]!
  if (tensors.some(({ shape, dtype }) => dtype !== first.dtype || shape.join() !== first.shape.join())) return undefined
  const shape = [tensors.length, ...first.shape]
  if (Array.isArray(first.values)) return { ...first, shape, values: tensors.flatMap(({ values }) => values as Cell[]) } as Tensor
  const size = elementCount(first.shape)
  const values = new (first.values.constructor as new (length: number) => Float64Array)(size * tensors.length)
  for (const [index, tensor] of tensors.entries()) values.set(tensor.values as Float64Array, index * size)
  return { ...first, shape, values } as Tensor
}
