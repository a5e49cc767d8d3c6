/** `mlmodel validate`, from arguments to formats and exit codes. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { Ajv, type AnySchema } from 'ajv'
import fc from 'fast-check'
import { readBaseline } from '../../src/cli/baseline.ts'
import { plain } from '../../src/cli/ink.ts'
import type { Outcome } from '../../src/cli/validation.ts'
import { renderGithub } from '../../src/cli/validation-github.ts'
import { renderJunit } from '../../src/cli/validation-junit.ts'
import { sarifLog } from '../../src/cli/validation-sarif.ts'
import { renderValidation } from '../../src/cli/validation-text.ts'
import { type FindingCode, finding, findingTable } from '../../src/finding/index.ts'
import { checkSchema } from '../../src/schema.ts'
import { copyModel } from '../check/copy.ts'
import { checkXml } from '../check/xml.ts'
import { root, runLine } from './fake-terminal.ts'

const validate = (...args: readonly string[]) => runLine(['validate', '--config', 'none', '--no-run', ...args])

/** Draft 4, whose keywords in use mean the same in ajv's draft 7; one of its patterns is not for the `u` flag. */
function sarifValidator() {
  const {
    $schema: _,
    id: __,
    ...schema
  } = JSON.parse(readFileSync(new URL('test/fixtures/sarif/sarif-2.1.0-rtm.5.json', root), 'utf8')) as Record<string, unknown>
  return new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false }).compile(schema as AnySchema)
}

describe('exit codes', () => {
  test('0 nothing, 1 judged bad, 2 not judged; a warning counts with --strict', async (t) => {
    const model = copyModel(t)
    assert.equal((await validate(model.folder)).code, 0)
    rmSync(join(model.folder, 'input_example.json'))
    assert.equal((await validate(model.folder)).code, 0)
    assert.equal((await validate(model.folder, '--strict')).code, 1)
    assert.equal((await validate(model.folder, '--strict', '--ignore', 'EXAMPLE_MISSING')).code, 0)
    const bytes = Uint8Array.from({ length: 4096 }, (_, index) => (index * 197 + 128) & 255)
    model.write('x.bin', bytes)
    assert.equal((await validate(model.folder)).code, 2)
    assert.equal((await validate(model.folder, '--ignore', 'content_unjudged')).code, 0)
    model.write('model.onnx', '')
    assert.equal((await validate(model.folder)).code, 1, 'a bad model that could not be judged whole is bad')
  })

  test('2 and no document where the command could not do its work', async () => {
    for (const args of [['/nowhere'], [], ['.', '--ignore', 'PATH_OUTSIDER'], ['.', '--trust', 'sha256:12'], ['no*thing']]) {
      const { code, stdout, stderr } = await validate(...args)
      assert.deepEqual([code, stdout], [2, ''], args.join(' '))
      assert.match(stderr, /^error: /)
    }
  })
})

describe('what would have no effect', () => {
  test('options for a report, beside what prints none', async (t) => {
    const model = copyModel(t)
    const file = join(dirname(model.folder), 'baseline.json')
    for (const action of [
      ['--explain', 'all'],
      ['--write-baseline', '--baseline', file],
    ])
      for (const option of [['--format', 'sarif'], ['--json'], ['-o', join(dirname(model.folder), 'out')]]) {
        const { code, stdout, stderr } = await validate(model.folder, ...action, ...option)
        assert.equal(code, 2)
        assert.match(stderr + stdout, /`--(explain|write-baseline)` has no use for `--(format|json|output)`/)
      }
    assert.ok(!existsSync(file))
    assert.equal((await validate('--explain', 'all', '--write-baseline')).code, 2)
  })

  test('a hash that no file has', async (t) => {
    const model = copyModel(t)
    const other = `sha256:${'0a'.repeat(32)}`
    const known = createHash('sha256')
      .update(readFileSync(join(model.folder, 'model.onnx')))
      .digest('hex')
      .toUpperCase()
    const { code, stderr } = await validate(model.folder, '--trust', other, '--trust', `sha256:${known}`)
    assert.equal(code, 0)
    assert.equal(stderr, `warning: no file has the hash of \`--trust ${other}\`; nothing is vouched for by it\n`)
  })
})

