/** Every path that MLmodel names, and every entry of the folder: inside, there, and what it ought to be. */
import { MlmodelError } from '../errors/index.ts'
import { type Finding, finding, findingOfError } from '../finding/index.ts'
import { type Mlmodel, pathKeys } from '../mlmodel.ts'
import { isYamlList, isYamlMap, type YamlPath } from '../yaml.ts'
import type { Check, CheckContext, ListedFile } from './check.ts'
import { isRemovedFlavor } from './flavors.ts'
import { fieldPlace } from './place.ts'

export const paths: Check = {
  name: 'paths',
  async run(context) {
    const findings: Finding[] = []
    const stored = new Map<string, 'itself' | 'inside'>()
    const told = new Set<string>()
    const { model } = context
    for (const named of model === undefined ? [] : namedPaths(model))
      findings.push(...(await checkNamed(context, model!, named, stored)))
    for (const { where, code } of findings)
      if (code === 'PATH_OUTSIDE' || code === 'PATH_LOOP') told.add(namedBy(model!, where.path!))
    for (const file of context.files) if (!told.has(file.path)) findings.push(...(await checkEntry(context, file, stored)))
    if (context.filesCut) findings.push(finding('FOLDER_LISTING_CUT', { limit: context.limits.folderFiles }))
    return findings
  },
}

/** A path that MLmodel writes. */
interface Named {
  readonly field: YamlPath
  readonly path: string
  /** Whether MLflow fails without it. Other rules speak of what else is missing: examples, environment files. */
  readonly needed: 'error' | 'warning' | 'no'
  /** It holds the model: a placeholder in its place is an error. */
  readonly holdsModel: boolean
}

function namedPaths(model: Mlmodel): readonly Named[] {
  const named: Named[] = []
  const add = (field: YamlPath, value: unknown, needed: Named['needed'], holdsModel: boolean): void => {
    if (typeof value === 'string' && value !== '') named.push({ field, path: value, needed, holdsModel })
  }
  for (const [flavor, keys] of model.flavors) {
    // Nobody loads a flavor that MLflow has given up: that its file is missing changes nothing.
    const needed = isGivenUp(model, flavor) ? 'warning' : 'error'
    // A missing code folder is silently fine for MLflow.
    for (const key of pathKeys) add(['flavors', flavor, key], keys.get(key), key === 'code' ? 'no' : needed, key !== 'code')
    const env = keys.get('env')
    if (flavor === 'python_function' && isYamlMap(env))
      for (const [key, value] of env) add(['flavors', flavor, 'env', key], value, 'no', false)
    else if (flavor === 'python_function') add(['flavors', flavor, 'env'], env, 'no', false)
    const artifacts = keys.get('artifacts')
    if (isYamlMap(artifacts))
      for (const [name, item] of artifacts)
        if (isYamlMap(item)) add(['flavors', flavor, 'artifacts', name, 'path'], item.get('path'), needed, true)
    const extra = keys.get('extra_files')
    if (isYamlList(extra))
      for (const [index, item] of extra.entries())
        if (isYamlMap(item)) add(['flavors', flavor, 'extra_files', index, 'path'], item.get('path'), 'warning', false)
    // The author's own path; MLflow looks for its last part in the folder.
    const code = keys.get('model_code_path')
    if (typeof code === 'string') add(['flavors', flavor, 'model_code_path'], code.replace(/^.*\//s, ''), needed, false)
  }
  const example = 'saved_input_example_info'
  add([example, 'artifact_path'], model.inputExample?.artifactPath, 'no', false)
  add([example, 'serving_input_path'], model.inputExample?.servingInputPath, 'no', false)
  return named
}

function isGivenUp(model: Mlmodel, flavor: string): boolean {
  if (flavor !== 'python_function') return isRemovedFlavor(flavor)
  const loader = model.flavors.get(flavor)?.get('loader_module')
  return typeof loader === 'string' && loader.startsWith('mlflow.') && isRemovedFlavor(loader.slice('mlflow.'.length))
}

async function checkNamed(
  context: CheckContext,
  model: Mlmodel,
  { field, path, needed, holdsModel }: Named,
  stored: Map<string, 'itself' | 'inside'>,
): Promise<readonly Finding[]> {
  const place = fieldPlace(model, field)
  try {
    const real = await context.resolve(path)
    const inside = real.slice(context.directory.length + 1).replaceAll('\\', '/')
    if (!holdsModel) return []
    for (const { path: file } of context.files) {
      if (file === inside) stored.set(file, 'itself')
      else if (isBelow(file, inside) && !stored.has(file)) stored.set(file, 'inside')
    }
    return []
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    // Its text was refused when MLmodel was read.
    if (error.code === 'PATH_INVALID' || context.problems.some(({ where }) => where.path === field.join('.'))) return []
    if (error.code !== 'PATH_MISSING') return [findingOfError(error, place)]
    return needed === 'no' ? [] : [{ ...findingOfError(error, place), level: needed }]
  }
}

const isBelow = (path: string, folder: string) => folder === '' || path.startsWith(`${folder}/`)

/** What MLmodel writes in a field. */
function namedBy(model: Mlmodel, field: string): string {
  return namedPaths(model).find((named) => named.field.join('.') === field)?.path ?? ''
}

/** A file that stands where a model must be, or a pointer anywhere; a folder of weights may hold empty files and pages. */
async function placeholder(
  context: CheckContext,
  { path, bytes }: ListedFile,
  role: 'itself' | 'inside' | undefined,
): Promise<readonly Finding[]> {
  const where = { file: path }
  if (bytes === 0) return role === 'itself' ? [finding('FILE_EMPTY', {}, where)] : []
  if (role !== 'itself' && bytes > largestPointer) return []
  const content = await context.sniff(path).catch(() => undefined)
  // Blanks only.
  if (role === 'itself' && content?.format === 'empty') return [finding('FILE_EMPTY', {}, where)]
  if (content?.format === 'git-lfs-pointer')
    return [finding('FILE_LFS_POINTER', {}, where, role === undefined ? 'warning' : 'error')]
  const isPage = role === 'itself' && (content?.format === 'html' || content?.format === 'xml')
  return isPage ? [finding('FILE_WEB_PAGE', { content: content.title }, where)] : []
}

/** The specification allows 1024 bytes. */
const largestPointer = 1024

/** An entry of the folder that MLmodel may not name at all. */
async function checkEntry(
  context: CheckContext,
  file: ListedFile,
  stored: ReadonlyMap<string, 'itself' | 'inside'>,
): Promise<readonly Finding[]> {
  const where = { file: file.path }
  switch (file.kind) {
    case 'special':
      return [finding('PATH_NOT_FILE', { path: file.path, what: 'a device, a pipe or a socket' }, where)]
    case 'unreadable':
      return [finding('FILE_UNREADABLE', { path: file.path, reason: 'permission denied, or a name that is not UTF-8' }, where)]
    case 'link':
      return context.resolve(file.path).then(
        () => [],
        (error: unknown) => {
          if (!(error instanceof MlmodelError)) throw error
          if (error.code === 'PATH_MISSING') return [finding('PATH_LINK_BROKEN', { path: file.path }, where)]
          return [findingOfError(error, where)]
        },
      )
    case 'file':
      return [
        ...(file.links > 1 ? [finding('PATH_HARD_LINK', { links: file.links }, where)] : []),
        ...(await placeholder(context, file, stored.get(file.path))),
      ]
  }
}
