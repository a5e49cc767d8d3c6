/** Tabs: one is chosen; arrow keys go from one to the next. */
import { find } from './elements.ts'

export interface Tabs {
  readonly chosen: string
  choose(name: string): void
}

/**
 * Makes the tabs `tab-NAME` of what they control.
 *
 * @param onChoose - told of every choice, the first too
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/tabs/
 */
export function openTabs(names: readonly string[], onChoose: (name: string) => void): Tabs {
  const tabs = names.map((name) => find(`tab-${name}`))
  let chosen = names[0]!
  const choose = (name: string): void => {
    chosen = name
    for (const [index, tab] of tabs.entries()) {
      const isChosen = names[index] === name
      tab.setAttribute('aria-selected', String(isChosen))
      tab.tabIndex = isChosen ? 0 : -1
      const panel = find(tab.getAttribute('aria-controls')!)
      // Several tabs may fill one panel.
      if (panel.id === `panel-${names[index]}`) panel.hidden = !isChosen
      else if (isChosen) panel.setAttribute('aria-labelledby', tab.id)
    }
    onChoose(name)
  }
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => choose(names[index]!))
    tab.addEventListener('keydown', (event) => {
      const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key]
      if (to === undefined) return
      event.preventDefault()
      const next = (to + tabs.length) % tabs.length
      choose(names[next]!)
      tabs[next]!.focus()
    })
  }
  choose(chosen)
  return {
    get chosen() {
      return chosen
    },
    choose,
  }
}
