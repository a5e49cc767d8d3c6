/** Errors of recorded answers and of `mlmodel diff`. */
import type { ErrorTable } from './define.ts'

export const compareErrors = {
  GOLDEN_SCHEMA: {
    kind: 'model',
    message: (a: { path: string; message: string }) =>
      `\`mlmodel-golden.json\` is not of the form of schemas/golden.schema.json: ${a.path === '' ? 'it' : `\`${a.path}\``} ${a.message}`,
    hint: () => 'Record it again: `mlmodel validate ./model --record`',
  },
  GOLDEN_NOT_RECORDED: {
    kind: 'model',
    message: (a: { why: string }) => `No answers are recorded: ${a.why}`,
  },
  DIFF_TWO_MODELS: {
    kind: 'usage',
    message: (a: { count: number }) => `\`mlmodel diff\` compares two models, and ${a.count === 0 ? 'none is' : 'one is'} given`,
    hint: () => 'For example: `mlmodel diff ./model-1 ./model-2`',
  },
  DIFF_DATA_OPTION: {
    kind: 'usage',
    message: (a: { option: string }) => `\`${a.option}\` needs data to score: add \`-i <file>\``,
  },
  DIFF_TOLERANCE: {
    kind: 'usage',
    message: (a: { text: string }) => `\`--tolerance\` takes a number from 0 on, or a number and \`ulp\`, not \`${a.text}\``,
  },
} as const satisfies ErrorTable
