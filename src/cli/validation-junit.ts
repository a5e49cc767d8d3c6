/**
 * A validation as JUnit's XML: a suite for each model, a case for each finding that counts and for each file without one.
 *
 * @see https://github.com/jenkinsci/xunit-plugin, junit-10.xsd
 */

import { placeText } from '../errors/place.ts'
import { type Finding, infoOf } from '../finding/index.ts'
import { show } from '../show.ts'
import { countsAsError } from '../validate/report.ts'
import { type ModelOutcome, type Outcome, shownFix, shownMessage } from './validation.ts'

/** The document, ending with a line feed. */
export function renderJunit({ models, strict }: Outcome): string {
  const suites = models.map((model) => suite(model, strict))
  const sum = (key: 'tests' | 'failures' | 'errors') => suites.reduce((total, each) => total + each[key], 0)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="mlmodel validate" tests="${sum('tests')}" failures="${sum('failures')}" errors="${sum('errors')}">`,
    ...suites.map(({ text }) => text),
    '</testsuites>',
    '',
  ].join('\n')
}

interface Suite {
  readonly tests: number
  readonly failures: number
  readonly errors: number
  readonly text: string
}

function suite(model: ModelOutcome, strict: boolean): Suite {
  const failures = model.findings.filter((found) => countsAsError(found, strict))
  const errors = model.findings.filter(({ code, level }) => infoOf(code).unjudged === true && level !== 'notice')
  const others = model.findings.filter((found) => !failures.includes(found) && !errors.includes(found))
  const bad = new Set([...failures, ...errors].map(({ where }) => where.file))
  const clean = model.files.filter(({ path }) => !bad.has(path)).map(({ path }) => testcase(model, path, ''))
  const cases = [
    ...failures.map((found) => testcase(model, nameOf(found), inner('failure', found))),
    ...errors.map((found) => testcase(model, nameOf(found), inner('error', found))),
    ...clean,
  ]
  const said = others.map((found) => `${found.level} ${nameOf(found)}: ${shownMessage(found)}`).join('\n')
  const head = `name="${xml(show(model.location))}" tests="${cases.length}" failures="${failures.length}" errors="${errors.length}" skipped="0"`
  const text = [
    `  <testsuite ${head}>`,
    ...cases,
    ...(said === '' ? [] : [`    <system-out>${xml(said)}</system-out>`]),
    '  </testsuite>',
  ].join('\n')
  return { tests: cases.length, failures: failures.length, errors: errors.length, text }
}

function nameOf(found: Finding): string {
  const place = placeText(found.where)
  return place === '' ? found.code : `${found.code} ${place}`
}

function testcase(model: ModelOutcome, name: string, content: string): string {
  const head = `    <testcase classname="${xml(show(model.location))}" name="${xml(show(name, 400))}"`
  return content === '' ? `${head}/>` : `${head}>\n      ${content}\n    </testcase>`
}

function inner(kind: 'failure' | 'error', found: Finding): string {
  const message = shownMessage(found)
  return `<${kind} type="${found.code}" message="${xml(message)}">${xml(`${message}\nfix: ${shownFix(found)}`)}</${kind}>`
}

/** XML 1.0 has no way to write most control characters, not even as references; `show` has escaped those of names already. */
function xml(text: string): string {
  return text
    .replace(loneSurrogate, '\ufffd')
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
