/** What the Open Inference Protocol says of a model: its inputs and outputs as tensors. A column of a table is an input by its name. */
import { dtypeOfDataType } from '../../dtype.ts'
import type { ColumnSpec, Schema, TensorSpec } from '../../signature.ts'
import { specsOf } from '../../signature.ts'
import { datatypeOf } from './tensor-data.ts'

export interface TensorMetadata {
  readonly name: string
  readonly datatype: string
  /** -1 is any size. */
  readonly shape: readonly number[]
}

/** The inputs of a schema; what has no name is `input-0`, `input-1`, … */
export function inputMetadata(schema: Schema | undefined): readonly TensorMetadata[] {
  if (schema === undefined) return []
  // MLServer's shape of a column, which its clients send; a vector is taken as well.
  return specsOf(schema).map((spec, index) => tensorMetadata(spec, inputName(spec, index), [-1, 1]))
}

/** The outputs of a schema; what has no name is `output-0`, `output-1`, … */
export function outputMetadata(schema: Schema | undefined): readonly TensorMetadata[] {
  if (schema === undefined) return []
  return specsOf(schema).map((spec, index) => tensorMetadata(spec, outputName(spec, index), [-1]))
}

export function inputName(spec: ColumnSpec | TensorSpec, index: number): string {
  return nameOr(spec, `input-${index}`)
}

export function outputName(spec: ColumnSpec | TensorSpec, index: number): string {
  return nameOr(spec, `output-${index}`)
}

function nameOr({ name }: ColumnSpec | TensorSpec, otherwise: string): string {
  return name === undefined || name === '' ? otherwise : String(name)
}

function tensorMetadata(spec: ColumnSpec | TensorSpec, name: string, columnShape: readonly number[]): TensorMetadata {
  if (spec.kind === 'tensor')
    return {
      name,
      datatype: spec.dtype === undefined ? 'BYTES' : datatypeOf(spec.dtype),
      // A size that nothing fits has no number.
      shape: spec.shape.map((dimension) => dimension ?? 0),
    }
  // Lists and objects in a column are sent as texts of JSON.
  const datatype = spec.type.kind === 'scalar' ? datatypeOf(dtypeOfDataType[spec.type.dataType]) : 'BYTES'
  return { name, datatype, shape: columnShape }
}
