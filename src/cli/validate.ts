/** `mlmodel validate`: the gate in front of a model, for CI and for security review. */
import { MlmodelError } from '../errors/index.ts'
import { type FindingCode, findingTable } from '../finding/index.ts'
import { findModels } from '../inputs/models.ts'
import { findingCode, findPolicyFile, policyFileName, readPolicyFile } from '../policy-file.ts'
import { exitCodeOf, verdictOf } from '../validate/report.ts'
import { type ValidateOptions, type Validation, validateModel } from '../validate.ts'
import { openOutputFile } from '../whole-file.ts'
import { type Console, commonOptions, defineCommand, modelOption } from './command.ts'
import { jsonText } from './report.ts'
import { standardOutput } from './standard-output.ts'
import { modelRun, runOptions } from './validate-run.ts'
import type { ModelOutcome, Outcome } from './validation.ts'

const formats = ['text', 'json', 'github', 'sarif', 'junit'] as const
type ValidationFormat = (typeof formats)[number]

export const command = defineCommand({
  name: 'validate',
  summary: 'Check that a model is complete and safe',
  usage: '<model...> [options]',
  about:
    'Reads MLmodel, every path in it, the signature, the environment, the stored example, the ONNX graph, and each file of the folder by what its bytes are. No code of the model is executed; a model that runs without Python scores its own example in a process of its own. A file that is no model is judged by its content alone.',
  operands: [{ name: 'model', text: 'Folder, MLmodel file, any other file, or a pattern such as `models/*`', many: true }],
  options: {
    ...modelOption,
    ...runOptions,
    strict: { group: 'Judgement', text: 'Warnings count as errors' },
    ignore: { value: 'code', many: true, group: 'Judgement', text: 'Leave out findings of this code' },
    trust: {
      value: 'hash',
      many: true,
      group: 'Judgement',
      text: 'Take a file with this hash (sha256:…) as it is',
    },
    config: {
      value: 'file',
      file: true,
      group: 'Judgement',
      text: `The team’s policy; default: ${policyFileName} here or in a folder above; \`none\` looks for none`,
    },
    schema: {
      value: 'file',
      file: true,
      many: true,
      group: 'Judgement',
      text: 'Your JSON Schema of an input row (row=FILE) or of `inspect --json` (inspect=FILE); told apart where neither is said',
    },
    baseline: { value: 'file', file: true, group: 'Judgement', text: 'Leave out findings that this file knows' },
    'write-baseline': { group: 'Judgement', text: 'Write all findings to the baseline (default mlmodel.baseline.json)' },
    explain: { value: 'code', group: 'Output', text: 'Print what a finding means and what to do; `all` for each' },
    format: {
      value: 'format',
      choices: formats,
      group: 'Output',
      text: '`text` (default), `json`, `github`, `sarif` or `junit`',
    },
    json: { group: 'Output', text: 'Same as `--format json` (schemas/validation.schema.json)' },
    output: { short: 'o', value: 'file', file: true, group: 'Output', text: 'Written whole or not at all; default stdout' },
    ...commonOptions,
  },
  examples: [
    'mlmodel validate ./model',
    'mlmodel validate "models/*" --strict --format sarif -o validate.sarif',
    'mlmodel validate ./model --target azureml-online --target kserve',
    'mlmodel validate model.pkl',
    'mlmodel validate --explain PATH_OUTSIDE',
  ],
  exitCodes: [
    [0, 'nothing against the model'],
    [1, 'a model was judged bad'],
    [2, 'something could not be judged, or the command could not do its work'],
  ],
  async run({ operands, options }, console) {
    refuseOptions(options)
    if (options.explain !== undefined) return explainCode(options.explain, console)
    const words = [...operands, ...(options['model-uri'] === undefined ? [] : [options['model-uri']])]
    if (words.length === 0) throw new MlmodelError('USAGE_NO_MODEL', { command: 'validate' })
    const models = await findModels(words)
    const policyPath = options.config === 'none' ? undefined : (options.config ?? findPolicyFile('.', models))
    const policy = policyPath === undefined ? undefined : readPolicyFile(policyPath)
    const strict = options.strict || policy?.strict === true
    const scoring = modelRun(options, console)
    let scored = 0
    const run: typeof scoring =
      scoring &&
      ((context) => {
        scored++
        return scoring(context)
      })
    const validateOptions: ValidateOptions = {
      targets: options.target,
      ...(run !== undefined && { run }),
      ignore: options.ignore.map((code) => findingCode(code)),
      trust: options.trust.map(readHash),
      ...(policy !== undefined && { policy }),
      ...(options.schema.length > 0 && { schemas: await readSchemas(options.schema) }),
    }
    const validations: Validation[] = []
    for (const model of models) validations.push(await validateModel(model, validateOptions))
    if ((options.run || options.record) && scored < models.length)
      console.warn(`${models.length - scored} of ${models.length} are no models with an MLmodel file: nothing of them was scored`)
    const trusted = new Set(validations.flatMap(({ files }) => files.map(({ sha256 }) => sha256)))
    for (const given of options.trust)
      if (!trusted.has(readHash(given)))
        console.warn(`no file has the hash of \`--trust ${given}\`; nothing is vouched for by it`)
    if (options['write-baseline']) return writeBaseline(options.baseline ?? 'mlmodel.baseline.json', validations, console)
    const outcome = await outcomeOf(validations, options.baseline, strict)
    const format: ValidationFormat = options.json ? 'json' : (options.format ?? 'text')
    const toFile = options.output !== undefined && options.output !== '-'
    const output = toFile ? await openOutputFile(options.output!) : standardOutput(console.out)
    await output.write(Buffer.from(await render(outcome, format, console, toFile)))
    await output.commit()
    return outcome.exitCode
  },
})

