/** The body of an inference request: JSON, and the binary data behind it. */
import { type Cell, type CellMap, isCellMap, type Tensor } from '../../batch.ts'
import { dtypes } from '../../dtype.ts'
import { MlmodelError } from '../../errors/index.ts'
import { parseJson } from '../../json.ts'
import type { Signature } from '../../signature.ts'
import type { Call } from '../calls.ts'
import { inputMetadata } from './metadata.ts'
import { dtypeOfDatatype, readBinaryTensor, readJsonTensor, readShape } from './tensor-data.ts'

/** The header that says where the binary data begins. */
export const headerLength = 'inference-header-content-length'

export interface InferenceInput {
  readonly name: string
  readonly tensor: Tensor
  readonly parameters: CellMap
  /** Its place in the body. */
  readonly path: string
}

export interface RequestedOutput {
  readonly name: string
  readonly binary: boolean
}

export interface InferenceRequest {
  readonly id: string | undefined
  readonly inputs: readonly InferenceInput[]
  /** Undefined: all of them. */
  readonly outputs: readonly RequestedOutput[] | undefined
  readonly parameters: CellMap
  /** Whether outputs that say nothing of it are binary. */
  readonly binaryOutput: boolean
}

const none: CellMap = new Map()

/**
 * Reads a request over REST.
 *
 * @param signature - of the model; its only input says what a body without JSON is
 * @throws OIP_*, JSON_*
 */
export function readInferenceRequest(call: Call, signature?: Signature): InferenceRequest {
  const [json, binary] = split(call)
  if (json.length === 0 && call.details?.[headerLength] !== undefined) return readRawRequest(binary, signature)
  const document = parseJson(json)
  const [repeated] = document.duplicates
  if (repeated !== undefined) throw new MlmodelError('KEY_REPEATED', { key: repeated.key }, { where: { path: repeated.path } })
  const { value } = document
  if (!isCellMap(value)) throw new MlmodelError('OIP_BODY', { found: kindOf(value) })
  const inputs = value.get('inputs')
  if (!Array.isArray(inputs)) throw new MlmodelError('OIP_BODY', { found: 'one without a list `inputs`' })
  let at = 0
  const takeBinary = (size: number, path: string): Uint8Array => {
    if (at + size > binary.length)
      throw new MlmodelError('OIP_BINARY_SIZE', { found: binary.length - at, wanted: size, shape: [] }, { where: { path } })
    at += size
    return binary.subarray(at - size, at)
  }
  const read = (inputs as readonly Cell[]).map((cell, index) =>
    readInput(cell, `$.inputs[${index}]`, takeBinary, inputs.length === 1 ? binary.length : undefined),
  )
  if (at !== binary.length)
    throw new MlmodelError('OIP_BINARY_SIZE', { found: binary.length, wanted: at, shape: [] }, { where: { path: '$' } })
  refuseRepeated(read)
  const parameters = mapOf(value.get('parameters'), '$.parameters')
  const binaryOutput = parameters.get('binary_data_output') === true
  return {
    id: textOf(value.get('id'), '$.id'),
    inputs: read,
    outputs: readOutputs(value.get('outputs'), binaryOutput),
    parameters,
    binaryOutput,
  }
}

/**
 * A body that is the elements of the model's only input and nothing else. Its shape is what the metadata says, where the size of
 * one dimension is open.
 *
 * @see Triton, docs/protocol/extension_binary_data.md, Raw Binary Request
 */
function readRawRequest(bytes: Uint8Array, signature: Signature | undefined): InferenceRequest {
  const wrong = (why: string): MlmodelError => new MlmodelError('OIP_RAW_MODE', { why })
  const metadata = inputMetadata(signature?.inputs)
  const [only] = metadata
  if (only === undefined) throw wrong('the model’s signature names no input')
  if (metadata.length > 1) throw wrong(`the model has ${metadata.length} inputs`)
  const { name, datatype, shape } = only
  const path = '$.inputs[0]'
  const open = shape.filter((size) => size < 0).length
  const fixed = shape.reduce((product, size) => (size < 0 ? product : product * size), 1)
  if (open > 1) throw wrong(`\`${name}\` has ${open} dimensions of any size`)
  let tensor: Tensor
  if (datatype === 'BYTES') {
    if (fixed !== 1) throw wrong(`\`${name}\` has more than one element`)
    tensor = { dtype: 'bytes', shape: shape.map(() => 1), values: [bytes] }
  } else {
    const { size } = dtypes[dtypeOfDatatype(datatype, path)]
    const rows = fixed === 0 ? 0 : Math.floor(bytes.length / (fixed * size))
    tensor = readBinaryTensor(
      bytes,
      datatype,
      shape.map((each) => (each < 0 ? rows : each)),
      path,
    )
  }
  return {
    id: undefined,
    inputs: [{ name, tensor, parameters: none, path }],
    outputs: undefined,
    parameters: none,
    binaryOutput: true,
  }
}

