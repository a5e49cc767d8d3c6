/**
 * Runs chromium.mjs where there is a browser and playwright-core; else says what is missing and ends with 77, which CI counts
 * as skipped.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/** Programs in the PATH, by their usual names. */
function findBrowser() {
  const named = process.env.MLMODEL_CHROMIUM
  if (named !== undefined) return named
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const places = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => places.map((place) => join(place, name))).find(isProgram)
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function hasPlaywright() {
  try {
    createRequire(import.meta.url).resolve(process.env.MLMODEL_PLAYWRIGHT ?? 'playwright-core')
    return true
  } catch {
    return false
  }
}

const browser = findBrowser()
const missing =
  browser === undefined
    ? 'no Chromium (apt-get install chromium, or MLMODEL_CHROMIUM)'
    : hasPlaywright()
      ? undefined
      : 'no playwright-core (npm install --no-save playwright-core, or MLMODEL_PLAYWRIGHT)'
if (missing === undefined) {
  const { status } = spawnSync(process.execPath, ['--test', join(here, 'chromium.mjs')], {
    stdio: 'inherit',
    // A minute is usual.
    timeout: 300_000,
    env: { ...process.env, MLMODEL_CHROMIUM: browser },
  })
  process.exitCode = status ?? 1
} else {
  console.log(missing)
  process.exitCode = 77
}
