/** Which format an image has, by its first bytes. */

export const imageFormats = ['PNG', 'JPEG', 'TIFF', 'BMP', 'GIF'] as const
export type ImageFormat = (typeof imageFormats)[number]

const bmpHeaders: readonly number[] = [12, 40, 52, 56, 64, 108, 124]

/**
 * Tells an image.
 *
 * @param head - its first bytes, at least 26
 * @returns undefined for what is no image of a format that is read here
 */
export function imageFormat(head: Uint8Array): ImageFormat | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, 32)).toString('latin1')
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'PNG'
  if (text.startsWith('\xff\xd8\xff')) return 'JPEG'
  if (/^(?:II[*+]\0|MM\0[*+])/.test(text)) return 'TIFF'
  if (/^GIF8[79]a/.test(text)) return 'GIF'
  // The header of a CSV may begin with these letters: what follows decides.
  if (text.startsWith('BM') && head.length >= 26 && bmpHeaders.includes(head[14]!) && text.slice(15, 18) === '\0\0\0')
    return 'BMP'
  return undefined
}
