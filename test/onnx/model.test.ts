import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { MlmodelError } from '../../src/errors/index.ts'
import { defaultLimits } from '../../src/limits.ts'
import { checkOnnxFile, readOnnx, typeText } from '../../src/onnx/index.ts'
import { type Chunks, joined, writeBytes, writeInteger, writeVarint } from '../../src/onnx/protobuf.ts'
import { writeGraph, writeNode, writeTensor, writeTensorValue } from '../../src/onnx/rewrite.ts'

const repository = join(import.meta.dirname, '../../../..')
const folder = join(repository, 'test/fixtures/onnx')
const files = readdirSync(folder).filter((name) => name.endsWith('.onnx'))
const bytesOf = (name: string) => new Uint8Array(readFileSync(join(folder, name)))

const modelOf = (graph: Chunks, more: Chunks = []) =>
  joined([...writeInteger(1, 8), ...writeBytes(7, graph), ...writeBytes(8, writeInteger(2, 15)), ...more])
const simple = (...nodes: Chunks[]) =>
  writeGraph('g', { nodes, inputs: [writeTensorValue('x', 1, 1)], outputs: [writeTensorValue('y', 1, 1)] })
const refusal = (bytes: Uint8Array, limits = defaultLimits): string => {
  try {
    readOnnx(bytes, limits)
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String(error))
    return `${error.code} ${error.message}`
  }
  return 'accepted'
}

test('a model is summed up as onnx reads it', () => {
  // onnx.load: the same names, types and counts.
  const model = readOnnx(bytesOf('zipmap_int.onnx'))
  assert.equal(model.irVersion, 8)
  assert.equal(model.producerName, 'make.py')
  assert.deepEqual(model.opsets, [
    { domain: '', version: 15 },
    { domain: 'ai.onnx.ml', version: 3 },
  ])
  assert.deepEqual(model.inputs, [{ name: 'x', type: { kind: 'tensor', elementType: 1, shape: ['N', 2] } }])
  assert.deepEqual(
    model.outputs.map(({ name, type }) => `${name}: ${typeText(type)}`),
    ['label: tensor(int64)', 'm: seq(map(int64,tensor(float)))'],
  )
  assert.deepEqual(
    model.operators.map(({ domain, operator, count }) => `${domain}:${operator} ${count}`),
    [':ArgMax 1', ':Identity 1', 'ai.onnx.ml:ZipMap 1'],
  )
  const loop = readOnnx(bytesOf('loop.onnx'))
  assert.equal(loop.nodeCount, 3)
  assert.equal(readOnnx(bytesOf('two_columns.onnx')).parameterCount, 1)
})

test('nodes may stand in any order, but not in a circle', () => {
  assert.equal(refusal(modelOf(simple(writeNode('Neg', ['t'], ['y']), writeNode('Abs', ['x'], ['t'])))), 'accepted')
  assert.match(
    refusal(modelOf(simple(writeNode('Add', ['x', 'b'], ['a']), writeNode('Neg', ['a'], ['b']), writeNode('Neg', ['a'], ['y'])))),
    /circle/,
  )
  assert.match(refusal(modelOf(simple(writeNode('Neg', ['nowhere'], ['y'])))), /nothing makes/)
  assert.match(refusal(modelOf(simple(writeNode('Neg', ['x'], ['y']), writeNode('Abs', ['x'], ['y'])))), /made twice/)
  assert.match(refusal(modelOf(simple(writeNode('Neg', ['x'], ['z'])))), /made by no node/)
})

