/**
 * Params: the one place where MLflow takes JSON values as they are and refuses rather than converts.
 *
 * @see mlflow/models/utils.py (_enforce_params_schema, _enforce_param_datatype)
 */

import type { DataType } from '../dtype.ts'
import { jsonPath } from '../json.ts'
import { convertScalarParam, type ParamSpec } from '../signature.ts'
import { enforceCell, typeText } from './nested.ts'
import { makeArray } from './numpy.ts'
import { foundText, type Report } from './report.ts'
import { Refusal, raising } from './sink.ts'
import { type Cell, isCellMap, isList } from './values.ts'

/** Checks the params given and adds the defaults: given ones first, as MLflow orders them. */
export function checkParams(
  given: Cell | undefined,
  specs: readonly ParamSpec[] | undefined,
  report: Report,
): ReadonlyMap<string, Cell> {
  if (specs === undefined) {
    const empty = given === undefined || given === null || (isCellMap(given) && given.size === 0)
    if (!empty) report.warn('PARAMS_IGNORED', { params: isCellMap(given) ? [...given.keys()] : [], known: [] })
    return new Map()
  }
  const params = given ?? new Map<string, Cell>()
  if (!isCellMap(params)) {
    report.problem('params', 'PARAMS_NOT_OBJECT', { found: foundText(params) }, { path: '$.params' })
    return new Map()
  }
  const known = specs.map(({ name }) => name)
  const unknown = [...params.keys()].filter((name) => !known.includes(name))
  if (unknown.length > 0) report.warn('PARAMS_IGNORED', { params: unknown, known })
  const checked = new Map([...params].filter(([name]) => known.includes(name)))
  for (const spec of specs)
    checked.set(spec.name, params.has(spec.name) ? checkParam(checked.get(spec.name)!, spec, report) : spec.default)
  return checked
}

function checkParam(value: Cell, spec: ParamSpec, report: Report): Cell {
  try {
    return convertParam(value, spec)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    // NumPy's own error is no MLflow error: it comes out as a bad request.
    const stage = error.message === ragged ? 'parse' : 'params'
    const wanted = spec.shape === null ? typeText(spec.type) : `a list of ${typeText(spec.type)}`
    const why = error.message === '' ? {} : { why: error.message }
    report.problem(
      stage,
      'PARAM_VALUE',
      { param: spec.name, found: foundText(error.found ?? value), wanted, ...why },
      { path: jsonPath(['params', spec.name]) },
    )
    return null
  }
}

const ragged = 'its lists are of unequal length or depth'

function isRagged(value: Cell): boolean {
  try {
    makeArray(value, undefined, raising)
    return false
  } catch (error) {
    if (error instanceof Refusal) return true
    throw error
  }
}

function convertParam(value: Cell, { type, shape }: ParamSpec): Cell {
  if (shape !== null) {
    if (!isList(value) || value.some(isList)) throw new Refusal(isList(value) && isRagged(value) ? ragged : '')
    return value.map((item) => (type.kind === 'scalar' ? convertScalar(item, type.dataType) : item))
  }
  if (type.kind === 'scalar') return convertScalar(value, type.dataType)
  // Checked as a value of the data is, but passed on as it was given.
  enforceCell(value, type, true)
  return value
}

/** As a default of the signature is converted; the wanted type says all where the kind of value is wrong. */
function convertScalar(value: Cell, dataType: DataType): Cell {
  const converted = convertScalarParam(value, dataType)
  if ('value' in converted) return converted.value
  throw new Refusal(converted.reason.startsWith('must be') ? '' : converted.reason, value)
}
