/**
 * What a Python interpreter has installed, read from the files that stand around it. Nothing is run or imported: an
 * interpreter may be a stranger's, and starting one costs more than reading it.
 */
import { closeSync, existsSync, openSync, readdirSync, readSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { MlmodelError } from '../errors/index.ts'
import { normalizeName } from './name.ts'

export interface Interpreter {
  /** As it was given. */
  readonly path: string
  /** `3.11.7`, or `3.11` where no file says more; null where none is found. */
  readonly version: string | null
  readonly implementation: string
  /** The folders of packages, in the order in which Python looks. */
  readonly folders: readonly string[]
  /** The version of a package that is installed, as its metadata gives it. */
  installed(name: string): string | undefined
}

interface Prefix {
  readonly folder: string
  /** `pyvenv.cfg`, of which a virtual environment is told. */
  readonly settings: ReadonlyMap<string, string> | undefined
  /** Python's own folder of libraries, such as `lib/python3.11`. */
  readonly library: string | undefined
}

/**
 * Finds an interpreter's packages.
 *
 * @param path the interpreter, the folder of its environment, or a folder of packages
 * @throws INTERPRETER_MISSING, INTERPRETER_UNKNOWN
 */
export function readInterpreter(path: string): Interpreter {
  if (!existsSync(path)) throw new MlmodelError('INTERPRETER_MISSING', { path })
  const prefix = prefixOf(path)
  if (prefix === undefined) {
    const found = packagesOf(path)
    if (found.length === 0) throw new MlmodelError('INTERPRETER_UNKNOWN', { path })
    return make(path, versionOfFolder(path) ?? null, 'cpython', [path])
  }
  const { settings, library } = prefix
  const folders = [...packageFolders(prefix)]
  const base = settings === undefined ? undefined : baseOf(settings)
  // A virtual environment says so when it sees the packages around it.
  if (base !== undefined && settings?.get('include-system-site-packages')?.toLowerCase() === 'true')
    folders.push(...packageFolders(base))
  const version = settings?.get('version_info') ?? settings?.get('version') ?? installedVersion(prefix)
  const implementation =
    settings?.get('implementation')?.toLowerCase() ?? (library?.includes('pypy') === true ? 'pypy' : 'cpython')
  return make(path, cleanVersion(version) ?? versionOfFolder(library) ?? null, implementation, withPathFiles(folders))
}

/** The environment an interpreter belongs to: Python itself looks for pyvenv.cfg beside it and above, before it follows links. */
function prefixOf(path: string): Prefix | undefined {
  const given = resolve(path)
  if (statSync(given).isDirectory()) return openPrefix(given)
  const candidates = [given, realpathSync(given)]
  for (const each of candidates) {
    for (const folder of [dirname(each), dirname(dirname(each))])
      if (existsSync(join(folder, 'pyvenv.cfg'))) return openPrefix(folder)
  }
  // `python3` is a link to the one that says its version.
  const version = candidates
    .toReversed()
    .map((each) => /python(\d+\.\d+)/.exec(basename(each))?.[1])
    .find((each) => each !== undefined)
  for (const each of candidates) {
    const folder = dirname(each)
    const found = openPrefix(/^(bin|scripts)$/i.test(basename(folder)) ? dirname(folder) : folder, version)
    if (found !== undefined) return found
  }
  return undefined
}

function openPrefix(folder: string, version?: string): Prefix | undefined {
  const file = join(folder, 'pyvenv.cfg')
  const settings = existsSync(file) ? readSettings(file) : undefined
  const wanted = version ?? /^\d+\.\d+/.exec(settings?.get('version_info') ?? settings?.get('version') ?? '')?.[0]
  const library = libraryOf(folder, wanted)
  return library === undefined ? undefined : { folder, settings, library }
}

/** `lib/python3.11` of Linux and macOS, `Lib` of Windows; of several the newest, unless one is asked for. */
function libraryOf(folder: string, wanted: string | undefined): string | undefined {
  const found = ['lib', 'lib64'].flatMap((lib) =>
    list(join(folder, lib))
      .filter((name) => /^(python|pypy)\d+\.\d+t?$/.test(name))
      .map((name) => join(folder, lib, name)),
  )
  const match = wanted === undefined ? undefined : found.find((each) => /\d+\.\d+/.exec(basename(each))![0] === wanted)
  const minor = (path: string): number => Number(/\.(\d+)t?$/.exec(path)?.[1] ?? 0)
  const newest = match ?? [...found].sort((a, b) => minor(b) - minor(a))[0]
  if (newest !== undefined) return newest
  return existsSync(join(folder, 'Lib', 'site-packages')) ? join(folder, 'Lib') : undefined
}

function* packageFolders({ folder, settings, library }: Prefix): Iterable<string> {
  const name = basename(library!)
  // A virtual environment does not see what the user installed for all interpreters of this version.
  if (settings === undefined && /^python\d/.test(name)) yield join(homedir(), '.local', 'lib', name, 'site-packages')
  if (settings === undefined) yield join(folder, 'local', 'lib', name, 'dist-packages')
  yield join(library!, 'site-packages')
  yield join(library!.replace(/([\\/])lib([\\/])(?=[^\\/]*$)/, '$1lib64$2'), 'site-packages')
  // Debian's packages of the system.
  if (settings === undefined) yield join(folder, 'lib', 'python3', 'dist-packages')
}

function baseOf(settings: ReadonlyMap<string, string>): Prefix | undefined {
  const home = settings.get('home')
  if (home === undefined || !existsSync(home)) return undefined
  const version = /^\d+\.\d+/.exec(settings.get('version_info') ?? settings.get('version') ?? '')?.[0]
  return openPrefix(/^(bin|scripts)$/i.test(basename(home)) ? dirname(home) : home, version)
}

/** Lines `key = value`, as Python's site reads them. */
function readSettings(file: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>()
  for (const line of beginning(file).split(/\r?\n/)) {
    const equals = line.indexOf('=')
    if (equals > 0) settings.set(line.slice(0, equals).trim().toLowerCase(), line.slice(equals + 1).trim())
  }
  return settings
}

/** A version with its patch: conda notes it by a file's name, the headers of C by a line. */
function installedVersion({ folder, library }: Prefix): string | undefined {
  for (const name of list(join(folder, 'conda-meta'))) {
    const version = /^python-(\d+\.\d+\.\d+[a-z0-9]*)-/.exec(name)?.[1]
    if (version !== undefined) return version
  }
  const name = basename(library ?? '')
  const header = join(folder, 'include', name, 'patchlevel.h')
  return existsSync(header) ? /PY_VERSION\s+"([^"]+)"/.exec(beginning(header))?.[1] : undefined
}