describe('text', () => {
  test('is grouped by file, most severe first, with what to do, and no wider than 80 columns', async (t) => {
    const model = copyModel(t)
    model.replace('data: model.onnx', 'data: ../a')
    rmSync(join(model.folder, 'input_example.json'))
    model.replace('run_id:', 'run_ids:')
    const { stdout, code } = await validate(model.folder)
    assert.equal(code, 1)
    const lines = stdout.slice(stdout.indexOf('\n')).replaceAll(dirname(model.folder), '…')
    assert.equal(
      lines,
      `

  MLmodel
    error PATH_OUTSIDE  line 5, flavors.onnx.data
      The path "../a" leaves the model's folder
      fix: Copy the file into the folder and name it by a path inside; replace a
      symbolic link by the file itself
    warning EXAMPLE_MISSING  line 26, saved_input_example_info.artifact_path
      The input example "input_example.json" is not in the folder
      fix: Copy the file with the model, or log the model with an input example

  failed: 1 error, 1 warning, 1 notice, 6 files; \`--verbose\` shows all
`,
    )
    assert.match((await validate(model.folder, '--verbose')).stdout, /notice MLMODEL_UNKNOWN_FIELD/)
  })

  test('has colour when asked for', async (t) => {
    const model = copyModel(t)
    assert.match((await validate(model.folder, '--color', 'always')).stdout, /\u001b\[32mpassed\u001b\[39m/)
  })

  test('--explain knows every code, and says what a wrong one may have meant', async () => {
    const { stdout } = await validate('--explain', 'all')
    for (const code of Object.keys(findingTable)) assert.ok(stdout.includes(`${code}: `), code)
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80 || !line.includes(' ', 3), line)
    assert.match((await validate('--explain', 'PATH_OUTSIDES')).stderr, /Did you mean `PATH_OUTSIDE`/)
  })
})

describe('several models', () => {
  test('a pattern matches folders with an MLmodel file; each is judged', async (t) => {
    const model = copyModel(t)
    const parent = dirname(model.folder)
    cpSync(model.folder, join(parent, 'deep', 'other'), { recursive: true })
    mkdirSync(join(parent, 'nothing'))
    writeFileSync(join(parent, 'deep', 'other', 'MLmodel'), '')
    const { stdout, code } = await validate(`${parent}/**`, '--json')
    const document = JSON.parse(stdout)
    assert.deepEqual(
      document.models.map((each: { location: string; verdict: string }) => [each.location.slice(parent.length), each.verdict]),
      [
        ['/deep/other', 'failed'],
        ['/model', 'passed'],
      ],
    )
    assert.equal(code, 1)
    assert.equal(document.exit_code, 1)
    assert.match((await validate(join(parent, 'deep', 'other'), model.folder)).stdout, /2 models: 1 failed, 1 passed\n$/)
  })
})

describe('formats for programs', () => {
  test('json is one document of its schema', async (t) => {
    const model = copyModel(t)
    model.replace('data: model.onnx', 'data: "a\\u202eb"')
    const { stdout } = await validate(model.folder, '--format', 'json')
    assert.deepEqual(checkSchema('validation', JSON.parse(stdout)), [])
    assert.ok(!stdout.includes('\u202e'))
  })

  test('-o writes the file whole, and says the same', async (t) => {
    const model = copyModel(t)
    const file = join(dirname(model.folder), 'out.sarif')
    const { stdout, code } = await validate(model.folder, '--format', 'sarif', '-o', file)
    assert.deepEqual([stdout, code], ['', 0])
    assert.equal(readFileSync(file, 'utf8'), (await validate(model.folder, '--format', 'sarif')).stdout)
  })

  test('github annotations show a name without what a terminal obeys', () => {
    const outcome = outcomeOf('m', [
      finding('PATH_OUTSIDE', { path: 'x' }, { file: 'a\u001b[31m\u202e\u009b.pkl', path: 'b\u2066\u0007' }),
    ])
    assert.doesNotMatch(renderGithub(outcome).replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
  })
  test('github annotations are one line each, escaped as the runner undoes it', () => {
    const outcome = outcomeOf('models, a:b', [
      finding('PATH_OUTSIDE', { path: '50%\r\n::error::x' }, { file: 'a,b:c', line: 3, path: 'flavors' }),
    ])
    assert.equal(
      renderGithub(outcome),
      '::error file=models%2C a%3Ab/a%2Cb%3Ac,line=3,title=PATH_OUTSIDE::The path "50%25\\\\r\\\\n::error::x" leaves the model\'s folder (flavors)%0Afix: ' +
        'Copy the file into the folder and name it by a path inside; replace a symbolic link by the file itself\n',
    )
  })
})

/** A report of findings that no model gave. */
function outcomeOf(location: string, findings: Outcome['models'][number]['findings']): Outcome {
  const files = [{ path: 'a,b:c', bytes: 1, format: 'text', verdict: 'no-code', findings: [] } as const]
  const model = { location, folder: location, findings, ignored: 0, files, known: 0, verdict: 'failed' } as const
  return { models: [model], strict: false, exitCode: 1 }
}

describe('whatever a model says', () => {
  const isValidSarif = sarifValidator()
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({
      unit: fc.constantFrom(
        '\u001b',
        '\u202e',
        '<',
        ']]>',
        '&',
        '"',
        '\ud800',
        '\0',
        '\r',
        '\n',
        '%',
        ':',
        ',',
        'a',
        '/',
        '\u0085',
        '\ufffe',
      ),
    }),
  )
  const place = fc.record(
    { file: text, line: fc.integer({ min: 1, max: 1e6 }), column: fc.integer({ min: 1, max: 1e6 }), path: text, byte: fc.nat() },
    { requiredKeys: [] },
  )
  const found = fc
    .tuple(fc.constantFrom('PATH_OUTSIDE', 'CONTENT_UNJUDGED', 'FLAVOR_REMOVED', 'SIGNATURE_MISSING'), text, place)
    .map(([code, value, where]) => finding(code as FindingCode, { path: value, content: value, flavor: value } as never, where))

  test('every format stays whole: SARIF valid, XML well formed, an annotation a line, nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(text, fc.array(found, { maxLength: 5 }), (location, findings) => {
        const outcome = outcomeOf(location === '' ? 'm' : location, findings)
        assert.ok(isValidSarif(JSON.parse(JSON.stringify(sarifLog(outcome)))), JSON.stringify(isValidSarif.errors))
        checkXml(renderJunit(outcome))
        const lines = renderGithub(outcome).split('\n').slice(0, -1)
        assert.equal(lines.length, findings.length)
        for (const line of lines) assert.match(line, /^::(error|warning|notice) file=[^,:]*,.*title=[A-Z_]+::[^\r\n]*$/)
        const shown = renderValidation(outcome, { width: 80, ink: plain, all: true })
        assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
      }),
      { numRuns: 300 },
    )
  })
})

