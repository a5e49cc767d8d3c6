/** The body of a request while it comes: its pieces, however small they are. */

/** So many pieces are made one: a client may send a byte a piece, and each piece costs a hundred. */
const fewPieces = 64

export interface Body {
  readonly size: number
  add(piece: Buffer): void
  /** All of it. */
  whole(): Uint8Array
  /** Forgets it. */
  drop(): void
}

const nothing = new Uint8Array(0)
const none: Buffer[] = []

export function openBody(): Body {
  let size = 0
  /** Nearly always the only piece. */
  let first: Buffer | undefined
  let pieces: Buffer[] = none
  /** The last pieces, not yet made one. */
  let small: Buffer[] = none
  let smallBytes = 0

  function gather(): void {
    if (small.length > 0) pieces.push(small.length === 1 ? small[0]! : Buffer.concat(small, smallBytes))
    small = []
    smallBytes = 0
    // As with a counter in base 64: each byte is copied a few times, whatever the pieces are.
    if (pieces.length >= fewPieces && pieces.at(-fewPieces)!.length < 1 << 16) {
      const last = pieces.splice(-fewPieces)
      pieces.push(Buffer.concat(last))
    }
  }

  return {
    get size() {
      return size
    },
    add(piece) {
      size += piece.length
      if (first === undefined) {
        first = piece
        return
      }
      if (small === none) {
        pieces = [first]
        small = []
      }
      small.push(piece)
      smallBytes += piece.length
      if (small.length >= fewPieces) gather()
    },
    whole() {
      if (size === 0) return nothing
      if (small === none) return first!
      return Buffer.concat([...pieces, ...small], size)
    },
    drop() {
      size = 0
      first = undefined
      pieces = none
      small = none
      smallBytes = 0
    },
  }
}
