/**
 * Unpacks bzip2, which Node.js does not: one stream, its check sums compared, its size bounded.
 *
 * @see https://gitlab.com/bzip2/bzip2 (decompress.c); the format has no other specification
 */
import { Malformed } from '../verdict.ts'
import { makeOutput, type Output, reserve } from './output.ts'

const blockMagic = 0x314159265359
const endMagic = 0x177245385090
const longestCode = 20
const symbolsOfGroup = 50

/**
 * Unpacks one stream that must fill the bytes.
 *
 * @throws Malformed
 */
export function unpackBzip2(bytes: Uint8Array, most: number): Uint8Array {
  const level = bytes[3]! - 0x30
  if (bytes.length < 14 || bytes[0] !== 0x42 || bytes[1] !== 0x5a || bytes[2] !== 0x68 || !(level >= 1 && level <= 9))
    throw new Malformed('is no bzip2 stream', 0)
  const input = makeInput(bytes, 4)
  const blockSize = level * 100_000
  const counts = new Uint32Array(256)
  const links = new Uint32Array(blockSize)
  const output = makeOutput(bytes.length * 4, most)
  let combined = 0
  for (;;) {
    const magic = readBits(input, 24) * 2 ** 24 + readBits(input, 24)
    const crc = (readBits(input, 16) * 0x10000 + readBits(input, 16)) >>> 0
    checkEnd(input)
    if (magic === endMagic) {
      if (crc !== combined) throw new Malformed('has a bzip2 check sum that is wrong', 0)
      break
    }
    if (magic !== blockMagic) throw new Malformed('has a bzip2 block that begins wrongly', offsetOf(input))
    const from = output.length
    unpackBlock(input, links, counts, output, most)
    checkEnd(input)
    const found = crcOf(output.bytes, from, output.length)
    if (found !== crc) throw new Malformed('has a bzip2 check sum that is wrong', offsetOf(input))
    combined = ((combined << 1) | (combined >>> 31)) >>> 0
    combined = (combined ^ found) >>> 0
  }
  checkEnd(input)
  if (offsetOf(input) < bytes.length) throw new Malformed('has bytes after its bzip2 stream', offsetOf(input))
  return output.bytes.subarray(0, output.length)
}

interface Input {
  readonly bytes: Uint8Array
  at: number
  bits: number
  held: number
}

function makeInput(bytes: Uint8Array, at: number): Input {
  return { bytes, at, bits: 0, held: 0 }
}

/**
 * Holds at least so many bits, 24 at most. Behind the end there are zeros: a symbol is looked up by more bits than it has;
 * `checkEnd` tells whether any of them was used.
 */
function fill(input: Input, count: number): void {
  while (input.held < count) {
    const byte = input.at < input.bytes.length ? input.bytes[input.at]! : 0
    input.at++
    input.bits = ((input.bits << 8) | byte) >>> 0
    input.held += 8
  }
}

/** Up to 24 bits, most significant first. */
function readBits(input: Input, count: number): number {
  fill(input, count)
  input.held -= count
  const value = (input.bits >>> input.held) & ((1 << count) - 1)
  input.bits &= (1 << input.held) - 1
  return value
}

/** Offset of the next byte that was not used. */
function offsetOf(input: Input): number {
  return input.at - (input.held >> 3)
}

function checkEnd(input: Input): void {
  if (offsetOf(input) > input.bytes.length) throw new Malformed('is cut off', input.bytes.length)
}

interface Code {
  /** The first value of `longestCode` bits that is longer. */
  readonly limit: Int32Array
  readonly base: Int32Array
  readonly symbols: Uint16Array
  readonly shortest: number
  readonly longest: number
}

function unpackBlock(input: Input, links: Uint32Array, counts: Uint32Array, output: Output, most: number): void {
  if (readBits(input, 1) !== 0)
    throw new Malformed('has a randomised bzip2 block, which nobody writes since 1996', offsetOf(input))
  const origin = readBits(input, 24)
  const alphabet = readAlphabet(input)
  const codes = readCodes(input, alphabet.length + 2)
  const selectors = codes.selectors
  const front = Uint8Array.from(alphabet)
  counts.fill(0)
  let length = 0
  let group = 0
  let inGroup = 0
  let code = codes.tables[selectors[0]!]!
  let run = 0
  let weight = 1
  const endSymbol = alphabet.length + 1
  for (;;) {
    if (inGroup === symbolsOfGroup) {
      inGroup = 0
      if (++group >= selectors.length) throw new Malformed('has a bzip2 block with too few selectors', offsetOf(input))
      code = codes.tables[selectors[group]!]!
    }
    inGroup++
    const symbol = readSymbol(input, code)
    if (symbol <= 1) {
      // A run's length in bijective base 2.
      run += weight << symbol
      weight *= 2
      if (run > links.length) throw new Malformed('has a bzip2 block that is too long', offsetOf(input))
      continue
    }
    if (run > 0) {
      const byte = front[0]!
      if (length + run > links.length) throw new Malformed('has a bzip2 block that is too long', offsetOf(input))
      counts[byte]! += run
      links.fill(byte, length, length + run)
      length += run
      run = 0
      weight = 1
    }
    if (symbol === endSymbol) break
    const index = symbol - 1
    const byte = front[index]!
    front.copyWithin(1, 0, index)
    front[0] = byte
    if (length >= links.length) throw new Malformed('has a bzip2 block that is too long', offsetOf(input))
    counts[byte]!++
    links[length++] = byte
  }
  if (length === 0) return
  if (origin >= length) throw new Malformed('has a bzip2 block whose origin lies outside', offsetOf(input))
  // The inverse Burrows-Wheeler transform: a list of which byte follows which, in the upper 24 bits.
  let sum = 0
  for (let byte = 0; byte < 256; byte++) {
    const count = counts[byte]!
    counts[byte] = sum
    sum += count
  }
  for (let index = 0; index < length; index++) links[counts[links[index]! & 0xff]!++]! |= index << 8
  expandRuns(links, length, origin, output, most)
}

