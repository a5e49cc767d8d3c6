/** A model's process: opens the model it is told, answers one request after the other, ends with its parent. */
import { Worker } from 'node:worker_threads'
import { openModel } from '../model.ts'
import { predictInput } from '../predict-input.ts'
import { type ChildMessage, errorToData, type OpenMessage, type RunnerAnswer, type RunnerRequest } from './messages.ts'

/**
 * Serves the process's IPC channel until the parent goes away.
 *
 * SIGINT is the parent's to handle: a terminal sends Ctrl-C to both. Anything else ends this process as usual.
 */
export function serveRunner(): void {
  const send = (message: ChildMessage): void => {
    // The parent may be gone; this process then ends by itself.
    process.send?.(message, undefined, undefined, () => {})
  }
  let model: ReturnType<typeof openModel> | undefined
  let limits: OpenMessage['options']['limits']
  process.on('SIGINT', () => {})
  process.on('message', (message: OpenMessage | RunnerRequest) => {
    if (message.kind === 'open') {
      limits = message.options.limits
      model = openModel(message.path, { ...message.options, onWarning: (text) => send({ kind: 'warning', text }) })
      // Whoever asks first is told.
      model.catch(() => {})
      return
    }
    void answer(message).then(send)
  })

  async function answer(request: RunnerRequest): Promise<ChildMessage> {
    let opened = false
    try {
      const open = await model!
      opened = true
      let answered: RunnerAnswer[keyof RunnerAnswer]
      if (request.kind === 'predict') answered = await predictInput(open, { ...request, limits })
      else if (request.kind === 'score') {
        const { data, params } = await open.read(request.body, 'application/json')
        answered = await open.score(data, { params })
      } else if (request.kind === 'invoke') answered = await open.invoke(request.body, request.contentType)
      return { kind: 'answer', answer: answered }
    } catch (error) {
      return { kind: 'failure', error: errorToData(error), opened }
    }
  }

  watchParent()
}

/**
 * Ends this process when its parent has ended. The closed channel would do while nothing is computed; during a long run
 * the main thread hears nothing, so a second thread looks. On Windows a process keeps the number of its dead parent.
 */
function watchParent(): void {
  const watch = `
    const parent = process.ppid
    const isAlive = () => {
      if (process.ppid !== parent) return false
      try { process.kill(parent, 0); return true } catch (error) { return error.code === 'EPERM' }
    }
    setInterval(() => { if (!isAlive()) process.kill(process.pid, 'SIGKILL') }, 500)`
  new Worker(watch, { eval: true }).unref()
}
