/** Files that hold no code, judged by their bytes: each a sound one, or one with a single thing changed. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { writeNpy } from '../../src/data/npy.ts'
import { writeNpz } from '../../src/data/npz.ts'
import { type FindingCode, findingMessage } from '../../src/finding/index.ts'
import { validateModel } from '../../src/validate.ts'

const folder = mkdtempSync(join(tmpdir(), 'mlmodel-judges-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const fixture = (name: string) => join(process.cwd(), 'test/fixtures', name)

async function judged(name: string, bytes: Uint8Array | string) {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  const { files, findings } = await validateModel(path)
  return { verdict: files[0]!.verdict, codes: findings.map(({ code }) => code), text: findings.map(findingMessage).join('; ') }
}

/** An NPY file with this header. */
function npy(header: string, data: Uint8Array): Uint8Array {
  const text = `${header.padEnd(117)}\n`
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]),
    Buffer.from(text, 'latin1'),
    data,
  ])
}
const array = (descr: string, shape: string, data: Uint8Array) =>
  npy(`{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`, data)
/** `os.system('true')`, never loaded by anything here. */
const hostile = Buffer.from("cos\nsystem\n(S'true'\ntR.", 'latin1')

describe('NumPy arrays', () => {
  test('numbers are no code', async () => {
    assert.equal((await judged('a.npy', array("'<f8'", '(2,)', new Uint8Array(16)))).verdict, 'no-code')
  })
  test('the name decides nothing', async () => {
    assert.equal((await judged('a.txt', array("'<f8'", '(2,)', new Uint8Array(16)))).verdict, 'no-code')
  })
  const odd: readonly (readonly [descr: string, shape: string, bytes: number])[] = [
    ["[('a', '<f8'), ('b', '<i4', (2,))]", '(3,)', 48],
    ["'<f16'", '(1,)', 16],
    ["'|V5'", '(2,)', 10],
    ["'<m8[ns]'", '(2,)', 16],
  ]
  for (const [descr, shape, bytes] of odd) {
    test(`${descr} is counted`, async () => {
      assert.deepEqual(
        await judged('a.npy', array(descr, shape, new Uint8Array(bytes))).then(({ verdict, codes }) => [verdict, codes]),
        ['no-code', ['NPY_DTYPE']],
      )
      assert.deepEqual((await judged('a.npy', array(descr, shape, new Uint8Array(bytes + 1)))).codes, ['NPY_BROKEN'])
    })
  }
  test('a shape that lies', async () => {
    for (const shape of ['(3,)', '(1099511627776,)', '(2, 0)']) {
      const { verdict } = await judged('a.npy', array("'<f8'", shape, new Uint8Array(16)))
      assert.equal(verdict, 'reject', shape)
    }
  })
  test('objects are judged as the pickle that they are', async () => {
    for (const descr of ["'|O'", "'O'", "'object'", "[('a', '<f8'), ('b', '|O')]"]) {
      const { verdict, text } = await judged('a.npy', array(descr, '(1,)', hostile))
      assert.equal(verdict, 'unsafe', descr)
      assert.match(text, /system/)
    }
  })
  test('a header of two faces is an array of objects', async () => {
    for (const header of [
      "{'descr': [('a', '<f8')], 'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
      "{'descr': [('a', '<f8')], 'de\\x73cr': '|O', 'fortran_order': False, 'shape': (1,), }",
    ])
      assert.equal((await judged('a.npy', npy(header, hostile))).verdict, 'unsafe')
  })
  test('types that nobody knows are refused', async () => {
    for (const descr of ["'<f7'", "'<U999999999999'", "'__import__'"])
      assert.equal((await judged('a.npy', array(descr, '(2,)', new Uint8Array(14)))).verdict, 'reject', descr)
  })
  test('an archive is as bad as its worst member', async () => {
    const numbers = { dtype: 'float64', shape: [2], values: Float64Array.of(1, 2) } as const
    assert.equal((await judged('a.npz', writeNpz(new Map([['x', numbers]])))).verdict, 'no-code')
    const bytes = Buffer.from(writeNpz(new Map([['x', numbers]])))
    bytes[bytes.indexOf(writeNpy(numbers)) + 130]! ^= 1
    assert.equal((await judged('a.npz', bytes)).verdict, 'reject')
  })
})

