/**
 * Params: the one place where MLflow takes JSON values as they are and refuses rather than converts.
 *
 * @see mlflow/models/utils.py (_enforce_params_schema, _enforce_param_datatype)
 */

import { notATime } from '../dtype.ts'
import type { ParamSpec } from '../signature.ts'
import { enforceCell, typeText } from './nested.ts'
import { floatOf, makeArray } from './numpy.ts'
import { parseNumpyDatetime } from './numpy-datetime.ts'
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
      { path: `$.params.${spec.name}` },
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

function convertScalar(value: Cell, dataType: string): Cell {
  if (value === null) return null
  switch (dataType) {
    case 'datetime':
      return convertDate(value)
    case 'boolean':
      if (typeof value === 'boolean') return value
      break
    case 'integer':
    case 'long':
      if (typeof value === 'bigint') return value
      break
    case 'float':
    case 'double': {
      const number = typeof value === 'number' || typeof value === 'bigint' ? floatOf(value) : undefined
      if (typeof number === 'string') throw new Refusal(number, value)
      if (number !== undefined) return number
      break
    }
    case 'string':
      if (typeof value === 'string') return value
  }
  throw new Refusal('', value)
}

/** `numpy.datetime64(text).item()`: what has more digits than microseconds, or lies beyond Python's years, is an int there. */
function convertDate(value: Cell): Cell {
  if (typeof value !== 'string') throw new Refusal('', value)
  const parsed = parseNumpyDatetime(value)
  if (typeof parsed === 'string') throw new Refusal(parsed, value)
  if (parsed.nanoseconds === notATime) return null
  const fraction = /\.(\d+)/.exec(value)?.[1] ?? ''
  if (fraction.length > 6) throw new Refusal('a date has at most six digits of a second', value)
  const year = Number(/^\s*([+-]?\d+)/.exec(value)?.[1] ?? '1970')
  if (year < 1 || year > 9999) throw new Refusal('the year must be between 1 and 9999', value)
  return { kind: /[T ]\d|now/i.test(value.trim()) ? 'datetime' : 'date', nanoseconds: parsed.nanoseconds }
}
