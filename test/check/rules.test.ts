/**
 * One defect at a time in a sound model, and the findings that name it. What is a defect, and how bad, is what the issue and the broken
 * fixtures say; that MLflow fails on each error was seen there.
 */
import assert from 'node:assert/strict'
import { linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Finding, findingMessage } from '../../src/finding/index.ts'
import { validateModel } from '../../src/validate.ts'
import { copyModel, type ModelCopy } from './copy.ts'

/** Errors and warnings as `CODE file:line path`, notices left out. */
async function spoken(model: ModelCopy, level: (found: Finding) => boolean = (found) => found.level !== 'notice') {
  const { findings } = await validateModel(model.folder)
  return findings.filter(level).map(({ code, where }) => {
    const line = where.line === undefined ? '' : `:${where.line}`
    return `${code} ${where.file ?? ''}${line}${where.path === undefined ? '' : ` ${where.path}`}`
  })
}

const inputs = /inputs: '[^']*'/
const columns = (...specs: object[]) => `inputs: '${JSON.stringify(specs)}'`
const tensors = (...specs: { name?: string; dtype?: unknown; shape?: unknown }[]) =>
  columns(...specs.map(({ name, ...spec }) => ({ ...(name !== undefined && { name }), type: 'tensor', 'tensor-spec': spec })))

type Case = readonly [name: string, spoil: (model: ModelCopy) => void, expected: readonly string[]]

