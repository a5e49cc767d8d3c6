/** The fields of a form: one for each column or tensor, and for each param. */
import { drawImage } from './draw-image.ts'
import { find, make, tell, visible } from './elements.ts'
import { type Field, type FieldValue, fieldText, readField } from './fields.ts'
import { type ImagePlan, imagePlan, type Scale, scales, tensorText } from './image.ts'
import { isList, type Json, readJson } from './json.ts'

export interface FormField {
  readonly field: Field
  readonly element: HTMLElement
  read(): FieldValue
  /** Undefined empties it. */
  write(value: Json | undefined): void
  /** Shows what is wrong beside it; undefined nothing. */
  complain(message: string | undefined): void
  focus(): void
  /** Takes a file; undefined when it takes none of this kind. */
  readonly take: ((file: File) => Promise<void>) | undefined
}

/** What holds a field's text. */
interface Holder {
  text: string
  readonly input: HTMLElement
  readonly extra: readonly HTMLElement[]
  readonly take?: (file: File) => Promise<void>
}

type Changed = () => void

/** Longer values are held beside the page: a text area with a million digits is slow, and nobody reads it. */
const longestEdited = 20_000

/**
 * Makes a field.
 *
 * @param suggestions - values of the example, to choose from
 */
export function makeField(field: Field, id: string, suggestions: readonly Json[], changed: Changed): FormField {
  const hint = hintOf(field)
  const describedBy = `${id}-error${hint === undefined ? '' : ` ${id}-hint`}`
  const holder = holderOf(field, id, describedBy, suggestions, changed)
  const error = make('p', { class: 'error', id: `${id}-error`, hidden: true })
  const isWide = field.kind === 'tensor' || field.kind === 'json' || field.kind === 'binary'
  const element = make(
    'div',
    { class: isWide ? 'field wide' : 'field' },
    make(
      'div',
      { class: 'label-line' },
      make('label', { for: id, id: `${id}-label` }, field.name ?? unnamed(field)),
      make('span', { class: 'type', title: field.type }, field.type),
      field.required || field.otherwise !== undefined ? undefined : make('span', { class: 'optional' }, 'optional'),
    ),
    holder.input,
    ...holder.extra,
    hint === undefined ? undefined : make('p', { class: 'hint', id: `${id}-hint` }, hint),
    error,
  )
  return {
    field,
    element,
    take: holder.take,
    read: () => readField(field, holder.text),
    write: (value) => {
      holder.text = fieldText(field, value)
    },
    complain(message) {
      error.textContent = visible(message ?? '')
      error.hidden = message === undefined
      if (message === undefined) holder.input.removeAttribute('aria-invalid')
      else holder.input.setAttribute('aria-invalid', 'true')
    },
    focus: () => holder.input.focus(),
  }
}

function unnamed(field: Field): string {
  return field.kind === 'tensor' ? 'Input' : `Column ${field.key}`
}

function hintOf(field: Field): string | undefined {
  if (field.otherwise !== undefined && field.otherwise !== null) {
    const text = fieldText(field, field.otherwise)
    return text.length > 80 ? undefined : `Default: ${text}`
  }
  if (field.type === 'datetime') return 'As 2026-01-31T12:00:00'
  if (field.kind === 'binary') return 'Base64, or a file'
  if (field.kind === 'json') return 'JSON'
  return undefined
}

function holderOf(field: Field, id: string, describedBy: string, suggestions: readonly Json[], changed: Changed): Holder {
  const attributes = {
    id,
    'aria-describedby': describedBy,
    'aria-required': String(field.required && field.otherwise === undefined),
  }
  if (field.kind === 'tensor') return tensorHolder(field, attributes, changed)
  if (field.kind === 'binary') return fileHolder(id, attributes, changed)
  const values = field.kind === 'boolean' ? ['true', 'false'] : field.choices?.closed === true ? field.choices.values : undefined
  if (values !== undefined) return choiceHolder(values, field, attributes, changed)
  if (field.kind === 'json') return areaHolder(attributes, changed)
  const words = field.choices?.values ?? (field.kind === 'text' ? distinctTexts(suggestions) : [])
  if (words.some((word) => word.length > 60 || word.includes('\n'))) return areaHolder(attributes, changed)
  const input = make('input', {
    ...attributes,
    type: 'text',
    inputmode: field.kind === 'number' ? (/^(?:integer|long)$/.test(field.type) ? 'numeric' : 'decimal') : undefined,
    spellcheck: 'false',
    autocapitalize: 'off',
    list: words.length > 0 ? `${id}-list` : undefined,
  })
  input.addEventListener('input', changed)
  const options = make('datalist', { id: `${id}-list` }, ...words.map((word) => make('option', { value: word })))
  return valueHolder(input, words.length > 0 ? [options] : [])
}

