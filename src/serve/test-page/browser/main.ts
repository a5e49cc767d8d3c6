/** The Test page: asks for the models, makes the form of one, sends what is in it, shows what came back. */
import { showAbout } from './about.ts'
import { ask, hasKey } from './ask.ts'
import { find, make, tell, visible } from './elements.ts'
import { type ModelDescription, readDescription } from './fields.ts'
import { type FormField, makeField, placeFields, showProblems } from './form.ts'
import { isList, isMap, type Json, plainText, prettyJson, readJson } from './json.ts'
import { type Problem, readRefusal } from './refusal.ts'
import { bodyOf, type PageRequest, paramsOf, rowsOf, type Values } from './request.ts'
import { openResult } from './result.ts'
import { mediaTypeOfFile, readRows, requestOf } from './rows.ts'
import { type SnippetName, snippet } from './snippets.ts'
import { openTabs } from './tabs.ts'

/** A model that is on the page. */
interface Shown {
  readonly model: ModelDescription
  /** Relative to the page. */
  readonly path: string
  readonly inputs: readonly FormField[]
  readonly params: readonly FormField[]
  readonly exampleRows: readonly Values[]
}

type Made = { readonly request: PageRequest } | { readonly problems: readonly Problem[]; readonly isRows: boolean }

/** A longer body stands in a program as the name of a file. */
const longestInProgram = 6_000
const noProblems: readonly Problem[] = []

let shown: Shown | undefined
let droppedFile: File | undefined
const latencies: number[] = []

const rows = find<HTMLTextAreaElement>('rows')
const result = openResult()
const inputTabs = openTabs(['form', 'rows'], () => refresh())
const languageTabs = openTabs(['curl', 'python', 'typescript'], () => showProgram())

void start()

async function start(): Promise<void> {
  listenToThePage()
  const reply = await request('ui/models')
  if (reply === undefined) return
  const listed = (readJson(reply) as ReadonlyMap<string, Json>).get('models')
  const names = isList(listed) ? listed.filter(isMap).map((each) => plainText(each.get('name'))) : []
  const chooser = find<HTMLSelectElement>('model')
  chooser.replaceChildren(...names.map((name) => make('option', { value: name }, name)))
  find('chooser').hidden = names.length < 2
  chooser.addEventListener('change', () => {
    location.hash = encodeURIComponent(chooser.value)
  })
  const open = (): void => {
    const wanted = decodeHash()
    const name = names.find((each) => each === wanted) ?? names[0]
    if (name === undefined) {
      find('title').textContent = 'No model is served'
      return
    }
    chooser.value = name
    void openModel(name, names.length === 1 ? 'invocations' : `invocations/${encodeURIComponent(name)}`)
  }
  window.addEventListener('hashchange', open)
  open()
}

function decodeHash(): string | undefined {
  try {
    return decodeURIComponent(location.hash.slice(1))
  } catch {
    return undefined
  }
}

/** Asks for the page's own data; says so when there is none. */
async function request(path: string): Promise<string | undefined> {
  try {
    const reply = await ask(path)
    const text = await reply.text()
    if (reply.ok) return text
    const { title, problems } = readRefusal(reply.status, text, [], [])
    fail(title, problems.map(({ message }) => message).join('; '))
  } catch {
    fail('The server cannot be reached', 'Is it still running?')
  }
  return undefined
}

function fail(title: string, why: string): void {
  find('title').textContent = title
  find('lead').textContent = visible(why)
  find('facts').replaceChildren()
  find('notes').replaceChildren()
  find('more').hidden = true
  find('work').hidden = true
}

async function openModel(name: string, path: string): Promise<void> {
  const text = await request(`ui/models/${encodeURIComponent(name)}`)
  if (text === undefined) return
  const model = readDescription(text)
  const exampleRows = model.example === undefined ? [] : rowsOf(model, model.example.body)
  const inputs = model.inputs.map((field, index) =>
    makeField(
      field,
      `input-${index}`,
      exampleRows.map((row) => row.get(field.key) ?? null),
      refresh,
    ),
  )
  const params = model.params.map((field, index) => makeField(field, `param-${index}`, [], refresh))
  shown = { model, path, inputs, params, exampleRows }
  showAbout(model)
  placeFields('fields', inputs)
  placeFields('param-fields', params)
  find('params').hidden = params.length === 0
  find('work').hidden = false
  const hasForm = inputs.length > 0
  find('tab-form').hidden = !hasForm
  rows.value = model.example === undefined ? '' : shortened(prettyJson(model.example.body))
  removeFile()
  latencies.length = 0
  result.clear()
  result.say('Nothing asked yet.')
  showExampleChooser()
  fillFromExample(0)
  inputTabs.choose(hasForm ? 'form' : 'rows')
  refreshNow()
}

