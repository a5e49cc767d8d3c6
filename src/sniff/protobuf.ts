/** ONNX and TensorFlow SavedModel files: protobuf has no magic bytes, so their first fields are walked. */
import type { Content } from './content.ts'
import { latin1 } from './magic.ts'
import type { Sample } from './sample.ts'

/**
 * Recognises an ONNX ModelProto: known top-level fields with the right wire types, among them an IR version and a graph.
 *
 * @see onnx.proto, message ModelProto: ir_version 1, producer 2–3, domain 4, model_version 5, doc 6, graph 7, opset_import 8,
 *   metadata_props 14, training_info 20, functions 25, configuration 26
 */
export function protobufContent({ head, size, name }: Sample): Content | undefined {
  const fields = topLevel(head, size)
  if (fields === undefined) return undefined
  const numbers = new Set(fields.map((field) => field.number))
  const graph = fields.find((field) => field.number === 7)
  if (
    graph !== undefined &&
    (numbers.has(1) || numbers.has(8)) &&
    // Numbers beyond those of the format are fields of a later one, which readers pass over.
    fields.every(({ number, wire }) => number > lastField || onnxWire(number) === wire)
  ) {
    const producer = fields.find((field) => field.number === 2)
    const by = producer?.text === undefined || !/^[\w .:/-]{1,60}$/.test(producer.text) ? '' : ` made by ${producer.text}`
    const whole = graph.end <= size
    return {
      format: 'onnx',
      title: `ONNX model${by}${whole ? '' : ', cut off'}`,
      flavor: 'onnx',
    }
  }
  if (
    numbers.has(2) &&
    fields.every(({ number }) => number <= 2) &&
    /saved_model\.pb$|\.pb$/.test(name) &&
    /serve|SavedModel|StatefulPartitionedCall/.test(latin1(head))
  ) {
    return { format: 'savedmodel', title: 'TensorFlow SavedModel graph', flavor: 'tensorflow' }
  }
  return undefined
}

interface Field {
  readonly number: number
  readonly wire: number
  readonly value?: number
  readonly text?: string
  readonly end: number
}

const lastField = 26

function onnxWire(number: number): number | undefined {
  if (number === 1 || number === 5) return 0
  return [2, 3, 4, 6, 7, 8, 14, 20, 25, 26].includes(number) ? 2 : undefined
}

/** The fields whose keys lie in the sample; undefined where the bytes are no protobuf, or end within the first field. */
function topLevel(head: Uint8Array, size: number): Field[] | undefined {
  const fields: Field[] = []
  let at = 0
  const varint = (): number | undefined => {
    let value = 0
    for (let shift = 0; shift < 10; shift++) {
      const byte = head[at]
      if (byte === undefined) return undefined
      at++
      value += (byte & 127) * 2 ** (7 * shift)
      if (byte < 128) return value
    }
    return undefined
  }
  while (at < head.length && fields.length < 200) {
    const key = varint()
    if (key === undefined || key < 8) return fields.length > 1 && at >= head.length ? fields : undefined
    const number = Math.floor(key / 8)
    const wire = key % 8
    if (wire === 0) {
      const value = varint()
      if (value === undefined) return undefined
      fields.push({ number, wire, value, end: at })
    } else if (wire === 2) {
      const length = varint()
      if (length === undefined) return undefined
      const text = length <= 200 ? latin1(head.subarray(at, at + length)) : undefined
      at += length
      fields.push({ number, wire, end: at, ...(text !== undefined && { text }) })
      // A field that runs past the file is shown as cut off only if it is the graph.
      if (at > size && number !== 7) return undefined
    } else if (wire === 1 || wire === 5) {
      at += wire === 1 ? 8 : 4
      fields.push({ number, wire, end: at })
    } else return undefined
  }
  return fields.length > 0 ? fields : undefined
}