/** @throws OIP_TWO_INPUTS */
export function refuseRepeated(inputs: readonly InferenceInput[]): void {
  const names = new Set<string>()
  for (const { name, path } of inputs) {
    if (names.has(name)) throw new MlmodelError('OIP_TWO_INPUTS', { name }, { where: { path } })
    names.add(name)
  }
}

/** @returns the JSON and what stands behind it */
function split({ body, details }: Call): readonly [Uint8Array, Uint8Array] {
  const given = details?.[headerLength]
  if (given === undefined) return [body, body.subarray(body.length)]
  const length = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN
  if (!(length <= body.length)) throw new MlmodelError('OIP_HEADER_LENGTH', { given, bytes: body.length })
  return [body.subarray(0, length), body.subarray(length)]
}

function readInput(
  cell: Cell,
  path: string,
  takeBinary: (size: number, path: string) => Uint8Array,
  rest: number | undefined,
): InferenceInput {
  if (!isCellMap(cell)) throw field(path, 'an object', path)
  const name = cell.get('name')
  const datatype = cell.get('datatype')
  if (typeof name !== 'string') throw field('name', 'a text', path)
  if (typeof datatype !== 'string') throw field('datatype', 'a text', path)
  const shape = readShape(cell.get('shape'), `${path}.shape`)
  const parameters = mapOf(cell.get('parameters'), `${path}.parameters`)
  const size = parameters.get('binary_data_size')
  if (size === undefined) {
    // An only input without data is what stands behind the JSON.
    if (!cell.has('data') && rest !== undefined && rest > 0)
      return { name, tensor: readBinaryTensor(takeBinary(rest, path), datatype, shape, path), parameters, path }
    return { name, tensor: readJsonTensor(cell.get('data'), datatype, shape, path), parameters, path }
  }
  if (typeof size !== 'bigint' || size < 0n || size > 2n ** 40n)
    throw field('binary_data_size', 'a number of bytes', `${path}.parameters`)
  if (cell.has('data')) throw field('data', 'left out where there is `binary_data_size`', path)
  return { name, tensor: readBinaryTensor(takeBinary(Number(size), path), datatype, shape, path), parameters, path }
}

function readOutputs(value: Cell | undefined, binaryOutput: boolean): readonly RequestedOutput[] | undefined {
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value)) throw field('outputs', 'a list', '$.outputs')
  // An empty list is what generated clients send when nothing was chosen.
  if (value.length === 0) return undefined
  return (value as readonly Cell[]).map((cell, index) => {
    const path = `$.outputs[${index}]`
    const name = isCellMap(cell) ? cell.get('name') : undefined
    if (!isCellMap(cell) || typeof name !== 'string') throw field('name', 'a text', path)
    const binary = mapOf(cell.get('parameters'), `${path}.parameters`).get('binary_data')
    return { name, binary: typeof binary === 'boolean' ? binary : binaryOutput }
  })
}

function mapOf(value: Cell | undefined, path: string): CellMap {
  if (value === undefined || value === null) return none
  if (!isCellMap(value)) throw field('parameters', 'an object', path)
  return value
}

function textOf(value: Cell | undefined, path: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw field('id', 'a text', path)
  return value
}

function field(name: string, wanted: string, path: string): MlmodelError {
  return new MlmodelError('OIP_FIELD', { field: name, wanted }, { where: { path } })
}

function kindOf(value: Cell): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return `a ${typeof value === 'bigint' ? 'number' : typeof value}`
}
