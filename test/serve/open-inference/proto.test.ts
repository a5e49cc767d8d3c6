/** Messages of gRPC: read as the reference wrote them, written as it reads them, and refused when they are none. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Tensor } from '../../../src/batch.ts'
import { MlmodelError } from '../../../src/errors/index.ts'
import { readProtoRequest, readTarget } from '../../../src/serve/open-inference/proto-request.ts'
import { writeProtoResponse } from '../../../src/serve/open-inference/proto-response.ts'
import { writeBinaryTensor } from '../../../src/serve/open-inference/tensor-data.ts'
import { type Message, service } from './proto.ts'

const { ModelInfer } = service as { ModelInfer: NonNullable<(typeof service)[string]> }
const request = (message: Message): Buffer => ModelInfer.requestSerialize({ model_name: 'm', ...message })
const input = (datatype: string, shape: readonly number[], contents?: Message): Message => ({
  inputs: [{ name: 'x', datatype, shape, ...(contents && { contents }) }],
})
const only = (bytes: Uint8Array): Tensor => readProtoRequest(bytes).inputs[0]!.tensor
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String(error))
    return error.code
  }
  return 'none'
}

/** Datatype, the field of `contents`, values at the type's ends, and the same as our array holds them. */
const contentsOf: readonly (readonly [string, string, readonly unknown[], readonly unknown[]])[] = [
  ['BOOL', 'bool_contents', [true, false], [1, 0]],
  ['INT8', 'int_contents', [-128, 127], [-128, 127]],
  ['INT16', 'int_contents', [-32_768, 32_767], [-32_768, 32_767]],
  ['INT32', 'int_contents', [-2_147_483_648, 2_147_483_647], [-2_147_483_648, 2_147_483_647]],
  ['INT64', 'int64_contents', ['-9223372036854775808', '9223372036854775807'], [-(2n ** 63n), 2n ** 63n - 1n]],
  ['UINT8', 'uint_contents', [0, 255], [0, 255]],
  ['UINT16', 'uint_contents', [0, 65_535], [0, 65_535]],
  ['UINT32', 'uint_contents', [0, 4_294_967_295], [0, 4_294_967_295]],
  ['UINT64', 'uint64_contents', ['0', '18446744073709551615'], [0n, 2n ** 64n - 1n]],
  ['FP32', 'fp32_contents', [1.5, -0], [1.5, -0]],
  ['FP64', 'fp64_contents', [0.1, -1e300], [0.1, -1e300]],
]

