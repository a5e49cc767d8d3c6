/**
 * Gives enforced data to a graph as MLflow's ONNX wrapper does: a table as one matrix or one array per column, arrays by
 * name, and no cast but float64 to float32.
 *
 * @see mlflow/onnx/__init__.py, `_OnnxModelWrapper.predict`
 */
import { type Batch, type Cell, type Column, type Frame, isCellMap, isTensor, isValid, type Tensor } from '../batch.ts'
import { type Dtype, float16ToNumber, type NumericArray } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import { interleave, type MatrixMemory } from './matrix.ts'
import { pythonText } from './python-text.ts'

/** One input of a graph that takes a tensor. */
export interface FeedInput {
  readonly name: string
  readonly dtype: Dtype
  /** Undefined when the graph does not say; -1 is any size. */
  readonly shape: readonly number[] | undefined
}

/**
 * Makes the tensors of one run.
 *
 * @param strict - also takes what rule X5 of docs/differences.md allows: columns for inputs of shape [N,1], text columns
 *   for several inputs, one column for an input of rank 1
 * @param memory - for the matrix of a table, which is then good until the next is made
 * @throws ONNX_INPUT_FORM, ONNX_INPUT_MISSING, ONNX_INPUT_UNKNOWN, ONNX_INPUT_DTYPE, ONNX_INPUT_SHAPE, ONNX_INPUT_STRING
 */
export function feedTensors(
  data: Batch,
  inputs: readonly FeedInput[],
  strict: boolean,
  memory?: MatrixMemory,
): ReadonlyMap<string, Tensor> {
  const feeds = collect(data, inputs, strict, memory)
  for (const input of inputs) {
    const tensor = feeds.get(input.name)
    if (tensor !== undefined) feeds.set(input.name, fitted(input, tensor))
  }
  return feeds
}

function collect(
  data: Batch,
  inputs: readonly FeedInput[],
  strict: boolean,
  memory: MatrixMemory | undefined,
): Map<string, Tensor> {
  const names = inputs.map(({ name }) => name)
  switch (data.kind) {
    case 'array':
      if (inputs.length !== 1) throw new MlmodelError('ONNX_INPUT_FORM', { inputs: names, form: 'array' })
      return new Map([[inputs[0]!.name, data.tensor]])
    case 'frame':
      return inputs.length === 1
        ? new Map([[names[0]!, matrix(data, inputs[0]!, strict, memory)]])
        : byColumn(data, inputs, strict)
    case 'named':
      return byName(data.items, names)
    case 'value':
      if (isCellMap(data.value)) return byName(data.value, names)
      throw new MlmodelError('ONNX_INPUT_FORM', { inputs: names, form: 'a plain value' })
  }
}

function byName(items: ReadonlyMap<string, Tensor | Cell>, names: readonly string[]): Map<string, Tensor> {
  const given = [...items.keys()]
  const missing = names.filter((name) => !items.has(name))
  if (missing.length > 0) throw new MlmodelError('ONNX_INPUT_MISSING', { missing, given })
  const feeds = new Map<string, Tensor>()
  for (const [name, item] of items) {
    if (!names.includes(name)) throw new MlmodelError('ONNX_INPUT_UNKNOWN', { name, inputs: names })
    if (!isTensor(item)) throw new MlmodelError('ONNX_INPUT_FORM', { inputs: names, form: `a plain value for \`${name}\`` })
    feeds.set(name, item)
  }
  return feeds
}

/** Several inputs: `df[name].values` each; columns that no input wants are left. */
function byColumn(frame: Frame, inputs: readonly FeedInput[], strict: boolean): Map<string, Tensor> {
  const columns = new Map(frame.columns.map((column) => [column.name, column]))
  const missing = inputs.filter(({ name }) => !columns.has(name)).map(({ name }) => name)
  if (missing.length > 0)
    throw new MlmodelError('ONNX_INPUT_MISSING', { missing, given: frame.columns.map(({ name }) => String(name)) })
  return new Map(
    inputs.map((input) => {
      const column = columns.get(input.name)!
      if (!strict && column.dtype === 'string' && column.pandas === 'str')
        throw new MlmodelError('ONNX_INPUT_PANDAS_TEXT', { input: input.name })
      const shape = strict && isColumnShape(input.shape) ? [frame.rows, 1] : [frame.rows]
      return [input.name, matrixOf([column], frame.rows, input, shape)]
    }),
  )
}

