/** The program of a model's process, for users of the library; the command line has its own (`mlmodel __runner`). */
import { serveRunner } from './runner/child.ts'

serveRunner()
