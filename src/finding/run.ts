/** Findings on scoring the input example, and on answers that were recorded. */
import type { FindingTable } from './define.ts'

const from = (origin: 'stored' | 'made' | 'golden'): string =>
  origin === 'stored'
    ? 'the stored input example'
    : origin === 'golden'
      ? 'a recorded input'
      : 'a request made from the signature or the graph'

export interface Asked {
  /** Whose request: the example's, one that was made for want of an example, or one of mlmodel-golden.json. */
  readonly origin: 'stored' | 'made' | 'golden'
}

export const runFindings = {
  RUN_DEADLINE: {
    level: 'error',
    title: 'The model does not answer in time',
    why: 'A graph may loop for ever: in a server each such request takes a worker away.',
    message: (args: Partial<Asked> & { seconds: number; step: 'open' | 'score' }) =>
      args.step === 'open'
        ? `the model was not open after ${args.seconds} s`
        : `${from(args.origin ?? 'stored')} was not scored after ${args.seconds} s`,
    fix: () => 'Look for a Loop in the graph; for a model that is slow but sound, allow more with --timeout',
  },
  RUN_MEMORY: {
    level: 'error',
    title: 'The model takes more memory than it may',
    why: 'A graph can make an array of any size out of a few bytes.',
    message: (args: Partial<Asked> & { megabytes: number }) =>
      `the process that scored ${from(args.origin ?? 'stored')} took more than ${args.megabytes} MB and was ended`,
    fix: () =>
      'Look for ConstantOfShape, Expand, Tile or Range in the graph; for a model that is large but sound, allow more with --memory',
  },
  RUN_DIED: {
    level: 'error',
    title: 'The process of the model died',
    why: 'Native code crashed or the system ended the process: a server would be gone.',
    message: (args: Partial<Asked> & { how: string }) =>
      `the process that scored ${from(args.origin ?? 'stored')} died: ${args.how}`,
    fix: () => 'Try another version of ONNX Runtime; report the model to its maintainers',
  },
  RUN_NOT_OPENED: {
    level: 'error',
    title: 'The model cannot be opened',
    why: 'What cannot be opened here cannot be served here.',
    message: (args: { reason: string }) => `the model cannot be opened: ${args.reason}`,
    fix: () => 'Mend what the reason names; --no-run leaves this check out',
  },
  RUN_FAILED: {
    level: 'error',
    title: 'The model does not score its own example',
    why: 'The example was stored as one that the model answers. Whoever sends it to a server gets an error.',
    message: (args: Asked & { reason: string }) => `${from(args.origin)} is not answered: ${args.reason}`,
    fix: () => 'Log the model again with an example that it scores',
  },
  RUN_OUTPUT_NAMES: {
    level: 'warning',
    title: 'Outputs of other names than the signature says',
    why: 'Who reads the predictions by the names of the signature does not find them.',
    message: (args: { missing: readonly string[]; extra: readonly string[] }) =>
      [
        ...(args.missing.length > 0 ? [`the predictions lack ${args.missing.join(', ')}`] : []),
        ...(args.extra.length > 0 ? [`have ${args.extra.join(', ')} beyond the signature`] : []),
      ].join(' and ') || 'the predictions have other names than the signature',
    fix: () => 'Set the outputs with `mlmodel signature set`, or log the model again',
  },
  RUN_OUTPUT_TYPE: {
    level: 'warning',
    title: 'An output of another type than the signature says',
    why: 'Types made from the signature, and tables that take the predictions, do not fit them.',
    message: (args: { output: string; says: string; gives: string }) =>
      `the signature says that \`${args.output}\` is ${args.says}, and the model gives ${args.gives}`,
    fix: () => 'Set the outputs with `mlmodel signature set`, or log the model again',
  },
  RUN_OUTPUT_SHAPE: {
    level: 'warning',
    title: 'An output of another shape than the signature says',
    why: 'Who unpacks the predictions by the shape of the signature fails, or takes other values.',
    message: (args: { output: string; says: string; gives: string }) =>
      `the signature says that \`${args.output}\` has shape ${args.says}, and the model gives ${args.gives}`,
    fix: () => 'Set the outputs with `mlmodel signature set`, or log the model again',
  },
  RUN_NOT_NATIVE: {
    level: 'notice',
    title: 'The model was not scored',
    why: 'Only a model that runs here without Python can be scored by this check.',
    message: (args: { reason: string }) => `the model was not scored: ${args.reason}`,
    fix: () => 'Nothing; score it where its flavor runs',
  },
  GOLDEN_UNREADABLE: {
    level: 'error',
    title: 'mlmodel-golden.json is not readable',
    why: 'The file holds the answers that the model must still give; what cannot be read guards nothing.',
    message: (args: { reason: string }) => `mlmodel-golden.json cannot be used: ${args.reason}`,
    fix: () => 'Record it again with `mlmodel validate --record`',
  },
  GOLDEN_DIFFERENT: {
    level: 'error',
    title: 'Other answers than were recorded',
    why: 'The model, its files or the runtime have changed since the answers were recorded.',
    message: (args: { at: number; values: number; of: number; path: string; was: string; is: string; largest?: number }) =>
      `${args.values} of ${args.of} values of recorded answer ${args.at} differ, first at ${args.path}: ${args.was} was recorded, ${args.is} is given` +
      (args.largest === undefined ? '' : `; the largest difference is ${args.largest}`),
    fix: () =>
      'When the change is meant, record again with `mlmodel validate --record`; when it is rounding, raise the tolerance in the file',
  },
} as const satisfies FindingTable
