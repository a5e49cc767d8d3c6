/** Environments as the files of other tools; the tools themselves read them in test/real/env_tools.py. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { parse as parseYamlText } from 'yaml'
import { environmentFormats, formatEnvironment } from '../../src/env/format/index.ts'
import { readRequirementLine } from '../../src/env/requirement-line.ts'
import { readRequirementList } from '../../src/env/requirements-file.ts'
import { sortLines } from '../../src/env/resolve.ts'
import type { ResolvedEnvironment } from '../../src/env/resolved.ts'
import { MlmodelError } from '../../src/errors/index.ts'

const target = { python: '3.11.7', platform: 'linux', machine: 'x86_64' } as const
const absent = { read: async () => ({ state: 'absent' }) as const }

interface Parts {
  readonly python?: string
  readonly build?: readonly string[]
  readonly requirements: readonly string[]
  readonly constraints?: readonly string[]
  readonly conda?: { readonly name: string; readonly channels: readonly string[]; readonly packages: readonly string[] }
}

/** An environment as it comes of lines of files. */
async function environmentOf({
  python = '3.11.7',
  build = [],
  requirements,
  constraints = [],
  conda,
}: Parts): Promise<ResolvedEnvironment> {
  const placed = (file: string) => (text: string, index: number) => ({ text, file, line: index + 1 })
  const read = async (lines: readonly string[], file: string) =>
    sortLines((await readRequirementList(absent, lines.map(placed(file)))).lines, target)
  const sorted = await read(requirements, 'requirements.txt')
  return {
    manager: conda === undefined ? 'virtualenv' : 'conda',
    target,
    files: [],
    python: { text: python, file: 'python_env.yaml', line: 1 },
    buildDependencies: (await read(build, 'python_env.yaml')).requirements,
    requirements: sorted.requirements,
    constraints: (await read(constraints, 'constraints.txt')).requirements,
    options: sorted.options,
    conda:
      conda === undefined
        ? null
        : {
            file: 'conda.yaml',
            name: placed('conda.yaml')(conda.name, 0),
            channels: conda.channels.map(placed('conda.yaml')),
            packages: conda.packages.map(placed('conda.yaml')),
          },
    views: [],
    errors: [],
  }
}

const ordinary: Parts = {
  build: ['pip==26.3', 'setuptools==65.5.0', 'wheel'],
  requirements: [
    '--extra-index-url https://download.pytorch.org/whl/cpu',
    'mlflow == 3.17.2',
    'Scikit_Learn[alldeps] >=1.3, <2 ; python_version >= "3.9"',
    'torch==2.1.0+cpu',
    'private @ https://example.com/private-1.0.zip ; sys_platform == "linux"',
    './wheels/own-1.0-py3-none-any.whl',
    '-e ./package',
    'numpy=1.26',
    'lightgbm==4.1.0 --hash=sha256:00',
  ],
  constraints: ['numpy<2'],
}

const expected: Readonly<Record<string, string>> = {
  requirements: `# Left out: numpy=1.26 (it is no requirement: versions or a semicolon are wanted behind the name)
--extra-index-url https://download.pytorch.org/whl/cpu
-c constraints.txt
mlflow==3.17.2
Scikit_Learn[alldeps]<2,>=1.3; python_version >= "3.9"
torch==2.1.0+cpu
private @ https://example.com/private-1.0.zip ; sys_platform == "linux"
./wheels/own-1.0-py3-none-any.whl
-e ./package
lightgbm==4.1.0 --hash=sha256:00
`,
  conda: `# Left out: numpy=1.26 (it is no requirement: versions or a semicolon are wanted behind the name)
channels:
- conda-forge
dependencies:
- python=3.11.7
- pip<=26.3
- setuptools==65.5.0
- wheel
- pip:
  - --extra-index-url https://download.pytorch.org/whl/cpu
  - -c constraints.txt
  - mlflow==3.17.2
  - Scikit_Learn[alldeps]<2,>=1.3; python_version >= "3.9"
  - torch==2.1.0+cpu
  - private @ https://example.com/private-1.0.zip ; sys_platform == "linux"
  - ./wheels/own-1.0-py3-none-any.whl
  - -e ./package
  - lightgbm==4.1.0 --hash=sha256:00
name: mlflow-env
`,
  uv: `# Left out: numpy=1.26 (it is no requirement: versions or a semicolon are wanted behind the name)
# Left out: the options of lightgbm==4.1.0 --hash=sha256:00 (hashes belong into the lock file)
# Left out: -e ./package (uv needs the name of the package)
[project]
name = "model-environment"
version = "0"
requires-python = "==3.11.*"
dependencies = [
    "mlflow==3.17.2",
    "Scikit_Learn[alldeps]<2,>=1.3; python_version >= \\"3.9\\"",
    "torch==2.1.0+cpu",
    "private @ https://example.com/private-1.0.zip ; sys_platform == \\"linux\\"",
    "own",
    "lightgbm==4.1.0",
]

[dependency-groups]
build = [
    "pip==26.3",
    "setuptools==65.5.0",
    "wheel",
]

[tool.uv]
package = false
constraint-dependencies = [
    "numpy<2",
]

[[tool.uv.index]]
url = "https://download.pytorch.org/whl/cpu"

[tool.uv.sources]
"own" = { path = "./wheels/own-1.0-py3-none-any.whl" }
`,
}

