/**
 * Compiles the AssemblyScript of src/kernels/assembly to one WebAssembly module, embedded in src/kernels/kernels.generated.ts.
 * `--check` only says whether that file is what the sources give.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))

const target = 'src/kernels/kernels.generated.ts'
const options = '-O3 --noAssert --runtime stub --importMemory --enable simd'
let binary
/** What they export is what the host may call. */
const sources = ['csv', 'text', 'json', 'print'].map((name) => `src/kernels/assembly/${name}.ts`)
const { error, stderr } = await asc.main([...sources, '--outFile', 'kernels.wasm', ...options.split(' ')], {
  writeFile: (name, contents) => {
    if (name.endsWith('.wasm')) binary = contents
  },
})
if (error) {
  console.error(stderr.toString() || error.message)
  process.exit(1)
}
const text = `// Made by scripts/build-kernels.mjs from src/kernels/assembly: do not edit.

/** A WebAssembly module of ${binary.length} bytes, as base64. */
export const kernels =
  '${Buffer.from(binary).toString('base64')}'
`
if (!process.argv.includes('--check')) writeFileSync(target, text)
else if (readFileSync(target, 'utf8') !== text) {
  console.error(`kernels: ${target} is not what the sources give: run node scripts/build-kernels.mjs`)
  process.exitCode = 1
}