describe('ModelInferRequest', () => {
  test('contents of every datatype, packed and one by one', () => {
    for (const [datatype, field, sent, wanted] of contentsOf) {
      const bytes = request(input(datatype, [2], { [field]: sent }))
      assert.deepEqual(Array.from(only(bytes).values as ArrayLike<unknown>), wanted, datatype)
      // Two messages `contents` are one, as protobuf says; each has one element here.
      const half = (value: unknown): Buffer => request({ model_name: '', ...input(datatype, [], { [field]: [value] }) })
      const merged = joinInputs(request(input(datatype, [2])), half(sent[0]), half(sent[1]))
      assert.deepEqual(Array.from(only(merged).values as ArrayLike<unknown>), wanted, `${datatype} merged`)
    }
    const texts = [Buffer.from('a\0b'), Buffer.alloc(0), Buffer.from([0xff])]
    assert.deepEqual(
      (only(request(input('BYTES', [3], { bytes_contents: texts }))).values as readonly Uint8Array[]).map((each) =>
        Buffer.from(each),
      ),
      texts,
    )
  })

  test('elements one by one, as old writers have them', () => {
    // inputs { name: "x" datatype: "INT32" shape: 2 contents { int_contents: 5 int_contents: -1 } }, each number with its own tag.
    const contents = Buffer.from([0x10, 5, 0x10, ...new Array(9).fill(0xff), 1])
    const head = Buffer.from([0x0a, 1, 0x78, 0x12, 5, ...Buffer.from('INT32'), 0x18, 2, 0x2a, contents.length])
    const bytes = Buffer.from([0x2a, head.length + contents.length, ...head, ...contents])
    assert.deepEqual([...(only(bytes).values as Int32Array)], [5, -1])
    assert.deepEqual(ModelInfer.requestDeserialize(bytes).inputs[0].contents.int_contents, [5, -1])
  })

  test('raw elements, the id, parameters, outputs', () => {
    const read = readProtoRequest(
      request({
        id: 'abc',
        model_version: '3',
        parameters: {
          flag: { bool_param: true },
          count: { int64_param: '-9007199254740993' },
          text: { string_param: 'ä' },
          ratio: { double_param: 0.1 },
          large: { uint64_param: '18446744073709551615' },
        },
        inputs: [
          { name: 'a', datatype: 'FP32', shape: [1, 2], parameters: { content_type: { string_param: 'np' } } },
          { name: 'b', datatype: 'BYTES', shape: [1] },
        ],
        outputs: [{ name: 'y' }],
        raw_input_contents: [Buffer.from(new Float32Array([1.5, -2]).buffer), Buffer.from([2, 0, 0, 0, 104, 105])],
      }),
    )
    assert.equal(read.id, 'abc')
    assert.equal(read.raw, true)
    assert.deepEqual(
      [...read.parameters],
      [
        ['flag', true],
        ['count', -9007199254740993n],
        ['text', 'ä'],
        ['ratio', 0.1],
        ['large', 2n ** 64n - 1n],
      ],
    )
    assert.deepEqual([...(read.inputs[0]!.tensor.values as Float32Array)], [1.5, -2])
    assert.deepEqual(read.inputs[0]!.tensor.shape, [1, 2])
    assert.equal(read.inputs[0]!.parameters.get('content_type'), 'np')
    assert.equal(Buffer.from((read.inputs[1]!.tensor.values as readonly Uint8Array[])[0]!).toString(), 'hi')
    assert.deepEqual(read.outputs, [{ name: 'y', binary: true }])
    assert.deepEqual(readTarget(request({ model_version: '3' })), { name: 'm', version: '3' })
  })

  test('what does not agree', () => {
    const four = Buffer.alloc(4)
    const cases: readonly (readonly [string, Message])[] = [
      ['OIP_DATA_COUNT', input('INT32', [2], { int_contents: [1, 2, 3] })],
      ['OIP_SHAPE_LARGE', input('INT32', [3], { int_contents: [1] })],
      ['OIP_SHAPE_LARGE', input('INT32', [2 ** 40, 2 ** 40])],
      ['OIP_SHAPE', input('INT32', [-1], { int_contents: [1] })],
      ['OIP_SHAPE', input('INT32', new Array(65).fill(1), { int_contents: [1] })],
      ['OIP_DATATYPE', input('FP8', [1], { fp32_contents: [1] })],
      ['OIP_CONTENTS', input('INT32', [1], { int64_contents: [1] })],
      ['OIP_CONTENTS', input('FP64', [1], { fp32_contents: [1], fp64_contents: [1] })],
      ['OIP_BINARY_ONLY', input('FP16', [1], { fp32_contents: [1] })],
      ['OIP_DATA_VALUE', input('INT8', [1], { int_contents: [300] })],
      ['OIP_DATA_VALUE', input('UINT8', [1], { uint_contents: [256] })],
      ['OIP_RAW_COUNT', { ...input('FP32', [1]), raw_input_contents: [four, four] }],
      ['OIP_RAW_AND_CONTENTS', { ...input('FP32', [1], { fp32_contents: [1] }), raw_input_contents: [four] }],
      ['OIP_BINARY_SIZE', { ...input('FP32', [1]), raw_input_contents: [Buffer.alloc(5)] }],
      ['OIP_TWO_INPUTS', { inputs: [0, 1].map(() => ({ name: 'x', datatype: 'FP32', shape: [0] })) }],
    ]
    for (const [code, message] of cases)
      assert.equal(
        codeOf(() => readProtoRequest(request(message))),
        code,
        JSON.stringify(message),
      )
  })

  test('bytes that are no message, and messages that were cut or changed', () => {
    const whole = request({
      id: 'abc',
      parameters: { count: { int64_param: '5' } },
      ...input('INT64', [3], { int64_contents: [1, -2, 3] }),
      outputs: [{ name: 'y', parameters: { binary_data: { bool_param: true } } }],
    })
    const readOrRefuse = (bytes: Uint8Array): void => {
      for (const read of [readProtoRequest, readTarget])
        try {
          read(bytes)
        } catch (error) {
          assert.ok(error instanceof MlmodelError && error.code.startsWith('OIP_'), String(error))
        }
    }
    for (let length = 0; length < whole.length; length++) readOrRefuse(whole.subarray(0, length))
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Buffer.from(whole)
        for (const [at, byte] of changes) bytes[at] = byte
        readOrRefuse(bytes)
      }),
      { numRuns: 2_000 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readOrRefuse), { numRuns: 2_000 })
  })

  test('many small parts are not as many objects', () => {
    const parts = Buffer.alloc(4_000_000)
    for (let at = 0; at < parts.length; at += 2) parts[at] = 0x2a
    assert.equal(
      codeOf(() => readProtoRequest(parts)),
      'OIP_PROTOBUF',
    )
    const contents = Buffer.concat([Buffer.from([0x2a, 0x80, 0x02]), Buffer.alloc(256)])
    for (let at = 3; at < contents.length; at += 2) contents[at] = 0x2a
    assert.equal(
      codeOf(() => readProtoRequest(contents)),
      'OIP_PROTOBUF',
    )
  })
})

