/** The graph of an ONNX file, read without ONNX Runtime. */
import { modelPath } from '../flavors/onnx.ts'
import type { Limits } from '../limits.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { type OnnxModel, readOnnx } from '../onnx/model.ts'
import { type OnnxValue, typeText } from '../onnx/value-type.ts'
import { readInside } from '../paths.ts'
import type { OnnxDescription, OnnxValueDescription } from './description.ts'

/** The ONNX file of a model, when it has that flavor. */
export function onnxFileOf(model: Mlmodel): string | undefined {
  return model.flavors.has('onnx') ? modelPath(model) : undefined
}

/**
 * Reads the graph of a file in a folder. Files above `limits.onnxBytesInMemory` are not read.
 *
 * @throws PATH_*, FILE_TOO_LARGE, ONNX_*
 */
export async function describeOnnxFile(directory: string, file: string, limits: Limits): Promise<OnnxDescription> {
  return describeGraph(readOnnx(await readInside(directory, file, limits.onnxBytesInMemory, { file }), limits), file)
}

/** Sums up a graph. */
export function describeGraph(model: OnnxModel, file: string): OnnxDescription {
  const producer = [model.producerName, model.producerVersion].filter((part) => part !== '').join(' ')
  return {
    file,
    ir_version: model.irVersion,
    producer: producer === '' ? null : producer,
    opsets: Object.fromEntries(model.opsets.map(({ domain, version }) => [domain === '' ? 'ai.onnx' : domain, Number(version)])),
    inputs: model.inputs.map(describeValue),
    outputs: model.outputs.map(describeValue),
    node_count: model.nodeCount,
    operators: Object.fromEntries(
      model.operators.map(({ domain, operator, count }) => [domain === '' ? operator : `${domain}.${operator}`, count]),
    ),
    parameter_count: model.parameterCount,
    external_data: [...new Set(model.externalTensors.map(({ external }) => external.location))],
    metadata: Object.fromEntries(model.metadata),
  }
}

function describeValue({ name, type }: OnnxValue): OnnxValueDescription {
  return { name, type: typeText(type), shape: 'shape' in type ? (type.shape ?? null) : null }
}
