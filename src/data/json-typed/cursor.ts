/**
 * Scanning for the typed JSON reader. Nothing here reports an error: whatever is not plain throws {@link bail}, and the
 * exact reader decides. Text always ends in `}`, so no number and no word runs past the end unseen.
 */
/** Thrown, never shown: the body is not of the few plain forms. Made once, because a stack trace costs. */
export const bail: Error = new Error('not a plain body')

export interface Cursor {
  readonly bytes: Buffer
  /** Only bytes below 128. */
  readonly ascii: boolean
  at: number
}

/** Numbers as they are read, all as doubles; integers beyond 2^53 have their words beside. */
export interface Stage {
  values: Float64Array
  used: number
  /** Low and high word of an integer, by its index in `values`. */
  wide: Map<number, readonly [number, number]> | undefined
}

export const comma = 0x2c
export const colon = 0x3a
export const openList = 0x5b
export const closeList = 0x5d
export const openObject = 0x7b
export const closeObject = 0x7d
const quote = 0x22
const backslash = 0x5c

/** Whitespace, then one byte that must be there. */
export function expect(cursor: Cursor, wanted: number): void {
  if (nextByte(cursor) !== wanted) throw bail
  cursor.at++
}

/** Skips whitespace; the byte behind it, which stays unread. */
export function nextByte(cursor: Cursor): number {
  const { bytes } = cursor
  let { at } = cursor
  let byte = bytes[at]!
  while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++at]!
  cursor.at = at
  return byte
}

/** Whether `,` follows (taken) or `close` (taken); anything else is not plain. */
export function hasMore(cursor: Cursor, close: number): boolean {
  const byte = nextByte(cursor)
  cursor.at++
  if (byte === comma) return true
  if (byte !== close) throw bail
  return false
}

/** Takes the bytes if they stand here. */
export function takes(cursor: Cursor, wanted: Uint8Array): boolean {
  const { bytes, at } = cursor
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false
  cursor.at = at + wanted.length
  return true
}

/** Bails where anything but blanks is left. */
export function endOfBody(cursor: Cursor): void {
  nextByte(cursor)
  if (cursor.at !== cursor.bytes.length) throw bail
}

const trueBytes = Buffer.from('true')
const falseBytes = Buffer.from('false')

/** Reads `true` as 1 and `false` as 0; bails at all else. */
export function readBoolean(cursor: Cursor): number {
  if (takes(cursor, trueBytes)) return 1
  if (takes(cursor, falseBytes)) return 0
  throw bail
}

const nullBytes = Buffer.from('null')

/** Takes a `null` if it stands here. */
export function takesNull(cursor: Cursor): boolean {
  return cursor.bytes[cursor.at] === nullBytes[0] && takes(cursor, nullBytes)
}

/** Reads a string from its opening quote on; lone surrogates, which pandas' strings cannot hold, are not plain. */
export function readText(cursor: Cursor): string {
  const { bytes, at: start } = cursor
  if (bytes[start] !== quote) throw bail
  let at = start + 1
  let escaped = false
  let byte = bytes[at]!
  while (byte !== quote) {
    if (byte === backslash) {
      escaped = true
      at++
      // A quote behind a backslash ends nothing.
      if (at >= bytes.length) throw bail
    } else if (!(byte >= 0x20)) throw bail
    byte = bytes[++at]!
  }
  cursor.at = at + 1
  if (!escaped) return bytes.toString(cursor.ascii ? 'latin1' : 'utf8', start + 1, at)
  const text = parseText(bytes.toString('utf8', start, at + 1))
  if (/\p{Surrogate}/u.test(text)) throw bail
  return text
}

function parseText(token: string): string {
  try {
    return JSON.parse(token) as string
  } catch {
    throw bail
  }
}

/** Makes room for `more` numbers, and for as many again if the rest of the body is like what was read. */
export function reserve(stage: Stage, more: number): void {
  const needed = stage.used + more
  if (needed <= stage.values.length) return
  const larger = new Float64Array(Math.max(needed, stage.values.length * 2))
  larger.set(stage.values.subarray(0, stage.used))
  stage.values = larger
}
