/** The signature of an ONNX graph: a tensor for each input and output. */
import { dtypes } from '../dtype.ts'
import type { ValueDtype } from '../enforce/values.ts'
import { dtypeOfType, type OnnxModel, type OnnxValue, typeText } from '../onnx/index.ts'
import type { Schema, Signature, TensorSpec } from '../signature.ts'

export interface GraphSignature {
  /** Absent where neither inputs nor outputs can be said. */
  readonly signature: Signature | undefined
  readonly warnings: readonly string[]
}

/** Reads inputs and outputs off a graph; a dimension that is free or has a name is -1. */
export function graphSignature(model: OnnxModel): GraphSignature {
  const warnings: string[] = []
  const part = (name: 'inputs' | 'outputs', values: readonly OnnxValue[]): Schema | undefined => {
    const tensors = values.map(tensorSpec)
    const lost = tensors.indexOf(undefined)
    if (lost === -1) return tensors.length === 0 ? undefined : { kind: 'tensors', tensors: tensors as readonly TensorSpec[] }
    const { name: value, type } = values[lost]!
    warnings.push(
      `the signature says nothing of the ${name}: \`${value}\` is ${typeText(type)}, of which no tensor spec can be made`,
    )
    return undefined
  }
  const inputs = part('inputs', model.inputs)
  const outputs = part('outputs', model.outputs)
  if (inputs === undefined && outputs === undefined) return { signature: undefined, warnings }
  return { signature: { ...(inputs !== undefined && { inputs }), ...(outputs !== undefined && { outputs }) }, warnings }
}

function tensorSpec({ name, type }: OnnxValue): TensorSpec | undefined {
  const held = dtypeOfType(type)
  if (held === undefined || type.kind !== 'tensor' || type.shape === undefined) return undefined
  // ONNX Runtime gives Python objects for texts, and MLflow compares element types by name.
  const dtype = held === 'string' ? 'object' : held
  const shape = type.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1))
  return { kind: 'tensor', name, dtype, numpyDtype: dtypes[dtype].numpy, shape }
}

/** Element types for arrays in JSON, by the graph's input names; that of an only input under the empty name too. */
export function typesOfInputs(model: OnnxModel): ReadonlyMap<string, ValueDtype> {
  const types = new Map<string, ValueDtype>()
  for (const { name, type } of model.inputs) {
    const dtype = dtypeOfType(type)
    if (dtype !== undefined && dtype !== 'complex64' && dtype !== 'complex128')
      types.set(name, dtype === 'string' ? 'object' : dtype)
  }
  const only = model.inputs.length === 1 ? types.get(model.inputs[0]!.name) : undefined
  return only === undefined ? types : types.set('', only)
}
