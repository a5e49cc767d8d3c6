/** Patterns of file names: `*`, `?`, `**` and `{a,b}`. Node 20 has none of its own. */

/** Whether a path has characters of a pattern. */
export function isPattern(path: string): boolean {
  return /[*?]|\{[^{}]*,[^{}]*\}/.test(path)
}

/**
 * Writes out the alternatives of braces: `{a,b{1,2}}.csv` is `a.csv`, `b1.csv`, `b2.csv`. A brace without a comma or a partner is a
 * character like any other.
 *
 * @returns undefined for more than `limit`: braces multiply
 */
export function expandBraces(pattern: string, limit: number): readonly string[] | undefined {
  let done: string[] = []
  let open = [pattern]
  while (open.length > 0) {
    const next: string[] = []
    for (const each of open) {
      const alternatives = firstAlternatives(each)
      if (alternatives === undefined) done.push(each)
      else for (const alternative of alternatives) next.push(alternative)
      if (done.length + next.length > limit) return undefined
    }
    open = next
  }
  if (done.length > 1) done = [...new Set(done)]
  return done
}

/** The pattern with its first outer pair of braces replaced by each of its alternatives; undefined where there is none. */
function firstAlternatives(pattern: string): readonly string[] | undefined {
  for (let start = pattern.indexOf('{'); start >= 0; start = pattern.indexOf('{', start + 1)) {
    const commas: number[] = []
    let depth = 0
    for (let at = start; at < pattern.length; at++) {
      const character = pattern[at]
      if (character === '{') depth++
      else if (character === ',' && depth === 1) commas.push(at)
      else if (character === '}' && --depth === 0) {
        if (commas.length === 0) break
        const ends = [...commas, at]
        const [before, after] = [pattern.slice(0, start), pattern.slice(at + 1)]
        return ends.map((end, index) => before + pattern.slice((index === 0 ? start : commas[index - 1]!) + 1, end) + after)
      }
    }
  }
  return undefined
}

/**
 * Whether a file name fits one segment of a pattern: `*` is any text, `?` one character, all else itself. A leading dot is
 * matched by a dot only. Takes time in proportion to the product of the lengths, whatever the pattern.
 */
export function matchesName(name: string, pattern: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false
  const text = [...name]
  const wanted = [...pattern]
  let at = 0
  let place = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    if (wanted[place] === '*') {
      star = place++
      resume = at
    } else if (wanted[place] === '?' || wanted[place] === text[at]) {
      at++
      place++
    } else if (star >= 0) {
      // The star takes one character more.
      place = star + 1
      at = ++resume
    } else return false
  }
  while (wanted[place] === '*') place++
  return place === wanted.length
}

/** Natural order: runs of digits by their number (`x2` before `x10`), all else by its characters, folder by folder. */
export function naturalOrder(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')]
  for (let level = 0; level < Math.min(left.length, right.length); level++) {
    const order = compareNames(left[level]!, right[level]!)
    if (order !== 0) return order
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0)
}

function compareNames(a: string, b: string): number {
  const [left, right] = [a.match(/\d+|\D+/g) ?? [], b.match(/\d+|\D+/g) ?? []]
  for (let part = 0; part < Math.min(left.length, right.length); part++) {
    const [one, other] = [left[part]!, right[part]!]
    if (one === other) continue
    if (/^\d/.test(one) && /^\d/.test(other)) {
      const [digits, otherDigits] = [one.replace(/^0+/, ''), other.replace(/^0+/, '')]
      if (digits.length !== otherDigits.length) return digits.length - otherDigits.length
      if (digits !== otherDigits) return digits < otherDigits ? -1 : 1
      continue
    }
    return one < other ? -1 : 1
  }
  // Equal but for leading zeros: the whole path decides.
  return left.length - right.length
}