/** A text area is no place for a megabyte. */
function shortened(text: string): string {
  return text.length > 200_000 ? '' : text
}

function showExampleChooser(): void {
  const place = find('example')
  const { exampleRows = [], model } = shown ?? {}
  place.hidden = exampleRows.length === 0
  const words = model?.example?.isStored === true ? 'Filled with the input example' : 'Filled with made-up values'
  if (exampleRows.length < 2) {
    place.replaceChildren(words)
    return
  }
  const select = make('select', { id: 'example-row' })
  for (const index of exampleRows.slice(0, 500).keys())
    select.append(make('option', { value: index }, `row ${index + 1} of ${exampleRows.length}`))
  select.addEventListener('change', () => fillFromExample(Number(select.value)))
  place.replaceChildren(make('label', { for: 'example-row' }, `${words}: `), select)
}

function fillFromExample(index: number): void {
  if (shown === undefined) return
  const values = shown.exampleRows[index]
  for (const each of shown.inputs) {
    each.write(values?.get(each.field.key))
    each.complain(undefined)
  }
  const given = paramsOf(shown.model.example?.body ?? null)
  for (const each of shown.params) {
    const value = given.get(each.field.key)
    // Its default is what an empty field says.
    const isDefault = value === undefined || plainText(value) === plainText(each.field.otherwise)
    each.write(isDefault ? undefined : value)
    each.complain(undefined)
  }
  refresh()
}

/** What would be sent now. */
function currentRequest(): Made {
  if (shown === undefined) return { problems: noProblems, isRows: false }
  const isRows = inputTabs.chosen === 'rows'
  const params = readAll(shown.params, true)
  if (isRows) {
    if (droppedFile !== undefined) {
      const contentType = mediaTypeOfFile(droppedFile.name)!
      return { request: { contentType, body: droppedFile, value: undefined, file: droppedFile.name } }
    }
    const read = readRows(rows.value, shown.model, params.values)
    if ('wrong' in read) return { problems: [{ message: read.wrong, row: undefined, field: undefined, isParam: false }], isRows }
    if (params.problems.length > 0) return { problems: params.problems, isRows }
    return { request: read.request }
  }
  const inputs = readAll(shown.inputs, false)
  const problems = [...inputs.problems, ...params.problems]
  if (problems.length > 0) return { problems, isRows }
  return { request: requestOf(bodyOf(shown.model, inputs.values, params.values)) }
}

function readAll(
  fields: readonly FormField[],
  isParam: boolean,
): { readonly values: Values; readonly problems: readonly Problem[] } {
  const values = new Map<string, Json>()
  const problems: Problem[] = []
  for (const each of fields) {
    const read = each.read()
    if ('value' in read) values.set(each.field.key, read.value)
    else if ('wrong' in read) problems.push({ message: read.wrong, row: undefined, field: each.field.key, isParam })
  }
  return { values, problems }
}

let waiting = 0

/** After a change: what the rows are read as, and the program. Later, when there is much to read. */
function refresh(): void {
  clearTimeout(waiting)
  waiting = setTimeout(refreshNow, 120)
}

