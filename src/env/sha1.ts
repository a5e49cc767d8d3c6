/**
 * SHA-1 (FIPS 180-4), as MLflow hashes environments to name them. Ours because Node's `crypto` takes 2 to 3 ms to load, of the
 * 25 that `mlmodel env` takes above `node -e 0`; a test compares the two. It protects nothing here: it is a name.
 */

/** The digest of a text's UTF-8, in hexadecimal. */
export function sha1(text: string): string {
  const bytes = Buffer.from(text)
  const blocks = Buffer.alloc((((bytes.length + 8) >> 6) + 1) << 6)
  bytes.copy(blocks)
  blocks[bytes.length] = 0x80
  blocks.writeUInt32BE(Math.floor(bytes.length / 2 ** 29), blocks.length - 8)
  blocks.writeUInt32BE((bytes.length * 8) % 2 ** 32, blocks.length - 4)
  const hash = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
  const words = new Int32Array(80)
  for (let offset = 0; offset < blocks.length; offset += 64) {
    for (let at = 0; at < 16; at++) words[at] = blocks.readInt32BE(offset + 4 * at)
    for (let at = 16; at < 80; at++) words[at] = rotate(words[at - 3]! ^ words[at - 8]! ^ words[at - 14]! ^ words[at - 16]!, 1)
    mix(hash, words)
  }
  return [...hash].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

function mix(hash: Int32Array, words: Int32Array): void {
  let [a, b, c, d, e] = hash as unknown as [number, number, number, number, number]
  for (let at = 0; at < 80; at++) {
    const [chosen, constant] =
      at < 20
        ? [(b & c) | (~b & d), 0x5a827999]
        : at < 40
          ? [b ^ c ^ d, 0x6ed9eba1]
          : at < 60
            ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
            : [b ^ c ^ d, 0xca62c1d6]
    const next = (rotate(a, 5) + chosen + e + constant + words[at]!) | 0
    ;[e, d, c, b, a] = [d, c, rotate(b, 30), a, next]
  }
  for (const [index, word] of [a, b, c, d, e].entries()) hash[index] = hash[index]! + word
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
