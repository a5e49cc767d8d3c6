/** Tensors in JSON and in binary: every datatype both ways, and what is refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Cell } from '../../../src/batch.ts'
import { arrayOfDtype, type Dtype, type NumericDtype } from '../../../src/dtype.ts'
import { MlmodelError } from '../../../src/errors/index.ts'
import { parseJson } from '../../../src/json.ts'
import {
  dtypeOfDatatype,
  readBinaryTensor,
  readJsonTensor,
  readShape,
  writeBinaryTensor,
} from '../../../src/serve/open-inference/tensor-data.ts'

/** The protocol's table of datatypes (inference_rest.md, “Tensor Data Types”), with the least and the most of the integers. */
const integers: Readonly<Record<string, readonly [bigint, bigint]>> = {
  UINT8: [0n, 255n],
  UINT16: [0n, 65_535n],
  UINT32: [0n, 4_294_967_295n],
  UINT64: [0n, 18_446_744_073_709_551_615n],
  INT8: [-128n, 127n],
  INT16: [-32_768n, 32_767n],
  INT32: [-2_147_483_648n, 2_147_483_647n],
  INT64: [-9_223_372_036_854_775_808n, 9_223_372_036_854_775_807n],
}

const json = (text: string): Cell => parseJson(text).value
const fromJson = (text: string, datatype: string, shape: readonly number[]) => readJsonTensor(json(text), datatype, shape, '$')
const codeOf = (work: () => unknown): string => {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof MlmodelError, String(error))
    return error.code
  }
  return 'none'
}

