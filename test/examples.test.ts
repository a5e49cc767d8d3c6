/** A folder of examples/ with a model holds a table and what MLflow's scoring server answers to it; programs.test.ts runs the others. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openModel } from '../src/model.ts'

const examples = fileURLToPath(new URL(`${import.meta.url.slice(0, import.meta.url.lastIndexOf('/build/'))}/examples/`))

describe('examples', () => {
  for (const name of readdirSync(examples).filter((folder) => existsSync(join(examples, folder, `${folder}.csv`)))) {
    for (const mode of ['strict', 'compat'] as const) {
      test(`${name} is scored as MLflow does, ${mode}`, async () => {
        const folder = join(examples, name)
        const table = readFileSync(join(folder, `${name}.csv`))
        const warnings: string[] = []
        const model = await openModel(join(folder, 'model'), { mode, onWarning: (warning) => warnings.push(warning) })
        const reply = await model.invoke(table, 'text/csv')
        await model.close()
        assert.equal(reply.status, 200, Buffer.from(reply.body).toString())
        assert.deepEqual(
          JSON.parse(Buffer.from(reply.body).toString()),
          JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')),
        )
        assert.deepEqual(warnings, [])
      })
    }
  }
})