async function outcomeOf(
  validations: readonly Validation[],
  baselinePath: string | undefined,
  strict: boolean,
): Promise<Outcome> {
  const { newFindings, readBaseline } = await import('./baseline.ts')
  const baseline = baselinePath === undefined ? undefined : readBaseline(baselinePath)
  const models = validations.map((validation): ModelOutcome => {
    const findings =
      baseline === undefined ? validation.findings : newFindings(baseline, validation.location, validation.findings)
    const verdict = verdictOf(exitCodeOf(findings, strict))
    return { ...validation, findings, known: validation.findings.length - findings.length, verdict }
  })
  return {
    models,
    strict,
    exitCode: exitCodeOf(
      models.flatMap(({ findings }) => findings),
      strict,
    ),
  }
}

/** Each format is loaded when it is asked for. */
async function render(outcome: Outcome, format: ValidationFormat, console: Console, toFile: boolean): Promise<string> {
  switch (format) {
    case 'json':
      return jsonText((await import('./validation-json.ts')).validationDocument(outcome))
    case 'sarif':
      return jsonText((await import('./validation-sarif.ts')).sarifLog(outcome))
    case 'github':
      return (await import('./validation-github.ts')).renderGithub(outcome)
    case 'junit':
      return (await import('./validation-junit.ts')).renderJunit(outcome)
    case 'text': {
      const { plain } = await import('./ink.ts')
      const { renderValidation } = await import('./validation-text.ts')
      return renderValidation(outcome, {
        width: toFile ? 80 : console.width,
        ink: toFile ? plain : console.ink,
        all: console.verbose,
      })
    }
  }
}

async function explainCode(given: string, console: Console): Promise<number> {
  const { explain } = await import('./validation-text.ts')
  const codes = given === 'all' ? (Object.keys(findingTable) as FindingCode[]).sort() : [findingCode(given)]
  await console.out.write(codes.map((code) => explain(code, console)).join('\n'))
  return 0
}

async function writeBaseline(path: string, validations: readonly Validation[], console: Console): Promise<number> {
  const { baselineDocument } = await import('./baseline.ts')
  const output = await openOutputFile(path)
  await output.write(Buffer.from(jsonText(baselineDocument(validations))))
  await output.commit()
  const findings = validations.flatMap((validation) => validation.findings).filter(({ level }) => level !== 'notice')
  if (!console.quiet) await console.err.write(`${path}: ${findings.length} findings of ${validations.length} models\n`)
  return 0
}

function readHash(given: string): string {
  const digits = /^sha256:([0-9a-fA-F]{64})$/.exec(given)?.[1]
  if (digits === undefined) throw new MlmodelError('TRUST_INVALID', { given })
  return digits.toLowerCase()
}

/** An option that another makes useless is a mistake, not something to pass over. */
function refuseOptions(options: {
  readonly explain: string | undefined
  readonly 'write-baseline': boolean
  readonly format: string | undefined
  readonly json: boolean
  readonly output: string | undefined
}): void {
  const action = options.explain !== undefined ? 'explain' : options['write-baseline'] ? 'write-baseline' : undefined
  if (action === undefined) return
  for (const option of ['format', 'json', 'output', ...(action === 'explain' ? (['write-baseline'] as const) : [])] as const)
    if (options[option] !== undefined && options[option] !== false) throw new MlmodelError('VALIDATE_OPTION', { action, option })
}

async function readSchemas(given: readonly string[]) {
  const { readTeamSchema } = await import('../team-schema.ts')
  return given.map(readTeamSchema)
}
