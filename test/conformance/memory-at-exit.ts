/** Loaded before the command under test: leaves what its process took, and whether Object.prototype is as it was. */
import { writeFileSync } from 'node:fs'

const note = process.env['MEMORY_NOTE']
process.on('exit', () => {
  if (note === undefined) return
  const polluted = Object.keys(Object.prototype).length > 0 || 'polluted' in {}
  writeFileSync(note, JSON.stringify({ memory: process.resourceUsage().maxRSS * 1024, polluted }))
})
