/** A description as text for people: sections of short lines, at most as wide as the terminal. */
import type {
  ArtifactDescription,
  Description,
  EnvironmentDescription,
  FileDescription,
  ModelDescription,
  Plain,
} from '../describe.ts'
import { show } from '../show.ts'
import { renderOnnx } from './render-onnx.ts'
import { renderSchema } from './render-signature.ts'
import { table, wrap } from './table.ts'
import { byteWords, count, indented, more, type RenderOptions } from './words.ts'

/** Renders what `inspect` shows. */
export function renderDescription(description: Description, options: RenderOptions): string {
  const sections = description.kind === 'model' ? modelSections(description, options) : artifactSections(description, options)
  return `${sections
    .filter((section) => section.length > 0)
    .map((section) => section.join('\n'))
    .join('\n\n')}\n`
}

/** Formats whose file names say it all. */
const unremarkable: readonly string[] = ['mlmodel', 'yaml', 'json', 'text', 'python', 'csv', 'image', 'unread']

/** Files listed without `--all`. */
const mostFiles = 12

function modelSections(model: ModelDescription, options: RenderOptions): string[][] {
  const { ink, width } = options
  const { signature } = model
  const from = signature?.is_from_type_hint === true ? ', from type hints: only Python checks it' : ''
  return [
    heading(model, options),
    renderWarnings(model.warnings, options),
    renderFlavors(model, options),
    [ink.bold('Predict returns'), ...indented(show(model.predict, 1000), width)],
    signature === null
      ? [ink.bold('Signature'), ...indented('none: the model says nothing of its inputs; data is passed on as it is', width)]
      : renderSchema(`Inputs${from}`, signature.inputs, options),
    signature === null ? [] : renderSchema('Outputs', signature.outputs, options),
    signature === null ? [] : renderSchema('Params', signature.params, options),
    renderEnvironment(model.environment, options),
    renderExample(model, options),
    renderValues('Metadata', model.metadata, options),
    renderValues('Other', others(model), options),
    model.onnx === null ? [] : renderOnnx(model.onnx, options),
    renderFiles(model.files, model.total_bytes, options),
  ]
}

function heading(model: ModelDescription, { ink, width }: RenderOptions): string[] {
  const { origin } = model
  const rows: [string, string][] = []
  const logged = [
    origin.utc_time_created === null ? '' : `${show(origin.utc_time_created).replace(/\.\d+$/, '')} UTC`,
    origin.mlflow_version === null ? '' : `with MLflow ${show(origin.mlflow_version)}`,
  ].filter((part) => part !== '')
  if (logged.length > 0) rows.push(['logged', logged.join(' ')])
  if (origin.run_id !== null) rows.push(['run', show(origin.run_id)])
  // Since MLflow 3 the uuid of a logged model is its id.
  if (origin.model_id !== null) rows.push(['model id', show(origin.model_id)])
  if (origin.model_uuid !== null && origin.model_uuid !== origin.model_id) rows.push(['model uuid', show(origin.model_uuid)])
  if (origin.artifact_path !== null) rows.push(['artifact', show(origin.artifact_path)])
  return [ink.bold(show(model.location)), ...table(rows, { width, paint: [ink.dim] })]
}

function renderFlavors({ flavors }: ModelDescription, { ink, width }: RenderOptions): string[] {
  if (flavors.length === 0) return [ink.bold('Flavors'), ...indented('none', width)]
  const rows = flavors.map(({ name, how, why }) => [
    show(name),
    how === null ? `not run here: ${show(why ?? '', 400)}` : `runs here: ${show(how, 400)}`,
  ])
  const paint = (text: string) =>
    text.replace(/^(not run here|runs here):/, (words) => (words.startsWith('not') ? ink.yellow(words) : ink.green(words)))
  return [ink.bold('Flavors'), ...table(rows, { width, paint: [undefined, paint] })]
}

function renderWarnings(warnings: readonly string[], { ink, width }: RenderOptions): string[] {
  return warnings.flatMap((warning) => {
    const [first = '', ...rest] = wrap(`warning: ${show(warning, 1000)}`, width)
    return [first.replace('warning:', ink.yellow('warning:')), ...rest]
  })
}

function renderEnvironment(environment: EnvironmentDescription, { ink, width, all }: RenderOptions): string[] {
  const { python, requirements, conda_packages: conda, files, missing_files: missing, disagreements, errors } = environment
  const parts: string[] = []
  if (python !== null) parts.push(`Python ${show(python.text)}`)
  if (requirements.length > 0) parts.push(count(requirements.length, 'requirement'))
  if (conda.length > 0) parts.push(`${count(conda.length, 'package')} of conda`)
  const source = files.length === 0 ? '' : ` (${files.map((file) => show(file)).join(', ')})`
  const lines =
    parts.length === 0 && missing.length === 0 && errors.length === 0
      ? ['not stated']
      : [`${parts.length === 0 ? 'nothing readable' : parts.join(', ')}${source}`]
  if (missing.length > 0) lines.push(`not in the folder: ${missing.map((file) => show(file)).join(', ')}`)
  if (all) for (const requirement of [...requirements, ...conda]) lines.push(`  ${show(requirement)}`)
  const output = lines.flatMap((line) => indented(line, width))
  for (const { name, places } of disagreements) {
    const versions = places.map((place) => `${show(place.text)} in ${show(place.file)}:${place.line}`)
    output.push(...indented(`${ink.yellow('differs:')} ${show(name)} is ${versions.join(', ')}`, width + ink.yellow('').length))
  }
  for (const error of errors) output.push(...indented(`${ink.yellow('unread:')} ${show(error, 1000)}`, width))
  return [ink.bold('Environment'), ...output]
}

