/**
 * Whether every row of a graph's outputs depends on the same row of its inputs alone, so that a long table may be scored
 * block by block with the answers of the whole. Cautious: what is not known to keep rows apart is taken to mix them.
 */
import { type AttributeReader, attributeReader } from './attribute.ts'
import type { OnnxNode } from './graph.ts'
import type { OnnxModel } from './model.ts'
import { type OnnxTensor, smallIntegers } from './tensor-proto.ts'

/** A size of one row; undefined where the graph does not say. */
type Size = number | undefined

type Value =
  /** Does not depend on the data. */
  | { readonly kind: 'constant'; readonly dims: readonly number[] | undefined; readonly integers?: readonly number[] | undefined }
  /** Rows along the first axis; `row` are the sizes behind it. */
  | { readonly kind: 'rows'; readonly row: readonly Size[] }
  | { readonly kind: 'mixed' }

const mixed: Value = { kind: 'mixed' }
const rowsOf = (row: readonly Size[]): Value => ({ kind: 'rows', row })

/** A node with what flows into it. */
interface Step {
  readonly node: OnnxNode
  readonly inputs: readonly Value[]
  readonly read: AttributeReader
  readonly opset: number
}

/** Whether all outputs of the model keep the rows of all its inputs. */
export function isRowwise(model: OnnxModel): boolean {
  const { bytes, graph } = model
  const read = attributeReader(bytes)
  const opset = model.opsets.find(({ domain }) => domain === '')?.version ?? 1
  const values = new Map<string, Value>([['', { kind: 'constant', dims: [] }]])
  for (const tensor of graph.initializers) values.set(tensor.name, constantOf(bytes, tensor))
  for (const { values: sparse } of graph.sparseInitializers) values.set(sparse.name, { kind: 'constant', dims: undefined })
  for (const { name, type } of model.inputs) {
    const shape = type.kind === 'tensor' ? type.shape : undefined
    if (shape === undefined || shape.length === 0 || typeof shape[0] === 'number') return false
    values.set(name, rowsOf(shape.slice(1).map((size) => (typeof size === 'number' ? size : undefined))))
  }
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => values.get(name) ?? mixed)
    const outputs = outputsOf({ node, inputs, read, opset }, bytes)
    node.outputs.forEach((name, at) => {
      if (name !== '') values.set(name, Array.isArray(outputs) ? (outputs[at] ?? mixed) : at === 0 ? (outputs as Value) : mixed)
    })
  }
  return graph.outputs.every(({ name }) => values.get(name)?.kind === 'rows')
}

function constantOf(bytes: Uint8Array, tensor: OnnxTensor): Value {
  return { kind: 'constant', dims: tensor.dims, integers: smallIntegers(bytes, tensor) }
}

/** What the outputs of a node are: one value for the first, or a list. */
function outputsOf(step: Step, bytes: Uint8Array): Value | readonly Value[] {
  const { node, inputs } = step
  if (node.operator === 'Constant' && node.domain === '') {
    const tensor = node.attributes.find(({ name }) => name === 'value')?.tensors[0]
    return tensor === undefined ? { kind: 'constant', dims: undefined } : constantOf(bytes, tensor)
  }
  if (inputs.some(({ kind }) => kind === 'mixed') || node.attributes.some(({ graphs }) => graphs.length > 0)) return mixed
  if (random.has(node.operator)) return mixed
  if (inputs.every(({ kind }) => kind === 'constant')) return node.outputs.map(() => ({ kind: 'constant', dims: undefined }))
  const rules = node.domain === '' ? onnxRules : node.domain === 'ai.onnx.ml' ? mlRules : undefined
  return rules?.get(node.operator)?.(step) ?? mixed
}

const random = new Set(['RandomNormal', 'RandomUniform', 'RandomNormalLike', 'RandomUniformLike', 'Bernoulli', 'Multinomial'])

type Rule = (step: Step) => Value | readonly Value[]

const row = (value: Value | undefined): readonly Size[] | undefined => (value?.kind === 'rows' ? value.row : undefined)
const isConstant = (value: Value | undefined) => value === undefined || value.kind === 'constant'
const restConstant = ({ inputs }: Step) => inputs.slice(1).every(isConstant)

