/** `predict` on several files, images and parts of tables: the built command, against Pillow’s and MLflow’s answers. */
import assert from 'node:assert/strict'
import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, test } from 'node:test'
import { readCsvBytes } from '../../src/data/csv/read.ts'

const entry = resolve('bin/mlmodel.js')
const append = resolve('test/fixtures/append')
const images = resolve('test/fixtures/images')
const example = resolve('examples/images')
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-files-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function mlmodel(args: readonly string[], options: SpawnSyncOptions = {}) {
  const result = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8', timeout: 60_000, ...options })
  return { code: result.status, out: String(result.stdout), err: String(result.stderr) }
}

/** Runs and expects success without a word on stderr. */
function answer(args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { code, out, err } = mlmodel([...args, '--quiet'], options)
  assert.equal(err, '')
  assert.equal(code, 0)
  return out
}

const expected = JSON.parse(readFileSync(join(append, 'expected.json'), 'utf8')) as {
  predictions: number[]
  appended: string
  taken: string
  short: string
  safe: string[][]
  safe_appended: string[][]
}
const sum = ['predict', join(append, 'sum')]

/** The cells of a CSV as a reader without types sees them. */
function cells(text: string): string[][] {
  const plan = { typeOf: () => 'string' as const, duplicates: 'rename' as const }
  const { columns, rows } = readCsvBytes(Buffer.from(text), 'output', plan)
  const body = Array.from({ length: rows }, (_, row) => columns.map(({ values }) => (values[row] as string | null) ?? ''))
  return [columns.map(({ name }) => String(name)), ...body]
}

describe('--append', () => {
  test('a row of CSV is copied as it is spelled', () => {
    for (const name of ['plain', 'windows', 'mark', 'blank_lines']) {
      const args = [...sum, '-i', join(append, `${name}.csv`), '--append', '--output-format', 'csv']
      assert.equal(answer(args), expected.appended, name)
    }
    const input = readFileSync(join(append, 'plain.csv'))
    assert.equal(answer([...sum, '--append', '--output-format', 'csv'], { input }), expected.appended, 'stdin')
    assert.equal(answer([...sum, '-i', join(append, 'short.csv'), '--append', '--output-format', 'csv']), expected.short)
  })

  test('in small blocks as well', () => {
    const args = [...sum, '-i', join(append, 'plain.csv'), '--append', '--output-format', 'csv', '--batch-rows', '2']
    assert.equal(answer(args), expected.appended)
    const few = answer([...args, '--limit', '3'])
    assert.equal(few, expected.appended.slice(0, expected.appended.indexOf('010,')))
  })

  test('a column of the prediction’s name is kept, and said', () => {
    const { code, out, err } = mlmodel([...sum, '-i', join(append, 'taken.csv'), '--append', '--output-format', 'csv'])
    assert.equal(code, 0)
    assert.equal(out, expected.taken)
    assert.match(err, /column `y` already: the prediction is `predicted_y`/)
  })

  test('in other formats the columns are the input’s, also those the model does not know', () => {
    const lines = answer([...sum, '-i', join(append, 'plain.csv'), '--append', '--output-format', 'jsonl'])
      .trimEnd()
      .split('\n')
    assert.deepEqual(JSON.parse(lines[1]!), { id: 8, a: 2.25, note: 'with, comma', b: 10, y: 12.25 })
    const body = '{"dataframe_records": [{"id": "x", "a": 1.0, "b": 2.5}, {"id": "y", "a": 3.0, "b": 4.0}]}'
    const { predictions } = JSON.parse(answer([...sum, '--append'], { input: body })) as { predictions: unknown }
    assert.deepEqual(predictions, [
      { id: 'x', a: 1, b: 2.5, y: 3.5 },
      { id: 'y', a: 3, b: 4, y: 7 },
    ])
  })
})