describe('baseline', () => {
  test('what is known does not count, also from another line; what is new does', async (t) => {
    const model = copyModel(t)
    const file = join(dirname(model.folder), 'baseline.json')
    model.replace('data: model.onnx', 'data: ../a')
    const written = await validate(model.folder, '--baseline', file, '--write-baseline')
    assert.deepEqual([written.code, written.stdout], [0, ''])
    assert.equal(readBaseline(file).size, 1)
    model.write('MLmodel', `# a line more\n${readFileSync(join(model.folder, 'MLmodel'), 'utf8')}`)
    const known = await validate(`${model.folder}/`, '--baseline', file)
    assert.equal(known.code, 0)
    assert.match(known.stdout, /passed: 1 known by the baseline/)
    model.write('model.onnx', '')
    const { stdout, code } = await validate(model.folder, '--baseline', file, '--json')
    assert.equal(code, 1)
    assert.deepEqual(
      JSON.parse(stdout).models[0].findings.map((each: { code: string }) => each.code),
      ['FILE_EMPTY'],
    )
    writeFileSync(file, '{}')
    assert.equal((await validate(model.folder, '--baseline', file)).code, 2)
  })
})

describe('a team’s schema', () => {
  test('of a row, of the description, and which it is where nobody says', async (t) => {
    const model = copyModel(t)
    const folder = dirname(model.folder)
    const row = join(folder, 'row.json')
    const description = join(folder, 'inspect.json')
    writeFileSync(
      row,
      JSON.stringify({ type: 'object', required: ['x'], properties: { x: { type: 'array', items: { maximum: 0 } } } }),
    )
    writeFileSync(description, JSON.stringify({ properties: { metadata: { type: 'object' } }, required: ['metadata'] }))
    const asRow = await validate(model.folder, '--schema', row)
    assert.equal(asRow.code, 1)
    assert.match(asRow.stdout, /POLICY_SCHEMA {2}row 1\n\s+Row 1 of the input example/)
    const asDescription = await validate(model.folder, '--schema', description)
    assert.match(asDescription.stdout.replace(/\s+/g, ' '), /The model at metadata: /)
    assert.equal((await validate(model.folder, '--schema', `row=${join(folder, 'none.json')}`)).code, 2)
    writeFileSync(row, JSON.stringify({ $ref: 'https://example.org/elsewhere.json' }))
    assert.equal((await validate(model.folder, '--schema', row)).code, 2)
  })
})

describe('what cannot be read', () => {
  test('is not judged', { skip: process.getuid?.() === 0 && 'root reads everything' }, async (t) => {
    const model = copyModel(t)
    chmodSync(join(model.folder, 'model.onnx'), 0)
    const { stdout, code } = await validate(model.folder)
    assert.equal(code, 2)
    assert.match(stdout, /FILE_UNREADABLE/)
  })
})
