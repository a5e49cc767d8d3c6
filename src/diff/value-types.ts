/** Whether data of one column type is taken where another is asked for. */
import { printType, type ValueType } from '../signature.ts'

/** Types that MLflow's enforcement takes for another without loss (mlflow/models/utils.py, `_enforce_mlflow_datatype`). */
const wider: Readonly<Record<string, readonly string[]>> = { integer: ['long', 'double'], float: ['double'] }

/** Whether every value of type `from` is a value of type `to`. */
export function fits(from: ValueType, to: ValueType): boolean {
  if (to.kind === 'any' || isSameType(from, to)) return true
  if (from.kind === 'scalar' && to.kind === 'scalar') return wider[from.dataType]?.includes(to.dataType) === true
  if (from.kind === 'array' && to.kind === 'array') return fits(from.items, to.items)
  if (from.kind === 'map' && to.kind === 'map') return fits(from.values, to.values)
  if (from.kind !== 'object' || to.kind !== 'object') return false
  // A property that `to` does not know is refused by MLflow; one that it requires must be there.
  const given = new Map(from.properties.map((property) => [property.name, property]))
  return (
    from.properties.every(({ name }) => to.properties.some((property) => property.name === name)) &&
    to.properties.every(({ name, type, required }) => {
      const one = given.get(name)
      return one === undefined ? !required : fits(one.type, type) && (one.required || !required)
    })
  )
}

/** Types are equal when MLflow prints them alike. */
export function isSameType(a: ValueType, b: ValueType): boolean {
  return a.kind === b.kind && printType(a) === printType(b)
}
