import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { errorTable } from '../src/errors/index.ts'
import { type FindingCode, findingTable, infoOf } from '../src/finding/index.ts'

const root = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/`))

describe('the table of findings', () => {
  test('docs/rules.md is what it says', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/rules.mjs'], { cwd: root, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  })

  test('every finding has its words: a title, a why and a fix without full stop', () => {
    for (const code of Object.keys(findingTable) as FindingCode[]) {
      const { title, why, fix } = infoOf(code)
      assert.match(title, /^\S.*[^.]$/, code)
      assert.match(why, /\.$/, code)
      assert.match(fix(), /^[A-Z].*[^.]$/s, code)
    }
  })

  test('every error that reading a model can end with is explained', () => {
    const reading =
      /^(PATH|FILE|YAML|MLMODEL|SIGNATURE|SCHEMA|PARAM)_|^ONNX_(BROKEN|INVALID|LIMIT|EXTERNAL|UNKNOWN)$|^ENVIRONMENT_FIELD$|^LOCATION_NOT_MODEL$/
    // Of what the caller gives: a value of a request, a signature to be set, a schema.
    const others = ['PARAM_VALUE', 'SCHEMA_UNREADABLE', 'SIGNATURE_ABSENT', 'SIGNATURE_ACTION', 'SIGNATURE_NOT_SET']
    const codes = Object.keys(errorTable).filter((code) => reading.test(code) && !others.includes(code))
    assert.deepEqual(
      codes.filter((code) => !Object.hasOwn(findingTable, code)),
      [],
    )
  })
})
