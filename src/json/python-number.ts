/**
 * Floats as Python prints them. The digits of JavaScript and of `repr` are the same shortest ones; only the layout
 * differs: `1.0`, `1e-05`, `1e+16`, `-0.0`, `nan`.
 *
 * @see cpython Python/pystrtod.c `format_float_short` with `r`
 */

/** A float as Python's `repr` and `json.dumps` print it; NaN and the infinities as the tokens of `json.dumps`. */
export function formatPythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  const magnitude = Math.abs(value)
  if (magnitude >= 1e-4 && magnitude < 1e16) return Number.isInteger(value) ? `${value}.0` : `${value}`
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (magnitude === Number.POSITIVE_INFINITY) return value > 0 ? 'Infinity' : '-Infinity'
  const text = value.toExponential()
  // Python's exponents have two digits at least.
  return text.at(-2) === '-' || text.at(-2) === '+' ? `${text.slice(0, -1)}0${text.at(-1)}` : text
}

/** A float32 as MLflow prints it: widened to a double, so 0.1 is `0.10000000149011612`. */
export function formatFloat32(value: number): string {
  return formatPythonFloat(Math.fround(value))
}