describe('--csv-safe', () => {
  const args = ['predict', join(append, 'echo'), '-i', join(append, 'formulas.csv'), '--output-format', 'csv']
  test('formulas get an apostrophe, numbers do not', () => {
    assert.deepEqual(cells(answer([...args, '--csv-safe'])), expected.safe)
  })
  test('so do those of copied rows', () => {
    assert.deepEqual(cells(answer([...args, '--csv-safe', '--append'])), expected.safe_appended)
  })
  test('without it texts are as they are', () => {
    assert.equal(cells(answer(args))[1]![0], '=1+1')
  })
})

describe('--limit and --batch-rows', () => {
  test('the first rows of a table and of an array', () => {
    const { predictions } = JSON.parse(answer([...sum, '-i', join(append, 'plain.csv'), '--limit', '2'])) as {
      predictions: unknown
    }
    assert.deepEqual(predictions, [{ y: expected.predictions[0] }, { y: expected.predictions[1] }])
    const body = JSON.stringify({
      dataframe_split: {
        columns: ['a', 'b'],
        data: [
          [1, 2],
          [3, 4],
          [5, 6.5],
        ],
      },
    })
    const rows = [{ y: 3 }, { y: 7 }, { y: 11.5 }]
    for (const [options, wanted] of [
      [['--limit', '2'], rows.slice(0, 2)],
      [['--batch-rows', '1'], rows],
      [['--batch-rows', '2'], rows],
      [['--limit', '9'], rows],
    ] as const)
      assert.deepEqual(JSON.parse(answer([...sum, ...options], { input: body })).predictions, wanted)
  })

  test('a model of a fixed number of rows is given so many at a time', () => {
    const at = resolve('test/fixtures/models/onnx_fixed_batch')
    const { cases } = JSON.parse(readFileSync(join(at, 'expected.json'), 'utf8')) as { cases: { file: string; ok: boolean }[] }
    assert.ok(cases.some(({ ok }) => ok))
    const input = cases.find(({ file, ok }) => ok && /\.(csv|json)$/.test(file))!.file
    const whole = answer(['predict', join(at, 'model'), '-i', join(at, input), '--output-format', 'jsonl'])
    const rows = whole.trimEnd().split('\n').length
    const twice = answer([
      'predict',
      join(at, 'model'),
      '-i',
      join(at, input),
      '-i',
      join(at, '.', input),
      '--output-format',
      'jsonl',
      '--batch-rows',
      String(rows),
    ])
    assert.ok(twice.startsWith(whole))
  })
})

