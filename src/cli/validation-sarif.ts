/**
 * A validation as SARIF 2.1.0, which GitHub's code scanning and other tools read.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
import { type Finding, type FindingCode, findingMessage, findingTable, infoOf, type Level } from '../finding/index.ts'
import { fingerprint } from '../validate/report.ts'
import { version } from '../version.ts'
import { type ModelOutcome, type Outcome, pathOf, shownFix } from './validation.ts'

const levels: Readonly<Record<Level, string>> = { error: 'error', warning: 'warning', notice: 'note' }

/** One log with one run; the rules are those that found something. */
export function sarifLog({ models, exitCode }: Outcome): object {
  const used = new Set(models.flatMap(({ findings }) => findings.map(({ code }) => code)))
  const rules = (Object.keys(findingTable) as FindingCode[]).filter((code) => used.has(code))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'mlmodel', semanticVersion: version, rules: rules.map(rule) } },
        // Something that could not be judged is a result of its own; the run itself went well.
        invocations: [{ executionSuccessful: true, exitCode }],
        columnKind: 'utf16CodeUnits',
        results: models.flatMap((model) => model.findings.map((found) => result(model, found, rules.indexOf(found.code)))),
      },
    ],
  }
}

function rule(code: FindingCode): object {
  const { title, why, fix, level } = infoOf(code)
  return {
    id: code,
    shortDescription: { text: title },
    fullDescription: { text: why },
    help: { text: `${why}\n\nFix: ${fix()}` },
    defaultConfiguration: { level: levels[level] },
  }
}

function result(model: ModelOutcome, found: Finding, ruleIndex: number): object {
  const { line, column, byte, path } = found.where
  const region =
    line === undefined
      ? byte === undefined
        ? undefined
        : { byteOffset: byte }
      : { startLine: line, ...(typeof column === 'number' && column > 0 && { startColumn: column }) }
  return {
    ruleId: found.code,
    ruleIndex,
    level: levels[found.level],
    message: { text: `${findingMessage(found)}. Fix: ${shownFix(found)}` },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: uriOf(pathOf(model, found.where)) }, ...(region && { region }) },
        ...(path !== undefined && { logicalLocations: [{ fullyQualifiedName: path }] }),
      },
    ],
    partialFingerprints: { 'mlmodel/v1': fingerprint(found) },
  }
}

/** A relative reference; a colon in its first part would be a scheme. */
function uriOf(path: string): string {
  // A lone surrogate has no UTF-8.
  const encoded = path.replace(loneSurrogate, '\ufffd').split('/').map(encodeURIComponent).join('/')
  return path.startsWith('/') ? `file://${encoded}` : encoded
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
