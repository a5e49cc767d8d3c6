/**
 * The end of a text. A pattern such as `/ +$/` looks on from every blank of a run in the middle, which costs the square of the
 * run: a stranger's file of 200 kB held a processor for a minute (CWE-1333).
 */

/** Takes every `character` off the end. */
export function trimEndOf(text: string, character: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === character) end--
  return text.slice(0, end)
}
