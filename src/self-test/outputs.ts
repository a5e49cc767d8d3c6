/** Predictions beside the outputs that a signature declares. MLflow never looks; who reads the predictions does. */
import { type Batch, type Column, isTensor, type Tensor } from '../batch.ts'
import { type Dtype, dtypeOfDataType } from '../dtype.ts'
import type { Where } from '../errors/index.ts'
import { type Finding, finding } from '../finding/index.ts'
import { type ColumnSpec, printShape, type Schema, specsOf, type TensorSpec } from '../signature.ts'

interface Given {
  readonly name: string | undefined
  readonly value: Column | Tensor | undefined
}

/** Says where names, types and shapes differ from the declared ones. */
export function checkOutputs(outputs: Schema, predictions: Batch, where: Where): readonly Finding[] {
  const given = partsOf(predictions)
  const specs = specsOf(outputs)
  // One output needs no name: MLflow declares an unnamed one for what an ONNX graph gives by name.
  const single = specs.length === 1 && given.length === 1 && specs[0]!.name === undefined
  const named = specs.some(({ name }) => name !== undefined)
  if (!single && named) {
    const [declared, found] = [specs.map(({ name }) => String(name)), given.map(({ name }) => String(name))]
    const missing = declared.filter((name) => !found.includes(name))
    const extra = found.filter((name) => !declared.includes(name))
    if (missing.length + extra.length > 0) return [finding('RUN_OUTPUT_NAMES', { missing, extra }, where)]
  } else if (!single && specs.length !== given.length) {
    const extra = given.slice(specs.length).map(({ name }, at) => String(name ?? specs.length + at))
    const missing = specs.slice(given.length).map((_, at) => `output ${given.length + at + 1}`)
    return [finding('RUN_OUTPUT_NAMES', { missing, extra }, where)]
  }
  return specs.flatMap((spec, at) => {
    const part = named && !single ? given.find(({ name }) => name === String(spec.name))! : given[at]!
    if (part.value === undefined) return []
    const output = part.name ?? String(spec.name ?? at)
    return spec.kind === 'column' ? checkColumn(output, spec, part.value, where) : checkTensor(output, spec, part.value, where)
  })
}

function partsOf(batch: Batch): readonly Given[] {
  switch (batch.kind) {
    case 'frame':
      return batch.columns.map((column) => ({ name: String(column.name), value: column }))
    case 'array':
      return [{ name: undefined, value: batch.tensor }]
    case 'named':
      return [...batch.items].map(([name, value]) => ({ name, value: isTensor(value) ? value : undefined }))
    default:
      return [{ name: undefined, value: undefined }]
  }
}

/** Only scalars have one type for a whole column; a float where a double is declared is one, in other bytes. */
function checkColumn(output: string, { type }: ColumnSpec, value: Column | Tensor, where: Where): readonly Finding[] {
  if (type.kind !== 'scalar' || value.dtype === 'object') return []
  const says = dtypeOfDataType[type.dataType]
  return familyOf(says) === familyOf(value.dtype)
    ? []
    : [finding('RUN_OUTPUT_TYPE', { output, says: type.dataType, gives: value.dtype }, where)]
}

function checkTensor(output: string, spec: TensorSpec, value: Column | Tensor, where: Where): readonly Finding[] {
  const findings: Finding[] = []
  const isSame = spec.dtype === undefined || spec.dtype === value.dtype || familyOf(spec.dtype) === 'text'
  if (!isSame && value.dtype !== 'object')
    findings.push(finding('RUN_OUTPUT_TYPE', { output, says: spec.numpyDtype, gives: value.dtype }, where))
  if (isTensor(value as Tensor)) {
    const { shape } = value as Tensor
    const fits = shape.length === spec.shape.length && shape.every((size, at) => spec.shape[at] === -1 || spec.shape[at] === size)
    if (!fits)
      findings.push(finding('RUN_OUTPUT_SHAPE', { output, says: printShape(spec.shape), gives: printShape(shape) }, where))
  }
  return findings
}

function familyOf(dtype: Dtype): string {
  if (dtype === 'string' || dtype === 'bytes' || dtype === 'object') return 'text'
  if (dtype === 'bool' || dtype === 'datetime64') return dtype
  return /^(float|complex)/.exec(dtype)?.[0] ?? 'integer'
}
