/** Loaded before the command under test: leaves what its process took of memory and of the processor, and whether Object.prototype is as it was. */
import { writeFileSync } from 'node:fs'

const note = process.env['MEMORY_NOTE']
process.on('exit', () => {
  if (note === undefined) return
  const polluted = Object.keys(Object.prototype).length > 0 || 'polluted' in {}
  const { user, system } = process.cpuUsage()
  writeFileSync(note, JSON.stringify({ memory: process.resourceUsage().maxRSS * 1024, cpu: (user + system) / 1000, polluted }))
})
