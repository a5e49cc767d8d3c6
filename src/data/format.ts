/** Which format a file of data has: by its first bytes, then by its extension. */
import { looksLikeZip } from '../zip.ts'
import { looksLikeArrow, looksLikeParquet } from './columnar/magic.ts'
import { imageFormat } from './image/format.ts'
import { looksLikeNpy } from './npy.ts'

export const inputFormats = ['csv', 'json', 'jsonl', 'npy', 'npz', 'parquet', 'arrow', 'image'] as const
export type InputFormat = (typeof inputFormats)[number]

/** Bytes looked at: the first line of JSON Lines is that of a whole row. */
export const headBytes = 1 << 16
/** Of these, those that a name or a bracket must be in. */
const startBytes = 64

/** Names by which a user may ask for a format: ours, and the content types MLflow's server takes. */
export const inputFormatNames: Readonly<Record<string, InputFormat>> = {
  csv: 'csv',
  'text/csv': 'csv',
  json: 'json',
  'application/json': 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  npy: 'npy',
  npz: 'npz',
  parquet: 'parquet',
  'application/vnd.apache.parquet': 'parquet',
  arrow: 'arrow',
  image: 'image',
}

/** Extensions that are no name of a format. */
const extensions: Readonly<Record<string, InputFormat>> = {
  pqt: 'parquet',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
}

const imageExtensions = ['png', 'jpg', 'jpeg', 'jpe', 'tif', 'tiff', 'bmp', 'dib', 'gif']

/** Extensions of files of data, for choosing among the files of a folder. */
export const dataExtensions: ReadonlySet<string> = new Set(
  [...Object.keys(inputFormatNames), ...Object.keys(extensions), ...imageExtensions].filter((name) => /^[a-z]+$/.test(name)),
)

/**
 * Tells the format of data from the beginning of its bytes; where they do not decide, from the name's extension.
 *
 * @param head - {@link headBytes} bytes, or all there are
 * @returns undefined when neither decides
 */
export function detectFormat(head: Uint8Array, name: string): InputFormat | undefined {
  if (looksLikeNpy(head)) return 'npy'
  if (looksLikeZip(head)) return 'npz'
  if (imageFormat(head) !== undefined) return 'image'
  if (looksLikeParquet(head)) return 'parquet'
  if (looksLikeArrow(head)) return 'arrow'
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase()
  // A header of CSV may begin with a bracket; nobody names such a file .json.
  if (extension === 'csv') return 'csv'
  if (extension === 'jsonl' || extension === 'ndjson') return 'jsonl'
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, startBytes)).toString('latin1')
  if (/^(?:\u00ef\u00bb\u00bf|\u00ff\u00fe|\u00fe\u00ff)?[\s\0]*[{[]/.test(text)) return isLines(head) ? 'jsonl' : 'json'
  if (extension !== undefined && Object.hasOwn(inputFormatNames, extension)) return inputFormatNames[extension]
  if (extension !== undefined && Object.hasOwn(extensions, extension)) return extensions[extension]
  return text.includes(',') || text.includes('\n') ? 'csv' : undefined
}

/** Whether one object stands alone on the first line, and another begins behind it. */
function isLines(head: Uint8Array): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length).toString('latin1')
  const start = /^(?:\u00ef\u00bb\u00bf)?\s*/.exec(text)![0].length
  if (text[start] !== '{') return false
  let depth = 0
  let quoted = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]!
    if (quoted) {
      if (character === '\\') at++
      else if (character === '"') quoted = false
    } else if (character === '"') quoted = true
    else if (character === '\n') return false
    else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return /^[ \t\r]*\n\s*\{/.test(text.slice(at + 1))
  }
  return false
}

/** Formats that are recognised and not read, by how they begin. */
const unread: readonly (readonly [name: string, begins: RegExp])[] = [
  ['gzip', /^\u001f\u008b/],
  ['Zstandard', /^\u0028\u00b5\u002f\u00fd/],
]

/** The name of a format that data has and that is not read here; undefined for anything else. */
export function unreadFormat(head: Uint8Array, name: string): string | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, startBytes)).toString('latin1')
  return unread.find(([, begins]) => begins.test(text))?.[0] ?? (/\.(tsv|tab)$/i.test(name) ? 'tab-separated text' : undefined)
}