describe('several files', () => {
  const data = join(folder, 'data')
  mkdirSync(join(data, 'deep'), { recursive: true })
  for (const [name, a] of [
    ['x10.csv', 10],
    ['x2.csv', 2],
    ['deep/x1.csv', 1],
  ] as const)
    writeFileSync(join(data, name), `a,b\n${a},0.5\n`)
  writeFileSync(join(data, 'x3.json'), '{"dataframe_records": [{"a": 3.0, "b": 0.5}]}')
  writeFileSync(join(data, 'notes.txt'), 'nothing')
  writeFileSync(join(data, '_SUCCESS'), '')
  writeFileSync(join(data, '.hidden.csv'), 'a,b\n99,99\n')

  test('a folder is joined in natural order; what is no data is named', () => {
    const { code, out, err } = mlmodel([...sum, '-i', data, '--output-format', 'csv'])
    assert.equal(code, 0)
    assert.equal(out, 'y\n2.5\n3.5\n10.5\n')
    assert.match(err, /`notes\.txt` in `.*data` has no extension of a data format/)
    assert.doesNotMatch(err, /SUCCESS|hidden/)
  })

  test('patterns, and files in the order given', () => {
    const csv = ['--output-format', 'csv']
    assert.equal(answer([...sum, '-i', `${data}/**/*.csv`, ...csv]), 'y\n1.5\n2.5\n10.5\n')
    assert.equal(answer([...sum, '-i', `${data}/x{3.json,2.csv}`, ...csv]), 'y\n2.5\n3.5\n')
    assert.equal(answer([...sum, '-i', join(data, 'x10.csv'), '-i', `${data}/x?.*`, ...csv]), 'y\n10.5\n2.5\n3.5\n')
    assert.deepEqual(JSON.parse(answer([...sum, '-i', `${data}/x*.csv`])), { predictions: [{ y: 2.5 }, { y: 10.5 }] })
    assert.equal(answer([...sum, '-i', `${data}/x*.csv`, ...csv, '--limit', '1']), 'y\n2.5\n')
    const none = mlmodel([...sum, '-i', `${data}/*.parquet`])
    assert.equal(none.code, 2)
    assert.match(none.err, /No file matches/)
  })

  test('a folder takes a result for each', () => {
    const results = join(folder, 'results')
    answer([...sum, '-i', `${data}/**/*.{csv,json}`, '-o', `${results}/`, '--output-format', 'csv'])
    assert.deepEqual(readdirSync(results).sort(), ['deep', 'x10.csv', 'x2.csv', 'x3.csv'])
    assert.equal(readFileSync(join(results, 'deep', 'x1.csv'), 'utf8'), 'y\n1.5\n')
    assert.equal(readFileSync(join(results, 'x3.csv'), 'utf8'), 'y\n3.5\n')
    // The folder is there now, so that its slash may be left out; the default is MLflow's JSON.
    answer([...sum, '-i', join(data, 'x2.csv'), '-o', results])
    assert.deepEqual(JSON.parse(readFileSync(join(results, 'x2.json'), 'utf8')), { predictions: [{ y: 2.5 }] })
  })

  test('no result replaces an input or another result', () => {
    const same = mlmodel([...sum, '-i', join(data, 'x2.csv'), '-o', `${data}/`, '--output-format', 'csv'])
    assert.equal(same.code, 2)
    assert.match(same.err, /would replace it/)
    assert.equal(readFileSync(join(data, 'x2.csv'), 'utf8'), 'a,b\n2,0.5\n')
    copyFileSync(join(data, 'x2.csv'), join(data, 'x3.csv'))
    const twice = mlmodel([...sum, '-i', `${data}/x3.*`, '-o', `${folder}/twice/`])
    rmSync(join(data, 'x3.csv'))
    assert.equal(twice.code, 2)
    assert.match(twice.err, /would both be written/)
    assert.ok(!existsSync(join(folder, 'twice')))
    const piped = mlmodel([...sum, '-o', `${folder}/twice/`], { input: 'a,b\n1,2\n' })
    assert.equal(piped.code, 2)
    assert.match(piped.err, /standard input/)
  })

  test('the first file that does not fit ends it; its name is told and nothing is left of a joined result', () => {
    const bad = join(folder, 'bad')
    mkdirSync(bad)
    writeFileSync(join(bad, '1.csv'), 'a,b\n1,2\n')
    writeFileSync(join(bad, '2.csv'), 'a,b\n1,oops\n')
    const joined = mlmodel([...sum, '-i', bad, '-o', join(folder, 'joined.csv')])
    assert.equal(joined.code, 1)
    assert.match(joined.err, /2\.csv:2.*column `b`/)
    assert.ok(!existsSync(join(folder, 'joined.csv')))
    const each = mlmodel([...sum, '-i', bad, '-o', `${folder}/each/`])
    assert.equal(each.code, 1)
    assert.deepEqual(readdirSync(join(folder, 'each')), ['1.json'])
  })

  test('files of other columns are not joined beside their rows', () => {
    writeFileSync(join(folder, 'other.csv'), 'b,a\n1,2\n')
    const { code, err } = mlmodel([
      ...sum,
      '-i',
      join(append, 'short.csv'),
      '-i',
      join(folder, 'other.csv'),
      '--append',
      '--output-format',
      'csv',
    ])
    assert.equal(code, 1)
    assert.match(err, /are not those of/)
  })
})