const cases: readonly Case[] = [
  ['nothing', () => {}, []],
  // MLmodel.
  ['an empty MLmodel', (m) => m.write('MLmodel', ''), ['YAML_EMPTY MLmodel:1']],
  ['no MLmodel', (m) => rmSync(join(m.folder, 'MLmodel')), ['LOCATION_NOT_MODEL MLmodel']],
  ['a list', (m) => m.write('MLmodel', '- a\n'), ['YAML_NOT_MAP MLmodel:1']],
  ['a tag', (m) => m.replace('prompts: null', 'prompts: !!python/name:os.system x'), ['YAML_TAG MLmodel:23']],
  ['a time that is none', (m) => m.replace('2026-05-27', '2026-02-31'), ['MLMODEL_TIME MLmodel:36 utc_time_created']],
  ['a size that is not there', (m) => m.replace('827', '827000000'), ['MLMODEL_SIZE MLmodel:21 model_size_bytes']],
  [
    'a flag of the wrong kind',
    (m) => m.replace('type_hint: false', 'type_hint: 5'),
    ['MLMODEL_FIELD MLmodel:18 is_signature_from_type_hint'],
  ],
  [
    'a loader that is a list',
    (m) => m.replace('mlflow.onnx', '[a]'),
    ['MLMODEL_SCHEMA MLmodel:16 flavors.python_function.loader_module'],
  ],
  ['no flavors', (m) => m.replace(/flavors:[\s\S]*?is_sig/, 'is_sig'), ['MLMODEL_NO_FLAVORS MLmodel flavors']],
  // Flavors.
  [
    'no data key',
    (m) => m.replace('    data: model.onnx\n    onnx_s', '    onnx_s'),
    ['FLAVOR_FIELD_MISSING MLmodel:4 flavors.onnx.data'],
  ],
  [
    'no loader',
    (m) => m.replace('    loader_module: mlflow.onnx\n', ''),
    ['FLAVOR_FIELD_MISSING MLmodel:12 flavors.python_function.loader_module'],
  ],
  [
    'a foreign loader',
    (m) => m.replace('mlflow.onnx', 'subprocess'),
    ['FLAVOR_LOADER_FOREIGN MLmodel:16 flavors.python_function.loader_module'],
  ],
  [
    'another format than the flavor',
    (m) => m.write('model.onnx', pickle),
    ['FLAVOR_FORMAT_MISMATCH MLmodel:5 flavors.onnx.data', 'ONNX_', 'PICKLE_'],
  ],
  [
    'a text where a graph must be',
    (m) => m.write('model.onnx', Buffer.from('{"a": 1}')),
    ['FLAVOR_FORMAT_MISMATCH MLmodel:5 flavors.onnx.data', 'ONNX_'],
  ],
  // Paths.
  ['an absolute path', (m) => m.replace('data: model.onnx', 'data: /etc/passwd'), ['PATH_INVALID MLmodel:5 flavors.onnx.data']],
  ['a path above', (m) => m.replace('data: model.onnx', 'data: a/../../x'), ['PATH_OUTSIDE MLmodel:5 flavors.onnx.data']],
  ['a backslash', (m) => m.replace('data: model.onnx', 'data: ..\\x'), ['PATH_INVALID MLmodel:5 flavors.onnx.data']],
  ['a drive', (m) => m.replace('data: model.onnx', 'data: C:x'), ['PATH_INVALID MLmodel:5 flavors.onnx.data']],
  ['a percent escape', (m) => m.replace('data: model.onnx', 'data: "%2e%2e/x"'), ['PATH_INVALID MLmodel:5 flavors.onnx.data']],
  ['a NUL', (m) => m.replace('data: model.onnx', 'data: "a\\0"'), ['PATH_INVALID MLmodel:5 flavors.onnx.data']],
  ['a missing file', (m) => m.replace('data: model.onnx', 'data: other.onnx'), ['PATH_MISSING MLmodel:5 flavors.onnx.data']],
  [
    'environment above',
    (m) => m.replace('conda: conda.yaml', 'conda: ../conda.yaml'),
    ['PATH_OUTSIDE MLmodel:14 flavors.python_function.env.conda'],
  ],
  [
    'a missing artifact',
    (m) =>
      m.replace(
        '    data: model.onnx\n    env',
        '    artifacts: {v: {path: artifacts/v.txt, uri: s3://x}}\n    data: model.onnx\n    env',
      ),
    ['PATH_MISSING MLmodel:12 flavors.python_function.artifacts.v.path'],
  ],
  ['a link out', (m) => symlinkSync('/etc', join(m.folder, 'weights')), ['PATH_OUTSIDE weights']],
  ['a link nowhere', (m) => symlinkSync('gone', join(m.folder, 'weights')), ['PATH_LINK_BROKEN weights']],
  ['a link to itself', (m) => symlinkSync('weights', join(m.folder, 'weights')), ['PATH_LOOP weights']],
  ['a link inside', (m) => symlinkSync('model.onnx', join(m.folder, 'weights')), []],
  ['an empty model', (m) => m.write('model.onnx', ''), ['FILE_EMPTY model.onnx']],
  ['a Git LFS pointer', (m) => m.write('model.onnx', pointer), ['FILE_LFS_POINTER model.onnx']],
  ['a pointer that nobody names', (m) => m.write('notes.bin', pointer), ['FILE_LFS_POINTER notes.bin']],
  ['a page', (m) => m.write('model.onnx', '<!DOCTYPE html><html><body>Sign in</body></html>'), ['FILE_WEB_PAGE model.onnx']],
  ['half of the file', (m) => truncateSync(join(m.folder, 'model.onnx'), 265), ['ONNX_BROKEN model.onnx']],
  // Signature.
  ['no JSON', (m) => m.replace(inputs, "inputs: '{'"), ['SIGNATURE_JSON MLmodel:30 signature.inputs']],
  [
    'two columns of one name',
    (m) => m.replace(inputs, columns({ name: 'a', type: 'double' }, { name: 'a', type: 'double' })),
    ['SIGNATURE_DUPLICATE_NAME MLmodel:30 signature.inputs[1]', 'ONNX_', 'EXAMPLE_'],
  ],
  [
    'a dimension null',
    (m) => m.replace(inputs, tensors({ name: 'x', dtype: 'float32', shape: [null, 6] })),
    ['SIGNATURE_NULL_DIMENSION MLmodel:30 signature.inputs[0]', 'EXAMPLE_'],
  ],
  // Signature and graph.
  [
    'another name',
    (m) => m.replace(inputs, tensors({ name: 'z', dtype: 'float32', shape: [-1, 6] })),
    ['ONNX_SIGNATURE_NAMES MLmodel:30 signature.inputs', 'EXAMPLE_'],
  ],
  [
    'another type',
    (m) => m.replace(inputs, tensors({ name: 'x', dtype: 'int64', shape: [-1, 6] })),
    ['ONNX_SIGNATURE_DTYPE MLmodel:30 signature.inputs[0].tensor-spec.dtype', 'EXAMPLE_'],
  ],
  ['float64, which MLflow casts', (m) => m.replace(inputs, tensors({ name: 'x', dtype: 'float64', shape: [-1, 6] })), []],
  [
    'another rank',
    (m) => m.replace(inputs, tensors({ name: 'x', dtype: 'float32', shape: [-1, 6, 1] })),
    ['ONNX_SIGNATURE_RANK MLmodel:30 signature.inputs[0].tensor-spec.shape', 'EXAMPLE_'],
  ],
  [
    'another size',
    (m) => m.replace(inputs, tensors({ name: 'x', dtype: 'float32', shape: [-1, 7] })),
    ['ONNX_SIGNATURE_SHAPE MLmodel:30 signature.inputs[0].tensor-spec.shape', 'EXAMPLE_'],
  ],
  [
    'a free size where the graph has one',
    (m) => m.replace(inputs, tensors({ name: 'x', dtype: 'float32', shape: [-1, -1] })),
    ['ONNX_SIGNATURE_SHAPE MLmodel:30 signature.inputs[0].tensor-spec.shape'],
  ],
  ['one tensor without a name', (m) => m.replace(inputs, tensors({ dtype: 'float32', shape: [-1, 6] })), ['EXAMPLE_']],
  ['another output', (m) => m.replace('"name": "y"', '"name": "w"'), ['ONNX_SIGNATURE_OUTPUTS MLmodel:32 signature.outputs']],
  ['an output of another width', (m) => m.replace('[-1, 3]', '[-1, 4]'), ['ONNX_SIGNATURE_OUTPUTS MLmodel:32 signature.outputs']],
  // Example.
  [
    'no example',
    (m) => rmSync(join(m.folder, 'input_example.json')),
    ['EXAMPLE_MISSING MLmodel:26 saved_input_example_info.artifact_path'],
  ],
  ['an example that is no JSON', (m) => m.write('input_example.json', '{x'), ['EXAMPLE_UNREADABLE input_example.json:1 $']],
  [
    'an example of another width',
    (m) => m.write('input_example.json', '{"x": [[1, 2]]}'),
    ['EXAMPLE_MISMATCH input_example.json'],
  ],
  [
    'a request that is none',
    (m) => m.write('serving_input_example.json', '{"rows": []}'),
    ['EXAMPLE_REQUEST serving_input_example.json'],
  ],
  // Environment.
  ['no conda.yaml', (m) => rmSync(join(m.folder, 'conda.yaml')), ['ENV_FILE_MISSING MLmodel:14']],
]

