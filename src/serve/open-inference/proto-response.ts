/** The reply to an inference request over gRPC: `ModelInferResponse`. */
import type { Cell, Tensor } from '../../batch.ts'
import { type Chunks, joined, writeBytes, writeVarint } from '../../onnx/protobuf.ts'
import type { Written } from '../scoring.ts'
import type { Answering } from './json-response.ts'
import type { Output } from './outputs.ts'
import { contentsFieldOf } from './proto-request.ts'
import { datatypeOf, writeBinaryTensor } from './tensor-data.ts'

/** How elements are sent: all as bytes, or all in typed fields. */
export type ProtoElements = 'raw' | 'contents'

/** Writes the reply; FP16 has no typed field, so that with it all are bytes. */
export function writeProtoResponse(outputs: readonly Output[], request: Answering, elements: ProtoElements): Written {
  const raw = elements === 'raw' || outputs.some(({ tensor }) => contentsFieldOf(numericOrText(tensor)) === undefined)
  const chunks: Uint8Array[] = [...writeBytes(1, request.name ?? 'model')]
  if (request.version !== undefined) chunks.push(...writeBytes(2, request.version))
  if (request.id !== undefined) chunks.push(...writeBytes(3, request.id))
  for (const { name, tensor } of outputs) {
    const parts: Uint8Array[] = [
      ...writeBytes(1, name),
      ...writeBytes(2, datatypeOf(tensor.dtype)),
      ...writeBytes(3, tensor.shape.map(writeVarint)),
    ]
    if (!raw) parts.push(...writeBytes(5, writeContents(tensor)))
    chunks.push(...writeBytes(5, parts))
  }
  if (raw) for (const { tensor } of outputs) chunks.push(...writeBytes(6, writeBinaryTensor(tensor)))
  return { status: 200, contentType: 'application/grpc', body: joined(chunks) }
}

/** `InferTensorContents`. */
function writeContents(tensor: Tensor): Chunks {
  const field = contentsFieldOf(numericOrText(tensor))!
  if (Array.isArray(tensor.values)) {
    const texts = tensor.values as readonly Cell[]
    return texts.flatMap((text) => writeBytes(field, text instanceof Uint8Array || typeof text === 'string' ? text : ''))
  }
  if (tensor.values.length === 0) return []
  // Floating-point numbers stand in a packed field as they do in memory.
  if (tensor.dtype === 'float32' || tensor.dtype === 'float64') return writeBytes(field, writeBinaryTensor(tensor))
  return writeBytes(field, packVarints(tensor.values as ArrayLike<number | bigint>))
}

function numericOrText({ dtype }: Tensor): Parameters<typeof contentsFieldOf>[0] {
  return dtype as Parameters<typeof contentsFieldOf>[0]
}

/** Negative numbers are ten bytes long: protobuf's integers are sent as 64 bits. */
function packVarints(values: ArrayLike<number | bigint>): Uint8Array {
  const packed = Buffer.allocUnsafe(values.length * 10)
  let at = 0
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (typeof value === 'bigint' || value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value))
      while (rest > 0x7fn) {
        packed[at++] = Number(rest & 0x7fn) | 0x80
        rest >>= 7n
      }
      packed[at++] = Number(rest)
      continue
    }
    let rest = value
    while (rest > 0x7f) {
      packed[at++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 128)
    }
    packed[at++] = rest
  }
  return packed.subarray(0, at)
}
