/**
 * The first frame of a GIF, on its canvas. libvips loses the colours of transparent pixels, which Pillow keeps.
 *
 * @see https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */
import { MlmodelError } from '../../errors/index.ts'
import type { Pixels } from './pixels.ts'

interface Frame {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly interlaced: boolean
  /** Three bytes for each colour; grey where the file has none. */
  readonly palette: Uint8Array
  readonly indices: Uint8Array
}

/**
 * Reads the first frame: RGB, or RGBA where the frame has a transparent colour.
 *
 * @throws IMAGE_BROKEN, IMAGE_LIMIT
 */
export function readGif(bytes: Uint8Array, mostPixels: number): Pixels {
  const input = openInput(bytes)
  input.at = 6
  const width = input.word()
  const height = input.word()
  const flags = input.byte()
  input.at += 2
  if (width === 0 || height === 0) throw broken(`its size is ${width} × ${height}`)
  if (width * height > mostPixels)
    throw new MlmodelError('IMAGE_LIMIT', { what: 'pixels', found: width * height, limit: mostPixels })
  const shared = flags & 0x80 ? input.take(3 << ((flags & 7) + 1)) : undefined
  let transparent = -1
  for (;;) {
    const kind = input.byte()
    if (kind === 0x21) {
      const label = input.byte()
      const block = input.blocks()
      if (label === 0xf9 && block.length >= 4 && block[0]! & 1) transparent = block[3]!
    } else if (kind === 0x2c) return compose(readFrame(input, shared, mostPixels), width, height, transparent)
    else throw broken(kind === 0x3b ? 'it has no frame' : 'a block has an unknown type')
  }
}

function broken(why: string): MlmodelError {
  return new MlmodelError('IMAGE_BROKEN', { format: 'GIF', why })
}

interface Input {
  at: number
  byte(): number
  word(): number
  take(length: number): Uint8Array
  /** The data of blocks up to the empty one. */
  blocks(): Uint8Array
}

function openInput(bytes: Uint8Array): Input {
  return {
    at: 0,
    byte() {
      return this.take(1)[0]!
    },
    word() {
      const [low, high] = this.take(2)
      return low! | (high! << 8)
    },
    take(length) {
      if (this.at + length > bytes.length) throw broken('it is cut off')
      this.at += length
      return bytes.subarray(this.at - length, this.at)
    },
    blocks() {
      const parts: Uint8Array[] = []
      for (let length = this.byte(); length > 0; length = this.byte()) parts.push(this.take(length))
      return Buffer.concat(parts)
    },
  }
}

function readFrame(input: Input, shared: Uint8Array | undefined, mostPixels: number): Frame {
  const [left, top, width, height] = [input.word(), input.word(), input.word(), input.word()]
  const flags = input.byte()
  const palette = flags & 0x80 ? input.take(3 << ((flags & 7) + 1)) : (shared ?? greys)
  if (width * height > mostPixels)
    throw new MlmodelError('IMAGE_LIMIT', { what: 'pixels', found: width * height, limit: mostPixels })
  const codeBits = input.byte()
  if (codeBits < 1 || codeBits > 8) throw broken(`its codes have ${codeBits} bits`)
  const indices = decompress(input.blocks(), codeBits, width * height)
  return { left, top, width, height, interlaced: (flags & 0x40) !== 0, palette, indices }
}

const greys = Uint8Array.from({ length: 768 }, (_, at) => Math.floor(at / 3))

/** LZW with codes of growing length, up to 12 bits. */
function decompress(data: Uint8Array, codeBits: number, length: number): Uint8Array {
  const clear = 1 << codeBits
  const prefix = new Int16Array(4096)
  const suffix = Uint8Array.from({ length: 4096 }, (_, code) => code)
  const stack = new Uint8Array(4096)
  const result = new Uint8Array(length)
  let filled = 0
  let next = clear + 2
  let bits = codeBits + 1
  let previous = -1
  let first = 0
  let buffer = 0
  let held = 0
  for (let at = 0; filled < length; ) {
    while (held < bits && at < data.length) {
      buffer |= data[at++]! << held
      held += 8
    }
    if (held < bits) break
    const code = buffer & ((1 << bits) - 1)
    buffer >>>= bits
    held -= bits
    if (code === clear + 1) break
    if (code === clear) {
      next = clear + 2
      bits = codeBits + 1
      previous = -1
      continue
    }
    if (code > next || (code === next && previous < 0) || (previous < 0 && code > clear))
      throw broken('a code is not in its table')
    let depth = 0
    let walk = code
    if (code === next) {
      // A string that is being added: the one before, and its own first byte.
      stack[depth++] = first
      walk = previous
    }
    for (; walk > clear; walk = prefix[walk]!) stack[depth++] = suffix[walk]!
    first = walk
    stack[depth++] = walk
    while (depth > 0 && filled < length) result[filled++] = stack[--depth]!
    if (previous >= 0 && next < 4096) {
      prefix[next] = previous
      suffix[next++] = first
      if (next === 1 << bits && bits < 12) bits++
    }
    previous = code
  }
  if (filled < length) throw broken('it is cut off')
  return result
}

/** Outside of the frame the canvas is transparent, or of the first colour. */
function compose(frame: Frame, width: number, height: number, transparent: number): Pixels {
  const channels = transparent < 0 ? 3 : 4
  const values = new Uint8Array(width * height * channels)
  const put = (pixel: number, index: number) => {
    const to = pixel * channels
    values[to] = frame.palette[index * 3] ?? 0
    values[to + 1] = frame.palette[index * 3 + 1] ?? 0
    values[to + 2] = frame.palette[index * 3 + 2] ?? 0
    if (channels === 4) values[to + 3] = index === transparent ? 0 : 255
  }
  const covered = frame.left === 0 && frame.top === 0 && frame.width >= width && frame.height >= height
  if (!covered) for (let pixel = 0; pixel < width * height; pixel++) put(pixel, Math.max(0, transparent))
  const rows = rowOrder(frame.height, frame.interlaced)
  const visible = Math.min(frame.width, width - frame.left)
  rows.forEach((row, at) => {
    const y = frame.top + row
    if (y >= height) return
    for (let x = 0; x < visible; x++) put(y * width + frame.left + x, frame.indices[at * frame.width + x]!)
  })
  return { width, height, channels, values }
}

/** Which row each row of the data is. */
function rowOrder(height: number, interlaced: boolean): readonly number[] {
  const rows: number[] = []
  const passes = interlaced
    ? [
        [0, 8],
        [4, 8],
        [2, 4],
        [1, 2],
      ]
    : [[0, 1]]
  for (const [start, step] of passes as [number, number][]) for (let row = start; row < height; row += step) rows.push(row)
  return rows
}