/** uv writes `3.11.7`, virtualenv `3.11.7.final.0`. */
function cleanVersion(text: string | undefined): string | undefined {
  return text === undefined ? undefined : /^\d+\.\d+(?:\.\d+)?(?:(?:a|b|rc)\d+)?/.exec(text)?.[0]
}

function versionOfFolder(path: string | undefined): string | undefined {
  return path === undefined ? undefined : /(?:python|pypy)(\d+\.\d+)/.exec(path)?.[1]
}

/** Folders that files `*.pth` add; lines that are code are not run. */
function withPathFiles(folders: readonly string[]): readonly string[] {
  const all = folders.filter((folder, index) => existsSync(folder) && folders.indexOf(folder) === index)
  for (const folder of [...all]) {
    for (const name of list(folder)
      .filter((each) => each.endsWith('.pth'))
      .sort()) {
      for (const line of beginning(join(folder, name)).split(/\r?\n/)) {
        const text = line.trim()
        if (text === '' || text.startsWith('#') || /^import[ \t]/.test(text)) continue
        const added = resolve(folder, text)
        if (!all.includes(added) && isFolder(added)) all.push(added)
      }
    }
  }
  return all
}

interface Installed {
  readonly key: string
  /** The file with the metadata. */
  readonly file: string
  /** Of the folder's name, where the metadata cannot be read. */
  readonly version: string | undefined
}

function packagesOf(folder: string): readonly Installed[] {
  return list(folder).flatMap((name): readonly Installed[] => {
    const [, stem = '', kind] = /^(.+)\.(dist-info|egg-info)$/.exec(name) ?? []
    if (kind === undefined) return []
    const [project = '', version] = stem.split('-')
    const path = join(folder, name)
    const inner = kind === 'dist-info' ? 'METADATA' : 'PKG-INFO'
    // Old tools write one file in place of a folder.
    const file = isFolder(path) ? join(path, inner) : path
    return [{ key: normalizeName(project), file, version }]
  })
}

function make(path: string, version: string | null, implementation: string, folders: readonly string[]): Interpreter {
  let known: ReadonlyMap<string, Installed> | undefined
  const read = (): ReadonlyMap<string, Installed> => {
    const found = new Map<string, Installed>()
    // What Python finds first counts.
    for (const folder of folders) for (const each of packagesOf(folder)) if (!found.has(each.key)) found.set(each.key, each)
    return found
  }
  return {
    path,
    version,
    implementation,
    folders,
    installed(name) {
      known ??= read()
      const found = known.get(normalizeName(name))
      if (found === undefined) return undefined
      const header = beginning(found.file).split(/\r?\n\r?\n/, 1)[0]!
      return /^Version:[ \t]*(\S.*?)[ \t]*$/im.exec(header)?.[1] ?? found.version
    },
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Enough for the headers of any metadata; what stands behind them is a description of any length. */
const mostBytes = 64 << 10

function beginning(file: string): string {
  let descriptor: number | undefined
  try {
    if (statSync(file).isFile() === false) return ''
    descriptor = openSync(file, 'r')
    const bytes = Buffer.alloc(mostBytes)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, mostBytes, 0)).toString('utf8')
  } catch {
    return ''
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
