/** The moving part of progress; loaded only when work takes long on a terminal. */
import ora, { type Ora } from 'ora'
import type { OutputStream } from './terminal.ts'

/** Starts a spinner on stderr. A hidden cursor would need a signal handler to come back, and a handler makes Ctrl-C dead while ONNX Runtime runs. */
export function startSpinner(terminal: OutputStream, text: string): Ora {
  // A terminal is Node's own stream.
  const stream = terminal as NodeJS.WriteStream
  return ora({ stream, hideCursor: false, discardStdin: false, text }).start()
}