test('a nested graph sees the names around it, and its circle is found', () => {
  const inner = (input: string) =>
    ({
      kind: 'graph',
      value: writeGraph('then', { nodes: [writeNode('Neg', [input], ['t'])], inputs: [], outputs: [writeTensorValue('t', 1)] }),
    }) as const
  const branch = (input: string) =>
    simple(writeNode('If', ['c'], ['y'], { then_branch: inner(input), else_branch: inner('x') }), writeNode('Not', ['c0'], ['c']))
  const withCondition = (graph: Chunks) => modelOf([...graph, ...writeBytes(5, writeTensor('c0', 9, [], Uint8Array.of(1)))])
  assert.equal(refusal(withCondition(branch('x'))), 'accepted')
  assert.match(refusal(withCondition(branch('y'))), /circle/)
  assert.match(refusal(withCondition(branch('elsewhere'))), /nothing makes/)
})

test('a chain of a hundred thousand functions takes no longer than its bytes', () => {
  const count = 100_000
  const functions: Uint8Array[] = []
  for (let index = count; index > 0; index--) {
    const call = [
      ...writeNode(index === count ? 'Neg' : `F${index + 1}`, ['a'], ['b']),
      ...(index === count ? [] : writeBytes(7, 'l')),
    ]
    functions.push(
      joined(
        writeBytes(25, [
          ...writeBytes(1, `F${index}`),
          ...writeBytes(4, 'a'),
          ...writeBytes(5, 'b'),
          ...writeBytes(7, call),
          ...writeBytes(10, 'l'),
        ]),
      ),
    )
  }
  assert.equal(refusal(modelOf(simple(writeNode('Neg', ['x'], ['y'])), functions)), 'accepted')
})

test('data and dimensions agree', () => {
  const tensor = (...chunks: Chunks[]) =>
    modelOf([...simple(writeNode('Neg', ['x'], ['y'])), ...writeBytes(5, [...writeBytes(8, 'w'), ...chunks.flat()])])
  const float = writeInteger(2, 1)
  const dims = (...sizes: (number | bigint)[]) => sizes.flatMap((size) => writeInteger(1, size))
  assert.equal(refusal(tensor(float, dims(2), writeBytes(9, new Uint8Array(8)))), 'accepted')
  assert.equal(refusal(tensor(float, dims(2), writeBytes(4, new Uint8Array(8)))), 'accepted')
  assert.equal(refusal(tensor(writeInteger(2, 22), dims(3), writeBytes(9, new Uint8Array(2)))), 'accepted')
  assert.equal(refusal(tensor(writeInteger(2, 8), dims(1), writeBytes(6, 'text'))), 'accepted')
  assert.equal(refusal(tensor(writeInteger(2, 7), dims(2), writeBytes(7, Uint8Array.of(1, 0x80, 1)))), 'accepted')
  // Packed dimensions, as protobuf allows.
  assert.equal(refusal(tensor(float, writeBytes(1, Uint8Array.of(1, 2)), writeBytes(9, new Uint8Array(8)))), 'accepted')
  assert.match(refusal(tensor(float, dims(2), writeBytes(9, new Uint8Array(7)))), /7 bytes/)
  assert.match(refusal(tensor(float, dims(2))), /0 values/)
  assert.match(refusal(tensor(float, dims(2), writeBytes(9, new Uint8Array(8)), writeBytes(4, new Uint8Array(8)))), /twice/)
  assert.match(refusal(tensor(float, dims(2), writeBytes(10, new Uint8Array(16)))), /double_data/)
  assert.match(refusal(tensor(float, dims(-1), writeBytes(9, new Uint8Array(0)))), /dimension -1/)
  assert.match(refusal(tensor(float, dims(2n ** 33n, 2n ** 33n))), /2\^40/)
  assert.match(refusal(tensor(float, dims(0, 2n ** 62n))), /dimension/)
  assert.match(refusal(tensor(writeInteger(2, 99), dims(0))), /unknown element type/)
  assert.match(refusal(tensor(writeInteger(2, 8), dims(1), writeBytes(9, 'text'))), /raw_data/)
})

