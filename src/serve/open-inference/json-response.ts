/** The reply to an inference request over REST: JSON, and the binary outputs behind it. */
import type { Tensor } from '../../batch.ts'
import { float16ToNumber } from '../../dtype.ts'
import type { Written } from '../scoring.ts'
import type { Output } from './outputs.ts'
import { headerLength } from './request.ts'
import { datatypeOf, writeBinaryTensor } from './tensor-data.ts'

/** What a reply says besides its outputs. */
export interface Answering {
  readonly id: string | undefined
  /** Of the model. */
  readonly name: string | undefined
  readonly version: string | undefined
}

/** Writes the reply. */
export function writeJsonResponse(outputs: readonly Output[], request: Answering): Written {
  const blobs: Buffer[] = []
  const parts = outputs.map(({ name, tensor, binary }) => {
    const head = `{"name": ${JSON.stringify(name)}, "datatype": "${datatypeOf(tensor.dtype)}", "shape": [${tensor.shape.join(', ')}]`
    if (!binary) return `${head}, "data": [${jsonElements(tensor)}]}`
    const blob = writeBinaryTensor(tensor)
    blobs.push(blob)
    return `${head}, "parameters": {"binary_data_size": ${blob.length}}}`
  })
  const text =
    `{"model_name": ${JSON.stringify(request.name ?? 'model')}` +
    (request.version === undefined ? '' : `, "model_version": ${JSON.stringify(request.version)}`) +
    (request.id === undefined ? '' : `, "id": ${JSON.stringify(request.id)}`) +
    `, "outputs": [${parts.join(', ')}]}`
  const json = Buffer.from(text)
  if (blobs.length === 0) return { status: 200, contentType: 'application/json', body: json }
  return {
    status: 200,
    contentType: 'application/octet-stream',
    headers: { [headerLength]: String(json.length) },
    body: Buffer.concat([json, ...blobs]),
  }
}

/** JSON has no NaN and no infinity: null. */
function jsonElements({ dtype, values }: Tensor): string {
  if (dtype === 'string') return (values as readonly (string | null)[]).map((text) => JSON.stringify(text)).join(', ')
  return Array.from(values as ArrayLike<number | bigint>, (value) => {
    if (dtype === 'bool') return value === 0 ? 'false' : 'true'
    const number = dtype === 'float16' ? float16ToNumber(value as number) : value
    if (typeof number === 'bigint') return String(number)
    if (!Number.isFinite(number)) return 'null'
    return Object.is(number, -0) ? '-0.0' : String(number)
  }).join(', ')
}
