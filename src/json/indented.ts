/** JSON over several lines, as `json.dumps(value, indent=2)` lays it out. */
import { type Cell, isCellMap } from '../batch.ts'
import { writeJsonString, writeJsonValue } from './write.ts'

/** Writes lists and objects with an item a line, everything else as {@link writeJsonValue} does. */
export function writeIndentedJson(cell: Cell, indent = 0): string {
  const blank = ' '.repeat(indent + 2)
  const lines = (items: readonly string[], open: string, close: string) =>
    items.length === 0 ? open + close : `${open}\n${items.map((item) => blank + item).join(',\n')}\n${' '.repeat(indent)}${close}`
  if (Array.isArray(cell)) {
    return lines(
      (cell as readonly Cell[]).map((item) => writeIndentedJson(item, indent + 2)),
      '[',
      ']',
    )
  }
  if (!isCellMap(cell)) return writeJsonValue(cell)
  const entries = [...cell].map(([key, value]) => `${writeJsonString(key)}: ${writeIndentedJson(value, indent + 2)}`)
  return lines(entries, '{', '}')
}