const pickle = Buffer.from('\x80\x04\x95\x0b\0\0\0\0\0\0\0\x8c\x02os\x94\x8c\x06system\x93.', 'latin1')
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 12345\n`

describe('one defect', () => {
  for (const [name, spoil, expected] of cases) {
    test(name, async (t) => {
      const model = copyModel(t)
      spoil(model)
      const got = await spoken(model)
      // A text without a place stands for any number of findings that follow from the first.
      const exact = expected.filter((each) => each.includes(' '))
      const more = expected.filter((each) => !each.includes(' '))
      for (const each of exact)
        assert.ok(
          got.some((found) => found.startsWith(each)),
          `${each} in ${got.join(', ')}`,
        )
      const unexpected = got.filter((found) => ![...exact, ...more].some((each) => found.startsWith(each)))
      assert.deepEqual(unexpected, [])
    })
  }
})

describe('many defects', () => {
  test('each is found, not only the first', async (t) => {
    const model = copyModel(t)
    model.replace('data: model.onnx', 'data: ../a')
    model.replace('prompts: null', 'prompts: 5')
    model.replace('model_id: null', 'model_id: null\nmodel_id: null')
    model.replace(
      inputs,
      columns(
        { type: 'float33', name: 'a', required: 'yes' },
        { type: 'array', name: 'b' },
        { type: 'object', name: 'c', properties: { p: { type: 'x' }, q: {} } },
        { type: 'double', extra: 1 },
        { name: 'e' },
      ),
    )
    model.replace(
      'params: null',
      `params: '${JSON.stringify([
        { name: 'k', type: 'integer', default: 'ten', shape: null },
        { name: 'l', type: 'binary', default: 1, shape: [2, 2] },
      ])}'`,
    )
    assert.deepEqual(
      (await spoken(model, ({ level, where }) => level === 'error' && where.file === 'MLmodel'))
        .map((each) => each.replace(/:\d+/, ''))
        .sort(),
      [
        'MLMODEL_FIELD MLmodel prompts',
        'PARAM_DEFAULT MLmodel signature.params[0].default',
        'PARAM_SHAPE MLmodel signature.params[1].shape',
        'PARAM_TYPE MLmodel signature.params[1].type',
        'PATH_OUTSIDE MLmodel flavors.onnx.data',
        'SIGNATURE_FIELD MLmodel signature.inputs[0].required',
        'SIGNATURE_MISSING_KEY MLmodel signature.inputs[1]',
        'SIGNATURE_MISSING_KEY MLmodel signature.inputs[2].properties.q',
        'SIGNATURE_MISSING_KEY MLmodel signature.inputs[4]',
        'SIGNATURE_TYPE MLmodel signature.inputs[0].type',
        'SIGNATURE_TYPE MLmodel signature.inputs[2].properties.p.type',
        'SIGNATURE_UNKNOWN_KEY MLmodel signature.inputs[3].extra',
        'YAML_DUPLICATE_KEY MLmodel',
      ],
    )
  })

  test('duplicate keys keep the last, as PyYAML does, and the rest is judged', async (t) => {
    const model = copyModel(t)
    model.replace('    data: model.onnx\n    onnx_s', '    data: a.onnx\n    data: b.onnx\n    data: model.onnx\n    onnx_s')
    assert.deepEqual(await spoken(model), ['YAML_DUPLICATE_KEY MLmodel:6', 'YAML_DUPLICATE_KEY MLmodel:7'])
  })
})