describe('images', () => {
  const model = ['predict', join(example, 'model')]
  const { files, predictions } = JSON.parse(readFileSync(join(example, 'expected.json'), 'utf8')) as {
    files: string[]
    predictions: { colour: string[]; mean: number[][] }
  }

  test('the example: a folder, one batch, MLflow’s answer', () => {
    assert.deepEqual(JSON.parse(answer([...model, '-i', join(example, 'photos')])), { predictions })
    const lines = answer([...model, '-i', 'photos', '--append', '--output-format', 'jsonl', '--batch-rows', '3'], {
      cwd: example,
    })
    const rows = lines
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    assert.deepEqual(
      rows,
      files.map((file, at) => ({ file, colour: predictions.colour[at], mean: predictions.mean[at] })),
    )
  })

  test('a size that the signature forbids names both; --resize makes it fit', () => {
    const { code, err } = mlmodel([...model, '-i', join(images, 'photo.png')])
    assert.equal(code, 1)
    assert.match(err, /80 × 60 \(width × height\).*32 × 32/)
    assert.match(err, /--resize 32x32/)
    const { resized } = JSON.parse(readFileSync(join(images, 'expected.json'), 'utf8')) as {
      resized: { width: number; height: number; channels: number; values: string }[]
    }
    const pixels = Buffer.from(resized.find(({ width, channels }) => width === 32 && channels === 3)!.values, 'base64')
    const { mean } = JSON.parse(answer([...model, '-i', join(images, 'photo.png'), '--resize', '32x32'])).predictions as {
      mean: number[][]
    }
    for (const channel of [0, 1, 2]) {
      const total = pixels.filter((_, at) => at % 3 === channel).reduce((sum, value) => sum + value, 0)
      assert.ok(Math.abs(mean[0]![channel]! - total / 1024) < 1e-3)
    }
    assert.equal(mlmodel([...model, '-i', join(images, 'photo.png'), '--resize', '32']).code, 2)
  })

  test('images of different sizes are batches of their own where the signature allows them', () => {
    const any = resolve('test/fixtures/models/onnx_uint8_image/model')
    const args = ['-i', join(images, 'rgb.png'), '-i', join(images, 'photo.png'), '-i', join(images, 'grey.png')]
    const joined = JSON.parse(answer(['predict', any, ...args])) as { predictions: { y: number[][] } }
    const single = ['rgb', 'photo', 'grey'].map(
      (name) => JSON.parse(answer(['predict', any, '-i', join(images, `${name}.png`)])).predictions.y[0],
    )
    assert.deepEqual(joined.predictions.y, single)
  })

  test('orientation and transparency are said once', () => {
    const any = resolve('test/fixtures/models/onnx_uint8_image/model')
    const { code, err } = mlmodel([
      'predict',
      any,
      '-i',
      join(images, 'turned.jpg'),
      '-i',
      join(images, 'rgba.png'),
      '-i',
      join(images, 'rgba.tif'),
    ])
    assert.equal(code, 0)
    assert.match(err, /EXIF orientation 6, which is not applied/)
    assert.equal(err.match(/transparent/g)?.length, 1)
  })

  test('a model of columns takes no images', () => {
    const { code, err } = mlmodel([...sum, '-i', join(images, 'rgb.png')])
    assert.equal(code, 1)
    assert.match(err, /signature asks for columns/)
  })

  test('without sharp: the line to install it; BMP and GIF need none', () => {
    const hide = join(folder, 'hide.cjs')
    writeFileSync(
      hide,
      "const Module = require('node:module'); const load = Module._load; Module._load = (name, ...rest) => { if (name === 'sharp') throw Object.assign(new Error('gone'), { code: 'MODULE_NOT_FOUND' }); return load(name, ...rest) }",
    )
    const env = { ...process.env, NODE_OPTIONS: `--require=${hide}` }
    const absent = mlmodel([...model, '-i', join(example, 'photos', '1-sunset.png')], { env })
    assert.equal(absent.code, 2)
    assert.match(absent.err, /npm i sharp/)
    assert.equal(mlmodel([...model, '-i', `${example}/photos/*.{bmp,gif}`], { env }).code, 0)
  })
})
