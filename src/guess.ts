/** The nearest known word to a mistyped one. */

/** Beyond this many edits a guess is noise. */
const mostEdits = 3
/** Share of the longer word that must be right; measured on commander, whose guesses are good, and eslint, whose are not. */
const leastSimilarity = 0.4

/**
 * Finds the known word that the user most likely meant: at most three edits away and more than 0.4 alike, a swap of two
 * neighbours counting as one edit and leading dashes as nothing. A word that the given one begins is taken too (`--exp` for `--explain`), if it is the only one.
 */
export function guess(given: string, known: readonly string[]): string | undefined {
  const dashes = /^-+/
  const word = given.toLowerCase().replace(dashes, '')
  let best: string | undefined
  let bestDistance = mostEdits + 1
  for (const candidate of known) {
    const name = candidate.toLowerCase().replace(dashes, '')
    const longest = Math.max(word.length, name.length)
    if (Math.abs(word.length - name.length) > mostEdits) continue
    const distance = editDistance(word, name)
    if (distance < bestDistance && (longest - distance) / longest > leastSimilarity) {
      best = candidate
      bestDistance = distance
    }
  }
  if (best !== undefined || word.length < 3) return best
  const begun = known.filter((candidate) => candidate.toLowerCase().replace(dashes, '').startsWith(word))
  return begun.length === 1 ? begun[0] : undefined
}

/** Damerau-Levenshtein distance (optimal string alignment) of two short words; longer ones are cut to 64 characters. */
export function editDistance(left: string, right: string): number {
  const a = left.slice(0, 64)
  const b = right.slice(0, 64)
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let distance = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) distance = Math.min(distance, beforeLast[j - 2]! + 1)
      row.push(distance)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
