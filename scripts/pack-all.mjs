/**
 * Makes the tarballs that are published, in tarballs/: mlmodel itself and a package with ONNX Runtime per platform.
 * `--host` makes only this machine's platform, `--to FOLDER` puts them elsewhere. dist/ must be built; nothing is downloaded.
 *
 * Why packages per platform: onnxruntime-node's postinstall fetches CUDA files from api.nuget.org, so that a package
 * that depends on it cannot be installed where that host is unreachable, and 288 MB where it can.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { platformPackage, platforms } from './platforms.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
process.chdir(root)

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const runtime = join('node_modules', 'onnxruntime-node')
const runtimeVersion = JSON.parse(readFileSync(join(runtime, 'package.json'), 'utf8')).version
const to = process.argv.indexOf('--to')
const destination = resolve(to < 0 ? 'tarballs' : (process.argv[to + 1] ?? 'tarballs'))
const wanted = process.argv.includes('--host')
  ? platforms.filter(({ os, cpu }) => os === process.platform && cpu === process.arch)
  : platforms

const staging = mkdtempSync(join(tmpdir(), 'mlmodel-pack-'))
mkdirSync(destination, { recursive: true })
try {
  pack(stageMain())
  for (const platform of wanted) pack(stagePlatform(platform))
} finally {
  rmSync(staging, { recursive: true, force: true })
}

/** The published manifest has no dependencies, only the optional runtimes; it keeps nothing that is for developers. */
function stageMain() {
  const folder = join(staging, manifest.name)
  mkdirSync(folder)
  for (const file of manifest.files) {
    if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build\` first`)
    cpSync(file, join(folder, file), { recursive: true })
  }
  const { private: _private, scripts: _scripts, devDependencies: _developers, ...published } = manifest
  const optionalDependencies = Object.fromEntries(platforms.map((platform) => [platformPackage(platform), manifest.version]))
  writeJson(join(folder, 'package.json'), { ...published, optionalDependencies })
  return folder
}

/** @param {(typeof platforms)[number]} platform */
function stagePlatform(platform) {
  const name = platformPackage(platform)
  const folder = join(staging, name)
  mkdirSync(folder)
  for (const file of platform.files) {
    cpSync(join(runtime, 'bin', 'napi-v6', platform.os, platform.cpu, file), join(folder, file), { dereference: true })
  }
  writeFileSync(
    join(folder, 'index.cjs'),
    `module.exports = { binding: require('./onnxruntime_binding.node'), version: '${runtimeVersion}' }\n`,
  )
  for (const file of ['LICENSE', 'ThirdPartyNotices.txt'])
    cpSync(join('scripts', 'onnxruntime-notices', file), join(folder, file))
  writeFileSync(
    join(folder, 'README.md'),
    `ONNX Runtime ${runtimeVersion} for ${platform.os}-${platform.cpu}, as \`mlmodel\` needs it: the library and its Node binding, taken\n` +
      `unchanged from onnxruntime-node ${runtimeVersion}. No install script. \`npm i mlmodel\` chooses it; there is no other use for it.\n`,
  )
  writeJson(join(folder, 'package.json'), {
    name,
    version: manifest.version,
    description: `ONNX Runtime ${runtimeVersion} for mlmodel on ${platform.os}-${platform.cpu}`,
    license: 'MIT',
    main: 'index.cjs',
    os: [platform.os],
    cpu: [platform.cpu],
    ...(platform.libc === undefined ? {} : { libc: [platform.libc] }),
    engines: manifest.engines,
    preferUnplugged: true,
  })
  return folder
}

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)
}

/** @param {string} folder */
function pack(folder) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', destination]
  // npm tells its scripts where it is; without a shell, so that Windows needs no npm.cmd.
  const npm = process.env.npm_execpath
  const { status, stdout, stderr } = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: folder, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`)
  const [{ filename, size, unpackedSize }] = JSON.parse(stdout)
  console.log(`${relative(root, join(destination, filename))}  ${megabytes(size)} packed, ${megabytes(unpackedSize)} installed`)
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
