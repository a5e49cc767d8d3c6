/** Writes a JSON path such as `$.dataframe_split.data[3][1]`; a key that is no plain word is quoted: `$["sepal length"]`. */
export function jsonPath(parts: readonly (string | number)[]): string {
  return `$${parts.map((part) => (typeof part === 'number' ? `[${part}]` : /^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`)).join('')}`
}
