/**
 * What the installed `mlmodel validate` writes for other tools, held against what those tools read: SARIF against the schema of OASIS,
 * JSON against the published schema, JUnit by an XML parser that is not ours, annotations as GitHub's runner takes them apart.
 *
 *   node .ci/check-reports.mjs PATH/TO/mlmodel PYTHON
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'

const [command, python] = process.argv.slice(2)
const cases = [
  [['examples/penguins/model'], 0],
  [['test/fixtures/check/refused'], 1],
  [['test/fixtures/check/refused', 'examples/penguins/model'], 1],
  [['test/fixtures/check/refused/model.pkl'], 1],
  [['test/fixtures/sarif/README.md'], 0],
]

/** Draft 4, whose keywords in use mean the same in draft 7; one of its patterns is not for the `u` flag. */
const { $schema: _, id: __, ...oasis } = JSON.parse(readFileSync('test/fixtures/sarif/sarif-2.1.0-rtm.5.json', 'utf8'))
const isSarif = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false }).compile(oasis)
const isDocument = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync('schemas/validation.schema.json', 'utf8')))

const judges = {
  json(text, models) {
    const document = JSON.parse(text)
    assert.ok(isDocument(document), JSON.stringify(isDocument.errors))
    assert.equal(document.models.length, models)
    return document.models.flatMap(({ findings }) => findings).length
  },
  sarif(text) {
    const log = JSON.parse(text)
    assert.ok(isSarif(log), JSON.stringify(isSarif.errors))
    const [{ results, tool }] = log.runs
    for (const { ruleId, ruleIndex } of results) assert.equal(tool.driver.rules[ruleIndex].id, ruleId)
    return results.length
  },
  junit(text) {
    const count = `import sys, xml.etree.ElementTree as t
root = t.fromstring(sys.stdin.buffer.read())
suites = [root] if root.tag == 'testsuite' else list(root)
for s in suites:
    assert int(s.get('tests')) == len(s.findall('testcase')), s.attrib
    assert int(s.get('failures')) == len(s.findall('testcase/failure')), s.attrib
print(sum(len(s.findall('testcase')) for s in suites))`
    const { status, stdout, stderr } = spawnSync(python, ['-c', count], { input: text, encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.ok(Number(stdout) > 0)
  },
  github(text) {
    const lines = text.split('\n').filter((line) => line !== '')
    for (const line of lines) assert.match(line, /^::(error|warning|notice) file=[^,:]+(,\w+=[^,:]*)*::\S/)
    return lines.length
  },
}

for (const [paths, code] of cases) {
  const counts = Object.entries(judges).map(([format, judge]) => {
    const args = ['validate', ...paths, '--config', 'none', '--no-run', '--format', format]
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    assert.equal(status, code, `${args.join(' ')}: ${stderr}`)
    return [format, judge(stdout, paths.length)]
  })
  const { json, sarif, github } = Object.fromEntries(counts)
  assert.deepEqual([sarif, github], [json, json], `${paths}: as many findings in each format`)
  console.log(`${paths.join(' ')}: ${json} findings in every format`)
}
