/** Bodies that are compressed: one coding, gzip or deflate, and no more bytes than the limits say (CWE-409). */
import { promisify } from 'node:util'
import { deflate, gunzip, gzip, inflate } from 'node:zlib'
import { type Incoming, jsonReply, type Outgoing } from './message.ts'

/** Decompressed to compressed bytes; above that a body is a bomb. */
const mostRatio = 100
/** Up to so many bytes any ratio is well. */
const freeBytes = 1 << 20
/** Bytes that all bodies that are being decompressed may come to; others wait for their turn. */
const mostAtOnce = 512 << 20
/** Smaller replies are not worth it. */
const leastBytes = 1024

const decoders = { gzip: promisify(gunzip), 'x-gzip': promisify(gunzip), deflate: promisify(inflate) }
const encoders = { gzip: promisify(gzip), deflate: promisify(deflate) }

/**
 * Decompresses the body of a request.
 *
 * @param most - bytes that come out at most
 * @returns the request with its plain body, or the refusal
 */
export async function decompress(
  request: Incoming,
  coding: string,
  most: number,
): Promise<Incoming | { readonly refused: Outgoing }> {
  const decode = Object.hasOwn(decoders, coding) ? decoders[coding as keyof typeof decoders] : undefined
  if (decode === undefined)
    return {
      refused: jsonReply(415, { error: `the content coding ${JSON.stringify(coding)} is not taken; gzip and deflate are` }),
    }
  const maxOutputLength = Math.min(most, Math.max(freeBytes, request.body.length * mostRatio))
  await enter(maxOutputLength)
  try {
    const body = await decode(request.body, { maxOutputLength })
    const { method, path, query, isGone } = request
    return { method, path, query, header: (name) => request.header(name), body, ...(isGone !== undefined && { isGone }) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      return { refused: jsonReply(413, { error: `the body has more than ${maxOutputLength} bytes when it is decompressed` }) }
    return { refused: jsonReply(400, { error: `the body is not ${coding}` }) }
  } finally {
    leave(maxOutputLength)
  }
}

const turns: { readonly bytes: number; readonly go: () => void }[] = []
let bytesAtOnce = 0

/** A thousand small bombs together are a large one: what they may come to is counted before they begin. */
async function enter(bytes: number): Promise<void> {
  if (turns.length > 0 || (bytesAtOnce > 0 && bytesAtOnce + bytes > mostAtOnce))
    await new Promise<void>((go) => turns.push({ bytes, go }))
  else bytesAtOnce += bytes
}

function leave(bytes: number): void {
  bytesAtOnce -= bytes
  for (
    let next = turns[0];
    next !== undefined && (bytesAtOnce === 0 || bytesAtOnce + next.bytes <= mostAtOnce);
    next = turns[0]
  ) {
    turns.shift()
    bytesAtOnce += next.bytes
    next.go()
  }
}

/** The coding of a request's body; undefined when it is plain. */
export function codingOf(request: Incoming): string | undefined {
  const coding = request.header('content-encoding')?.trim().toLowerCase()
  return coding === undefined || coding === '' || coding === 'identity' ? undefined : coding
}

/** Compresses a reply where the client takes it and it is worth it. */
export async function compress(request: Incoming, reply: Outgoing): Promise<Outgoing> {
  const coding = acceptedCoding(request.header('accept-encoding'))
  if (coding === undefined || reply.body.length < leastBytes || reply.headers['content-encoding'] !== undefined) return reply
  const body = await encoders[coding](reply.body, { level: 1 })
  return { status: reply.status, headers: { ...reply.headers, 'content-encoding': coding, vary: 'Accept-Encoding' }, body }
}

/** gzip before deflate; `;q=0` refuses. */
function acceptedCoding(header: string | undefined): 'gzip' | 'deflate' | undefined {
  if (header === undefined || header.length > 1000) return undefined
  const accepted = header
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*/))
  const takes = (coding: string): boolean =>
    accepted.some(([name, ...rest]) => name === coding && !rest.some((parameter) => /^q=0(\.0*)?$/.test(parameter)))
  return takes('gzip') ? 'gzip' : takes('deflate') ? 'deflate' : undefined
}
