/** Ends a runner whose parent is gone: a graph that never ends would compute for nobody. */
import { Worker } from 'node:worker_threads'

/** Between two looks, in milliseconds. */
const interval = 500

/**
 * Watches the parent from a thread of its own, because ONNX Runtime blocks this one; when it is gone (killed, so that
 * it could not end its child), the process ends itself.
 */
export function endWithParent(): void {
  const watch = `
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, ${interval})`
  new Worker(watch, { eval: true }).unref()
}
