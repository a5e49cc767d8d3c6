/** What a file is, by its content; the samples were written by the libraries themselves (test/fixtures/sniff/make.py). */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { listPickle } from '../src/sniff/pickle.ts'
import { topLevelKeys } from '../src/sniff/text.ts'
import { type Format, sampleBytes, sniff } from '../src/sniff.ts'
import { root } from './cli/fake-terminal.ts'

const folder = fileURLToPath(new URL('test/fixtures/sniff/', root))
const shared = fileURLToPath(new URL('../shared/', root))
const sniffBytes = (bytes: Uint8Array | string, name = 'file') => sniff(sampleBytes(Buffer.from(bytes as string), name))

/** File → format, flavor that would log it, and what the title must say. */
const samples: readonly (readonly [file: string, format: Format, flavor: string | undefined, title: RegExp])[] = [
  ['logreg.pkl', 'pickle', 'sklearn', /^pickle \(protocol 4\) of sklearn\.linear_model\._logistic\.LogisticRegression$/],
  ['linreg_p0.pkl', 'pickle', 'sklearn', /^pickle \(protocol 0\) of sklearn\.linear_model\._base\.LinearRegression$/],
  ['dt_cp.pkl', 'pickle', 'sklearn', /^pickle \(protocol 5\) of sklearn\.tree\._classes\.DecisionTreeClassifier$/],
  ['plain.pkl', 'pickle', undefined, /^pickle \(protocol 4\)/],
  ['gadget_00_os_system.pkl', 'pickle', undefined, /^pickle \(protocol 0\) that names os\.system$/],
  ['imputer.joblib', 'joblib', 'sklearn', /^joblib pickle \(protocol 4\) of sklearn\.impute\._base\.SimpleImputer$/],
  ['arrays.joblib', 'joblib', undefined, /^joblib pickle \(protocol \d\) of NumPy arrays$/],
  [
    'rf_z.joblib',
    'joblib',
    'sklearn',
    /^zlib-compressed joblib pickle .* of sklearn\.ensemble\._forest\.RandomForestClassifier$/,
  ],
  [
    'rf_gz.joblib',
    'joblib',
    'sklearn',
    /^gzip-compressed joblib pickle .* of sklearn\.ensemble\._forest\.RandomForestRegressor$/,
  ],
  ['xz.joblib', 'joblib', 'sklearn', /^xz-compressed/],
  ['bz2.joblib', 'joblib', 'sklearn', /^bzip2-compressed/],
  ['arrays_lzma.joblib', 'joblib', 'sklearn', /^lzma-compressed/],
  ['skops_ok.skops', 'skops', 'sklearn', /^skops file of sklearn\.linear_model\._base\.LinearRegression$/],
  ['xgb_ok.ubj', 'xgboost', 'xgboost', /UBJSON, objective reg:squarederror$/],
  ['xgb_ok.json', 'xgboost', 'xgboost', /JSON/],
  ['lgb_ok.txt', 'lightgbm', 'lightgbm', /^LightGBM model in text, objective binary/],
  ['cat_ok.cbm', 'catboost', 'catboost', /^CatBoost model$/],
  ['ok.onnx', 'onnx', 'onnx', /^ONNX model/],
  ['torch.pt', 'torch', 'pytorch', /^PyTorch file$/],
  ['keras.h5', 'keras', 'tensorflow', /HDF5/],
  ['model.keras', 'keras', 'tensorflow', /Keras 3/],
  ['data.h5', 'hdf5', undefined, /^HDF5 file$/],
  ['weights.safetensors', 'safetensors', undefined, /: 1 tensor$/],
  ['matrix.npy', 'npy', undefined, /<f4, shape \(2, 3\)$/],
  ['two.npz', 'npz', undefined, /2 arrays: ids, mask$/],
  ['table.parquet', 'parquet', undefined, /^Parquet table$/],
  ['table.arrow', 'arrow', undefined, /^Arrow file$/],
  ['stream.arrows', 'arrow', undefined, /^Arrow stream$/],
  ['some.tar.gz', 'tar', undefined, /^tar archive, compressed with gzip$/],
  ['make.py', 'python', undefined, /^Python source$/],
]