function refreshNow(): void {
  if (shown === undefined) return
  const said = find('rows-said')
  const isBlank = rows.value.trim() === '' && droppedFile === undefined
  if (droppedFile !== undefined) said.textContent = `${droppedFile.name}: ${droppedFile.size.toLocaleString('en')} bytes`
  else {
    const read = readRows(rows.value, shown.model, readAll(shown.params, true).values)
    said.textContent = 'said' in read ? read.said : isBlank ? '' : read.wrong
  }
  const isRows = inputTabs.chosen === 'rows'
  const carriesParams = !isRows || (droppedFile === undefined && /^\s*[[{]/.test(rows.value))
  find('params-note').hidden = carriesParams
  showProgram()
}

function showProgram(): void {
  if (shown === undefined) return
  const made = currentRequest()
  const [code, note] = [find('code'), find('code-note')]
  find('copy-code').hidden = !('request' in made)
  if (!('request' in made)) {
    code.textContent = ''
    note.textContent = 'Fill in the input first.'
    return
  }
  const { body, file } = made.request
  const isLong = file === undefined && String(body).length > longestInProgram
  const bodyFile = file ?? (isLong ? (made.request.contentType === 'text/csv' ? 'rows.csv' : 'request.json') : undefined)
  const url = new URL(shown.path, location.href)
  code.textContent = snippet(languageTabs.chosen as SnippetName, made.request, { url: url.href, hasKey: hasKey(), bodyFile })
  note.replaceChildren()
  if (isLong) {
    const save = make('button', { type: 'button', class: 'plain' }, `Save ${bodyFile}`)
    save.addEventListener('click', () => saveText(String(body), bodyFile!))
    note.append('The body is long: ', save, ', then run this beside it.')
  }
  if (hasKey()) note.append(' The key is read from MLMODEL_API_KEY.')
}

function saveText(text: string, name: string): void {
  const link = make('a', { href: URL.createObjectURL(new Blob([text])), download: name })
  link.click()
  URL.revokeObjectURL(link.href)
}

async function predict(): Promise<void> {
  const now = shown
  if (now === undefined) return
  const made = currentRequest()
  if (!('request' in made)) {
    complain({ title: 'There is something to put right', problems: made.problems })
    return
  }
  const button = find<HTMLButtonElement>('predict')
  button.disabled = true
  result.say('Asking…')
  const began = performance.now()
  try {
    const { contentType, body } = made.request
    const reply = await ask(now.path, { method: 'POST', headers: { 'content-type': contentType }, body })
    const text = await reply.text()
    const took = performance.now() - began
    if (shown !== now) return
    if (!reply.ok) {
      result.say(`HTTP ${reply.status} in ${milliseconds(took)}`)
      complain(readRefusal(reply.status, text, now.model.inputs, now.model.params))
      return
    }
    showProblems(noProblems, now.inputs, now.params)
    complainOfRows(noProblems)
    latencies.push(took)
    const count = result.show(text, now.model.labels)
    const version = reply.headers.get('x-model-version')
    const said = [
      count === undefined ? 'Answered' : `${count.toLocaleString('en')} row${count === 1 ? '' : 's'}`,
      ` in ${milliseconds(took)}`,
      latencies.length > 2 ? ` (median of ${latencies.length}: ${milliseconds(median(latencies))})` : '',
      version === null ? '' : ` · version ${version}`,
    ]
    result.say(said.join(''))
  } catch {
    result.clear()
    result.say('The server cannot be reached. Is it still running?')
  } finally {
    button.disabled = false
  }
}

function milliseconds(time: number): string {
  return time < 1000 ? `${time.toFixed(time < 10 ? 1 : 0)} ms` : `${(time / 1000).toFixed(2)} s`
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Shows a refusal: in a list, beside its fields, and the first of them is where one goes on. */
function complain(refusal: { readonly title: string; readonly problems: readonly Problem[] }): void {
  if (shown === undefined) return
  const isRows = inputTabs.chosen === 'rows'
  const { inputs, params } = shown
  const fieldOf = (problem: Problem): FormField | undefined => {
    // The fields of the form are not what was sent.
    if (isRows && !problem.isParam) return undefined
    return (problem.isParam ? params : inputs).find(({ field }) => field.key === problem.field)
  }
  showProblems(isRows ? refusal.problems.filter(({ isParam }) => isParam) : refusal.problems, inputs, params)
  complainOfRows(isRows ? refusal.problems.filter((problem) => fieldOf(problem) === undefined) : noProblems)
  result.refuse(refusal, (problem) => {
    const field = fieldOf(problem)
    return field === undefined ? undefined : () => field.focus()
  })
  const first = refusal.problems.map(fieldOf).find((field) => field !== undefined)
  if (first !== undefined) first.focus()
  else if (isRows) rows.focus()
  else find('errors').scrollIntoView({ block: 'nearest' })
}

function complainOfRows(problems: readonly Problem[]): void {
  const error = find('rows-error')
  error.hidden = problems.length === 0
  const sentences = problems
    .slice(0, 5)
    .map(({ message, row, field }) =>
      [row === undefined ? '' : `row ${row}: `, field === undefined ? '' : `${field}: `, message].join(''),
    )
    .join('; ')
  error.textContent = visible(sentences)
  if (problems.length === 0) rows.removeAttribute('aria-invalid')
  else rows.setAttribute('aria-invalid', 'true')
}

/** A file that was chosen or dropped: rows, or an image for a field that takes one. */
async function takeFile(file: File): Promise<void> {
  if (shown === undefined) return
  if (file.type.startsWith('image/')) {
    const field = shown.inputs.find(({ take }) => take !== undefined)
    if (field?.take === undefined) {
      result.refuse(
        {
          title: 'This model takes no image',
          problems: [{ message: file.name, row: undefined, field: undefined, isParam: false }],
        },
        () => undefined,
      )
      return
    }
    inputTabs.choose('form')
    await field.take(file)
    return
  }
  inputTabs.choose('rows')
  if (mediaTypeOfFile(file.name) !== undefined) {
    droppedFile = file
    rows.hidden = true
    find('rows-clear').hidden = false
  } else {
    removeFile()
    rows.value = await file.text()
  }
  complainOfRows(noProblems)
  tell(`${file.name} was read`)
  refresh()
}

function removeFile(): void {
  droppedFile = undefined
  rows.hidden = false
  find('rows-clear').hidden = true
}

function listenToThePage(): void {
  // The address of the page says which model is shown, and stays.
  find('skip').addEventListener('click', (event) => {
    event.preventDefault()
    find('input').focus()
  })
  const form = find<HTMLFormElement>('form')
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void predict()
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || find<HTMLDialogElement>('key-dialog').open) return
    event.preventDefault()
    void predict()
  })
  find('reset').addEventListener('click', () => {
    if (shown === undefined) return
    rows.value = shown.model.example === undefined ? '' : shortened(prettyJson(shown.model.example.body))
    removeFile()
    complainOfRows(noProblems)
    result.clear()
    result.say('Nothing asked yet.')
    showExampleChooser()
    fillFromExample(0)
  })
  rows.addEventListener('input', refresh)
  find('rows-clear').addEventListener('click', () => {
    removeFile()
    rows.focus()
    refresh()
  })
  const picker = find<HTMLInputElement>('rows-file')
  picker.addEventListener('change', () => {
    const file = picker.files?.[0]
    picker.value = ''
    if (file !== undefined) void takeFile(file)
  })
  listenToDrops()
  // What was typed just now is in it.
  copyButton('copy-code', 'code', showProgram)
  copyButton('copy-json', 'json')
}

