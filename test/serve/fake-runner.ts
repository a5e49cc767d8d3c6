/** A program that speaks a runner's frames and does what its requests say; the pool's tests start it in place of the real one. */
import { openFrameChannel } from '../../src/runner/child-frames.ts'
import { type CallReply, decodeCalls, encodeReplies, frameKinds } from '../../src/serve/calls.ts'

const channel = openFrameChannel((kind, content) => {
  if (kind === frameKinds.open) {
    const { path } = JSON.parse(content.toString('utf8')) as { path: string }
    if (path === 'dies') process.exit(3)
    if (path === 'fails') {
      const failure = { code: 'SERVE_NO_KEYS', arguments: {}, where: {}, problems: [] }
      channel.send(frameKinds.failure, [Buffer.from(JSON.stringify(failure))])
      return
    }
    if (path !== 'hangs') channel.send(frameKinds.ready, [Buffer.from(JSON.stringify({ flavor: 'fake', batches: true }))])
    return
  }
  const calls = decodeCalls(content)
  for (const { id, call } of calls) {
    const [word = '', argument = ''] = Buffer.from(call.body).toString('utf8').split(' ')
    if (word === 'hang') for (;;);
    if (word === 'die') process.kill(process.pid, 'SIGKILL')
    if (word === 'wait') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(argument))
    if (word === 'eat') keep.push(Buffer.alloc(Number(argument), 1))
    if (word === 'mad') channel.send(frameKinds.replies, [Buffer.from([1, 2, 3])])
    if (word === 'eat') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000)
    const reply: CallReply = {
      status: 200,
      contentType: 'text/plain',
      body: Buffer.from(`${word} ${calls.length} ${process.pid}`),
      rows: 1,
      losses: 0,
      batchRows: calls.length,
      microseconds: 1,
    }
    channel.send(frameKinds.replies, encodeReplies([{ id, reply }]))
  }
})
const keep: Buffer[] = []