/** Each element by itself. */
const elementwise: Rule = ({ inputs, node }) => {
  if (node.operator === 'Dropout' && inputs.length > 2) return mixed
  let joined: readonly Size[] | undefined
  for (const input of inputs) {
    if (input.kind !== 'rows') continue
    // [N] with [N,1] makes [N,N].
    if (joined !== undefined && joined.length !== input.row.length) return mixed
    joined =
      joined === undefined
        ? input.row
        : joined.map((size, axis) =>
            size === 1 ? input.row[axis] : size === undefined && input.row[axis] !== 1 ? input.row[axis] : size,
          )
  }
  if (joined === undefined) return mixed
  for (const input of inputs) {
    if (input.kind !== 'constant' || input.dims === undefined) {
      if (input.kind === 'constant' && inputs.length > 1) return mixed
      continue
    }
    const { dims } = input
    if (dims.length > joined.length + 1 || (dims.length === joined.length + 1 && dims[0] !== 1)) return mixed
    joined = widened(joined, dims.length > joined.length ? dims.slice(1) : dims)
  }
  return rowsOf(joined)
}

/** The sizes of a row after broadcasting with a constant that has no axis of rows. */
function widened(sizes: readonly Size[], dims: readonly number[]): readonly Size[] {
  const shift = sizes.length - dims.length
  return sizes.map((size, axis) => (axis < shift || dims[axis - shift] === 1 ? size : dims[axis - shift]))
}

/** An input and parameters that are constant; what comes out has the shape of what goes in. */
const sameShape: Rule = (step) => (restConstant(step) ? (step.inputs[0] ?? mixed) : mixed)

/** Axes counted from the front, or undefined. */
function axesOf(step: Step, rank: number, asInput: number): readonly number[] | undefined {
  const { node, read, inputs } = step
  const given = node.attributes.some(({ name }) => name === 'axes') ? [...read.integers(node, 'axes')] : undefined
  const input = inputs[asInput]
  const axes = given ?? (input?.kind === 'constant' ? input.integers : undefined)
  return axes?.map((axis) => (axis < 0 ? axis + rank : axis))
}

/** The attribute `axis`, counted from the front. */
function axisOf({ node, read }: Step, rank: number, absent: number): number {
  const axis = read.integer(node, 'axis') ?? absent
  return axis < 0 ? axis + rank : axis
}

const reduce: Rule = (step) => {
  const sizes = row(step.inputs[0])
  if (sizes === undefined || !restConstant(step)) return mixed
  const axes = axesOf(step, sizes.length + 1, 1)
  if (axes === undefined || axes.length === 0 || axes.includes(0)) return mixed
  const keep = (step.read.integer(step.node, 'keepdims') ?? 1) !== 0
  return rowsOf(sizes.flatMap((size, at) => (axes.includes(at + 1) ? (keep ? [1] : []) : [size])))
}

const argument: Rule = (step) => {
  const sizes = row(step.inputs[0])
  if (sizes === undefined) return mixed
  const axis = axisOf(step, sizes.length + 1, 0)
  if (axis === 0) return mixed
  const keep = (step.read.integer(step.node, 'keepdims') ?? 1) !== 0
  return rowsOf(sizes.flatMap((size, at) => (at + 1 === axis ? (keep ? [1] : []) : [size])))
}

/** Normalises along axes behind the first. */
const along: Rule = (step) => {
  const sizes = row(step.inputs[0])
  if (sizes === undefined || !restConstant(step)) return mixed
  const absent = step.opset >= 13 || step.node.operator === 'LayerNormalization' ? -1 : 1
  return axisOf(step, sizes.length + 1, absent) > 0 && sizes.length > 0 ? step.inputs[0]! : mixed
}

const gemm: Rule = (step) => {
  const [left, right, added] = step.inputs
  if (row(left)?.length !== 1 || !isConstant(right) || !isConstant(added) || step.read.integer(step.node, 'transA')) return mixed
  const dims = right?.kind === 'constant' ? right.dims : undefined
  const bias = added?.kind === 'constant' ? added.dims : undefined
  if (added !== undefined && step.node.inputs[2] !== '' && (bias === undefined || (bias.length === 2 && bias[0] !== 1)))
    return mixed
  return rowsOf([dims?.[step.read.integer(step.node, 'transB') ? 0 : 1]])
}

