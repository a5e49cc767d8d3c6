/** The graph of an ONNX file, read without ONNX Runtime. */
import { MlmodelError } from '../errors/index.ts'
import { modelPath } from '../flavors/onnx.ts'
import type { Limits } from '../limits.ts'
import type { Mlmodel } from '../mlmodel.ts'
import { checkOperators } from '../onnx/check.ts'
import { closeExternal, openExternal } from '../onnx/external-data.ts'
import { type OnnxModel, readOnnx } from '../onnx/model.ts'
import { type OnnxValue, typeText } from '../onnx/value-type.ts'
import { readInside } from '../paths.ts'
import type { OnnxDescription, OnnxValueDescription } from './description.ts'

/** The ONNX file of a model, when it has that flavor. */
export function onnxFileOf(model: Mlmodel): string | undefined {
  return model.flavors.has('onnx') ? modelPath(model) : undefined
}

export interface OnnxFinding {
  readonly onnx: OnnxDescription
  /** Why it cannot be run all the same: data beside it that is missing or outside, an operator nobody knows. */
  readonly failure?: string
}

/**
 * Reads the graph of a file in a folder and looks for what it needs. Files above `limits.onnxBytesInMemory` are not read.
 *
 * @throws PATH_*, FILE_TOO_LARGE, ONNX_* where there is no sound graph to show
 */
export async function describeOnnxFile(directory: string, file: string, limits: Limits): Promise<OnnxFinding> {
  const where = { file }
  const model = readOnnx(await readInside(directory, file, limits.onnxBytesInMemory, where), limits)
  const onnx = describeGraph(model, file)
  try {
    const slash = file.lastIndexOf('/')
    if (model.externalTensors.length > 0) {
      await closeExternal(await openExternal(model, directory, slash < 0 ? '' : file.slice(0, slash), where))
    }
    checkOperators(model)
    return { onnx }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    return { onnx, failure: error.message }
  }
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
