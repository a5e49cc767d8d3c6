/** What the HTTP process and a runner process say to each other about requests: many calls in a frame, many replies in a frame. */

/** The protocols that a runner reads requests and writes replies of. */
export const protocolNames = ['mlflow', 'open-inference', 'azureml'] as const
export type ProtocolName = (typeof protocolNames)[number]

/** One request to be scored. */
export interface Call {
  readonly protocol: ProtocolName
  /** The header's value. */
  readonly contentType: string | undefined
  readonly body: Uint8Array
  /** What else the protocol's reader must know: other headers, the version asked for. */
  readonly details?: Readonly<Record<string, string>> | undefined
  /** Asked before it is scored: nobody would read the answer. */
  readonly isGone?: (() => boolean) | undefined
}

/** The answer to one call, as the protocol writes it. */
export interface CallReply {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
  /** Headers besides the content type. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Rows that were scored; 0 for a refusal. */
  readonly rows: number
  /** Conversions of the request that lost something (`--compat mlflow`). */
  readonly losses: number
  /** Rows of the whole batch that was scored together. */
  readonly batchRows: number
  /** Microseconds that scoring took, of the whole batch. */
  readonly microseconds: number
}

/** Kinds of frames. Up to `calls` the server speaks, from `ready` on the runner. */
export const frameKinds = { open: 1, calls: 2, ready: 16, replies: 17, failure: 18, warning: 19 } as const

export interface NumberedCall {
  readonly id: number
  readonly call: Call
}

const callHead = 16
const replyHead = 32

/** The parts of a frame of calls. */
export function encodeCalls(calls: readonly NumberedCall[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  for (const { id, call } of calls) {
    const about = Buffer.from(aboutCall(call))
    const head = Buffer.allocUnsafe(callHead)
    head.writeUInt32LE(id, 0)
    head.writeUInt8(protocolNames.indexOf(call.protocol), 4)
    head.writeUInt8(call.contentType === undefined ? 1 : 0, 5)
    head.writeUInt32LE(about.length, 8)
    head.writeUInt32LE(call.body.length, 12)
    parts.push(head, about, call.body)
  }
  return parts
}

/** The content type alone, as nearly always, or with the details as JSON behind a NUL. */
function aboutCall({ contentType = '', details }: Call): string {
  return details === undefined ? contentType : `${contentType}\0${JSON.stringify(details)}`
}

/** Reads a frame of calls; bodies are views of it. */
export function decodeCalls(frame: Buffer): readonly NumberedCall[] {
  const calls: NumberedCall[] = []
  for (let at = 0; at < frame.length; ) {
    const aboutEnd = at + callHead + frame.readUInt32LE(at + 8)
    const end = aboutEnd + frame.readUInt32LE(at + 12)
    const [contentType = '', details] = frame.toString('utf8', at + callHead, aboutEnd).split('\0')
    calls.push({
      id: frame.readUInt32LE(at),
      call: {
        protocol: protocolNames[frame[at + 4]!]!,
        contentType: frame[at + 5] === 1 ? undefined : contentType,
        body: frame.subarray(aboutEnd, end),
        details: details === undefined ? undefined : JSON.parse(details),
      },
    })
    at = end
  }
  return calls
}

export interface NumberedReply {
  readonly id: number
  readonly reply: CallReply
}

/** The parts of a frame of replies. */
export function encodeReplies(replies: readonly NumberedReply[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  for (const { id, reply } of replies) {
    const about = Buffer.from(
      reply.headers === undefined ? reply.contentType : `${reply.contentType}\0${JSON.stringify(reply.headers)}`,
    )
    const head = Buffer.allocUnsafe(replyHead)
    head.writeUInt32LE(id, 0)
    head.writeUInt16LE(reply.status, 4)
    head.writeUInt32LE(about.length, 8)
    head.writeUInt32LE(reply.body.length, 12)
    head.writeUInt32LE(reply.rows, 16)
    head.writeUInt32LE(reply.losses, 20)
    head.writeUInt32LE(reply.batchRows, 24)
    head.writeFloatLE(reply.microseconds, 28)
    parts.push(head, about, reply.body)
  }
  return parts
}

/** Reads a frame of replies; bodies are views of it. */
export function decodeReplies(frame: Buffer): readonly NumberedReply[] {
  const replies: NumberedReply[] = []
  for (let at = 0; at < frame.length; ) {
    const aboutEnd = at + replyHead + frame.readUInt32LE(at + 8)
    const end = aboutEnd + frame.readUInt32LE(at + 12)
    const [contentType = '', headers] = frame.toString('utf8', at + replyHead, aboutEnd).split('\0')
    replies.push({
      id: frame.readUInt32LE(at),
      reply: {
        status: frame.readUInt16LE(at + 4),
        contentType,
        body: frame.subarray(aboutEnd, end),
        headers: headers === undefined ? undefined : JSON.parse(headers),
        rows: frame.readUInt32LE(at + 16),
        losses: frame.readUInt32LE(at + 20),
        batchRows: frame.readUInt32LE(at + 24),
        microseconds: frame.readFloatLE(at + 28),
      },
    })
    at = end
  }
  return replies
}
