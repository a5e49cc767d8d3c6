/** Elements made one by one; every text is a text node, so that nothing of a model is ever read as HTML. */
import { showLines } from '../../../show.ts'

export type Child = Node | string | undefined
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

/** Makes an element; `true` is an attribute without a value, `false` and undefined none. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  fill(element, attributes, children)
  return element
}

/** Makes an element of a drawing. */
export function draw<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name)
  fill(element, attributes, children)
  return element
}

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value))
  }
  const there = children.filter((child) => child !== undefined)
  element.append(...there.map((child) => (typeof child === 'string' ? visible(child) : child)))
}

const longestText = 200_000

/** A text without characters that one does not see, or that turn the order of others. */
export function visible(text: string): string {
  return showLines(text, longestText)
}

/** An element of the page by its id. */
export function find<Type extends HTMLElement = HTMLElement>(id: string): Type {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`no #${id}`)
  return found as Type
}

/** Tells those who listen to the page. */
export function tell(text: string): void {
  find('told').textContent = text
}
