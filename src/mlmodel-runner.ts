/** The program of a model's process, for users of the library and of `mlmodel/serve`; the command line has its own (`mlmodel __runner`). */
import { serveRunner } from './runner/child.ts'
import { serveWorker } from './serve/worker.ts'

if (process.argv[2] === '__serve-runner') serveWorker()
else serveRunner()
