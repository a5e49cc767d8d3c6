/** Pixels in memory, and their channels. */

export interface ImageSize {
  readonly width: number
  readonly height: number
}

/** Row by row from the top, the channels of a pixel together: 1 is grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
export interface Pixels extends ImageSize {
  readonly channels: number
  readonly values: Uint8Array
}

/**
 * Changes the channels as Pillow's `convert` does: alpha is left out, not blended; grey is
 * (19595 R + 38470 G + 7471 B + 32768) >> 16; an alpha that was not there is 255.
 *
 * @param wanted - 1, 3 or 4
 */
export function withChannels(pixels: Pixels, wanted: 1 | 3 | 4): Pixels {
  const { channels, values, width, height } = pixels
  if (channels === wanted) return pixels
  const count = width * height
  const result = new Uint8Array(count * wanted)
  const [green, blue] = channels < 3 ? [0, 0] : [1, 2]
  const alpha = channels === 2 ? 1 : channels === 4 ? 3 : -1
  for (let pixel = 0, from = 0, to = 0; pixel < count; pixel++, from += channels, to += wanted) {
    const r = values[from]!
    const g = values[from + green]!
    const b = values[from + blue]!
    if (wanted === 1) {
      result[to] = (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16
      continue
    }
    result[to] = r
    result[to + 1] = g
    result[to + 2] = b
    if (wanted === 4) result[to + 3] = alpha < 0 ? 255 : values[from + alpha]!
  }
  return { width, height, channels: wanted, values: result }
}

/** Whether a pixel is not opaque. */
export function hasTransparency({ channels, values }: Pixels): boolean {
  if (channels !== 2 && channels !== 4) return false
  for (let at = channels - 1; at < values.length; at += channels) if (values[at] !== 255) return true
  return false
}