function renderExample({ input_example: example }: ModelDescription, { ink, width }: RenderOptions): string[] {
  if (example === null) return []
  const kind = example.pandas_orient === null ? example.type : `${example.type}, ${example.pandas_orient}`
  const notes = [kind, example.has_params ? 'with params' : '', example.found ? '' : 'not in the folder'].filter(
    (note) => note !== '',
  )
  return [ink.bold('Input example'), ...indented(`${show(example.path)} (${show(notes.join(', '))})`, width)]
}

/** What MLflow records besides and few models have. */
function others(model: ModelDescription): { [key: string]: Plain } {
  const { prompts, resources, auth_policy, env_vars, other_fields } = model
  const known = Object.entries({ prompts, resources, auth_policy, env_vars }).filter(([, value]) => value !== null)
  return { ...Object.fromEntries(known), ...other_fields }
}

function renderValues(title: string, value: Plain, { ink, width, all }: RenderOptions): string[] {
  if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) return []
  if (typeof value !== 'object' || Array.isArray(value)) return [ink.bold(title), ...indented(brief(value, 400), width)]
  const entries = Object.entries(value as { [key: string]: Plain })
  const shown = all ? entries : entries.slice(0, 10)
  const rows = shown.map(([key, item]) => [show(key, 40), brief(item, all ? 2000 : 240)])
  return [ink.bold(title), ...table(rows, { width }), ...more(entries.length - shown.length, 'key')]
}

/** One value on one line; a text bare, anything else as JSON. */
function brief(value: Plain, longest: number): string {
  return show(typeof value === 'string' ? value : JSON.stringify(value), longest)
}

function renderFiles(files: readonly FileDescription[], total: number, { ink, width, all }: RenderOptions): string[] {
  if (files.length === 0) return []
  const shown = all ? files : files.slice(0, mostFiles)
  const rows = shown.map(({ path, bytes, format, content }) => [
    show(path),
    bytes === null ? '' : byteWords(bytes),
    unremarkable.includes(format) && !all ? '' : show(content, 120),
  ])
  const lines = table(rows, { width, align: ['left', 'right'], paint: [undefined, undefined, ink.dim] })
  const digests = files.some((file) => file.sha256 !== undefined)
    ? [
        ink.bold('SHA-256'),
        // A digest leaves room for twelve columns of name: it goes below the name.
        ...shown.flatMap(({ path, sha256 }) => (sha256 === undefined ? [] : [...indented(show(path), width), `    ${sha256}`])),
      ]
    : []
  const rest = files.slice(shown.length).reduce((sum, file) => sum + (file.bytes ?? 0), 0)
  const cut =
    files.length > shown.length
      ? [`  and ${count(files.length - shown.length, 'more file')}, ${byteWords(rest)} (--all lists them)`]
      : []
  return [
    `${ink.bold('Files')} ${ink.dim(`${files.length}, ${byteWords(total)}`)}`,
    ...lines,
    ...cut,
    ...(digests.length > 0 ? ['', ...digests] : []),
  ]
}

function artifactSections(artifact: ArtifactDescription, options: RenderOptions): string[][] {
  const { ink, width } = options
  const kind = artifact.is_folder ? 'folder' : 'file'
  return [
    [
      ink.bold(show(artifact.location)),
      ...indented(
        `No MLflow model: ${show(artifact.content, 400)}${artifact.is_folder ? '' : `, ${byteWords(artifact.total_bytes)}`}`,
        width,
      ),
      ...artifact.notes.flatMap((note) => indented(show(note, 400), width)),
    ],
    artifact.model_nearby === null ? [] : wrap(`${ink.cyan('hint:')} A model is at \`${show(artifact.model_nearby)}\``, width),
    artifact.advice === null
      ? []
      : [
          ink.bold(artifact.advice.startsWith('It is data') ? 'To use it' : 'To make it a model'),
          ...indented(show(artifact.advice, 400), width),
          ...(artifact.log_line === null ? [] : [`  ${ink.green(show(artifact.log_line, 400))}`]),
        ],
    artifact.onnx === null ? [] : renderOnnx(artifact.onnx, options),
    kind === 'folder' || artifact.files.length > 0 ? renderFiles(artifact.files, artifact.total_bytes, options) : [],
  ]
}
