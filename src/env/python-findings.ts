/** What is to be said of the versions of Python that several files name. */
import { type Finding, finding } from '../finding/index.ts'
import { condaPackages, condaPythonText } from './conda-file.ts'
import type { EnvironmentReading } from './reading.ts'
import type { ManagerView, PlacedText } from './resolved.ts'
import { placeOf, whereOf } from './version-findings.ts'

// What pyenv and uv know: 3.11.7, 3.11, 3, 3.14.0rc1, 3.13t.
const version = /^[23](?:\.\d{1,3}){0,2}(?:(?:a|b|rc)\d{1,3}|t)?$/

/** Versions that are none, are not said, or differ from the one that counts. */
export function pythonFindings(reading: EnvironmentReading, installed: ManagerView): readonly Finding[] {
  const { files, model } = reading
  const found: Finding[] = []
  const named: PlacedText[] = []
  const take = (place: PlacedText, level: 'error' | 'warning'): void => {
    if (version.test(place.text)) named.push(place)
    else found.push(finding('ENV_PYTHON_INVALID', { text: place.text }, whereOf(place), level))
  }
  if (files.pythonEnv.state === 'read' && files.pythonEnv.content.python !== null) {
    const { python, problems } = files.pythonEnv.content
    if (problems.some(({ where }) => where.path === 'python'))
      found.push(finding('ENV_PYTHON_NOT_TEXT', { text: python.text }, whereOf(python)))
    else take(python, 'error')
  }
  if (files.conda.state === 'read') {
    for (const item of condaPackages(files.conda.content)) {
      const text = condaPythonText(item.text)
      if (text === undefined) continue
      if (text === '' || /^[<>!~]/.test(text)) found.push(finding('ENV_PYTHON_UNPINNED', { text: item.text }, whereOf(item)))
      else take({ ...item, text }, 'error')
    }
  }
  const path = ['flavors', 'python_function', 'python_version']
  const noted = model.sourceOf(path)
  // MLflow compares it and installs nothing by it.
  if (noted !== undefined && noted !== '') take({ text: noted, file: 'MLmodel', line: model.lineOf(path) ?? 1 }, 'warning')
  const [first, ...rest] = named
  for (const place of rest) {
    if (first === undefined || isSame(place.text, first.text)) continue
    const args = { text: place.text, other: first.text, place: placeOf(first) }
    found.push(finding('ENV_PYTHON_DISAGREES', args, whereOf(place), isSameMinor(place.text, first.text) ? 'notice' : 'warning'))
  }
  if (installed.refusal === null && installed.file !== null && installed.python === null)
    found.push(finding('ENV_PYTHON_UNKNOWN', undefined, { file: installed.file }))
  return found
}

/** Equal, or one is the beginning of the other: conda's `python=3.8` covers 3.8.12. */
function isSame(left: string, right: string): boolean {
  const [short, long] = left.length < right.length ? [left, right] : [right, left]
  return long === short || long.startsWith(`${short}.`)
}

/** All that MLflow compares when it loads a model. */
function isSameMinor(left: string, right: string): boolean {
  const minor = (text: string): string => text.split('.').slice(0, 2).join('.')
  return minor(left) === minor(right)
}
