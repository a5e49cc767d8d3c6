/**
 * Bytes of a JSON document to UTF-8, as Python's `json.loads` decodes bytes: the encoding is detected, and lone surrogates
 * pass (`errors="surrogatepass"`).
 *
 * @see cpython Lib/json/__init__.py `detect_encoding`, Objects/unicodeobject.c
 */
import { isAscii, isUtf8 } from 'node:buffer'

export type JsonEncoding = 'utf-8' | 'utf-16-le' | 'utf-16-be' | 'utf-32-le' | 'utf-32-be'

export interface JsonText {
  /** UTF-8 without byte order mark; a lone surrogate is its three bytes, which is no UTF-8 (WTF-8). */
  readonly bytes: Buffer
  /** Only bytes below 128. */
  readonly ascii: boolean
  /** There are lone surrogates, so `bytes.toString()` would lose them. */
  readonly surrogates: boolean
  readonly encoding: JsonEncoding
  /** Bytes of the byte order mark. */
  readonly skipped: number
}

/** Why the bytes are no text, in the words of Python's `UnicodeDecodeError`. */
export interface UndecodableText {
  readonly message: string
  /** 0-based position of the first bad byte. */
  readonly byte: number
}

/** Decodes a document given as bytes. */
export function decodeText(input: Uint8Array): JsonText | UndecodableText {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const { encoding, skipped } = detectEncoding(bytes)
  if (encoding !== 'utf-8')
    return encoding.startsWith('utf-16') ? decodeUtf16(bytes, encoding, skipped) : decodeUtf32(bytes, encoding, skipped)
  const body = skipped === 0 ? bytes : bytes.subarray(skipped)
  if (isAscii(body)) return { bytes: body, ascii: true, surrogates: false, encoding, skipped }
  if (isUtf8(body)) return { bytes: body, ascii: false, surrogates: false, encoding, skipped }
  const fault = findUtf8Fault(body)
  if (fault === undefined) return { bytes: body, ascii: false, surrogates: true, encoding, skipped }
  // Python strips the byte order mark first, so its position does not count it.
  return { message: undecodable('utf-8', body, fault.start, fault.end, fault.reason), byte: skipped + fault.start }
}

/** Turns a document given as text into the same form. */
export function encodeText(text: string): JsonText {
  const surrogates = /\p{Surrogate}/u.test(text)
  const bytes = surrogates ? encodeSurrogates(text) : Buffer.from(text)
  return { bytes, ascii: bytes.length === text.length, surrogates, encoding: 'utf-8', skipped: 0 }
}

/** Text of some bytes of a document that may hold lone surrogates. */
export function sliceSurrogates(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let at = start; at < end; ) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      text += String.fromCharCode(lead)
      at += 1
    } else if (lead < 0xe0) {
      text += String.fromCharCode(((lead & 31) << 6) | (bytes[at + 1]! & 63))
      at += 2
    } else if (lead < 0xf0) {
      text += String.fromCharCode(((lead & 15) << 12) | ((bytes[at + 1]! & 63) << 6) | (bytes[at + 2]! & 63))
      at += 3
    } else {
      text += String.fromCodePoint(
        ((lead & 7) << 18) | ((bytes[at + 1]! & 63) << 12) | ((bytes[at + 2]! & 63) << 6) | (bytes[at + 3]! & 63),
      )
      at += 4
    }
  }
  return text
}

/** Where byte `at` of the decoded text stood in the document as it came. */
export function originalByte(text: JsonText, at: number): number {
  if (text.encoding === 'utf-8') return text.skipped + at
  let original = text.skipped
  for (let index = 0; index < at; index++) {
    const byte = text.bytes[index]!
    if ((byte & 0xc0) !== 0x80) original += text.encoding.startsWith('utf-32') || byte >= 0xf0 ? 4 : 2
  }
  return original
}

function detectEncoding(bytes: Buffer): { encoding: JsonEncoding; skipped: number } {
  const [a, b, c, d] = bytes
  const size = bytes.length
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return { encoding: 'utf-32-be', skipped: 4 }
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return { encoding: 'utf-32-le', skipped: 4 }
  if (a === 0xfe && b === 0xff) return { encoding: 'utf-16-be', skipped: 2 }
  if (a === 0xff && b === 0xfe) return { encoding: 'utf-16-le', skipped: 2 }
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: 'utf-8', skipped: 3 }
  if (size >= 4) {
    if (a === 0) return { encoding: b === 0 ? 'utf-32-be' : 'utf-16-be', skipped: 0 }
    if (b === 0) return { encoding: c === 0 && d === 0 ? 'utf-32-le' : 'utf-16-le', skipped: 0 }
  } else if (size === 2) {
    if (a === 0) return { encoding: 'utf-16-be', skipped: 0 }
    if (b === 0) return { encoding: 'utf-16-le', skipped: 0 }
  }
  return { encoding: 'utf-8', skipped: 0 }
}

