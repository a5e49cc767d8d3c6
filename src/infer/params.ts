/**
 * The params of a signature from their values, as `mlflow.types.utils._infer_param_schema` finds them.
 *
 * @see mlflow/types/utils.py (_infer_type_and_shape) and mlflow/types/schema.py (ParamSpec)
 */
import { type Cell, type CellMap, isCellMap, isMoment } from '../batch.ts'
import { makeArray } from '../enforce/numpy.ts'
import { Refusal, raising } from '../enforce/sink.ts'
import { isFixed } from '../enforce/values.ts'
import { MlmodelError, type Problem } from '../errors/index.ts'
import { isoMoment } from '../json/write.ts'
import { writeJsonValue } from '../json.ts'
import { convertParam, type ObjectType, type ParamSpec, type ScalarType } from '../signature.ts'
import { typeOfDtype } from './schema.ts'
import { inferType } from './value-type.ts'

/**
 * Declares each param with its value as the default.
 *
 * @returns undefined when there are none
 * @throws INFER_PARAMS with a problem for each value that no param can have
 */
export function inferParams(params: CellMap): readonly ParamSpec[] | undefined {
  if (params.size === 0) return undefined
  const specs: ParamSpec[] = []
  const problems: Problem[] = []
  for (const [name, value] of params) {
    try {
      specs.push(inferParam(name, value))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      const found = writeJsonValue(value)
      problems.push({ code: 'INFER_PARAM', arguments: { name, found, why: error.message }, where: { path: `$.${name}` } })
    }
  }
  if (problems.length > 0) throw new MlmodelError('INFER_PARAMS', { count: problems.length }, { problems })
  return specs
}

function inferParam(name: string, value: Cell): ParamSpec {
  const shape = Array.isArray(value) ? ([-1] as const) : null
  const type = shape === null ? typeOfOne(value) : typeOfList(value as readonly Cell[])
  const converted = convertParam(withDatesAsText(value), type, shape)
  if ('reason' in converted) throw new Refusal(converted.reason)
  return { name, type, shape, default: converted.value }
}

/** As a signature's JSON has them. */
function withDatesAsText(value: Cell): Cell {
  if (isMoment(value)) return isoMoment(value)
  return Array.isArray(value) ? (value as readonly Cell[]).map(withDatesAsText) : value
}

function typeOfOne(value: Cell): ScalarType | ObjectType {
  if (isCellMap(value)) {
    const type = inferType(value)
    if (type?.kind !== 'object') throw new Refusal('an object without a property has no type')
    return type
  }
  if (value === null) throw new Refusal('null has no type')
  return typeOfArray([value])
}

function typeOfList(items: readonly Cell[]): ScalarType {
  if (items.some((item) => Array.isArray(item))) throw new Refusal('a param is one value or a flat list')
  // Python's all() of nothing.
  if (items.length === 0) return { kind: 'scalar', dataType: 'datetime' }
  return typeOfArray(items)
}

/** The type of the array that NumPy makes of the values. */
function typeOfArray(items: readonly Cell[]): ScalarType {
  if (items.every((item) => isMoment(item) && item.kind === 'datetime')) return { kind: 'scalar', dataType: 'datetime' }
  const { dtype } = makeArray(items, undefined, raising)
  if (dtype === 'string') return { kind: 'scalar', dataType: 'string' }
  if (!isFixed(dtype)) throw new Refusal('the values have no type in common')
  return typeOfDtype(dtype) as ScalarType
}