describe('files of libraries', () => {
  for (const [file, format, flavor, title] of samples) {
    test(`${file} is ${format}`, async () => {
      const bytes = readFileSync(join(folder, file))
      const content = await sniff(sampleBytes(bytes, file))
      assert.equal(content.format, format)
      assert.equal(content.flavor, flavor)
      assert.match(content.title, title)
      // The extension only narrows: what can be read inside is told without it.
      if (!/^(xz|bzip2|lzma)-/.test(content.title)) assert.equal((await sniff(sampleBytes(bytes, 'noname'))).format, format)
    })
  }
  test('every sample is in the table', () => {
    assert.deepEqual(samples.map(([file]) => file).sort(), readdirSync(folder).sort())
  })
})

describe('text', () => {
  for (const [title, text, format, words] of [
    ['an HTML page', '<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>', 'html', /titled “Sign in”$/],
    ['an HTML page behind a comment', '<!-- saved -->\n<html>', 'html', /HTML/],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n',
      'git-lfs-pointer',
      /of 12345 bytes/,
    ],
    ['an error of S3', '<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', 'xml', /AccessDenied/],
    ['PMML', '<?xml version="1.0"?>\n<PMML version="4.4">', 'xml', /^PMML/],
    [
      'an MLmodel file',
      'artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.onnx\n',
      'mlmodel',
      /MLmodel/,
    ],
    // `c` is a pickle opcode too.
    ['conda.yaml', 'channels:\n- conda-forge\ndependencies:\n- python=3.11\n- pip:\n  - mlflow\nname: env\n', 'yaml', /conda/],
    [
      'python_env.yaml',
      'python: 3.11.7\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n',
      'yaml',
      /Python environment/,
    ],
    ['CSV', 'a,b\n1,2\n3,4\n', 'csv', /2 columns: a, b$/],
    ['CSV with commas in quotes', '"x, y",b\n"1,5",2\n', 'csv', /2 columns/],
    ['semicolons', 'a;b;c\n1,5;2;3\n', 'csv', /^semicolon-separated table of 3/],
    ['a request', '{"dataframe_split": {"columns": ["a"], "data": [[1]]}}', 'json', /dataframe_split/],
    ['JSON Lines', '{"a": 1}\n{"a": 2}\n', 'json', /JSON Lines/],
    ['CatBoost JSON', '{"features_info": {}, "model_info": {}, "oblivious_trees": []}', 'catboost', /CatBoost/],
    ['a Transformers configuration', '{"architectures": ["BertModel"], "model_type": "bert"}', 'json', /Hugging Face/],
    ['prose', 'Some words, and more.\nAnother line.\n', 'text', /^text$/],
    ['nothing', '', 'empty', /^empty file$/],
    ['blanks', ' \n\n', 'empty', /blanks/],
  ] as const) {
    test(`${title} is ${format}`, async () => {
      const content = await sniffBytes(text)
      assert.equal(content.format, format)
      assert.match(content.title, words)
    })
  }
  test('UTF-16 and a byte order mark are text', async () => {
    assert.equal((await sniffBytes(Buffer.from('\ufeffa,b\n1,2\n3,4\n', 'utf16le'))).format, 'csv')
    assert.equal((await sniffBytes('\ufeffa,b\n1,2\n3,4\n')).format, 'csv')
  })
  test('a character cut by the end of the sample is no binary data', async () => {
    assert.equal((await sniffBytes(`${'é,ü\n'.repeat(60_000)}`)).format, 'csv')
    assert.equal((await sniffBytes(`x${'é,ü\n'.repeat(60_000)}`)).format, 'csv')
  })
})