/** The first bytes that are neither UTF-8 nor a lone surrogate, with CPython's reason and range. */
function findUtf8Fault(bytes: Uint8Array): { start: number; end: number; reason: string } | undefined {
  const size = bytes.length
  const follows = (at: number): boolean => (bytes[at]! & 0xc0) === 0x80
  const truncated = (start: number) => ({ start, end: size, reason: 'unexpected end of data' })
  const broken = (start: number, good: number) => ({ start, end: start + good, reason: 'invalid continuation byte' })
  for (let at = 0; at < size; ) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      at += 1
      continue
    }
    if (lead < 0xc2 || lead > 0xf4) return { start: at, end: at + 1, reason: 'invalid start byte' }
    const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (at + 1 >= size) return truncated(at)
    const second = bytes[at + 1]!
    if (lead === 0xed && second >= 0xa0 && second < 0xc0 && at + 2 < size && follows(at + 2)) {
      at += 3
      continue
    }
    const outOfRange =
      (lead === 0xe0 && second < 0xa0) ||
      (lead === 0xed && second >= 0xa0) ||
      (lead === 0xf0 && second < 0x90) ||
      (lead === 0xf4 && second >= 0x90)
    if (!follows(at + 1) || outOfRange) return broken(at, 1)
    for (let next = 2; next < length; next++) {
      if (at + next >= size) return truncated(at)
      if (!follows(at + next)) return broken(at, next)
    }
    at += length
  }
  return undefined
}

function undecodable(codec: string, bytes: Uint8Array, start: number, end: number, reason: string): string {
  return end === start + 1
    ? `'${codec}' codec can't decode byte 0x${bytes[start]!.toString(16).padStart(2, '0')} in position ${start}: ${reason}`
    : `'${codec}' codec can't decode bytes in position ${start}-${end - 1}: ${reason}`
}

function decodeUtf16(bytes: Buffer, encoding: JsonEncoding, skipped: number): JsonText | UndecodableText {
  const whole = bytes.length - (bytes.length % 2)
  const little = Buffer.from(bytes.subarray(skipped, whole))
  if (encoding === 'utf-16-be') little.swap16()
  if (whole < bytes.length) {
    return { message: undecodable(encoding, bytes, whole, bytes.length, 'truncated data'), byte: whole }
  }
  return { ...encodeText(little.toString('utf16le')), encoding, skipped }
}

function decodeUtf32(bytes: Buffer, encoding: JsonEncoding, skipped: number): JsonText | UndecodableText {
  const encoder = wtf8Encoder(bytes.length)
  const whole = bytes.length - (bytes.length % 4)
  for (let at = skipped; at < whole; at += 4) {
    const point = encoding === 'utf-32-le' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
    if (point > 0x10ffff)
      return { message: undecodable(encoding, bytes, at, at + 4, 'code point not in range(0x110000)'), byte: at }
    encoder.add(point)
  }
  if (whole < bytes.length) return { message: undecodable(encoding, bytes, whole, bytes.length, 'truncated data'), byte: whole }
  const encoded = encoder.end()
  return { bytes: encoded, ascii: isAscii(encoded), surrogates: !isUtf8(encoded), encoding, skipped }
}

function encodeSurrogates(text: string): Buffer {
  const encoder = wtf8Encoder(text.length * 3)
  for (let at = 0; at < text.length; at++) {
    const point = text.codePointAt(at)!
    encoder.add(point)
    if (point > 0xffff) at++
  }
  return encoder.end()
}

/** Writes code points, surrogates among them, as UTF-8 would; `size` bytes must be enough. */
function wtf8Encoder(size: number): { add(point: number): void; end(): Buffer } {
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  return {
    add(point) {
      if (point < 0x80) bytes[at++] = point
      else {
        if (point < 0x800) bytes[at++] = 0xc0 | (point >> 6)
        else {
          if (point < 0x10000) bytes[at++] = 0xe0 | (point >> 12)
          else {
            bytes[at++] = 0xf0 | (point >> 18)
            bytes[at++] = 0x80 | ((point >> 12) & 63)
          }
          bytes[at++] = 0x80 | ((point >> 6) & 63)
        }
        bytes[at++] = 0x80 | (point & 63)
      }
    },
    end: () => bytes.subarray(0, at),
  }
}