function distinctTexts(values: readonly Json[]): readonly string[] {
  return [...new Set(values.filter((value) => typeof value === 'string'))].slice(0, 50)
}

function valueHolder(input: HTMLInputElement | HTMLTextAreaElement, extra: readonly HTMLElement[] = []): Holder {
  return {
    input,
    extra,
    get text() {
      return input.value
    },
    set text(text) {
      input.value = text
    },
  }
}

function areaHolder(attributes: Readonly<Record<string, string | boolean>>, changed: Changed): Holder {
  const area = make('textarea', { ...attributes, rows: 3, spellcheck: 'false', autocapitalize: 'off' })
  area.addEventListener('input', changed)
  return valueHolder(area)
}

function choiceHolder(
  values: readonly string[],
  field: Field,
  attributes: Readonly<Record<string, string | boolean>>,
  changed: Changed,
): Holder {
  const empty = field.otherwise === undefined ? (field.required ? 'Choose…' : 'left out') : 'default'
  const select = make('select', { ...attributes }, make('option', { value: '' }, empty))
  for (const value of values) select.append(make('option', { value }, value))
  select.addEventListener('change', changed)
  return {
    input: select,
    extra: [],
    get text() {
      return select.value
    },
    set text(text) {
      // An example may have what the encoder does not know; it is the server's to say.
      if (text !== '' && !values.includes(text) && ![...select.options].some(({ value }) => value === text))
        select.append(make('option', { value: text }, text))
      select.value = text
    },
  }
}

function fileHolder(id: string, attributes: Readonly<Record<string, string | boolean>>, changed: Changed): Holder {
  const area = make('textarea', { ...attributes, rows: 2, spellcheck: 'false', autocapitalize: 'off' })
  const long = longText(area)
  area.addEventListener('input', changed)
  const take = async (file: File): Promise<void> => {
    const bytes = new Uint8Array(await file.arrayBuffer())
    let binary = ''
    for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192))
    long.set(btoa(binary), `${file.name}: ${bytes.length.toLocaleString('en')} bytes`)
    tell(`${file.name} is in the field`)
    changed()
  }
  return {
    input: area,
    extra: [long.note, filePicker(id, 'Choose a file…', '', take)],
    get text() {
      return long.get()
    },
    set text(text) {
      long.set(text)
    },
    take,
  }
}

/** A text area that stands aside for a text that is too long for it. */
function longText(area: HTMLTextAreaElement): {
  readonly note: HTMLElement
  get(): string
  set(text: string, said?: string): void
} {
  let held: string | undefined
  const said = make('span', {})
  const clear = make('button', { type: 'button', class: 'plain' }, 'Empty')
  const note = make('p', { class: 'held', hidden: true }, said, ' ', clear)
  const set = (text: string, words?: string): void => {
    held = text.length > longestEdited ? text : undefined
    area.value = held === undefined ? text : ''
    area.hidden = held !== undefined
    note.hidden = held === undefined && words === undefined
    said.textContent = words ?? (held === undefined ? '' : countText(held))
  }
  area.addEventListener('input', () => {
    note.hidden = true
  })
  clear.addEventListener('click', () => {
    set('')
    area.dispatchEvent(new Event('input'))
    area.focus()
  })
  return { note, set, get: () => held ?? area.value }
}

function countText(text: string): string {
  return `${text.split(',').length.toLocaleString('en')} values, too many to show`
}

function filePicker(id: string, words: string, accept: string, take: (file: File) => Promise<void>): HTMLElement {
  const input = make('input', { type: 'file', class: 'file', id: `${id}-file`, accept, 'aria-describedby': `${id}-label` })
  input.addEventListener('change', () => {
    const file = input.files?.[0]
    input.value = ''
    if (file !== undefined) void take(file)
  })
  return make('p', { class: 'file-line' }, make('label', { class: 'button', for: `${id}-file` }, words), input)
}

