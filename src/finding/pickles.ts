/** Findings on pickles and on what holds them: joblib, cloudpickle, torch, skops, zip. */
import type { FindingTable } from './define.ts'
import { ofError } from './of-error.ts'

/** A name that a file asks for, as Python would say it. */
export interface NameArguments {
  readonly module: string
  readonly name: string
  /** The end of a sentence. */
  readonly why: string
  /** How many times in the file. */
  readonly count: number
}

const times = (count: number): string => (count === 1 ? '' : ` (${count} times)`)

const zipFix = 'Write the archive again; a file that two readers see differently must not be loaded'

export const pickleFindings = {
  PICKLE_UNSAFE: {
    level: 'error',
    title: 'A pickle that may run code',
    why: 'Loading a pickle in Python calls whatever it names. Every name and its arguments were compared with the list of classes that scikit-learn, XGBoost, LightGBM, CatBoost, SciPy, NumPy and pandas make their models of. This one is not on it, or is used in another way.',
    message: (args: NameArguments) => `\`${args.module}.${args.name}\` ${args.why}${times(args.count)}`,
    fix: () =>
      'Load it only where its author is trusted; then vouch for its bytes with `--trust sha256:…`, or save the model in a form without code (skops, ONNX)',
  },
  PICKLE_CODE: {
    level: 'error',
    title: 'A pickle that carries code of its author',
    why: 'cloudpickle stores functions and classes that no library has as bytecode. It runs as soon as the model is loaded in Python, and nobody can say here what it does.',
    message: (args: { names: readonly string[] }) =>
      `Carries code of its own, by \`${args.names[0]}\`${args.names.length > 1 ? ` and ${args.names.length - 1} more` : ''}`,
    fix: () =>
      'Load it only where its author is trusted, and vouch for its bytes with `--trust sha256:…`; or move the code to a module that is installed',
  },
  PICKLE_BROKEN: {
    level: 'error',
    title: 'A pickle that is broken or written in a way that nobody writes',
    why: 'Python’s readers do not agree on such bytes, or stop in the middle after having run what came before. It is never called safe.',
    message: (args: { why: string }) => `The pickle ${args.why}`,
    fix: () => 'Save the model again; was the file copied whole?',
  },
  PICKLE_LIMIT: {
    level: 'error',
    unjudged: true,
    title: 'A pickle beyond a limit',
    why: 'Reading it would take more memory or time than any honest model of its size. It could not be judged to its end.',
    message: (args: { why: string }) => `The pickle ${args.why}`,
    fix: () => 'Look at the file by other means; then vouch for its bytes with `--trust sha256:…`',
  },
  TORCH_PROGRAM: {
    level: 'warning',
    unjudged: true,
    title: 'A TorchScript program',
    why: 'The file holds a program for PyTorch’s interpreter beside its weights. It cannot be judged here.',
    message: (_: Record<never, never>) => 'The file holds a TorchScript program, which cannot be judged',
    fix: () => 'Ship the weights alone, or an ONNX graph',
  },
  SKOPS_UNSAFE: {
    level: 'error',
    title: 'A skops file with a type that is not on the list',
    why: 'skops loads what its caller trusts, and MLflow trusts whatever MLmodel lists. Every type was compared with the list of classes that the libraries make their models of.',
    message: (args: NameArguments) => `\`${args.module}.${args.name}\` ${args.why}${times(args.count)}`,
    fix: () => 'Load it only where its author is trusted; then vouch for its bytes with `--trust sha256:…`',
  },
  SKOPS_BROKEN: {
    level: 'error',
    title: 'A broken skops file',
    why: 'skops refuses it, or builds something else than the file shows.',
    message: (args: { why: string }) => `The skops file ${args.why}`,
    fix: () => 'Save the model again with skops',
  },
  ZIP_BROKEN: ofError('ZIP_BROKEN', {
    title: 'A broken zip file',
    why: 'Readers of zip files do not agree on it: what one checks, another loads.',
    fix: zipFix,
  }),
  ZIP_UNSUPPORTED: ofError('ZIP_UNSUPPORTED', {
    title: 'A zip file with encrypted or oddly compressed members',
    why: 'No writer of models makes such files, and readers do not agree on them.',
    fix: zipFix,
  }),
  ZIP_LIMIT: ofError('ZIP_LIMIT', {
    title: 'A zip file that unpacks to too much',
    why: 'It would fill the memory of whatever loads it.',
    fix: zipFix,
  }),
} as const satisfies FindingTable
