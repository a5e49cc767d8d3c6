/** An inference request as gRPC carries it: protobuf, with the elements typed (`contents`) or as bytes (`raw_input_contents`). */
import type { Cell, NumericTensor, Tensor } from '../../batch.ts'
import { arrayOfDtype, type NumericArray, type NumericDtype } from '../../dtype.ts'
import { MlmodelError } from '../../errors/index.ts'
import {
  type Cursor,
  content,
  eachInt64,
  expectWire,
  int32,
  int64,
  nextField,
  openField,
  openMessage,
  repeatedCount,
  text,
} from '../../onnx/protobuf.ts'
import { type InferenceInput, type InferenceRequest, type RequestedOutput, refuseRepeated } from './request.ts'
import { checkShape, dtypeOfDatatype, elementsOf, readBinaryTensor } from './tensor-data.ts'

/** Messages in messages: a parameter of an input is the deepest. */
const maximumDepth = 8
/** Inputs, outputs, parameters and the like: two bytes of a request make an object each. */
const mostParts = 1_000_000
/** Messages `contents` of one input; protobuf joins them. */
const mostContents = 64

/** `ModelInferRequest`. */
export interface ProtoRequest extends InferenceRequest {
  /** Whether the elements came as bytes; so will those of the reply. */
  readonly raw: boolean
}

/** Of the fields that the server itself wants to know. */
export interface ProtoTarget {
  readonly name: string
  readonly version: string
}

/** Which model a `ModelInferRequest` is for; nothing else is read. @throws OIP_PROTOBUF */
export function readTarget(bytes: Uint8Array): ProtoTarget {
  return guarded(() => {
    const found = { name: '', version: '' }
    for (const cursor = openMessage(bytes, maximumDepth); nextField(cursor); ) {
      if (cursor.field === 1) found.name = text(cursor)
      else if (cursor.field === 2) found.version = text(cursor)
    }
    return found
  })
}

/** @throws OIP_* */
export function readProtoRequest(bytes: Uint8Array): ProtoRequest {
  return guarded(() => readRequest(openMessage(bytes, maximumDepth)))
}

/** What stands wrongly in the bytes, in the words of this protocol. */
export function guarded<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof MlmodelError) || (error.code !== 'ONNX_BROKEN' && error.code !== 'ONNX_LIMIT')) throw error
    const { why, what } = error.arguments as { readonly why?: string; readonly what?: string }
    throw new MlmodelError('OIP_PROTOBUF', { why: why ?? what ?? '' }, { where: error.where })
  }
}

/** A tensor before its elements: they may stand behind all inputs. */
interface Head {
  name: string
  datatype: string
  readonly shape: number[]
  readonly parameters: Map<string, Cell>
  /** Fields of `contents`; a message that stands twice is one message. */
  readonly contents: Cursor[]
}

function readRequest(cursor: Cursor): ProtoRequest {
  let id = ''
  const parameters = new Map<string, Cell>()
  const heads: Head[] = []
  const outputs: RequestedOutput[] = []
  const raw: Uint8Array[] = []
  let parts = 0
  while (nextField(cursor)) {
    if (++parts > mostParts) throw new MlmodelError('OIP_PROTOBUF', { why: `it has more than ${mostParts} parts` })
    if (cursor.field === 3) id = text(cursor)
    else if (cursor.field === 4) readParameter(cursor, parameters)
    else if (cursor.field === 5) heads.push(readHead(openField(cursor), `$.inputs[${heads.length}]`))
    else if (cursor.field === 6) outputs.push(readOutput(openField(cursor)))
    else if (cursor.field === 7) raw.push(content(cursor))
  }
  if (raw.length > 0 && raw.length !== heads.length)
    throw new MlmodelError('OIP_RAW_COUNT', { raw: raw.length, inputs: heads.length })
  const inputs = heads.map((head, index): InferenceInput => {
    const { name, parameters: own } = head
    const path = `$.inputs[${index}]`
    return { name, tensor: readTensor(head, raw[index], path), parameters: own, path }
  })
  refuseRepeated(inputs)
  return {
    id: id === '' ? undefined : id,
    inputs,
    outputs: outputs.length === 0 ? undefined : outputs,
    parameters,
    binaryOutput: true,
    raw: raw.length > 0,
  }
}

function readTensor({ datatype, shape, contents }: Head, raw: Uint8Array | undefined, path: string): Tensor {
  if (raw === undefined) return readContents(contents, datatype, shape, path)
  if (contents.some((cursor) => cursor.end > cursor.position))
    throw new MlmodelError('OIP_RAW_AND_CONTENTS', {}, { where: { path } })
  return readBinaryTensor(raw, datatype, shape, path)
}

function readHead(cursor: Cursor, path: string): Head {
  const head: Head = { name: '', datatype: '', shape: [], parameters: new Map(), contents: [] }
  const shape: bigint[] = []
  while (nextField(cursor)) {
    if (cursor.field === 1) head.name = text(cursor)
    else if (cursor.field === 2) head.datatype = text(cursor)
    else if (cursor.field === 3)
      eachInt64(cursor, (size) => {
        // A shape of strangers is not kept before it is looked at.
        if (shape.length <= 64) shape.push(size)
      })
    else if (cursor.field === 4) readParameter(cursor, head.parameters)
    else if (cursor.field === 5) {
      if (head.contents.length === mostContents)
        throw new MlmodelError('OIP_PROTOBUF', { why: 'an input has too many `contents`' }, { where: { path } })
      head.contents.push(openField(cursor))
    }
  }
  head.shape.push(...checkShape(shape, `${path}.shape`))
  return head
}