describe('ModelInferResponse', () => {
  const about = { id: 'abc', name: 'm', version: '2' }
  const arrays = {
    BOOL: Uint8Array,
    INT8: Int8Array,
    INT16: Int16Array,
    INT32: Int32Array,
    INT64: BigInt64Array,
    UINT8: Uint8Array,
    UINT16: Uint16Array,
    UINT32: Uint32Array,
    UINT64: BigUint64Array,
    FP32: Float32Array,
    FP64: Float64Array,
  } as const
  const dtypes: Readonly<Record<string, string>> = { BOOL: 'bool', FP32: 'float32', FP64: 'float64' }
  const tensorOf = (datatype: string, values: readonly unknown[]): Tensor =>
    ({
      dtype: dtypes[datatype] ?? datatype.toLowerCase(),
      shape: [values.length],
      values: (arrays[datatype as keyof typeof arrays] as Uint8ArrayConstructor).from(values as number[]),
    }) as Tensor

  test('is read by the reference, typed and as bytes', () => {
    for (const [datatype, field, sent, values] of contentsOf) {
      const output = { name: 'y', tensor: tensorOf(datatype, values), binary: true }
      const typed = ModelInfer.responseDeserialize(Buffer.from(writeProtoResponse([output], about, 'contents').body))
      assert.deepEqual(typed.outputs[0].contents[field], sent, datatype)
      assert.deepEqual([typed.model_name, typed.model_version, typed.id], ['m', '2', 'abc'])
      const raw = ModelInfer.responseDeserialize(Buffer.from(writeProtoResponse([output], about, 'raw').body))
      assert.deepEqual(raw.raw_output_contents, [writeBinaryTensor(output.tensor)])
      assert.equal(raw.outputs[0].contents, null)
      assert.deepEqual([raw.outputs[0].datatype, raw.outputs[0].shape], [datatype, ['2']])
    }
  })

  test('texts, no elements, half floats', () => {
    const texts: Tensor = { dtype: 'string', shape: [3], values: ['a\0', 'ä', null] }
    const none: Tensor = { dtype: 'float32', shape: [0, 3], values: new Float32Array(0) }
    const half: Tensor = { dtype: 'float16', shape: [1], values: Uint16Array.of(0x3c00) }
    const outputs = [texts, none].map((tensor, index) => ({ name: String(index), tensor, binary: false }))
    const typed = ModelInfer.responseDeserialize(Buffer.from(writeProtoResponse(outputs, about, 'contents').body))
    assert.deepEqual(typed.outputs[0].contents.bytes_contents.map(String), ['a\0', 'ä', ''])
    assert.deepEqual(typed.outputs[1].shape, ['0', '3'])
    // FP16 has no field: then all of the reply is bytes.
    const mixed = writeProtoResponse([...outputs, { name: 'h', tensor: half, binary: false }], about, 'contents')
    assert.equal(ModelInfer.responseDeserialize(Buffer.from(mixed.body)).raw_output_contents.length, 3)
  })

  test('integers of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (values) => {
        const outputs = [{ name: 'y', tensor: tensorOf('INT64', values), binary: true }]
        const back = ModelInfer.responseDeserialize(Buffer.from(writeProtoResponse(outputs, about, 'contents').body))
        assert.deepEqual(back.outputs[0].contents.int64_contents, values.map(String))
      }),
    )
  })
})

/** The fields of several requests' first inputs, as fields of one input. */
function joinInputs(...requests: readonly Buffer[]): Buffer {
  const fields = requests.map((bytes) => {
    // model_name (2 bytes of head and its text), then inputs: each shorter than 128 bytes.
    const at = bytes[0] === 0x0a ? 2 + bytes[1]! : 0
    assert.equal(bytes[at], 0x2a)
    return bytes.subarray(at + 2)
  })
  const whole = Buffer.concat(fields)
  assert.ok(whole.length < 128)
  return Buffer.concat([Buffer.from([0x2a, whole.length]), whole])
}
