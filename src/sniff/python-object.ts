/** Pickles: which library's object they hold, by the names they ask for. */
import type { Content } from './content.ts'
import { type GlobalName, listPickle, type PickleListing } from './pickle.ts'
import type { Sample } from './sample.ts'

/** Says it wherever a pickle is shown. */
export const pickleWarning = 'Loading a pickle in Python runs what it asks for; nothing of it was run here'

const flavorOfPackage: Readonly<Record<string, string>> = {
  sklearn: 'sklearn',
  xgboost: 'xgboost',
  lightgbm: 'lightgbm',
  catboost: 'catboost',
  torch: 'pytorch',
  torchvision: 'pytorch',
  keras: 'tensorflow',
  tensorflow: 'tensorflow',
  statsmodels: 'statsmodels',
  pmdarima: 'pmdarima',
  prophet: 'prophet',
  transformers: 'transformers',
  spacy: 'spacy',
}

/** Names that help to build other objects and say nothing about what the pickle is. */
const scaffolding =
  /^(copyreg|copy_reg|builtins|__builtin__|collections|functools|_codecs|cloudpickle|types|typing|abc|joblib|numpy|pandas|scipy)\b/

/** Recognises a pickle, raw or as joblib writes it. */
export function pickleContent(sample: Sample): Content | undefined {
  const listing = listPickle(sample.head, sample.size)
  if (listing === undefined) return undefined
  // torch.save before 1.6: the first object is a magic number.
  if (listing.firstInteger === 0x1950a86a20f9469cfc6cn) {
    return { format: 'torch', title: 'PyTorch file in the old form (before 1.6)', notes: [pickleWarning], flavor: 'pytorch' }
  }
  const subject = listing.globals.find((each) => !scaffolding.test(each.module))
  // A dot in the name, or a letter that only looks like one, may lead out of the library.
  const plain = subject !== undefined && /^[A-Za-z_]\w*$/.test(subject.name) && /^[A-Za-z_][\w.]*$/.test(subject.module)
  const flavor = plain ? flavorOfPackage[subject.module.split('.', 1)[0]!] : undefined
  const joblib = listing.joblib ? 'joblib pickle' : 'pickle'
  const notes = [pickleWarning, ...namesWords(listing.globals)]
  if (listing.globals.some(({ module }) => module.startsWith('cloudpickle')))
    notes.push('It was made by cloudpickle and carries code of its author')
  if (listing.hidden) notes.push('It hides some of the names it asks for')
  if (listing.trailing > 0) notes.push(`${listing.trailing} more bytes follow the pickle`)
  if (listing.brokenAt !== undefined) notes.push(`It is broken or cut off at byte ${listing.brokenAt}`)
  return {
    format: listing.joblib ? 'joblib' : 'pickle',
    title: `${joblib} (protocol ${listing.protocol})${subjectWords(subject, flavor !== undefined, listing)}`,
    notes,
    ...(flavor !== undefined && { flavor }),
  }
}

function subjectWords(subject: GlobalName | undefined, known: boolean, { globals, hidden, brokenAt }: PickleListing): string {
  if (subject !== undefined) return ` ${known ? 'of' : 'that names'} ${subject.module}.${subject.name}`
  if (globals.some(({ module, name }) => (module.startsWith('numpy') && name === '_reconstruct') || name === 'NumpyArrayWrapper'))
    return ' of NumPy arrays'
  if (globals.some(({ module }) => module.startsWith('pandas'))) return ' of a pandas object'
  const first = globals[0]
  if (first !== undefined) return ` that names ${first.module}.${first.name}`
  return hidden || brokenAt !== undefined ? '' : ' of plain values'
}

function namesWords(globals: readonly GlobalName[]): string[] {
  if (globals.length === 0) return []
  const packages = [...new Set(globals.map(({ module }) => module.split('.', 1)[0]!))].sort()
  const shown = packages.slice(0, 8).join(', ')
  return [
    `It asks Python for ${globals.length} ${globals.length === 1 ? 'name' : 'names'} from ${shown}${packages.length > 8 ? ', …' : ''}`,
  ]
}
