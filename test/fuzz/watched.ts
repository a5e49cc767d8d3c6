/** The process of a long run that reads mutants: tells the number of the one it is at, and stops at the first that is at fault. */
import { openSync, writeSync } from 'node:fs'
import { chunk, makeMutants } from './made.ts'
import { faultOf, readers } from './readers.ts'

const [name, seed, from, to, progress] = process.argv.slice(2) as [string, string, string, string, string]
const reader = readers.find((each) => each.name === name)!
const file = openSync(progress, 'r+')
const note = Buffer.alloc(8)
const resident = () => process.resourceUsage().maxRSS * 1024
// What the reader and its seeds take before any mutant.
for (const { bytes } of reader.seeds().slice(0, 3)) await faultOf(reader, bytes)
globalThis.gc?.()
const idle = resident()

process.send!(await run())

function tell(number: number): void {
  note.writeDoubleLE(number)
  writeSync(file, note, 0, 8, 0)
}

async function run(): Promise<object> {
  const started = process.cpuUsage()
  for (let part = Number(from); part < Number(to); ) {
    // Up to the end of a chunk, so that none is made twice.
    const end = Math.min(Number(to), (Math.floor(part / chunk) + 1) * chunk)
    // Making them is not reading them.
    tell(0)
    const mutants = makeMutants(reader, Number(seed), part, end)
    for (const [place, bytes] of mutants.entries()) {
      const at = part + place
      tell(at + 1)
      const fault = await faultOf(reader, bytes)
      if (fault !== undefined) return { kind: 'fault', at, why: String((fault as Error).stack ?? fault).slice(0, 600) }
      const growth = resident() - idle
      if (growth > 10 * Math.max(bytes.length, reader.declared) + (64 << 20)) return { kind: 'heavy', at, growth }
      if (place % 50 === 0) globalThis.gc?.()
    }
    part = end
  }
  return { kind: 'done', milliseconds: process.cpuUsage(started).user / 1000 }
}