function tensorHolder(field: Field, attributes: Readonly<Record<string, string | boolean>>, changed: Changed): Holder {
  const { shape = [] } = field.tensor ?? {}
  const area = make('textarea', { ...attributes, rows: shape.length > 1 ? 4 : 2, spellcheck: 'false', autocapitalize: 'off' })
  const long = longText(area)
  area.addEventListener('input', changed)
  const plan = field.tensor === undefined ? undefined : imagePlan(field.tensor)
  const image =
    plan === undefined
      ? undefined
      : imageTaker(String(attributes['id']), plan, (text, said) => {
          long.set(text, said)
          changed()
        })
  return {
    input: area,
    extra: image === undefined ? [long.note] : [long.note, image.element],
    ...(image !== undefined && { take: image.take }),
    get text() {
      return long.get()
    },
    set text(text) {
      long.set(text, text.length > longestEdited ? sizeText(text) : undefined)
      image?.forget()
    },
  }
}

function sizeText(text: string): string {
  const sizes: number[] = []
  try {
    for (let value: Json | undefined = readJson(text); isList(value); value = value[0]) sizes.push(value.length)
  } catch {
    return countText(text)
  }
  return `${sizes.join(' × ')} values of the example`
}

/** An image chosen or dropped, shown as the model sees it. */
function imageTaker(
  id: string,
  plan: ImagePlan,
  give: (text: string, said: string) => void,
): { readonly element: HTMLElement; readonly take: (file: File) => Promise<void>; forget(): void } {
  let canvas: HTMLCanvasElement | undefined
  let name = ''
  const view = make('div', { class: 'image-view', hidden: true })
  const error = make('p', { class: 'error', role: 'alert', hidden: true })
  const scale = make('select', { id: `${id}-scale` })
  for (const [value, words] of Object.entries(scales)) scale.append(make('option', { value }, words))
  const send = (): void => {
    if (canvas === undefined) return
    const { width, height } = canvas
    const pixels = canvas.getContext('2d')!.getImageData(0, 0, width, height).data
    give(tensorText(plan, pixels, width, height, scale.value as Scale), `${name}, ${width} × ${height} pixels`)
  }
  scale.addEventListener('change', send)
  const take = async (file: File): Promise<void> => {
    try {
      canvas = await drawImage(file, plan)
    } catch {
      error.hidden = false
      error.textContent = `${file.name} is no image that this browser can read.`
      return
    }
    error.hidden = true
    name = file.name
    canvas.setAttribute('role', 'img')
    canvas.setAttribute('aria-label', `${file.name} as the model gets it`)
    view.replaceChildren(canvas)
    view.hidden = false
    send()
    tell(`${file.name} is in the field`)
  }
  const wanted = `${plan.height ?? 'any'} × ${plan.width ?? 'any'} pixels, ${plan.channels === 1 ? 'grey' : plan.channels === 3 ? 'RGB' : 'RGBA'}`
  const element = make(
    'div',
    { class: 'image' },
    view,
    make(
      'div',
      { class: 'image-side' },
      filePicker(id, 'Choose an image…', 'image/*', take),
      make('p', { class: 'hint' }, `Or drop one on the page: ${wanted}.`),
      plan.isFloat ? make('p', { class: 'inline' }, make('label', { for: `${id}-scale` }, 'Pixels as '), scale) : undefined,
      error,
    ),
  )
  return {
    element,
    take,
    forget() {
      canvas = undefined
      view.hidden = true
      error.hidden = true
    },
  }
}

/** Shows problems beside their fields and gives those that no field takes. */
export function showProblems<
  Each extends { readonly field: string | undefined; readonly isParam: boolean; readonly message: string },
>(problems: readonly Each[], inputs: readonly FormField[], params: readonly FormField[]): void {
  for (const each of [...inputs, ...params]) {
    const isParam = params.includes(each)
    const own = problems.filter((problem) => problem.isParam === isParam && problem.field === each.field.key)
    each.complain(own.length === 0 ? undefined : own.map(({ message }) => message).join('; '))
  }
}

/** Puts fields where they belong. */
export function placeFields(id: string, fields: readonly FormField[]): void {
  find(id).replaceChildren(...fields.map(({ element }) => element))
}