const matrixProduct: Rule = ({ inputs: [left, right] }) => {
  const sizes = row(left)
  if (sizes === undefined || sizes.length === 0) return mixed
  if (right?.kind === 'constant') return right.dims?.length === 2 ? rowsOf([...sizes.slice(0, -1), right.dims[1]]) : mixed
  const others = row(right)
  return others !== undefined && others.length === sizes.length && sizes.length >= 2
    ? rowsOf([...sizes.slice(0, -1), others.at(-1)])
    : mixed
}

const concat: Rule = (step) => {
  const all = step.inputs.map(row)
  const first = all[0]
  if (first === undefined || all.some((sizes) => sizes?.length !== first.length)) return mixed
  const axis = axisOf(step, first.length + 1, 1)
  if (axis <= 0) return mixed
  const total = all.reduce<Size>(
    (sum, sizes) => (sum === undefined || sizes![axis - 1] === undefined ? undefined : sum + sizes![axis - 1]!),
    0,
  )
  return rowsOf(first.map((size, at) => (at + 1 === axis ? total : size)))
}

const product = (sizes: readonly Size[]): Size =>
  sizes.reduce<Size>((all, size) => (all === undefined || size === undefined ? undefined : all * size), 1)

const reshape: Rule = (step) => {
  const sizes = row(step.inputs[0])
  const shape = step.inputs[1]?.kind === 'constant' ? step.inputs[1].integers : undefined
  if (sizes === undefined || shape === undefined || shape.length === 0 || step.read.integer(step.node, 'allowzero')) return mixed
  const behind = shape.slice(1).map((size, at): Size => (size === 0 ? sizes[at] : size))
  // 0 copies the number of rows; -1 finds it again when a row keeps its number of values.
  if (shape[0] === 0) return rowsOf(behind.map((size) => (size === -1 ? undefined : size)))
  return shape[0] === -1 && product(behind) !== undefined && product(behind) === product(sizes) ? rowsOf(behind) : mixed
}

const flatten: Rule = (step) => {
  const sizes = row(step.inputs[0])
  return sizes !== undefined && axisOf(step, sizes.length + 1, 1) === 1 ? rowsOf([product(sizes)]) : mixed
}

const squeeze: Rule = (step) => {
  const sizes = row(step.inputs[0])
  const axes = sizes && axesOf(step, sizes.length + 1, 1)
  return sizes === undefined || axes === undefined || axes.includes(0)
    ? mixed
    : rowsOf(sizes.filter((_, at) => !axes.includes(at + 1)))
}

const unsqueeze: Rule = (step) => {
  const sizes = row(step.inputs[0])
  const input = step.inputs[1]
  const count = step.read.integers(step.node, 'axes').length || (input?.kind === 'constant' ? (input.integers?.length ?? 0) : 0)
  const axes = sizes && axesOf(step, sizes.length + 1 + count, 1)
  if (sizes === undefined || axes === undefined || axes.length === 0 || axes.includes(0)) return mixed
  const left = [...sizes]
  return rowsOf(Array.from({ length: sizes.length + count }, (_, at) => (axes.includes(at + 1) ? 1 : left.shift())))
}

const transpose: Rule = (step) => {
  const sizes = row(step.inputs[0])
  const order = [...step.read.integers(step.node, 'perm')]
  return sizes === undefined || order[0] !== 0 ? mixed : rowsOf(order.slice(1).map((axis) => sizes[axis - 1]))
}

const gather: Rule = (step) => {
  const [data, indices] = step.inputs
  const axis = step.read.integer(step.node, 'axis') ?? 0
  const picked = row(indices)
  // An embedding: constant rows by number.
  if (data?.kind === 'constant' && picked !== undefined && data.dims !== undefined && axis === 0)
    return rowsOf([...picked, ...data.dims.slice(1)])
  const sizes = row(data)
  if (sizes === undefined || indices?.kind !== 'constant' || indices.dims === undefined) return mixed
  const at = axis < 0 ? axis + sizes.length + 1 : axis
  return at > 0 ? rowsOf([...sizes.slice(0, at - 1), ...indices.dims, ...sizes.slice(at)]) : mixed
}

