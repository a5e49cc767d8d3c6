/** Base64 as Python's `base64.decodebytes` reads it: what is not of the alphabet is passed over. */

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const sixBits = new Map([...alphabet].map((letter, value) => [letter, value]))

/**
 * Decodes a text; a string says why Python raises.
 *
 * @see cpython Modules/binascii.c (a2b_base64, not strict)
 */
export function decodeBase64(text: string): Uint8Array | string {
  const bytes: number[] = []
  let position = 0
  let held = 0
  let pads = 0
  for (const letter of text) {
    if (letter === '=') {
      pads += 1
      if (position >= 2 && position + pads >= 4) return Uint8Array.from(bytes)
      continue
    }
    const value = sixBits.get(letter)
    if (value === undefined) continue
    pads = 0
    if (position > 0) bytes.push((((held << 6) | value) >> (6 - position * 2)) & 0xff)
    held = value
    position = (position + 1) % 4
  }
  if (position === 1) return 'one base64 character too many'
  return position === 0 ? Uint8Array.from(bytes) : 'the base64 padding is missing'
}

/** Whether a text is base64 of RFC 4648, padded. Line breaks belong to MIME's form, which MLflow itself writes. */
export function isBase64(text: string): boolean {
  const letters = text.replace(/[\r\n]/g, '')
  return letters.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(letters)
}
