/** What a signature lets the typed reader expect, worked out once per signature. */
import { dtypeOfDataType, type NumericDtype } from '../../dtype.ts'
import { writeJsonString } from '../../json.ts'
import type { ColumnSchema, Signature, TensorSchema } from '../../signature.ts'
import { type Reading, readingOf } from './stage.ts'

/** A name as it may stand in a body, quotes included: as it is, and with everything but ASCII escaped as Python does. */
export type NameForms = readonly Uint8Array[]

export interface ColumnPlan {
  readonly name: string
  readonly forms: NameForms
  readonly dtype: NumericDtype | 'string'
  readonly reading: Reading
}
export interface TensorPlan {
  readonly name: string | undefined
  readonly forms: NameForms
  readonly dtype: NumericDtype | 'string'
  readonly reading: Reading
  readonly shape: readonly number[]
}
/** How the rows of a split body are laid out. */
export interface Layout {
  /** The column of the signature at each place of a row, and the place of each column. */
  readonly order: readonly number[]
  readonly places: readonly number[]
  readonly columns: readonly ColumnPlan[]
  /** All are float or double. */
  readonly allReal: boolean
}
/** The beginning of a split body, up to its first row: what keys and columns it had is known from its bytes alone. */
export interface Head {
  readonly bytes: Buffer
  readonly layout: Layout
}
export interface ColumnsPlan {
  readonly kind: 'columns'
  readonly columns: readonly ColumnPlan[]
  /** The last ones seen. */
  readonly heads: Head[]
}
export type Plan = ColumnsPlan | { readonly kind: 'tensors'; readonly tensors: readonly TensorPlan[] }

const plans = new WeakMap<Signature, Plan | 'none'>()

/** The plan for a signature; undefined where every body goes to the exact reader. */
export function planOf(signature: Signature): Plan | undefined {
  let plan = plans.get(signature)
  if (plan === undefined) {
    plan = makePlan(signature) ?? 'none'
    plans.set(signature, plan)
  }
  return plan === 'none' ? undefined : plan
}

function makePlan({ inputs }: Signature): Plan | undefined {
  if (inputs === undefined) return undefined
  return inputs.kind === 'columns' ? planColumns(inputs) : planTensors(inputs)
}

/** Only named columns of scalars; dates and bytes have rules of their own. */
function planColumns(schema: ColumnSchema): Plan | undefined {
  const columns: ColumnPlan[] = []
  for (const { name, type } of schema.columns) {
    if (typeof name !== 'string' || name === '' || type.kind !== 'scalar') return undefined
    const dtype = dtypeOfDataType[type.dataType]
    if (dtype === 'datetime64' || dtype === 'bytes') return undefined
    columns.push({
      name,
      forms: formsOf(name),
      dtype: dtype as NumericDtype | 'string',
      reading: readingOf(dtype as NumericDtype),
    })
  }
  if (columns.length === 0 || new Set(columns.map((column) => column.name)).size < columns.length) return undefined
  return { kind: 'columns', columns, heads: [] }
}

const deepestTensor = 32

function planTensors(schema: TensorSchema): Plan | undefined {
  const tensors: TensorPlan[] = []
  for (const { name, dtype, shape } of schema.tensors) {
    if (
      typeof name === 'number' ||
      // Stands for its position, which MLflow then looks for in vain.
      name === '' ||
      dtype === undefined ||
      dtype === 'datetime64' ||
      dtype === 'bytes' ||
      dtype === 'object' ||
      dtype.startsWith('complex')
    )
      return undefined
    // A fraction as a size or a null fits nothing: the exact reader says so.
    if (shape.length === 0 || shape.length > deepestTensor || !shape.every((size) => size === -1 || Number.isInteger(size)))
      return undefined
    const held = dtype as NumericDtype | 'string'
    tensors.push({
      name,
      forms: name === undefined ? [] : formsOf(name),
      dtype: held,
      reading: readingOf(held),
      shape: shape as number[],
    })
  }
  const names = new Set(tensors.map((tensor) => tensor.name))
  if (names.size < tensors.length || (names.has(undefined) && tensors.length > 1)) return undefined
  return tensors.length === 0 ? undefined : { kind: 'tensors', tensors }
}

function formsOf(name: string): NameForms {
  const plain = JSON.stringify(name)
  const escaped = writeJsonString(name)
  return plain === escaped ? [Buffer.from(plain)] : [Buffer.from(plain), Buffer.from(escaped)]
}