describe('pickles', () => {
  test('what hides its names is told', async () => {
    const content = await sniffBytes(Buffer.from([0x80, 2, 0x82, 1, 0x29, 0x52, 0x2e]))
    assert.equal(content.format, 'pickle')
    assert.ok(content.notes?.includes('It hides some of the names it asks for'))
  })
  test('a name with a dot does not count as the library it begins with', async () => {
    const text = (value: string) => Buffer.concat([Buffer.from([0x8c, value.length]), Buffer.from(value)])
    const bytes = Buffer.concat([
      Buffer.from([0x80, 4]),
      text('sklearn.datasets._base'),
      text('os.system'),
      Buffer.from([0x93, 0x2e]),
    ])
    const content = await sniffBytes(bytes)
    assert.equal(content.title, 'pickle (protocol 4) that names sklearn.datasets._base.os.system')
    assert.equal(content.flavor, undefined)
  })
  test('bytes after the end are told', async () => {
    const content = await sniffBytes(Buffer.from([0x80, 2, 0x4e, 0x2e, 1, 2, 3]))
    assert.ok(content.notes?.includes('3 more bytes follow the pickle'))
  })
  test('names are found through the memo', () => {
    const text = (value: string) => Buffer.concat([Buffer.from([0x8c, value.length]), Buffer.from(value), Buffer.from([0x94])])
    const bytes = Buffer.concat([
      Buffer.from([0x80, 4]),
      text('numpy'),
      text('dtype'),
      Buffer.from([0x30, 0x30, 0x68, 0, 0x68, 1, 0x93, 0x2e]),
    ])
    assert.deepEqual(listPickle(bytes, bytes.length)?.globals, [{ module: 'numpy', name: 'dtype' }])
  })
  const good = join(shared, 'corpus', 'pickle_good')
  test('every benign pickle of the corpus is one, whole', { skip: !existsSync(good) }, async () => {
    for (const file of readdirSync(good)) {
      const content = await sniff(sampleBytes(readFileSync(join(good, file)), file))
      assert.ok(content.format === 'pickle' || content.format === 'joblib', file)
      assert.ok(!content.notes?.some((note) => note.includes('broken')), `${file}: ${content.notes?.join('; ')}`)
    }
  })
  const estimators = join(shared, 'pickles')
  test('every estimator of the pickles is named', { skip: !existsSync(estimators) }, async () => {
    for (const version of readdirSync(estimators)) {
      for (const file of readdirSync(join(estimators, version)).filter((name) => name.endsWith('.pkl'))) {
        const content = await sniff(sampleBytes(readFileSync(join(estimators, version, file)), file))
        assert.equal(content.flavor, 'sklearn', `${version}/${file}: ${content.title}`)
      }
    }
  })
})

test('keys are those of the outermost object', () => {
  assert.deepEqual(topLevelKeys('{"a": {"b": 1}, "c\\"d": [{"e": 2}], "f": "g"} {"h": 1}'), ['a', 'c\\"d', 'f'])
})

test('any bytes get an answer', async () => {
  const starts = [
    [],
    [0x80, 4],
    [0x50, 0x4b, 3, 4],
    [0x78, 0x9c],
    [0x7b, 0x4c],
    [8, 8, 0x3a],
    [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
  ]
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 2000 }), async (start, bytes) => {
      const { format, title } = await sniffBytes(Buffer.from([...start, ...bytes]))
      assert.ok(format.length > 0 && title.length > 0)
    }),
    { numRuns: 500, interruptAfterTimeLimit: 20_000 },
  )
})

test('every cut of a sample gets an answer', async () => {
  for (const [file] of samples) {
    const bytes = readFileSync(join(folder, file))
    for (let length = 1; length < bytes.length; length += 1 + (bytes.length >> 5))
      await sniff(sampleBytes(bytes.subarray(0, length), file))
  }
})

test('a bomb is not inflated', async () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20))
  assert.equal((await sniffBytes(bomb)).format, 'gzip')
})
