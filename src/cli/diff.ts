/** `mlmodel diff`: what changed from one version of a model to the next. */
import { diffModels, type Tolerance } from '../diff.ts'
import { MlmodelError } from '../errors/index.ts'
import { commonOptions, defineCommand } from './command.ts'
import { jsonText } from './report.ts'

export const command = defineCommand({
  name: 'diff',
  summary: 'Say what changed from one model to the next',
  usage: '<old> <new> [options]',
  about:
    'Signature (does a client of the old version still work), flavors, environment, size, operators. With data both models score it, where they run without Python, and the predictions are compared.',
  operands: [
    { name: 'old', text: 'Folder or MLmodel file of the version that clients know' },
    { name: 'new', text: 'Folder or MLmodel file of the version that shall replace it' },
  ],
  options: {
    input: {
      short: 'i',
      value: 'file',
      file: true,
      group: 'Data',
      text: 'Score this file with both, in any format of `predict`',
    },
    tolerance: {
      value: 'number',
      group: 'Data',
      text: 'What predictions may differ by: a share of the old number, at least of 1 (1e-6), or steps of its type (4ulp); default 0',
    },
    json: { group: 'Output', text: 'Print one JSON document (schemas/diff.schema.json)' },
    ...commonOptions,
  },
  examples: ['mlmodel diff ./model-1 ./model-2', 'mlmodel diff ./model-1 ./model-2 -i data.csv --tolerance 1e-6'],
  exitCodes: [
    [0, 'nothing breaks'],
    [1, 'the signature breaks clients, or predictions differ beyond the tolerance'],
    [2, 'the command could not do its work'],
  ],
  async run({ operands, options }, console) {
    const [before, after] = operands
    if (before === undefined || after === undefined) throw new MlmodelError('DIFF_TWO_MODELS', { count: operands.length })
    if (options.tolerance !== undefined && options.input === undefined)
      throw new MlmodelError('DIFF_DATA_OPTION', { option: '--tolerance' })
    const diff = await diffModels(before, after, {
      ...(options.input !== undefined && { input: options.input }),
      ...(options.tolerance !== undefined && { tolerance: readTolerance(options.tolerance) }),
    })
    if (options.json) await console.out.write(jsonText(diff))
    else {
      const { renderDiff } = await import('./diff-text.ts')
      await console.out.write(renderDiff(diff, { width: console.width, ink: console.ink, all: console.verbose }))
    }
    return diff.breaks ? 1 : 0
  },
})

function readTolerance(text: string): Tolerance {
  const [, digits, unit] = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(ulp)?$/i.exec(text) ?? []
  if (digits === undefined || !Number.isFinite(Number(digits))) throw new MlmodelError('DIFF_TOLERANCE', { text })
  return { kind: unit === undefined ? 'ratio' : 'ulp', most: Number(digits) }
}
