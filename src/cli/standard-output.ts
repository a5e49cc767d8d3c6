/** Results on stdout. Apart from files, which most commands do not write. */
import type { Output } from '../whole-file.ts'
import type { Outlet } from './terminal.ts'

/** Results on stdout: nothing to complete, nothing to take back. */
export function standardOutput(out: Outlet): Output {
  return { write: (chunk) => out.write(chunk), commit: async () => {}, abandon: async () => {} }
}