describe('formats', () => {
  for (const [format, text] of Object.entries(expected))
    test(`an ordinary environment as ${format}`, async () => {
      // What YAML quotes, it quotes as PyYAML does; what is said is compared.
      const found = formatEnvironment(await environmentOf(ordinary), format as 'uv').text
      assert.equal(
        format === 'conda' ? found.replace(/^( +- )'(.*)'$/gm, (_, dash, one) => dash + one.replaceAll("''", "'")) : found,
        text,
      )
    })

  test('passwords of what is left out are not shown, and of what is written are', async () => {
    const environment = await environmentOf({ requirements: ['--index-url https://me:hunt@hunter2@a.example/simple', 'a==1'] })
    const texts = Object.fromEntries(
      ['pyproject', 'uv', 'requirements'].map((format) => [format, formatEnvironment(environment, format as 'uv').text]),
    )
    assert.match(texts['pyproject']!, /# Left out: --index-url https:\/\/\*\*\*\*@a.example/)
    assert.doesNotMatch(texts['pyproject']!, /hunt/)
    assert.match(texts['uv']!, /hunter2/)
    assert.match(texts['requirements']!, /hunter2/)
    const addressed = await environmentOf({ requirements: ['a @ https://me:hunter2@a.example/a.zip'] })
    assert.throws(
      () => formatEnvironment(addressed, 'pylock'),
      (error: MlmodelError) => !error.message.includes('hunter2'),
    )
  })

  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: pip's own spelling
  // pip and uv put them in where they read a requirements file; uv in addresses of requirements too.
  test('variables stand only where the reader puts in their values', async () => {
    const [index, address] = ['--index-url https://${TOKEN}@a.example/simple', 'a @ https://${HOST}/a.zip']
    const environment = await environmentOf({ requirements: [index, address, 'b==1'] })
    const kept = (format: 'uv') => {
      const { text, omitted } = formatEnvironment(environment, format)
      const body = text.replace(/^# Left out.*$/gm, '')
      assert.deepEqual(
        [index, address].filter((line) => omitted.some(({ what }) => what === line)),
        [index, address].filter((line) => !body.includes(line.includes('TOKEN') ? '${TOKEN}' : '${HOST}')),
        format,
      )
      assert.match(body, /b==1/)
      return [body.includes('${TOKEN}'), body.includes('${HOST}')]
    }
    for (const format of ['requirements', 'conda', 'python_env', 'azureml'])
      assert.deepEqual(kept(format as 'uv'), [true, true], format)
    for (const format of ['uv', 'pep723']) assert.deepEqual(kept(format as 'uv'), [false, true], format)
    for (const format of ['pyproject', 'dockerfile']) assert.deepEqual(kept(format as 'uv'), [false, false], format)
    assert.match(readRequirementLine('a==${VERSION}').problem ?? '', /the variable \$\{VERSION\}/)
  })

  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: pip's own spelling

  test('conda as the manager keeps its own packages', async () => {
    const conda = { name: 'mine', channels: ['pytorch', 'conda-forge'], packages: ['python=3.10', 'pytorch::pytorch=2.1', 'pip'] }
    const { text } = formatEnvironment(await environmentOf({ python: '3.10', requirements: ['mlflow'], conda }), 'conda')
    assert.deepEqual(parseYamlText(text), {
      channels: ['pytorch', 'conda-forge'],
      dependencies: ['python=3.10', 'pytorch::pytorch=2.1', 'pip', { pip: ['mlflow'] }],
      name: 'mine',
    })
  })

  test('packages of conda in pip’s words for tools that know no conda', async () => {
    const conda = {
      name: 'mine',
      channels: ['conda-forge'],
      packages: [
        'python=3.10',
        'pip=23',
        'pytorch::pytorch=2.1',
        'numpy>=1.26,<2',
        'openssl',
        'scipy 1.10|1.11',
        'not a package',
      ],
    }
    const environment = await environmentOf({ python: '3.10', requirements: ['mlflow'], conda })
    assert.equal(
      formatEnvironment(environment, 'requirements').text,
      `# Left out: the channel pytorch of pytorch::pytorch=2.1 (pip has no such thing)
# Left out: openssl (pip cannot install it: it is no package of Python)
# Left out: scipy 1.10|1.11 (pip cannot install it: pip has no versions of which one or another will do (\`|\`))
# Left out: not a package (pip cannot install it: PEP 440 has no version a)
torch==2.1.*
numpy<2,>=1.26
mlflow
`,
    )
    assert.deepEqual(parseYamlText(formatEnvironment(environment, 'python_env').text).build_dependencies, ['pip==23.*'])
  })

  test('a Dockerfile serves as MLflow’s do', async () => {
    const { text } = formatEnvironment(await environmentOf(ordinary), 'dockerfile')
    assert.match(text, /^FROM python:3\.11\.7-slim$/m)
    assert.match(
      text,
      /^RUN \["python", "-m", "pip", "install", "--no-cache-dir", "pip==26\.3", "setuptools==65\.5\.0", "wheel"\]$/m,
    )
    assert.match(
      text,
      /"--extra-index-url=https:\/\/download\.pytorch\.org\/whl\/cpu", "--constraint=constraints\.txt", "mlflow==3\.17\.2"/,
    )
    assert.match(text, /^RUN apt-get install -y --no-install-recommends libgomp1$/m)
    assert.doesNotMatch(text, /"mlflow"\]/)
    assert.match(formatEnvironment(await environmentOf({ requirements: ['numpy'] }), 'dockerfile').text, /"mlflow"\]\n/)
  })

  test('pylock.toml wants files and hashes', async () => {
    const hash = 'ab'.repeat(32)
    const requirements = [
      `One_A @ https://example.com/a.zip#sha256=${hash}&subdirectory=b`,
      `two @ https://example.com/b.zip --hash=sha256:${hash}`,
      `three @ git+https://example.com/c.git@${'0'.repeat(40)} ; os_name == "posix"`,
    ]
    const { text } = formatEnvironment(await environmentOf({ requirements }), 'pylock')
    assert.match(
      text,
      /^name = "one-a"\n\[packages\.archive\]\nurl = "https:\/\/example\.com\/a\.zip"\nhashes = \{ sha256 = "(?:ab){32}" \}\nsubdirectory = "b"$/m,
    )
    assert.match(text, /commit-id = "0{40}"/)
    const unlocked = await environmentOf({ requirements: [...requirements, 'numpy==1.0', 'pandas'] })
    assert.throws(() => formatEnvironment(unlocked, 'pylock'), {
      code: 'PYLOCK_NEEDS_INDEX',
      message: /"numpy==1\.0" and 1 more$/,
    })
  })
})