const isColumnShape = (shape: readonly number[] | undefined) => shape?.length === 2 && (shape[1] === 1 || shape[1] === -1)

/** One input: `df.values`, all columns in their order whatever their names. */
function matrix(frame: Frame, input: FeedInput, strict: boolean, memory: MatrixMemory | undefined): Tensor {
  const width = frame.columns.length
  const shape = strict && width === 1 && input.shape?.length === 1 ? [frame.rows] : [frame.rows, width]
  return matrixOf(frame.columns, frame.rows, input, shape, memory)
}

/** A row-major matrix of columns in the type NumPy would give it, except that float64 for a float input is rounded at once. */
function matrixOf(
  columns: readonly Column[],
  rows: number,
  input: FeedInput,
  shape: readonly number[],
  memory?: MatrixMemory,
): Tensor {
  const found = commonDtype(columns)
  if (found === 'string' || found === 'object' || found === 'bytes') {
    return input.dtype === 'string'
      ? { dtype: 'string', values: texts(columns, rows), shape }
      : { dtype: 'object', values: [], shape }
  }
  if (found === 'complex64' || found === 'complex128' || found === 'datetime64') return { dtype: 'object', values: [], shape }
  const dtype = found === 'float64' && input.dtype === 'float32' ? 'float32' : found
  if (columns.length === 1 && columns[0]!.dtype === dtype && !hasMissing(columns[0]!)) {
    return { dtype, values: columns[0]!.values as NumericArray, shape }
  }
  return { dtype, values: interleave(columns, rows, dtype, memory), shape }
}

const hasMissing = (column: Column) => 'validity' in column && column.validity !== undefined

function texts(columns: readonly Column[], rows: number): readonly string[] {
  const values = new Array<string>(rows * columns.length)
  columns.forEach((column, position) => {
    for (let row = 0, at = position; row < rows; row++, at += columns.length) values[at] = textAt(column, row)
  })
  return values
}

/** What ONNX Runtime's Python binding makes of an element of an object array: `str(element)`. In a table a missing text is NaN, in an array None. */
function textAt(column: Column, row: number): string {
  const value = column.values[row]
  if (column.dtype === 'string') return (value as string | null) ?? 'nan'
  if ('validity' in column && !isValid(column.validity, row)) return 'nan'
  if (column.dtype === 'bool') return value ? 'True' : 'False'
  // Python's float and int, as pandas makes them of NumPy's.
  if (column.dtype === 'float16') return textOf(float16ToNumber(value as number))
  const isWhole = typeof value === 'number' && column.dtype !== 'object' && !column.dtype.startsWith('float')
  return isWhole ? String(value) : textOf(value as Cell)
}

function textOf(cell: Cell, input = ''): string {
  const text = pythonText(cell)
  if (text === undefined) throw new MlmodelError('ONNX_INPUT_STRING', { input, why: 'is an array or a date' })
  return text
}

const floatRank = { float16: 1, float32: 2, float64: 3 } as const
const integerBits: Partial<Record<Dtype, number>> = {
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
}

/**
 * The element type of `df.values`: NumPy's promotion, but object as soon as bool meets numbers, or text anything.
 *
 * @see pandas/core/dtypes/cast.py, `find_common_type`
 */
export function commonDtype(columns: readonly Column[]): Dtype {
  const kinds = new Set<Dtype>(columns.map((column) => (hasMissing(column) ? dtypeWithMissing(column.dtype) : column.dtype)))
  if (kinds.size === 1) return kinds.values().next().value!
  // pandas: an empty table is float64 (object since 2.0, but no graph takes either).
  if (kinds.size === 0) return 'float64'
  const parts = [...kinds]
  if (parts.some((dtype) => !(dtype in floatRank) && integerBits[dtype] === undefined)) return 'object'
  // NumPy begins with the strongest type: float16 with int8 and uint8 stays float16, though int8 with uint8 is int16.
  parts.sort((a, b) => strength(b) - strength(a))
  return parts.reduce(promote)
}