function listenToDrops(): void {
  const veil = find('drop')
  let depth = 0
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') === true
  document.addEventListener('dragenter', (event) => {
    if (!hasFiles(event)) return
    depth++
    veil.hidden = false
  })
  document.addEventListener('dragleave', () => {
    depth = Math.max(0, depth - 1)
    if (depth === 0) veil.hidden = true
  })
  document.addEventListener('dragover', (event) => {
    if (hasFiles(event)) event.preventDefault()
  })
  document.addEventListener('drop', (event) => {
    depth = 0
    veil.hidden = true
    const file = event.dataTransfer?.files[0]
    if (file === undefined) return
    event.preventDefault()
    void takeFile(file)
  })
}

function copyButton(id: string, source: string, before: () => void = () => {}): void {
  const button = find<HTMLButtonElement>(id)
  // It scrolls; with the keyboard too.
  find(source).tabIndex = 0
  button.addEventListener('click', async () => {
    before()
    const text = find(source).textContent ?? ''
    const copied = await copyText(text, find(source))
    button.textContent = copied ? 'Copied' : 'Select it, and copy'
    tell(button.textContent)
    setTimeout(() => {
      button.textContent = 'Copy'
    }, 2000)
  })
}

/** A page over plain HTTP from another machine has no clipboard: then the text is selected. */
async function copyText(text: string, element: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    getSelection()?.selectAllChildren(element)
    return false
  }
}