const slice: Rule = (step) => {
  const sizes = row(step.inputs[0])
  if (sizes === undefined || !restConstant(step)) return mixed
  const axes = axesOf(step, sizes.length + 1, 3)
  return axes === undefined || axes.includes(0)
    ? mixed
    : rowsOf(sizes.map((size, at) => (axes.includes(at + 1) ? undefined : size)))
}

const split: Rule = (step) => {
  const sizes = row(step.inputs[0])
  if (sizes === undefined || !restConstant(step)) return mixed
  const axis = axisOf(step, sizes.length + 1, 0)
  return axis > 0 ? step.node.outputs.map(() => rowsOf(sizes.map((size, at) => (at + 1 === axis ? undefined : size)))) : mixed
}

/** Images: rows are samples, and sizes behind are not followed. */
const perSample: Rule = (step) => {
  const sizes = row(step.inputs[0])
  const inTraining = step.opset < 7 || step.read.integer(step.node, 'training_mode') === 1
  return sizes !== undefined && sizes.length >= 1 && restConstant(step) && !inTraining
    ? rowsOf(sizes.map(() => undefined))
    : mixed
}

const elementwiseNames =
  'Abs Acos Acosh Add And Asin Asinh Atan Atanh BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast Ceil Celu Clip Cos Cosh Div Dropout Elu Equal Erf ' +
  'Exp Floor Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg ' +
  'Not Or PRelu Pow Reciprocal Relu Round Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt StringConcat Sub Sum Tan Tanh ThresholdedRelu Where Xor'
const perSampleNames =
  'AveragePool BatchNormalization Conv ConvTranspose GlobalAveragePool GlobalLpPool GlobalMaxPool InstanceNormalization LRN LpPool MaxPool'
const reduceNames =
  'ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare'

const each = (names: string, rule: Rule) => names.split(' ').map((name) => [name, rule] as const)

const onnxRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...each(elementwiseNames, elementwise),
  ...each(perSampleNames, perSample),
  ...each(reduceNames, reduce),
  ...each('ArgMax ArgMin', argument),
  ...each('Softmax LogSoftmax Hardmax LayerNormalization', along),
  ['Gemm', gemm],
  ['MatMul', matrixProduct],
  ['Concat', concat],
  ['Reshape', reshape],
  ['Flatten', flatten],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Transpose', transpose],
  ['Gather', gather],
  ['Slice', slice],
  ['Split', split],
])

const linear: Rule = (step) => (row(step.inputs[0])?.length === 1 ? rowsOf([undefined]) : mixed)

/** A label a row, and scores. */
const classifier: Rule = (step) => (row(step.inputs[0])?.length === 1 ? [rowsOf([]), rowsOf([undefined])] : mixed)

/** Columns of numbers, each in its own way. */
const columns: Rule = (step) => (row(step.inputs[0])?.length === 1 ? step.inputs[0]! : mixed)

/** A row's values, each as a vector of zeros and a one. */
const oneHot: Rule = ({ inputs, node, read }) => {
  const sizes = row(inputs[0])
  if (sizes === undefined) return mixed
  return rowsOf([...sizes, Math.max(read.strings(node, 'cats_strings').length, read.integers(node, 'cats_int64s').length)])
}

/** Picks columns by number. */
const pick: Rule = ({ inputs: [data, picked] }) => {
  if (row(data)?.length !== 1 || picked?.kind !== 'constant') return mixed
  return rowsOf([picked.dims === undefined ? undefined : product(picked.dims)])
}

const mlRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...each('LinearRegressor SVMRegressor TreeEnsembleRegressor TreeEnsemble', linear),
  ...each('LinearClassifier SVMClassifier TreeEnsembleClassifier', classifier),
  ...each('LabelEncoder CategoryMapper Binarizer', sameShape),
  ...each('Scaler Imputer Normalizer ZipMap', columns),
  ['OneHotEncoder', oneHot],
  ['ArrayFeatureExtractor', pick],
  ['FeatureVectorizer', (step) => (step.inputs.every((input) => row(input)?.length === 1) ? rowsOf([undefined]) : mixed)],
])