describe('ONNX graphs', () => {
  const graph = readFileSync(fixture('onnx/identity_double.onnx'))
  test('a sound graph is no code', async () => assert.equal((await judged('m.bin', graph)).verdict, 'no-code'))
  test('a field of a later format is passed over', async () => {
    assert.equal((await judged('m.onnx', Buffer.concat([graph, Buffer.from([0xfa, 0x07, 1, 0x41])]))).verdict, 'no-code')
  })
  test('an operator that is not known', async () => {
    const { codes } = await judged('m.onnx', Buffer.from(graph.toString('latin1').replace('Identity', 'Idendity'), 'latin1'))
    assert.deepEqual(codes, ['ONNX_UNKNOWN'])
  })
  test('the format of ONNX Runtime cannot be judged', async () => {
    const { verdict, codes } = await judged('m.ort', Buffer.from('\x08\0\0\0ORTM'.padEnd(64, '\0'), 'latin1'))
    assert.deepEqual([verdict, codes], ['unjudged', ['ONNX_READY_FORMAT']])
  })
})

describe('YAML', () => {
  const files: readonly (readonly [text: string, verdict: string])[] = [
    ['a: 1\nb: [x, y]\n', 'no-code'],
    ['a: !!python/object/apply:os.system ["true"]\n', 'unsafe'],
    ['a: !<tag:yaml.org,2002:python/name:os.system> x\n', 'unsafe'],
    ['a: !!js/function "function () {}"\n', 'unsafe'],
    // Behind something else that is wrong.
    ['a: 1\na: 2\n---\nb: !!python/name:os.system\n', 'unsafe'],
    // Tags of an application, and several documents, are a matter of who reads it.
    ['a: !Ref b\n', 'no-code'],
    ['a: 1\n---\nb: 2\n', 'no-code'],
    ['a: &a [*a]\n', 'reject'],
    [`a: &0 [x]\n${Array.from({ length: 12 }, (_, n) => `b${n}: &${n + 1} [${`*${n},`.repeat(9)}]`).join('\n')}\n`, 'reject'],
    [`a: ${'['.repeat(5000)}\n`, 'reject'],
  ]
  for (const [text, verdict] of files)
    test(`${JSON.stringify(text.slice(0, 50))} is ${verdict}`, async () =>
      assert.equal((await judged('a.yaml', text)).verdict, verdict))
})

describe('boosters', () => {
  const sound = [
    'xgboost-3.2-regression.json',
    'xgboost-3.2-dart.ubj',
    'xgboost-1.7-classes.deprecated',
    'xgboost-0.90-linear.model',
    'lightgbm-4.7-linear.txt',
    'catboost-1.2-statistics.cbm',
    'catboost-1.2-lossguide.json',
  ]
  for (const name of sound) {
    test(`${name} under another name`, async () => {
      assert.deepEqual(await judged('booster', readFileSync(fixture(`trees/${name}`))), {
        verdict: 'no-code',
        codes: [],
        text: '',
      })
    })
    test(`${name}, cut off`, async () => {
      const bytes = readFileSync(fixture(`trees/${name}`))
      const { verdict } = await judged('booster', bytes.subarray(0, bytes.length >> 1))
      // Of the first bytes of an old file nobody knows what they were.
      assert.ok(verdict === 'reject' || verdict === 'unjudged', verdict)
    })
  }
  test('one that needs more than trees is named', async () => {
    assert.deepEqual((await judged('m.cb', readFileSync(fixture('trees/catboost-1.2-text.cbm')))).codes, ['BOOSTER_UNREAD'])
  })
})