describe('formats of strangers', () => {
  const evil = [
    'evil\nRUN touch /pwned',
    'evil\r\n--index-url https://evil.example',
    'evil"\nbase-image = "x',
    'a; os_name == "x\\n--index-url https://evil.example"',
    'a; os_name == "x\\x20--index-url=https://evil.example"',
    'a; os_name == "x\\x20#"',
    'a; os_name == "\\x22]\\x0a[tool.evil]"',
    `a; os_name == '"] # '`,
    'a; os_name == "\\\\"',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as a stranger writes it
    'a @ https://x/"]}/${HOME}/$(touch)/`touch`',
    "a @ https://x/'\\",
    'a @ https://x/\u2028\u0085é😀',
    './fold er/"a\'-1.0-py3-none-any.whl',
    '-e "./a b\\"c"',
    "--find-links 'a \"b\\\\'",
    '--extra-index-url https://x/"\\$X',
    '--trusted-host "a\' #b"',
    'a===\\"x',
    'a==1 --hash=sha256:"x\'y"',
    'a==1 --config-settings="a=b c"',
    '- a: b',
    'a: b',
    '&anchor',
    '!!python/object:os.system',
    '# ///',
    'a\\',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: pip would put a variable's value there
    '${EVIL}==1',
  ]
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(...evil),
      fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `a @ https://x/${text}`),
    ),
    {
      maxLength: 4,
    },
  )
  const parts = fc.record({
    python: fc.oneof(fc.constant('3.11.7'), fc.constant('3.10'), fc.constantFrom(...evil), fc.constant('3.11\nRUN evil')),
    build: pieces,
    requirements: pieces,
    constraints: pieces,
    conda: fc.option(
      fc.record({
        name: fc.constantFrom(...evil),
        channels: fc.array(fc.constantFrom(...evil)),
        packages: fc.array(fc.constantFrom(...evil)),
      }),
      {
        nil: undefined,
      },
    ),
  })
  const broken = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/
  const instructions =
    /^(?:#.*|FROM python:[\d.]+-slim|RUN (?:apt-get|chmod|rm) [\w /.+&*-]+|RUN \[.*\]|COPY \. \/opt\/ml\/model|WORKDIR \/opt\/[\w/]+|ENV MLFLOW_DISABLE_ENV_CREATION=True|EXPOSE 8080|ENTRYPOINT \[.*\]|)$/
  const toml =
    /^(?:#.*|\[[a-z.-]+\]|\[\[tool\.uv\.index\]\]|[a-z-]+ = (?:\[|\[\]|true|false|"(?:[^"\\]|\\["\\]|\\u[0-9a-f]{4})*")| {4}"(?:[^"\\]|\\["\\]|\\u[0-9a-f]{4})*",|\]|"[a-z0-9-]+" = \{ path = "(?:[^"\\]|\\["\\]|\\u[0-9a-f]{4})*"(?:, editable = true)? \}|)$/

  test('stay in their place', async () => {
    await fc.assert(
      fc.asyncProperty(parts, async ({ conda, ...rest }) => {
        const environment = await environmentOf(conda === undefined ? rest : { ...rest, conda })
        for (const format of environmentFormats) {
          let text: string
          try {
            text = formatEnvironment(environment, format).text
          } catch (error) {
            if (error instanceof MlmodelError && error.code === 'PYLOCK_NEEDS_INDEX') continue
            throw error
          }
          assert.ok(!broken.test(text), `${format}: ${text}`)
          const lines = text.split('\n')
          if (format === 'dockerfile')
            for (const line of lines) {
              assert.match(line, instructions)
              if (line.startsWith('RUN ['))
                assert.ok(JSON.parse(line.slice(4)).every((word: unknown) => typeof word === 'string'))
            }
          if (format === 'uv' || format === 'pyproject') for (const line of lines) assert.match(line, toml)
          if (format === 'pep723') {
            const header = lines.slice(lines.indexOf('# /// script') + 1, lines.lastIndexOf('# ///'))
            for (const line of header) assert.match(line.replace(/^# ?/, ''), toml)
          }
        }
      }),
      { numRuns: 120 },
    )
  })

  test('are the same when they are read again', async () => {
    await fc.assert(
      fc.asyncProperty(parts, async ({ conda: _, ...rest }) => {
        const environment = await environmentOf(rest)
        const { text } = formatEnvironment(environment, 'requirements')
        const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('-c '))
        const options = environment.options.filter(
          ({ value }) => value === null || !broken.test(value + (value.includes('\n') ? '\u0000' : '')),
        )
        const read = lines.map(readRequirementLine)
        assert.ok(
          read.every((line) => line.class !== 'invalid'),
          text,
        )
        assert.deepEqual(
          read.flatMap((line) => line.options),
          options.map(({ option, value }) => ({ option, value })),
        )
        const wanted = environment.requirements.filter((one) => one.kind !== 'invalid')
        const names = read.filter((line) => line.class !== 'option').map((line) => line.url ?? line.name)
        assert.ok(names.every((name) => wanted.some((one) => one.url === name || one.name === name)))
        const document = parseYamlText(formatEnvironment(environment, 'conda').text)
        const pip = document.dependencies.find((one: unknown) => typeof one === 'object')?.pip ?? []
        assert.deepEqual(
          pip.filter((line: string) => !line.startsWith('-c ')),
          lines,
        )
        assert.equal(parseYamlText(formatEnvironment(environment, 'azureml').text).image.startsWith('mcr.microsoft.com/'), true)
        const pythonEnv = parseYamlText(formatEnvironment(environment, 'python_env').text) ?? {}
        assert.ok(['python', 'build_dependencies', 'dependencies', undefined].includes(Object.keys(pythonEnv)[0]))
        assert.ok(pythonEnv.python === undefined || typeof pythonEnv.python === 'string')
      }),
      { numRuns: 120 },
    )
  })
})