/** Four equal bytes are followed by how many more there are. */
function expandRuns(links: Uint32Array, length: number, origin: number, output: Output, most: number): void {
  let position = links[origin]! >>> 8
  let last = -1
  let repeated = 0
  for (let index = 0; index < length; index++) {
    const entry = links[position]!
    const byte = entry & 0xff
    position = entry >>> 8
    if (repeated === 4) {
      reserve(output, byte, most)
      output.bytes.fill(last, output.length, output.length + byte)
      output.length += byte
      repeated = 0
      last = -1
      continue
    }
    repeated = byte === last ? repeated + 1 : 1
    last = byte
    if (output.length === output.bytes.length) reserve(output, 1, most)
    output.bytes[output.length++] = byte
  }
}

function readAlphabet(input: Input): number[] {
  const used = readBits(input, 16)
  const alphabet: number[] = []
  for (let high = 0; high < 16; high++) {
    if ((used & (0x8000 >> high)) === 0) continue
    const bits = readBits(input, 16)
    for (let low = 0; low < 16; low++) if ((bits & (0x8000 >> low)) !== 0) alphabet.push(high * 16 + low)
  }
  if (alphabet.length === 0) throw new Malformed('has a bzip2 block without symbols', offsetOf(input))
  return alphabet
}

function readCodes(input: Input, size: number): { readonly selectors: Uint8Array; readonly tables: readonly Code[] } {
  const groups = readBits(input, 3)
  const count = readBits(input, 15)
  if (groups < 2 || groups > 6 || count === 0) throw new Malformed('has a bzip2 block without codes', offsetOf(input))
  const order = Array.from({ length: groups }, (_, index) => index)
  const selectors = new Uint8Array(count)
  for (let index = 0; index < count; index++) {
    let place = 0
    while (readBits(input, 1) === 1)
      if (++place >= groups) throw new Malformed('has a bzip2 selector of no code', offsetOf(input))
    const [chosen] = order.splice(place, 1)
    order.unshift(chosen!)
    selectors[index] = chosen!
  }
  const tables = Array.from({ length: groups }, () => {
    const lengths = new Uint8Array(size)
    let length = readBits(input, 5)
    for (let symbol = 0; symbol < size; symbol++) {
      for (;;) {
        if (length < 1 || length > longestCode) throw new Malformed('has a bzip2 code of an impossible length', offsetOf(input))
        if (readBits(input, 1) === 0) break
        length += readBits(input, 1) === 0 ? 1 : -1
      }
      lengths[symbol] = length
    }
    return makeCode(lengths)
  })
  return { selectors, tables }
}

function makeCode(lengths: Uint8Array): Code {
  const limit = new Int32Array(longestCode + 2)
  const base = new Int32Array(longestCode + 2)
  const symbols = new Uint16Array(lengths.length)
  let shortest = longestCode
  let longest = 0
  for (const length of lengths) {
    shortest = Math.min(shortest, length)
    longest = Math.max(longest, length)
  }
  let next = 0
  let code = 0
  for (let length = shortest; length <= longest; length++) {
    base[length] = code - next
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue
      symbols[next++] = symbol
      code++
    }
    limit[length] = code << (longestCode - length)
    code *= 2
  }
  return { limit, base, symbols, shortest, longest }
}

function readSymbol(input: Input, code: Code): number {
  if (input.held < longestCode) fill(input, longestCode)
  const value = (input.bits >>> (input.held - longestCode)) & ((1 << longestCode) - 1)
  let length = code.shortest
  while (value >= code.limit[length]!)
    if (++length > code.longest) throw new Malformed('has a bzip2 code that stands for nothing', offsetOf(input))
  input.held -= length
  input.bits &= (1 << input.held) - 1
  const symbol = code.symbols[(value >> (longestCode - length)) - code.base[length]!]
  if (symbol === undefined) throw new Malformed('has a bzip2 code that stands for nothing', offsetOf(input))
  return symbol
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24
  for (let bit = 0; bit < 8; bit++) value = value < 0 ? (value << 1) ^ 0x04c11db7 : value << 1
  return value
})

/** CRC-32 with the most significant bit first, as only bzip2 has it. */
function crcOf(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff
  for (let index = from; index < to; index++) crc = ((crc << 8) ^ crcTable[((crc >>> 24) ^ bytes[index]!) & 0xff]!) >>> 0
  return ~crc >>> 0
}
