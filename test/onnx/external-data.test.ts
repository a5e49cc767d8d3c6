import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { link, mkdir, mkdtemp, open, readdir, rm, statfs, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Batch } from '../../src/batch.ts'
import { defaultLimits } from '../../src/limits.ts'
import { checkOnnxFile, openOnnx } from '../../src/onnx/index.ts'
import { type Chunks, joined, writeBytes, writeInteger } from '../../src/onnx/protobuf.ts'
import { writeGraph, writeNode, writeTensorValue } from '../../src/onnx/rewrite.ts'

const uint8 = 2
const int64 = 7

/** `y = w[x]`, with the uint8 list `w` outside the file. */
function gatherModel(bytes: number, entries: Readonly<Record<string, string>>): Uint8Array {
  const external = Object.entries(entries).flatMap(([key, value]) =>
    writeBytes(13, [...writeBytes(1, key), ...writeBytes(2, value)]),
  )
  const weights: Chunks = [
    ...writeInteger(1, bytes),
    ...writeInteger(2, uint8),
    ...writeBytes(8, 'w'),
    ...external,
    ...writeInteger(14, 1),
  ]
  const graph = writeGraph('g', {
    nodes: [writeNode('Gather', ['w', 'x'], ['y'])],
    inputs: [writeTensorValue('x', int64, 1)],
    outputs: [writeTensorValue('y', uint8, 1)],
  })
  return joined([
    ...writeInteger(1, 8),
    ...writeBytes(7, [...graph, ...writeBytes(5, weights)]),
    ...writeBytes(8, writeInteger(2, 15)),
  ])
}

async function folderFor(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mlmodel-test-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const at = (...positions: bigint[]): Batch => ({
  kind: 'array',
  tensor: { dtype: 'int64', shape: [positions.length], values: BigInt64Array.from(positions) },
})

test('external data is read from the offset the model names, also below the folder', async (context) => {
  const folder = await folderFor(context)
  await mkdir(join(folder, 'deep/er'), { recursive: true })
  await writeFile(join(folder, 'deep/er/w.bin'), Uint8Array.of(1, 2, 3, 4, 5))
  await writeFile(join(folder, 'm.onnx'), gatherModel(3, { location: 'deep/er/w.bin', offset: '2', length: '3' }))
  await checkOnnxFile(join(folder, 'm.onnx'))
  for (const onnxBytesInMemory of [defaultLimits.onnxBytesInMemory, 1]) {
    const opened = await openOnnx(folder, 'm.onnx', { threads: 1 }, { ...defaultLimits, onnxBytesInMemory })
    const answer = opened.predict(at(0n, 2n), { strict: true })
    assert.deepEqual(answer, {
      kind: 'named',
      items: new Map([['y', { dtype: 'uint8', shape: [2], values: Uint8Array.of(3, 5) }]]),
    })
    opened.close()
  }
  assert.deepEqual(
    (await readdir(tmpdir())).filter((name) => name.startsWith(`mlmodel-onnx-${process.pid}-`)),
    [],
  )
})

test('external data stays inside the folder of the file', async (context) => {
  const outside = await folderFor(context)
  const folder = join(outside, 'model')
  await mkdir(join(folder, 'sub'), { recursive: true })
  await writeFile(join(outside, 'secret.bin'), new Uint8Array(8))
  await writeFile(join(folder, 'w.bin'), new Uint8Array(8))
  await symlink('../secret.bin', join(folder, 'link.bin'))
  await symlink('..', join(folder, 'up'))
  await symlink('w.bin', join(folder, 'inside.bin'))
  const attempt = async (location: string, more: Readonly<Record<string, string>> = {}) => {
    await writeFile(join(folder, 'm.onnx'), gatherModel(8, { location, ...more }))
    return checkOnnxFile(join(folder, 'm.onnx'))
  }
  await attempt('w.bin')
  await attempt('inside.bin')
  const bad = [
    '../secret.bin',
    'sub/../../secret.bin',
    'link.bin',
    'up/secret.bin',
    join(outside, 'secret.bin'),
    '..\\secret.bin',
    'C:w.bin',
  ]
  bad.push(
    'file:///w.bin',
    '',
    '.',
    'sub',
    './w.bin',
    'w.bin\0',
    'w.bin/',
    'nothing.bin',
    '*/_ORT_MEM_ADDR_/*',
    '%2e%2e/secret.bin',
  )
  for (const location of bad) await assert.rejects(attempt(location), { code: 'ONNX_EXTERNAL' }, location)
  for (const more of [
    { offset: '1' },
    { offset: '-1' },
    { offset: '0x0' },
    { length: '7' },
    { length: '9' },
    { offset: '99999999999999999999' },
  ]) {
    await assert.rejects(attempt('w.bin', more), { code: 'ONNX_EXTERNAL' }, JSON.stringify(more))
  }
})

test('a file with several names is still a regular file', async (context) => {
  const folder = await folderFor(context)
  await writeFile(join(folder, 'w.bin'), new Uint8Array(8))
  await link(join(folder, 'w.bin'), join(folder, 'w2.bin'))
  await writeFile(join(folder, 'm.onnx'), gatherModel(8, { location: 'w2.bin' }))
  await checkOnnxFile(join(folder, 'm.onnx'))
})

test('a model with an external file of 2.5 GB is loaded', async (context) => {
  const folder = await folderFor(context)
  const { bavail, bsize } = await statfs(folder)
  const size = 2_500_000_000
  // The files are sparse; a file system that cannot do that needs the room twice.
  if (bavail * bsize < 2 * size + 1e9 || !existsSync('/proc/self/fd')) return context.skip('not enough room on this disk')
  const weights = await open(join(folder, 'w.bin'), 'w')
  await weights.truncate(size)
  await weights.write(Uint8Array.of(42), 0, 1, size - 1)
  await weights.write(Uint8Array.of(7), 0, 1, 12_345)
  await weights.close()
  await writeFile(join(folder, 'm.onnx'), gatherModel(size, { location: 'w.bin' }))
  const opened = await openOnnx(folder, 'm.onnx', { threads: 1 })
  const answer = opened.predict(at(BigInt(size - 1), 12_345n, 1n), { strict: true })
  assert.deepEqual(answer, {
    kind: 'named',
    items: new Map([['y', { dtype: 'uint8', shape: [3], values: Uint8Array.of(42, 7, 0) }]]),
  })
  opened.close()
})
