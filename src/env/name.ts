/** Names of Python packages. */

/** A name as PEP 503 normalises it: of `scikit_learn`, `Scikit-Learn` and `scikit.learn` the same `scikit-learn`. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-')
}
