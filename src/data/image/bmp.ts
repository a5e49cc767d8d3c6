/**
 * BMP without compression: 1, 4 and 8 bits with a palette, 16, 24 and 32 bits.
 *
 * @see https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types
 */
import { MlmodelError } from '../../errors/index.ts'
import type { Pixels } from './pixels.ts'

const uncompressed = 0
const bitFields = 3
const alphaBitFields = 6

interface Layout {
  readonly width: number
  readonly height: number
  readonly topDown: boolean
  readonly bits: number
  /** Of the first row of the file. */
  readonly start: number
  /** Bytes of a row. */
  readonly stride: number
  /** Three bytes for each colour of a palette, blue first. */
  readonly palette: Uint8Array | undefined
  /** Masks of red, green, blue and alpha in a pixel; no alpha is 0. */
  readonly masks: readonly [number, number, number, number]
}

/**
 * Reads an image; an alpha channel only where the file says which bits it has.
 *
 * @param mostPixels - refuses more before anything is allocated
 * @throws IMAGE_BROKEN, IMAGE_UNSUPPORTED, IMAGE_LIMIT
 */
export function readBmp(bytes: Uint8Array, mostPixels: number): Pixels {
  const layout = readLayout(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), bytes)
  const { width, height } = layout
  if (width * height > mostPixels)
    throw new MlmodelError('IMAGE_LIMIT', { what: 'pixels', found: width * height, limit: mostPixels })
  if (layout.start + layout.stride * height > bytes.length) throw broken('it is cut off')
  const channels = layout.masks[3] === 0 ? 3 : 4
  const values = new Uint8Array(width * height * channels)
  for (let row = 0; row < height; row++) {
    const from = layout.start + layout.stride * (layout.topDown ? row : height - 1 - row)
    const to = row * width * channels
    if (layout.palette !== undefined) readIndexed(bytes, from, layout, values, to)
    else if (layout.bits === 24) readBytes(bytes, from, width, values, to)
    else readMasked(bytes, from, layout, values, to)
  }
  return { width, height, channels, values }
}

function broken(why: string): MlmodelError {
  return new MlmodelError('IMAGE_BROKEN', { format: 'BMP', why })
}

function readLayout(view: DataView, bytes: Uint8Array): Layout {
  if (bytes.length < 26) throw broken('it is cut off')
  const start = view.getUint32(10, true)
  const headerBytes = view.getUint32(14, true)
  const old = headerBytes === 12
  if (bytes.length < 14 + headerBytes || headerBytes > 124 || (!old && headerBytes < 40))
    throw broken('its header has an unknown size')
  const width = old ? view.getUint16(18, true) : view.getInt32(18, true)
  const rows = old ? view.getUint16(20, true) : view.getInt32(22, true)
  const bits = view.getUint16(old ? 24 : 28, true)
  const compression = old ? uncompressed : view.getUint32(30, true)
  if (width <= 0 || rows === 0) throw broken(`its size is ${width} × ${rows}`)
  const masked = compression === bitFields || compression === alphaBitFields
  if (compression !== uncompressed && !(masked && (bits === 16 || bits === 32))) {
    throw new MlmodelError('IMAGE_UNSUPPORTED', { format: 'BMP', what: `is compressed (method ${compression})` })
  }
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw broken(`it has ${bits} bits a pixel`)
  let palette: Uint8Array | undefined
  if (bits <= 8)
    palette = readPalette(view, bytes, {
      at: 14 + headerBytes,
      entryBytes: old ? 3 : 4,
      used: old ? 0 : view.getUint32(46, true),
      bits,
    })
  return {
    width,
    height: Math.abs(rows),
    topDown: rows < 0,
    bits,
    start,
    stride: Math.ceil((width * bits) / 32) * 4,
    palette,
    masks: masked
      ? readMasks(view, headerBytes, compression)
      : bits === 16
        ? [0x7c00, 0x3e0, 0x1f, 0]
        : [0xff0000, 0xff00, 0xff, 0],
  }
}

/** Behind a header of 40 bytes, or part of a longer one. */
function readMasks(view: DataView, headerBytes: number, compression: number): Layout['masks'] {
  const withAlpha = headerBytes >= 56 || compression === alphaBitFields
  if (view.byteLength < 54 + (withAlpha ? 16 : 12)) throw broken('it is cut off')
  const mask = (index: number) => view.getUint32(54 + index * 4, true)
  return [mask(0), mask(1), mask(2), withAlpha ? mask(3) : 0]
}

function readPalette(
  view: DataView,
  bytes: Uint8Array,
  { at, entryBytes, used, bits }: { at: number; entryBytes: number; used: number; bits: number },
): Uint8Array {
  const size = 1 << bits
  const count = used === 0 || used > size ? size : used
  if (at + count * entryBytes > view.byteLength) throw broken('its palette is cut off')
  // A colour that is not there is black.
  const palette = new Uint8Array(size * 3)
  for (let entry = 0; entry < count; entry++)
    palette.set(bytes.subarray(at + entry * entryBytes, at + entry * entryBytes + 3), entry * 3)
  return palette
}

function readIndexed(bytes: Uint8Array, from: number, { width, bits, palette }: Layout, values: Uint8Array, to: number): void {
  const perByte = 8 / bits
  const mask = (1 << bits) - 1
  for (let column = 0; column < width; column++) {
    const byte = bytes[from + Math.floor(column / perByte)]!
    const entry = ((byte >> (8 - bits - (column % perByte) * bits)) & mask) * 3
    values[to + column * 3] = palette![entry + 2]!
    values[to + column * 3 + 1] = palette![entry + 1]!
    values[to + column * 3 + 2] = palette![entry]!
  }
}

function readBytes(bytes: Uint8Array, from: number, width: number, values: Uint8Array, to: number): void {
  for (let at = 0; at < width * 3; at += 3) {
    values[to + at] = bytes[from + at + 2]!
    values[to + at + 1] = bytes[from + at + 1]!
    values[to + at + 2] = bytes[from + at]!
  }
}

function readMasked(bytes: Uint8Array, from: number, { width, bits, masks }: Layout, values: Uint8Array, to: number): void {
  const channels = masks[3] === 0 ? 3 : 4
  const parts = masks.slice(0, channels).map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask)
    return { shift, most: mask === 0 ? 1 : mask >>> shift }
  })
  const size = bits / 8
  for (let column = 0; column < width; column++) {
    const at = from + column * size
    const pixel =
      size === 2
        ? bytes[at]! | (bytes[at + 1]! << 8)
        : bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    for (let channel = 0; channel < channels; channel++) {
      const { shift, most } = parts[channel]!
      const value = ((pixel & masks[channel]!) >>> shift) >>> 0
      values[to + column * channels + channel] = most === 255 ? value : Math.floor((value * 255) / most)
    }
  }
}
