/** Findings on files that hold no code: ONNX graphs in odd forms, arrays, boosters. */
import type { FindingTable } from './define.ts'
import { ofError } from './of-error.ts'

const again = 'Save the model again; was the file copied whole?'
const brokenBooster =
  'The library that wrote it refuses such a file, or follows a number in it out of its memory: boosters are read by C++ that checks little.'
const unequal = 'Log the model again with the signature of the data that it was trained on'

/** The names of a list, the first few. */
const some = (names: readonly string[]) =>
  `${names
    .slice(0, 5)
    .map((name) => `\`${name}\``)
    .join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`

export const formatFindings = {
  ONNX_CONTEXT: {
    level: 'error',
    title: 'An ONNX graph that runs a compiled program',
    why: 'EPContext nodes hand a binary of a vendor, or a path to one, to a driver on the machine. Nobody can look into it.',
    message: (args: { nodes: number }) =>
      `The graph has ${args.nodes} EPContext ${args.nodes === 1 ? 'node' : 'nodes'}, which hand compiled programs to a driver`,
    fix: () => 'Export the model without compiled contexts',
  },
  ONNX_READY_FORMAT: {
    level: 'warning',
    unjudged: true,
    title: 'A model in ONNX Runtime’s own format',
    why: 'ONNX Runtime loads .ort files without most of its checks. They cannot be judged here.',
    message: (_: Record<never, never>) => 'The model is in the format of ONNX Runtime (.ort), which cannot be judged',
    fix: () => 'Ship the .onnx file that it was made from',
  },

  BOOSTER_BROKEN: ofError('BOOSTER_BROKEN', { title: 'A broken booster', why: brokenBooster, fix: again }),
  BOOSTER_LIMIT: ofError('BOOSTER_LIMIT', {
    title: 'A booster beyond a limit',
    why: 'It is larger than can be read whole, or makes much of a few bytes.',
    fix: 'Save the model again',
  }),
  BOOSTER_UNSUPPORTED: ofError('BOOSTER_UNSUPPORTED', {
    level: 'warning',
    unjudged: true,
    title: 'A booster with something that is not read here',
    why: 'What is not read cannot be judged.',
    fix: 'Save the model with a newer version of its library',
  }),
  BOOSTER_UNREAD: {
    level: 'notice',
    title: 'A booster with parts that are not scored here',
    why: 'The trees were read and checked; the model needs more than them to predict, for example text processing. It is scored by its own library only.',
    message: (args: { library: string; parts: readonly string[] }) => `The ${args.library} model has ${args.parts.join(' and ')}`,
    fix: () => 'Nothing has to be done where its own library scores it',
  },
  BOOSTER_SIGNATURE_COUNT: {
    level: 'error',
    title: 'A signature with another number of columns than the booster',
    why: 'MLflow hands on the columns of the signature, and the library refuses data of another width: every request fails.',
    message: (args: { library: string; wanted: number; found: string }) =>
      `The ${args.library} model was trained on ${args.wanted} features, and the signature has ${args.found}`,
    fix: () => unequal,
  },
  BOOSTER_SIGNATURE_NAMES: {
    level: 'error',
    title: 'A signature with other names or another order than the booster',
    why: 'XGBoost, CatBoost and scikit-learn compare the names of the columns with those of the training and fail; LightGBM takes the columns as they stand, so that each may be read as another feature.',
    message: (args: { library: string; missing: readonly string[]; unknown: readonly string[] }) =>
      args.missing.length === 0 && args.unknown.length === 0
        ? `The ${args.library} model was trained on the same columns in another order`
        : [
            args.missing.length === 0
              ? ''
              : `The ${args.library} model was trained on ${some(args.missing)}, which the signature does not have`,
            args.unknown.length === 0
              ? ''
              : `The signature has ${some(args.unknown)}, which the ${args.library} model does not know`,
          ]
            .filter((part) => part !== '')
            .join('. '),
    fix: () => unequal,
  },

  ESTIMATOR_BROKEN: {
    level: 'error',
    title: 'An estimator whose parts do not fit',
    why: 'scikit-learn and libsvm follow these numbers without checking: a child that is not there, or an array that is too short, is a read out of bounds.',
    message: (args: { estimator: string; why: string }) => `The ${args.estimator} ${args.why}`,
    fix: () => 'Train and save the model again; do not load this file',
  },
  ESTIMATOR_UNFITTED: {
    level: 'error',
    title: 'An estimator that was never fitted',
    why: 'It cannot predict: every request fails with NotFittedError.',
    message: (args: { estimator: string }) => `The ${args.estimator} was saved before it was fitted`,
    fix: () => 'Call fit() before the model is saved',
  },

  UBJSON_BROKEN: ofError('UBJSON_BROKEN', { title: 'Broken UBJSON', why: brokenBooster, fix: again }),
  UBJSON_LIMIT: ofError('UBJSON_LIMIT', {
    title: 'UBJSON nested too deep',
    why: 'Deep nesting overflows the stack of recursive readers.',
    fix: again,
  }),
  JSON_SYNTAX: ofError('JSON_SYNTAX', { title: 'Not valid JSON', why: 'Nobody can read the file.', fix: again }),
  JSON_ENCODING: ofError('JSON_ENCODING', {
    title: 'JSON that is not UTF-8',
    why: 'Nobody can read the file.',
    fix: 'Save the file as UTF-8',
  }),
  JSON_DEPTH: ofError('JSON_DEPTH', {
    title: 'JSON nested too deep',
    why: 'Deep nesting overflows the stack of recursive readers.',
    fix: again,
  }),
  JSON_DIGITS: ofError('JSON_DIGITS', {
    title: 'A number of more digits than Python reads',
    why: 'Reading it takes quadratic time; Python refuses it.',
    fix: again,
  }),

  NPY_BROKEN: ofError('NPY_BROKEN', {
    title: 'A broken NumPy array',
    why: 'NumPy refuses it, or reads something else than was written. A download that was cut off leaves such files.',
    fix: 'Write the file again with numpy.save',
  }),
  NPY_DTYPE: ofError('NPY_DTYPE', {
    level: 'notice',
    title: 'A NumPy array of a type that is not read here',
    why: 'Its bytes were counted and hold no code; its values were not looked at.',
    fix: 'Nothing has to be done',
  }),
  NPY_LIMIT: ofError('NPY_LIMIT', {
    title: 'A NumPy array beyond a limit',
    why: 'Reading it would take more memory than any honest array.',
    fix: 'Write the array in parts',
  }),
} as const satisfies FindingTable