const strength = (dtype: Dtype) => (floatRank[dtype as keyof typeof floatRank] ?? 0) * 100 + (integerBits[dtype] ?? 0)

const dtypeWithMissing = (dtype: Dtype): Dtype =>
  dtype in floatRank ? dtype : dtype === 'bool' ? 'object' : integerBits[dtype] ? 'float64' : dtype

/** numpy.promote_types for two different numeric types. */
function promote(a: Dtype, b: Dtype): Dtype {
  const left = asFloat(a, b)
  const right = asFloat(b, a)
  if (left !== undefined || right !== undefined) {
    const rank = Math.max(left ?? 0, right ?? 0)
    return rank === 1 ? 'float16' : rank === 2 ? 'float32' : 'float64'
  }
  const signed = [a, b].filter((dtype) => dtype.startsWith('int'))
  const bitsOf = (dtype: Dtype) => integerBits[dtype]!
  if (signed.length !== 1) return bitsOf(a) >= bitsOf(b) ? a : b
  const unsignedBits = bitsOf(a.startsWith('uint') ? a : b)
  const bits = Math.max(bitsOf(signed[0]!), unsignedBits * 2)
  return bits > 64 ? 'float64' : (`int${bits}` as Dtype)
}

/** The float rank that `dtype` forces when it meets `other`; undefined when neither is a float. */
function asFloat(dtype: Dtype, other: Dtype): number | undefined {
  if (dtype in floatRank) return floatRank[dtype as keyof typeof floatRank]
  if (!(other in floatRank)) return undefined
  const bits = integerBits[dtype]!
  // float16 holds 8-bit integers, float32 16-bit ones, float64 all others (NumPy's rule).
  return bits <= 8 ? 1 : bits <= 16 ? 2 : 3
}

/** Casts what MLflow casts, and checks element type and shape before the runtime does, for a better message. */
function fitted(input: FeedInput, tensor: Tensor): Tensor {
  const cast = castFor(input, tensor)
  if (cast.dtype !== input.dtype) {
    throw new MlmodelError(
      'ONNX_INPUT_DTYPE',
      { input: input.name, found: tensor.dtype, wanted: input.dtype },
      { where: { column: input.name } },
    )
  }
  const { shape } = input
  if (shape !== undefined && !fits(cast.shape, shape)) {
    const wanted = `[${shape.map((size) => (size < 0 ? '?' : size)).join(', ')}]`
    throw new MlmodelError('ONNX_INPUT_SHAPE', { input: input.name, found: `[${cast.shape.join(', ')}]`, wanted })
  }
  if (cast.dtype === 'string') checkTexts(input.name, cast.values as readonly string[])
  return cast
}

function castFor(input: FeedInput, tensor: Tensor): Tensor {
  if (input.dtype === 'float32' && tensor.dtype === 'float64')
    return { dtype: 'float32', values: new Float32Array(tensor.values as Float64Array), shape: tensor.shape }
  if (input.dtype !== 'string') return tensor
  if (tensor.dtype === 'object' || tensor.dtype === 'bytes')
    return { dtype: 'string', values: tensor.values.map((cell) => textOf(cell as Cell, input.name)), shape: tensor.shape }
  if (tensor.dtype === 'string' && tensor.values.includes(null))
    return { ...tensor, values: tensor.values.map((text) => text ?? 'None') }
  return tensor
}

const fits = (found: readonly number[], wanted: readonly number[]) =>
  found.length === wanted.length && wanted.every((size, axis) => size < 0 || size === found[axis])

const halfSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** The binding cuts a text at a NUL and replaces lone surrogates, in silence. */
function checkTexts(input: string, texts: readonly string[]): void {
  for (const text of texts) {
    if (text.includes('\0')) throw new MlmodelError('ONNX_INPUT_STRING', { input, why: 'has a NUL character' })
    if (halfSurrogate.test(text)) throw new MlmodelError('ONNX_INPUT_STRING', { input, why: 'has half of a surrogate pair' })
  }
}
