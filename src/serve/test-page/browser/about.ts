/** What the model is: its facts, its signature, its metadata, all as text. */
import { find, make, visible } from './elements.ts'
import type { Field, ModelDescription } from './fields.ts'
import { isList, isMap, type Json, plainText, prettyJson } from './json.ts'

/** Shows a model. */
export function showAbout(model: ModelDescription): void {
  document.title = `${visible(model.name)} · mlmodel`
  find('title').textContent = visible(model.name)
  find('lead').textContent = visible(leadOf(model))
  find('facts').replaceChildren(
    ...[...model.facts, ['Version', model.version] as const].map(([name, value]) =>
      make('div', {}, make('dt', {}, name), make('dd', {}, value)),
    ),
  )
  find('notes').replaceChildren(...model.notes.map((note) => make('p', { class: 'notice' }, note)))
  const parts = [
    ...part('Inputs', model.inputs),
    ...part('Outputs', model.outputs),
    ...part('Params', model.params),
    ...(model.metadata === undefined ? [] : [make('h3', {}, 'Metadata'), metadataOf(model.metadata)]),
  ]
  // It scrolls; with the keyboard too.
  find('more-body').tabIndex = 0
  find('more').hidden = parts.length === 0
  find('more-body').replaceChildren(...parts)
}

function leadOf({ inputs, outputs, isTabular }: ModelDescription): string {
  if (inputs.length === 0) return 'A model without a signature.'
  const count = (many: readonly Field[], word: string): string => `${many.length} ${word}${many.length === 1 ? '' : 's'}`
  const names = outputs.map(({ name, type }) => name ?? (outputs.length === 1 ? type : 'a value'))
  const listed = names.length < 3 ? names.join(' and ') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
  const given = names.length === 0 ? '' : names.length > 6 ? ` and gives ${names.length} values` : ` and gives ${listed}`
  return `Takes ${count(inputs, isTabular ? 'column' : 'tensor')}${given}.`
}

function part(title: string, fields: readonly Field[]): readonly HTMLElement[] {
  if (fields.length === 0) return []
  const isParam = title === 'Params'
  const rows = fields.map((field) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, field.name ?? make('span', { class: 'quiet' }, `no name, ${field.key}`)),
      make('td', {}, field.type),
      make(
        'td',
        { class: 'quiet' },
        isParam ? `default ${plainText(field.otherwise)}` : field.required ? 'required' : 'optional',
      ),
    ),
  )
  return [
    make('h3', {}, title),
    make('div', { class: 'scroll' }, make('table', { class: 'signature' }, make('tbody', {}, ...rows))),
  ]
}

function metadataOf(metadata: Json): HTMLElement {
  if (!isMap(metadata)) return make('pre', { class: 'block' }, plainText(metadata))
  const rows = [...metadata].map(([name, value]) =>
    make('div', {}, make('dt', {}, name), make('dd', {}, isMap(value) || isList(value) ? prettyJson(value) : plainText(value))),
  )
  return make('dl', { class: 'metadata' }, ...rows)
}