describe('boosters against their model', () => {
  const columns = (names: readonly string[]) =>
    JSON.stringify(names.map((name) => ({ name, type: 'double', required: true }))).replaceAll("'", "''")
  async function codesOf(flavor: string, file: string, inputs: string): Promise<readonly FindingCode[]> {
    const model = mkdtempSync(join(folder, 'model-'))
    copyFileSync(fixture(`trees/${file}`), join(model, 'data'))
    const lines = [
      'flavors:',
      `  ${flavor}:\n    data: data`,
      `  python_function:\n    data: data\n    loader_module: mlflow.${flavor}`,
      `signature:\n  inputs: '${inputs}'\n  outputs: null`,
    ]
    writeFileSync(join(model, 'MLmodel'), `${lines.join('\n')}\n`)
    const { findings } = await validateModel(model)
    return findings
      .filter(({ code }) => /^(BOOSTER|UBJSON|JSON)/.test(code))
      .map(({ code, level }) => (level === 'error' ? code : (`${code}?` as FindingCode)))
  }
  test('XGBoost wants the names of the training, in their order', async () => {
    const file = 'xgboost-3.2-categories.ubj'
    assert.deepEqual(await codesOf('xgboost', file, columns(['size', 'colour', 'code'])), [])
    assert.deepEqual(await codesOf('xgboost', file, columns(['colour', 'size', 'code'])), ['BOOSTER_SIGNATURE_NAMES'])
    assert.deepEqual(await codesOf('xgboost', file, columns(['size', 'colour', 'other'])), ['BOOSTER_SIGNATURE_NAMES'])
    assert.deepEqual(await codesOf('xgboost', file, columns(['size', 'colour'])), ['BOOSTER_SIGNATURE_COUNT'])
  })
  test('a matrix of another width', async () => {
    const tensor = (width: number) =>
      JSON.stringify([{ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, width] } }])
    assert.deepEqual(await codesOf('xgboost', 'xgboost-3.2-regression.json', tensor(4)), [])
    assert.deepEqual(await codesOf('xgboost', 'xgboost-3.2-regression.json', tensor(5)), ['BOOSTER_SIGNATURE_COUNT'])
    // XGBoost takes the columns that are not there for missing values.
    assert.deepEqual(await codesOf('xgboost', 'xgboost-3.2-regression.json', tensor(3)), [
      'BOOSTER_SIGNATURE_COUNT?' as FindingCode,
    ])
    assert.deepEqual(await codesOf('lightgbm', 'lightgbm-4.7-binary.txt', tensor(4)), ['BOOSTER_SIGNATURE_COUNT'])
  })
  test('LightGBM compares no names: another order is a warning', async () => {
    const file = 'lightgbm-4.7-binary.txt'
    assert.deepEqual(await codesOf('lightgbm', file, columns(['a', 'b', 'c', 'd', 'kind'])), [])
    assert.deepEqual(await codesOf('lightgbm', file, columns(['b', 'a', 'c', 'd', 'kind'])), [
      'BOOSTER_SIGNATURE_NAMES?' as FindingCode,
    ])
  })
  test('a file that is no booster of its flavor', async () => {
    assert.deepEqual(await codesOf('lightgbm', 'catboost-1.2-binary.cbm', columns(['a'])), ['BOOSTER_BROKEN'])
  })
})

/** A zip file of stored members. */
function zipOf(members: readonly (readonly [name: string, content: Uint8Array])[]): Buffer {
  const locals: Buffer[] = []
  const entries: Buffer[] = []
  let offset = 0
  for (const [name, content] of members) {
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt32LE(crc32(content), 10)
    facts.writeUInt32LE(content.length, 14)
    facts.writeUInt32LE(content.length, 18)
    facts.writeUInt16LE(name.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), facts, Buffer.from(name), content])
    const entry = Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), facts, Buffer.alloc(14), Buffer.from(name)])
    entry.writeUInt32LE(offset, 42)
    locals.push(local)
    entries.push(entry)
    offset += local.length
  }
  const directory = Buffer.concat(entries)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, directory, end])
}

describe('files of two faces', () => {
  const call = Buffer.from("cos\nsystem\n(S'true'\ntR.", 'latin1')
  const bytes = (count: number) => {
    const head = Buffer.from('B....', 'latin1')
    head.writeUInt32LE(count, 1)
    return Buffer.concat([head, Buffer.alloc(count), Buffer.from('0')])
  }
  test('a picture in front of a pickle, however long', async () => {
    for (const count of [10, 200_000]) {
      const hidden = Buffer.concat([Buffer.from('GIF89a\0\0\0' + '0', 'latin1'), bytes(count), call])
      assert.equal((await judged('model.pkl', hidden)).verdict, 'unsafe', String(count))
      const odd = Buffer.concat([Buffer.from('GIF89a\0\0\0' + 'p+1\n0', 'latin1'), bytes(count), call])
      assert.equal((await judged('model.pkl', odd)).verdict, 'unsafe', `${count}, with an odd slot`)
    }
  })
  test('a picture in front of an archive, with bytes behind it', async () => {
    const archive = zipOf([['data.pkl', call]])
    for (const behind of [0, 3, 65_530]) {
      const file = Buffer.concat([Buffer.from('GIF89a'), Buffer.alloc(50), archive, Buffer.alloc(behind)])
      assert.notEqual((await judged('a.gif', file)).verdict, 'no-code', String(behind))
    }
  })
  test('a Keras archive is never called free of code, with or without its weights', async () => {
    for (const weights of [[], [['model.weights.npz', zipOf([])] as const]]) {
      const file = zipOf([
        ['config.json', Buffer.from('{"class_name":"Sequential","config":{}}')],
        ['metadata.json', Buffer.from('{"keras_version":"3.0"}')],
        ...weights,
      ])
      assert.equal((await judged('model.keras', file)).verdict, 'unjudged')
    }
  })
})