describe('tensors in JSON', () => {
  test('integers to their ends, and one beyond refused', () => {
    for (const [datatype, [least, most]] of Object.entries(integers)) {
      const { values } = fromJson(`[${least}, ${most}]`, datatype, [2])
      assert.deepEqual(Array.from(values as ArrayLike<number | bigint>, BigInt), [least, most], datatype)
      for (const wrong of [least - 1n, most + 1n, '1.5', 'null', '"1"', 'true'])
        assert.equal(
          codeOf(() => fromJson(`[${wrong}]`, datatype, [1])),
          'OIP_DATA_VALUE',
          `${datatype} ${wrong}`,
        )
    }
  })

  test('whole numbers written as floats', () => {
    assert.deepEqual([...(fromJson('[2.0, -3.0]', 'INT64', [2]).values as BigInt64Array)], [2n, -3n])
    assert.deepEqual([...(fromJson('[0.0, 1.0, 1, true, false]', 'BOOL', [5]).values as Uint8Array)], [0, 1, 1, 1, 0])
  })

  test('floats: null is missing, and what is beyond the type is refused', () => {
    assert.deepEqual([...(fromJson('[1.5, null, -0.0]', 'FP64', [3]).values as Float64Array)], [1.5, Number.NaN, -0])
    assert.deepEqual([...(fromJson('[0.1]', 'FP32', [1]).values as Float32Array)], [Math.fround(0.1)])
    // numpy.float16([0.1, 1.5, 65504]).view('uint16')
    assert.deepEqual([...(fromJson('[0.1, 1.5, 65504]', 'FP16', [3]).values as Uint16Array)], [0x2e66, 0x3e00, 0x7bff])
    for (const [datatype, text] of [
      ['FP16', '65520'],
      ['FP32', '3.5e38'],
      ['FP64', `1${'0'.repeat(400)}`],
      ['BOOL', '2'],
      ['BOOL', '"true"'],
      ['BYTES', '1.5'],
      ['BYTES', '{}'],
    ] as const)
      assert.equal(
        codeOf(() => fromJson(`[${text}]`, datatype, [1])),
        'OIP_DATA_VALUE',
        `${datatype} ${text}`,
      )
  })

  test('BYTES are texts, whatever is in them', () => {
    const texts = ['', 'a\0b', 'ä😀', '0']
    assert.deepEqual(fromJson(JSON.stringify([...texts, null]), 'BYTES', [5]).values, [...texts, null])
  })

  test('nested lists are one list, when they are as the shape says', () => {
    for (const text of ['[1, 2, 3, 4, 5, 6]', '[[1, 2, 3], [4, 5, 6]]'])
      assert.deepEqual([...(fromJson(text, 'INT32', [2, 3]).values as Int32Array)], [1, 2, 3, 4, 5, 6])
    assert.deepEqual([...(fromJson('[[[1]], [[2]]]', 'INT32', [2, 1, 1]).values as Int32Array)], [1, 2])
    for (const text of [
      '[[1, 2], [3, 4], [5, 6]]',
      '[[1, 2, 3], [4, 5]]',
      '[[1, 2, 3], 4, 5, 6]',
      '[[[1, 2, 3]], [[4, 5, 6]]]',
      '[1, [2, 3], 4, 5, 6]',
    ])
      assert.match(
        codeOf(() => fromJson(text, 'INT32', [2, 3])),
        /^OIP_DATA_(NESTED|COUNT|VALUE)$/,
        text,
      )
    // A list a million deep is refused before it is walked.
    assert.throws(() => fromJson(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`, 'INT32', [1]), MlmodelError)
  })

  test('no elements', () => {
    assert.equal(fromJson('[]', 'FP32', [0, 4]).values.length, 0)
    assert.equal(fromJson('[]', 'BYTES', [0]).values.length, 0)
    assert.equal(
      codeOf(() => fromJson('[]', 'FP32', [1])),
      'OIP_SHAPE_LARGE',
    )
    assert.equal(
      codeOf(() => fromJson('[1]', 'FP32', [0])),
      'OIP_DATA_COUNT',
    )
    assert.equal(fromJson('[7]', 'INT8', []).values.length, 1)
  })

  test('shapes', () => {
    for (const wrong of ['null', '{}', '"2"', '[-1]', '[1.5]', '["1"]', '[9007199254740992]', `[${'1,'.repeat(64)}1]`, '[true]'])
      assert.equal(
        codeOf(() => readShape(json(wrong), '$.shape')),
        'OIP_SHAPE',
        wrong,
      )
    // 2^32 × 2^32 is 2^64, which is 0 in 64 bits.
    assert.equal(
      codeOf(() => fromJson('[]', 'FP32', [2 ** 32, 2 ** 32])),
      'OIP_SHAPE_LARGE',
    )
    for (const datatype of ['FP99', '', 'fp32', 'BF16', 'toString', '__proto__'])
      assert.equal(
        codeOf(() => fromJson('[1]', datatype, [1])),
        'OIP_DATATYPE',
        datatype,
      )
  })
})

describe('tensors in binary', () => {
  test('come back as they were written, from anywhere in a body', () => {
    for (const datatype of ['BOOL', ...Object.keys(integers), 'FP16', 'FP32', 'FP64']) {
      const dtype = dtypeOfDatatype(datatype, '$') as NumericDtype
      const size = arrayOfDtype[dtype].BYTES_PER_ELEMENT
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(7), (bytes, offset) => {
          const whole = bytes
            .subarray(0, bytes.length - (bytes.length % size))
            .map((byte) => (datatype === 'BOOL' ? byte & 1 : byte))
          const body = new Uint8Array(offset + whole.length)
          body.set(whole, offset)
          const tensor = readBinaryTensor(body.subarray(offset), datatype, [whole.length / size], '$')
          assert.equal(tensor.dtype, dtype as Dtype)
          assert.deepEqual([...writeBinaryTensor(tensor)], [...whole])
        }),
        { numRuns: 50 },
      )
    }
  })

  test('little-endian', () => {
    assert.deepEqual([...(readBinaryTensor(Uint8Array.of(1, 2, 0, 0), 'INT32', [1], '$').values as Int32Array)], [513])
    assert.deepEqual([...(readBinaryTensor(Uint8Array.of(0, 0, 0xc0, 0x3f), 'FP32', [1], '$').values as Float32Array)], [1.5])
  })

  test('BYTES with their lengths, NUL and emptiness included', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 }), (values) => {
        const written = writeBinaryTensor({ dtype: 'bytes', shape: [values.length], values })
        const read = readBinaryTensor(written, 'BYTES', [values.length], '$')
        assert.deepEqual(
          (read.values as readonly Uint8Array[]).map((each) => [...each]),
          values.map((each) => [...each]),
        )
      }),
    )
  })

  test('whatever the bytes and the shape are, there is a tensor of that shape or an error with a code', () => {
    const datatype = fc.constantFrom('BOOL', 'INT64', 'FP16', 'FP64', 'BYTES')
    const shape = fc.array(fc.oneof(fc.nat(5), fc.constant(2 ** 31), fc.constant(2 ** 53 - 1)), { maxLength: 4 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), datatype, shape, (bytes, type, sizes) => {
        try {
          const { values } = readBinaryTensor(bytes, type, sizes, '$')
          assert.equal(
            BigInt(values.length),
            sizes.reduce((product, size) => product * BigInt(size), 1n),
          )
        } catch (error) {
          assert.ok(error instanceof MlmodelError && error.code.startsWith('OIP_'), String(error))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('lengths that lie', () => {
    const huge = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1, 2)
    assert.equal(
      codeOf(() => readBinaryTensor(huge, 'BYTES', [1], '$')),
      'OIP_BINARY_TEXT',
    )
    assert.equal(
      codeOf(() => readBinaryTensor(Uint8Array.of(1, 0, 0, 0, 65, 66), 'BYTES', [1], '$')),
      'OIP_BINARY_SIZE',
    )
    assert.equal(
      codeOf(() => readBinaryTensor(new Uint8Array(7), 'FP32', [2], '$')),
      'OIP_SHAPE_LARGE',
    )
    assert.equal(
      codeOf(() => readBinaryTensor(new Uint8Array(9), 'FP32', [2], '$')),
      'OIP_BINARY_SIZE',
    )
  })
})
