/**
 * A validation as workflow commands of GitHub Actions, which become annotations of files.
 *
 * @see https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
 */
import { show } from '../show.ts'
import { type Outcome, pathOf, shownFix, shownMessage } from './validation.ts'

/** Linux has no longer path. A name with control characters is shown escaped: the log is read in terminals too. */
const longestPath = 4096

/** A line for each finding; nothing where there is none. */
export function renderGithub({ models }: Outcome): string {
  const lines = models.flatMap((model) =>
    model.findings.map((found) => {
      const { line, column } = found.where
      const properties = [
        ['file', pathOf(model, found.where)],
        ['line', line],
        ['col', line !== undefined && typeof column === 'number' ? column : undefined],
        ['title', found.code],
      ]
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${escapeProperty(show(value, longestPath))}`)
      const field = found.where.path === undefined ? '' : ` (${show(found.where.path)})`
      const text = `${shownMessage(found)}${field}\nfix: ${shownFix(found)}`
      return `::${found.level} ${properties.join(',')}::${escapeData(text)}\n`
    }),
  )
  return lines.join('')
}

// The runner undoes these and no others (actions/toolkit, core/src/command.ts).
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