test('the wire format: no groups, no field 0, no lies about length', () => {
  const good = modelOf(simple(writeNode('Neg', ['x'], ['y'])))
  const after = (...bytes: number[]) => refusal(joined([good, Uint8Array.from(bytes)]))
  assert.equal(after(0x9a, 0x3f, 0), 'accepted')
  assert.match(after(0x0b), /group/)
  assert.match(after(0x02, 0), /number 0/)
  assert.match(after(0x0f), /wire type 7/)
  assert.match(after(0x12, 5), /longer/)
  assert.match(after(0x12, ...writeVarint(2n ** 63n)), /longer/)
  assert.match(after(0x08, ...new Array<number>(10).fill(0x80), 1), /ten bytes/)
  assert.match(after(0x08, 0x80), /ends within/)
  assert.match(refusal(joined([good, joined(writeBytes(7, simple(writeNode('Neg', ['x'], ['y']))))])), /two graphs/)
})

test('nesting is bounded', () => {
  const nest = (depth: number): Chunks =>
    simple(
      depth === 0
        ? writeNode('Neg', ['x'], ['y'])
        : writeNode('If', ['x'], ['y'], { then_branch: { kind: 'graph', value: nest(depth - 1) } }),
    )
  assert.match(refusal(modelOf(nest(30))), /ONNX_LIMIT/)
  assert.match(refusal(modelOf(nest(4)), { ...defaultLimits, onnxDepth: 6 }), /ONNX_LIMIT/)
})

test('whatever the bytes, it is read or refused with a code', () => {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom('set', 'flip', 'cut', 'copy'),
    value: fc.nat(255),
    length: fc.nat(16),
  })
  fc.assert(
    fc.property(fc.constantFrom(...files), fc.array(edit, { minLength: 1, maxLength: 4 }), (name, edits) => {
      let bytes: Uint8Array = bytesOf(name)
      for (const { at, kind, value, length } of edits) {
        const position = Math.min(bytes.length - 1, Math.floor(at * bytes.length))
        if (kind === 'set') bytes[position] = value
        else if (kind === 'flip') bytes[position]! ^= 1 << (value % 8)
        else if (kind === 'cut') bytes = joined([bytes.subarray(0, position), bytes.subarray(position + length)])
        else bytes = joined([bytes.subarray(0, position), bytes.subarray(value, value + length), bytes.subarray(position)])
        if (bytes.length === 0) return
      }
      refusal(bytes)
    }),
    { numRuns: 3000, interruptAfterTimeLimit: 20_000 },
  )
})

const corpus = join(repository, '../shared/corpus')
test('the corpus of hostile files', { skip: !existsSync(corpus) }, async (context) => {
  const copy = await mkdtemp(join(tmpdir(), 'mlmodel-test-'))
  context.after(() => rm(copy, { recursive: true, force: true }))
  await cp(corpus, copy, {
    recursive: true,
    mode: 0,
    filter: (path) => !/pickle|csv|json|yaml|npy|models/.test(path.slice(corpus.length)) || path.endsWith('manifest.jsonl'),
  })
  for (const line of readFileSync(join(corpus, '../links.tsv'), 'utf8').split('\n')) {
    const [link, target] = line.split('\t')
    if (!link?.startsWith('corpus/onnx/') || target === undefined) continue
    const path = join(copy, link.slice('corpus/'.length))
    await context.test(link, async () => symlink(target, path).catch(() => undefined))
    assert.ok(existsSync(dirname(path)))
  }
  for (const line of readFileSync(join(corpus, 'manifest.jsonl'), 'utf8').split('\n')) {
    if (line === '') continue
    const { file, verdict, why, stage } = JSON.parse(line) as { file: string; verdict: string; why: string; stage?: string }
    if (!file.startsWith('onnx/') || stage === 'run') continue
    const outcome = await checkOnnxFile(join(copy, file)).then(
      () => 'accept',
      (error: unknown) => (error instanceof MlmodelError ? 'reject' : String(error)),
    )
    assert.equal(outcome, verdict, `${file}: ${why}`)
  }
})
