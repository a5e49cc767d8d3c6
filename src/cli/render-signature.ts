/** Inputs, outputs and params of a signature as tables. */
import type { Plain } from '../describe.ts'
import { show } from '../show.ts'
import { table } from './table.ts'
import { count, indented, more, type RenderOptions } from './words.ts'

type PlainObject = { readonly [key: string]: Plain }

/** Specs listed without `--all`: beyond twice as many, the first and the last are shown. */
const mostSpecs = 12

/** A schema or the params as a titled table; nothing where the signature has none. */
export function renderSchema(title: string, specs: Plain, options: RenderOptions): string[] {
  const { ink, width, all } = options
  if (specs === null) return title.startsWith('Params') ? [] : [ink.bold(title), ...indented('not stated', width)]
  const list = (specs as readonly PlainObject[]) ?? []
  if (list.length === 0) return []
  const shown = all || list.length <= mostSpecs + 3 ? list : [...list.slice(0, mostSpecs - 2), undefined, ...list.slice(-2)]
  const isTensors = list[0]?.['type'] === 'tensor'
  const isParams = title.startsWith('Params')
  const rows = shown.map((spec) => {
    if (spec === undefined) return ['…', '', '']
    const name = spec['name'] === undefined ? (list.length === 1 ? '(no name)' : '-') : nameWords(spec['name'])
    if (isParams) return [name, paramType(spec), `default ${show(JSON.stringify(spec['default'] ?? null), 120)}`]
    return [name, typeWords(spec), isTensors || spec['required'] === true ? '' : 'optional']
  })
  const noun = isParams ? undefined : isTensors ? 'tensor' : 'column'
  const counted = noun === undefined || list.length === 1 ? '' : ink.dim(` ${count(list.length, noun)}`)
  const left = shown === list ? 0 : list.length - mostSpecs
  return [
    `${ink.bold(title)}${counted}`,
    ...table(rows, { width, paint: [undefined, ink.cyan, ink.dim] }),
    ...more(left, noun ?? 'param'),
  ]
}

/** A name that a reader could mistake (empty, with blanks at its ends, a number) in quotes. */
function nameWords(name: Plain): string {
  if (typeof name !== 'string') return show(name, 60)
  return name === '' || name.trim() !== name || /^[\d"'`]/.test(name) ? show(JSON.stringify(name), 60) : show(name, 60)
}

function paramType(spec: PlainObject): string {
  return `${typeWords(spec)}${spec['shape'] === null || spec['shape'] === undefined ? '' : ' list'}`
}

/** A type in MLflow's words, nested types inside: `array of long`, `map of double`, `object {a: string, b?: double}`. */
export function typeWords(spec: PlainObject): string {
  switch (spec['type']) {
    case 'tensor': {
      const tensor = spec['tensor-spec'] as PlainObject
      const shape = (tensor['shape'] as readonly Plain[]).map((dimension) => (dimension === -1 ? 'any' : String(dimension)))
      return show(`${String(tensor['dtype'])} [${shape.join(', ')}]`, 120)
    }
    case 'array':
      return show(`array of ${typeWords(spec['items'] as PlainObject)}`, 400)
    case 'map':
      return show(`map of ${typeWords(spec['values'] as PlainObject)}`, 400)
    case 'object': {
      const properties = Object.entries(spec['properties'] as { [key: string]: PlainObject })
      const words = properties.map(
        ([name, property]) => `${show(name, 60)}${property['required'] === true ? '' : '?'}: ${typeWords(property)}`,
      )
      return show(`object {${words.join(', ')}}`, 400)
    }
    case 'sparkml_vector':
      return 'Spark ML vector'
    default:
      return show(spec['type'], 60)
  }
}
