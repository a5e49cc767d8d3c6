/**
 * Puts chunks of CommonJS that are loaded together into one file each: looking up, reading and wrapping a file costs a start
 * more than the few kilobytes in it, and every lazy import of the source makes esbuild's chunks smaller and more.
 */
import { basename } from 'node:path'

/** Characters that are compiled sooner than one more file is found. */
const smallest = 4000

/**
 * Gathers the chunks that the given commands load when they start, by which of them do.
 *
 * @param {import('esbuild').Metafile} metafile
 * @param {ReadonlyMap<string, string>} files CommonJS by file name, all in one folder
 * @param {readonly (readonly string[])[]} commands the entry points that each of them loads
 * @param {readonly (readonly string[])[]} others those of further commands, which start soon enough with fewer files of their
 *   own: what several of the first load stays together for their sake
 * @returns {Map<string, string>} the files that are there instead
 */
export function gatherChunks(metafile, files, commands, others = []) {
  const outputs = Object.entries(metafile.outputs)
  const entries = new Map(outputs.flatMap(([path, { entryPoint }]) => (entryPoint === undefined ? [] : [[entryPoint, path]])))
  const loaded = (path, seen = new Set()) => {
    if (seen.has(path)) return seen
    seen.add(path)
    for (const { path: next, kind } of metafile.outputs[path].imports)
      if (kind === 'import-statement' && next in metafile.outputs) loaded(next, seen)
    return seen
  }
  const setOf = (names) => {
    const set = new Set()
    for (const name of names) {
      const path = entries.get(name)
      if (path === undefined) throw new Error(`${name} is no entry of a chunk: see gatherChunks`)
      for (const one of loaded(path)) set.add(basename(one))
    }
    return set
  }
  const sets = commands.map(setOf)
  const otherSets = others.map(setOf)

  /** By the commands that load a chunk, as digits: `011`. */
  const groups = new Map()
  for (const name of files.keys()) {
    const digits = (of) => of.map((set) => (set.has(name) ? 1 : 0)).join('')
    const first = digits(sets)
    // What one of the first loads alone is split by whether a further command needs it; a few lines go where all find them.
    const isAlone = [...first].filter((digit) => digit === '1').length <= 1
    const isSmall = first.includes('1') && digits(otherSets).includes('1') && files.get(name).length < smallest
    const key = !isAlone || otherSets.length === 0 ? first : isSmall ? '1'.repeat(first.length) : `${first}-${digits(otherSets)}`
    // Under its own name for who starts it; and what no command loads at once stays as it is.
    if (name !== 'start.cjs' && key.includes('1')) groups.set(key, [...(groups.get(key) ?? []), name])
  }
  const homes = new Map()
  for (const [key, names] of groups) if (names.length > 1) for (const name of names) homes.set(name, `parts-${key}.cjs`)
  const redirect = (text) =>
    text.replaceAll(/\brequire\("\.\/([\w-]+\.cjs)"\)/g, (call, name) =>
      homes.has(name) ? `require("./${homes.get(name)}")("${name}")` : call,
    )

  const gathered = new Map()
  for (const [name, text] of files) if (!homes.has(name)) gathered.set(name, redirect(text))
  for (const home of new Set(homes.values())) {
    // A function in parentheses is compiled at once, not first looked through: all of them are wanted.
    const parts = [...homes].flatMap(([name, where]) =>
      where === home ? [`"${name}":(function(exports,require,module){${redirect(files.get(name))}\n})`] : [],
    )
    // Plain properties in place of esbuild's getters, which cost a hot loop more than its own work; no export is assigned again.
    const give =
      'module.exports=name=>{let made=modules[name];if(made===undefined){made=modules[name]={exports:{}};parts[name](made.exports,require,made);made.exports={...made.exports}}return made.exports};'
    gathered.set(home, `"use strict";const modules={},parts={${parts.join(',\n')}};${give}\n`)
  }
  return gathered
}