function readOutput(cursor: Cursor): RequestedOutput {
  let name = ''
  while (nextField(cursor)) if (cursor.field === 1) name = text(cursor)
  return { name, binary: true }
}

/** An entry of a map: of two of one key the last counts. */
function readParameter(cursor: Cursor, parameters: Map<string, Cell>): void {
  let key = ''
  let value: Cell | undefined
  for (const entry = openField(cursor); nextField(entry); ) {
    if (entry.field === 1) key = text(entry)
    else if (entry.field === 2) value = readParameterValue(openField(entry)) ?? value
  }
  if (value !== undefined) parameters.set(key, value)
}

/** `InferParameter`; undefined for a kind that is not known here. */
function readParameterValue(cursor: Cursor): Cell | undefined {
  let value: Cell | undefined
  while (nextField(cursor)) {
    if (cursor.field === 1) value = int32(cursor) !== 0
    else if (cursor.field === 2) value = int64(cursor)
    else if (cursor.field === 3) value = text(cursor)
    else if (cursor.field === 4) value = doubleOf(cursor)
    else if (cursor.field === 5) value = BigInt.asUintN(64, int64(cursor))
  }
  return value
}

function doubleOf(cursor: Cursor): number {
  expectWire(cursor, 1)
  return new DataView(cursor.bytes.buffer, cursor.bytes.byteOffset + cursor.from, 8).getFloat64(0, true)
}

/** The field of `InferTensorContents` that holds a type, and its wire type. FP16 has none: it is sent as bytes. */
const contentsFields: Partial<Readonly<Record<NumericDtype, readonly [number, 0 | 1 | 5]>>> = {
  bool: [1, 0],
  int8: [2, 0],
  int16: [2, 0],
  int32: [2, 0],
  int64: [3, 0],
  uint8: [4, 0],
  uint16: [4, 0],
  uint32: [4, 0],
  uint64: [5, 0],
  float32: [6, 5],
  float64: [7, 1],
}
const bytesField = 8

/** The field that an element type's values stand in; undefined for types that are only sent as bytes. */
export function contentsFieldOf(dtype: NumericDtype | 'string' | 'bytes'): number | undefined {
  return dtype === 'string' || dtype === 'bytes' ? bytesField : contentsFields[dtype]?.[0]
}

/** Elements in `contents`: counted, then read into an array of just that size. */
function readContents(contents: readonly Cursor[], datatype: string, shape: readonly number[], path: string): Tensor {
  const dtype = dtypeOfDatatype(datatype, `${path}.datatype`)
  const where = { path: `${path}.contents` }
  const [field, wire] = dtype === 'string' ? [bytesField, 2 as const] : (contentsFields[dtype] ?? [undefined, 0 as const])
  if (field === undefined) throw new MlmodelError('OIP_BINARY_ONLY', { datatype }, { where })
  let found = 0
  eachField(contents, (cursor) => {
    if (cursor.field !== field)
      throw new MlmodelError('OIP_CONTENTS', { field: cursor.field, wanted: field, datatype }, { where })
    if (wire === 2) {
      expectWire(cursor, 2)
      found++
    } else found += repeatedCount(cursor, wire)
  })
  const count = elementsOf(shape, found, `${path}.shape`)
  if (found !== count) throw new MlmodelError('OIP_DATA_COUNT', { found, wanted: count, shape }, { where })
  if (dtype === 'string') {
    const values: Uint8Array[] = []
    eachField(contents, (cursor) => values.push(content(cursor)))
    return { dtype: 'bytes', shape, values }
  }
  const values = new arrayOfDtype[dtype](count) as NumericArray
  let at = 0
  if (wire !== 0) {
    const size = wire === 5 ? 4 : 8
    const bytes = new Uint8Array(values.buffer)
    eachField(contents, ({ bytes: all, from, to }) => {
      bytes.set(all.subarray(from, to), at)
      at += to - from
    })
    if (at !== count * size) throw new MlmodelError('OIP_DATA_COUNT', { found: at / size, wanted: count, shape }, { where })
    return { dtype, shape, values } as NumericTensor
  }
  const isBig = values instanceof BigInt64Array || values instanceof BigUint64Array
  eachField(contents, (cursor) =>
    eachInt64(cursor, (integer) => {
      // Negative int32 are ten bytes long, and unsigned ones are as they are.
      const value = dtype === 'bool' ? (integer === 0n ? 0n : 1n) : dtype === 'uint64' ? BigInt.asUintN(64, integer) : integer
      values[at] = (isBig ? value : Number(value)) as never
      if (!isBig && values[at] !== Number(value))
        throw new MlmodelError(
          'OIP_DATA_VALUE',
          { found: String(value), datatype },
          { where: { path: `${path}.contents[${at}]` } },
        )
      at++
    }),
  )
  return { dtype, shape, values } as NumericTensor
}

/** The messages are gone through twice: each time from their beginning. */
function eachField(contents: readonly Cursor[], take: (cursor: Cursor) => void): void {
  for (const start of contents) for (const cursor = { ...start }; nextField(cursor); ) take(cursor)
}
