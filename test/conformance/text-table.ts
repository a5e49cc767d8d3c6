/** CSV as pandas' `read_csv` splits it: the judge's own reader, of text cells. */

export interface TextTable {
  readonly names: readonly string[]
  /** Cells by row; null is a missing cell (one of pandas' NA words, or a row that is too short). */
  readonly rows: readonly (readonly (string | null)[])[]
  /** The same cells as text, NA words kept; undefined where the row is too short. */
  readonly texts: readonly (readonly (string | undefined)[])[]
  /** Whether two header cells are equal text and not empty. */
  readonly duplicateNames: boolean
  /** Whether rows are longer than the header, so that pandas takes the first cells for row labels. */
  readonly labelled: boolean
}

const missingWords = new Set(
  '|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null'.split('|'),
)

/** Reads the text; undefined where pandas refuses it (nothing there, or a row longer than the first ones). */
export function readTextTable(text: string): TextTable | undefined {
  const records = split(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
  if (records === undefined || records.length === 0) return undefined
  const [header, ...body] = records
  const width = header!.length
  const labels = body.length > 0 && body[0]!.length > width ? body[0]!.length - width : 0
  if (body.some((record) => record.length > width + labels)) return undefined
  const cells = body.map((record) => record.slice(labels))
  return {
    names: header!,
    rows: cells.map((record) =>
      Array.from({ length: width }, (_, column) => {
        const cell = record[column]
        return cell === undefined || missingWords.has(cell) ? null : cell
      }),
    ),
    texts: cells.map((record) => Array.from({ length: width }, (_, column) => record[column])),
    duplicateNames: header!.some((name, position) => name !== '' && header!.indexOf(name) !== position),
    labelled: labels > 0,
  }
}

/** Records of cells: quotes with doubled quotes inside, all three line ends, lines of nothing but spaces skipped. */
function split(text: string): string[][] | undefined {
  const records: string[][] = []
  let record: string[] = []
  let cell = ''
  let touched = false
  let at = 0
  const endRecord = () => {
    record.push(cell)
    if (record.length > 1 || touched || cell.trim() !== '') records.push(record)
    record = []
    cell = ''
    touched = false
  }
  while (at < text.length) {
    const character = text[at]!
    if (character === '"' && cell === '') {
      touched = true
      at++
      for (;;) {
        if (at >= text.length) return undefined
        if (text[at] === '"') {
          if (text[at + 1] !== '"') break
          at++
        }
        cell += text[at]
        at++
      }
      at++
    } else if (character === ',') {
      record.push(cell)
      cell = ''
      touched = false
      at++
    } else if (character === '\n' || character === '\r') {
      at += character === '\r' && text[at + 1] === '\n' ? 2 : 1
      endRecord()
    } else {
      cell += character
      at++
    }
  }
  if (cell !== '' || record.length > 0 || touched) endRecord()
  return records
}