describe('notices', () => {
  test('unknown fields, with the one that was meant; old forms; hard links', async (t) => {
    const model = copyModel(t)
    model.replace('run_id:', 'run_ids:')
    model.replace(/env:\n +conda: conda.yaml\n +virtualenv: python_env.yaml/, 'env: conda.yaml')
    model.replace(/model_uuid: .*\n/, '')
    linkSync(join(model.folder, 'model.onnx'), join(model.folder, '..', 'outside'))
    const { findings } = await validateModel(model.folder)
    assert.deepEqual(findings.map(({ code, level }) => `${level} ${code}`).sort(), [
      'notice MLMODEL_NO_UUID',
      'notice MLMODEL_OLD_FORM',
      'notice MLMODEL_UNKNOWN_FIELD',
      'notice PATH_HARD_LINK',
    ])
    assert.match(findingMessage(findings.find(({ code }) => code === 'MLMODEL_UNKNOWN_FIELD')!), /run_ids/)
  })
})

describe('files', () => {
  test('a file that is no model is judged by its content alone', async (t) => {
    const model = copyModel(t)
    const { files, findings } = await validateModel(join(model.folder, 'requirements.txt'))
    assert.deepEqual(findings, [])
    assert.deepEqual(
      files.map(({ path, verdict }) => [path, verdict]),
      [['requirements.txt', 'no-code']],
    )
  })

  test('what nobody knows is never called safe, unless somebody vouches for its bytes', async (t) => {
    const model = copyModel(t)
    const bytes = Uint8Array.from({ length: 4096 }, (_, index) => (index * 197 + 128) & 255)
    mkdirSync(join(model.folder, 'extra'))
    writeFileSync(join(model.folder, 'extra', 'x.bin'), bytes)
    const { findings } = await validateModel(model.folder)
    const [unjudged] = findings.filter(({ code }) => code === 'CONTENT_UNJUDGED')
    assert.equal(unjudged?.where.file, 'extra/x.bin')
    const { sha256 } = unjudged!.arguments as { sha256: string }
    assert.match(sha256, /^[0-9a-f]{64}$/)
    const trusted = await validateModel(model.folder, { trust: [sha256.toUpperCase()] })
    assert.deepEqual(
      trusted.findings.filter(({ level }) => level !== 'notice'),
      [],
    )
    assert.equal(trusted.files.find(({ path }) => path === 'extra/x.bin')?.verdict, 'trusted')
  })

  test('source text is told', async (t) => {
    const model = copyModel(t)
    mkdirSync(join(model.folder, 'code'))
    writeFileSync(join(model.folder, 'code', 'm.py'), 'import os\n\n\ndef f(x):\n    return x\n')
    assert.deepEqual(await spoken(model), ['CONTENT_SOURCE code/m.py'])
  })
})
