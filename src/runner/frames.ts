/**
 * Messages between a server and a process that scores for it, over a pipe: a length, a kind, bytes. Node's own messages
 * between processes cost 20 µs each where a request costs 30; a frame carries many requests and is neither parsed nor copied.
 */

/** Bytes before a frame's content: its length (without these) and its kind. */
const headBytes = 5

/** Beyond this a frame is a mistake of ours, or of a process that went mad. */
const largestFrame = 2 ** 31

/** What frames are written to; a socket or a pipe. */
export interface FrameSink {
  write(chunk: Uint8Array): boolean
  cork(): void
  uncork(): void
}

/**
 * Writes one frame.
 *
 * @param kind - 0 to 255
 * @param parts - its content, one after the other
 */
export function writeFrame(sink: FrameSink, kind: number, parts: readonly Uint8Array[]): void {
  let length = 0
  for (const part of parts) length += part.length
  const small = length <= 1 << 16
  const head = Buffer.allocUnsafe(small ? headBytes + length : headBytes)
  head.writeUInt32LE(length, 0)
  head[4] = kind
  if (small) {
    let at = headBytes
    for (const part of parts) {
      head.set(part, at)
      at += part.length
    }
    sink.write(head)
    return
  }
  sink.cork()
  sink.write(head)
  for (const part of parts) sink.write(part)
  sink.uncork()
}

/**
 * Puts the pieces of a stream together again.
 *
 * @param onFrame - told of each frame; its bytes may be views of what was read, and stay valid
 * @returns what takes the pieces
 * @throws RangeError for a length that no frame has
 */
export function frameReader(onFrame: (kind: number, content: Buffer) => void): (chunk: Buffer) => void {
  const waiting: Buffer[] = []
  let size = 0
  let needed = headBytes
  return (chunk) => {
    let rest = chunk
    // Nothing waits, as nearly always: the frames of this piece are read where they lie.
    if (size === 0) rest = takeFrames(rest)
    if (rest.length === 0) return
    waiting.push(rest)
    size += rest.length
    if (size < needed) return
    const all = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting, size)
    waiting.length = 0
    size = 0
    rest = takeFrames(all)
    if (rest.length > 0) {
      waiting.push(rest)
      size = rest.length
    }
  }

  function takeFrames(bytes: Buffer): Buffer {
    let at = 0
    while (true) {
      needed = headBytes
      if (bytes.length - at < headBytes) break
      const length = bytes.readUInt32LE(at)
      if (length > largestFrame) throw new RangeError(`a frame of ${length} bytes`)
      needed = headBytes + length
      if (bytes.length - at < needed) break
      onFrame(bytes[at + 4]!, bytes.subarray(at + headBytes, at + needed))
      at += needed
    }
    return at === 0 ? bytes : bytes.subarray(at)
  }
}
