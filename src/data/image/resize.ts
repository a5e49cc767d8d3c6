/**
 * Pillow's `Image.resize` with its default filter, bicubic: the same numbers, so that a model sees what it was trained on.
 *
 * @see https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
 */
import type { ImageSize, Pixels } from './pixels.ts'

/** Weights are fixed-point numbers with so many bits behind the point. */
const precision = 22
const filterSupport = 2
const a = -0.5

function bicubic(x: number): number {
  const distance = Math.abs(x)
  if (distance < 1) return ((a + 2) * distance - (a + 3)) * distance * distance + 1
  return distance < 2 ? (((distance - 5) * distance + 8) * distance - 4) * a : 0
}

/** For each place of the result, where its pixels begin and their weights. */
interface Weights {
  readonly starts: Int32Array
  readonly counts: Int32Array
  readonly width: number
  readonly values: Int32Array
}

function weightsOf(from: number, to: number): Weights {
  const scale = from / to
  // Shrinking widens the filter, so that every pixel counts.
  const stretch = Math.max(1, scale)
  const support = filterSupport * stretch
  const width = Math.ceil(support) * 2 + 1
  const starts = new Int32Array(to)
  const counts = new Int32Array(to)
  const values = new Int32Array(to * width)
  const exact = new Float64Array(width)
  for (let place = 0; place < to; place++) {
    const centre = (place + 0.5) * scale
    const start = Math.max(0, Math.trunc(centre - support + 0.5))
    const count = Math.min(from, Math.trunc(centre + support + 0.5)) - start
    let sum = 0
    for (let at = 0; at < count; at++) {
      exact[at] = bicubic((at + start - centre + 0.5) * (1 / stretch))
      sum += exact[at]!
    }
    for (let at = 0; at < count; at++) {
      const weight = (sum === 0 ? exact[at]! : exact[at]! / sum) * 2 ** precision
      values[place * width + at] = Math.trunc(weight < 0 ? weight - 0.5 : weight + 0.5)
    }
    starts[place] = start
    counts[place] = count
  }
  return { starts, counts, width, values }
}

/** Brings pixels to another size; the proportions are not kept. Colours of transparent pixels do not bleed. */
export function resize(pixels: Pixels, { width, height }: ImageSize): Pixels {
  const transparent = pixels.channels === 4
  let current = transparent ? { ...pixels, values: premultiplied(pixels.values) } : pixels
  if (width !== current.width) current = across(current, width)
  if (height !== current.height) current = down(current, height)
  return transparent ? { ...current, values: straight(current.values) } : current
}

const half = 1 << (precision - 1)

function clip(sum: number): number {
  const value = sum >> precision
  return value < 0 ? 0 : value > 255 ? 255 : value
}

function across(pixels: Pixels, width: number): Pixels {
  const { height, channels, values } = pixels
  const weights = weightsOf(pixels.width, width)
  const result = new Uint8Array(width * height * channels)
  for (let row = 0, to = 0; row < height; row++) {
    const line = row * pixels.width * channels
    for (let column = 0; column < width; column++) {
      const count = weights.counts[column]!
      const first = column * weights.width
      const start = line + weights.starts[column]! * channels
      for (let channel = 0; channel < channels; channel++) {
        let sum = half
        for (let at = 0, from = start + channel; at < count; at++, from += channels)
          sum += values[from]! * weights.values[first + at]!
        result[to++] = clip(sum)
      }
    }
  }
  return { width, height, channels, values: result }
}

function down(pixels: Pixels, height: number): Pixels {
  const { width, channels, values } = pixels
  const weights = weightsOf(pixels.height, height)
  const lineBytes = width * channels
  const result = new Uint8Array(height * lineBytes)
  for (let row = 0, to = 0; row < height; row++) {
    const count = weights.counts[row]!
    const first = row * weights.width
    const start = weights.starts[row]! * lineBytes
    for (let byte = 0; byte < lineBytes; byte++) {
      let sum = half
      for (let at = 0, from = start + byte; at < count; at++, from += lineBytes)
        sum += values[from]! * weights.values[first + at]!
      result[to++] = clip(sum)
    }
  }
  return { width, height, channels, values: result }
}

function premultiplied(values: Uint8Array): Uint8Array {
  const result = new Uint8Array(values)
  for (let at = 0; at < result.length; at += 4) {
    const alpha = result[at + 3]!
    for (let channel = at; channel < at + 3; channel++) {
      const product = result[channel]! * alpha + 128
      result[channel] = ((product >> 8) + product) >> 8
    }
  }
  return result
}

function straight(values: Uint8Array): Uint8Array {
  for (let at = 0; at < values.length; at += 4) {
    const alpha = values[at + 3]!
    if (alpha === 0 || alpha === 255) continue
    for (let channel = at; channel < at + 3; channel++)
      values[channel] = Math.min(255, Math.trunc((255 * values[channel]!) / alpha))
  }
  return values
}
