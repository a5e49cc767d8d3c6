/** How files of columns begin: told without loading what reads them. */

/** Whether the bytes begin as an Arrow file or stream does. */
export function looksLikeArrow(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 6)).toString('latin1')
  if (text === 'ARROW1') return true
  // A message's length is a multiple of 8, and so is the place of its table.
  return (
    bytes.length >= 8 &&
    text.startsWith('\xff\xff\xff\xff') &&
    (bytes[4]! & 7) === 0 &&
    bytes[7] === 0 &&
    (bytes[4]! | bytes[5]! | bytes[6]!) !== 0
  )
}

/** Whether the bytes begin as a Parquet file does. */
export function looksLikeParquet(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x41 && bytes[2] === 0x52 && bytes[3] === 0x31
}
