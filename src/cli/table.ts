/** Text in columns for a terminal of so many columns: widths, wrapping, tables. All text given here is already escaped. */

// Combining marks and what show() leaves of zero width.
const zeroWidth = /\p{Mark}|\p{Default_Ignorable_Code_Point}/u
// East Asian wide and fullwidth forms, and emoji shown as pictures: two columns each.
const doubleWidth =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u
// Latin, Greek, Cyrillic and the punctuation of our own words: one column each, without the costly Unicode classes above.
const simple = /^[\u0020-\u02ff\u0370-\u0482\u2010-\u2027\u2030-\u205e]*$/

/** Columns a text takes on a terminal. */
export function displayWidth(text: string): number {
  if (simple.test(text)) return text.length
  let width = 0
  for (const character of text) width += zeroWidth.test(character) ? 0 : doubleWidth.test(character) ? 2 : 1
  return width
}

/** Fills a text with spaces to a width. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(text)))
  return align === 'left' ? text + fill : fill + text
}

/** Cuts a text to a width, with an ellipsis in place of the rest. */
export function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let used = 0
  for (const character of text) {
    const next = displayWidth(character)
    if (used + next > width - 1) break
    kept += character
    used += next
  }
  return `${kept}…`
}

/** Breaks a text at spaces into lines of at most `width` columns; a longer word is broken where it must. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (let word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) <= width) {
      line += ` ${word}`
      continue
    }
    if (line !== '') lines.push(line)
    while (displayWidth(word) > width && width > 0) {
      let head = ''
      for (const character of word) {
        if (displayWidth(head + character) > width) break
        head += character
      }
      if (head === '') break
      lines.push(head)
      word = word.slice(head.length)
    }
    line = word
  }
  lines.push(line)
  return lines
}

export interface TableOptions {
  /** Columns of the terminal that may be used, the indent included. */
  readonly width: number
  readonly indent?: number
  readonly align?: readonly ('left' | 'right')[]
  /** Styles a whole padded cell of a column; widths are measured before. */
  readonly paint?: readonly (((text: string) => string) | undefined)[]
}

/**
 * Lays out rows in columns two spaces apart. Where they do not fit, the last column wraps below itself if it keeps at
 * least 20 columns, else the widest column is cut.
 */
export function table(rows: readonly (readonly string[])[], options: TableOptions): string[] {
  const { width, indent = 2, align = [], paint = [] } = options
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, column) => Math.max(...rows.map((row) => displayWidth(row[column] ?? ''))))
  const gaps = indent + 2 * Math.max(0, count - 1)
  const leastLast = 20
  const free = (): number => width - gaps - widths.reduce((sum, each) => sum + each, 0)
  const last = count - 1
  if (count > 0 && free() < 0) widths[last] = Math.max(Math.min(leastLast, widths[last]!), widths[last]! + free())
  while (count > 1 && free() < 0) {
    const widest = widths.indexOf(Math.max(...widths.slice(0, last)))
    if (widths[widest]! <= 8) break
    widths[widest] = widths[widest]! - 1
  }
  const lines: string[] = []
  for (const row of rows) {
    const tail = wrap(row[last] ?? '', Math.max(8, widths[last] ?? 8))
    for (const [index, text] of tail.entries()) {
      const cells = widths.map((columnWidth, column) => {
        const cell = column === last ? text : index === 0 ? truncate(row[column] ?? '', columnWidth) : ''
        const padded = column === last && align[column] !== 'right' ? cell : pad(cell, columnWidth, align[column])
        return paint[column]?.(padded) ?? padded
      })
      lines.push(`${' '.repeat(indent)}${cells.join('  ')}`.trimEnd())
    }
  }
  return lines
}

/** A whole number with commas between its thousands. Not by `toLocaleString`: its first call loads ICU's data, 17 ms. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',')
}
