/** Policy: what the package promises to those who install it, and which packages it may be built from. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { runtimePlatforms } from '../src/onnx/runtime.ts'
import { version } from '../src/version.ts'

const root = new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`)
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8')

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly type: string
  readonly license: string
  readonly engines: { readonly node: string }
  readonly bin: Readonly<Record<string, string>>
  readonly files: readonly string[]
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
  readonly devDependencies: Readonly<Record<string, string>>
}
const manifest = JSON.parse(read('package.json')) as Manifest

/** Every package, and why it is worth its place. One more needs a line here, a reason in the commit and one importing file. */
const packages: Readonly<Record<string, string>> = {
  '@biomejs/biome': 'lint and format',
  '@cfworker/json-schema': 'a team’s JSON Schema at run time, interpreted: ajv makes functions of text',
  '@grpc/grpc-js': 'HTTP/2 of gRPC; the user installs it',
  '@renovatebot/pep440': 'versions of Python packages (PEP 440)',
  '@seriousme/openapi-schema-validator': 'a judge of our OpenAPI documents that is not ours',
  '@types/node': 'types of the oldest Node that is supported',
  ajv: 'JSON Schemas, compiled to code at build time',
  assemblyscript: 'the SIMD kernels, compiled when their source changes',
  autocannon: 'asks a server as fast as it answers, where wrk is not installed; for bench/serve',
  chalk: 'colour',
  commander: 'the command line',
  esbuild: 'the bundles that ship',
  express: 'a server that tests mount ours in',
  'fast-check': 'property tests',
  hono: 'a server that tests mount ours in',
  'hyparquet-compressors': 'Zstandard and the older LZ4 of Parquet and Arrow, which Node 20 has not',
  'hyparquet-writer': 'Parquet written',
  'onnxruntime-node': 'ONNX Runtime; goes into the platform packages',
  ora: 'progress on stderr',
  sharp: 'PNG, JPEG and TIFF; the user installs it',
  typescript: 'types',
  yaml: 'MLmodel and conda.yaml, with line numbers',
}

describe('package', () => {
  test('has no dependencies: everything is bundled, the runtimes are added when packed, sharp and gRPC are the user’s choice', () => {
    assert.equal(manifest.dependencies, undefined)
    assert.equal(manifest.optionalDependencies, undefined)
    // npm installs no optional peer; its version is checked where there is one.
    assert.deepEqual(Object.keys(manifest.peerDependencies ?? {}), ['@grpc/grpc-js', 'sharp'])
    for (const name of Object.keys(manifest.peerDependencies ?? {}))
      assert.equal(manifest.peerDependenciesMeta?.[name]?.optional, true, name)
    // Published is what `npm run pack:all` makes; this manifest lacks the runtimes.
    assert.equal(manifest.private, true)
  })

  test('is built from the listed packages, each pinned', () => {
    assert.deepEqual(Object.keys(manifest.devDependencies).sort(), Object.keys(packages).sort())
    for (const [name, range] of Object.entries(manifest.devDependencies)) assert.match(range, /^\d+\.\d+\.\d+$/, name)
  })

  test('runs nothing when it is installed', () => {
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare']
    assert.deepEqual(
      Object.keys(manifest.scripts).filter((name) => hooks.includes(name)),
      [],
    )
  })

  test('is ESM for Node 20.19 and newer, under Apache-2.0', () => {
    assert.equal(manifest.type, 'module')
    assert.equal(manifest.engines.node, '>=20.19')
    assert.equal(manifest.license, 'Apache-2.0')
    assert.match(read('LICENSE'), /Apache License\s+Version 2\.0/)
  })

  test('has one version', () => {
    assert.equal(manifest.version, version)
    const lock = JSON.parse(read('package-lock.json')) as { version: string; packages: Record<string, { version?: string }> }
    assert.equal(lock.version, version)
    assert.ok(read('CHANGELOG.md').includes(`## ${version}`))
  })

  test('ships what its manifest names', () => {
    for (const file of manifest.files) assert.ok(existsSync(new URL(file, root)), `${file} is missing`)
    for (const file of Object.values(manifest.bin)) assert.match(read(file), /^#!\/usr\/bin\/env node\n/)
  })

  test('has a runtime package for each platform that the loader knows', async () => {
    const { platforms } = (await import(new URL('scripts/platforms.mjs', root).href)) as {
      platforms: { os: string; cpu: string }[]
    }
    assert.deepEqual(platforms.map(({ os, cpu }) => `${os}-${cpu}`).sort(), [...runtimePlatforms].sort())
  })

  test('has a licence text for everything bundled', () => {
    const notices = read('THIRD-PARTY-NOTICES.txt')
    for (const name of ['@renovatebot/pep440', 'chalk', 'commander', 'hyparquet-writer', 'ora', 'yaml']) {
      assert.match(notices, new RegExp(`^${name} ${manifest.devDependencies[name]} `, 'm'))
    }
  })
})
