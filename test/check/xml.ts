/** A strict reader of the XML that JUnit reports are made of: well formed, and of the elements and attributes of junit-10.xsd. */
import assert from 'node:assert/strict'

/** Element → where it may stand, its attributes, those it must have. */
const elements: Readonly<
  Record<string, readonly [parents: readonly string[], allowed: readonly string[], required: readonly string[]]>
> = {
  testsuites: [[''], ['name', 'time', 'tests', 'failures', 'errors'], []],
  testsuite: [
    ['testsuites', 'testsuite', ''],
    ['name', 'tests', 'failures', 'errors', 'skipped', 'time', 'timestamp', 'hostname', 'id', 'package', 'file'],
    ['name', 'tests', 'failures', 'errors'],
  ],
  testcase: [['testsuite'], ['name', 'time', 'classname', 'group'], ['name']],
  failure: [['testcase'], ['type', 'message'], []],
  error: [['testcase'], ['type', 'message'], []],
  'system-out': [['testsuite', 'testcase'], [], []],
}

// XML 1.0, production 2.
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u
const tag = /<(\/?)([a-z-]+)((?:\s+[a-z]+="[^"<]*")*)\s*(\/?)>/gy

/** Fails where a parser or the schema would. */
export function checkXml(document: string): void {
  assert.doesNotMatch(document, forbidden)
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n'
  assert.ok(document.startsWith(head))
  const open: string[] = []
  for (let at = head.length; at < document.length; ) {
    const next = document.indexOf('<', at)
    const text = document.slice(at, next === -1 ? undefined : next)
    assert.doesNotMatch(text.replace(/&(amp|lt|gt|quot);/g, ''), /[&]|\]\]>/)
    const isMixed = ['failure', 'error', 'system-out'].includes(open.at(-1) ?? '')
    if (!isMixed) assert.match(text, /^\s*$/)
    if (next === -1) break
    tag.lastIndex = next
    const match = tag.exec(document)
    assert.ok(match !== null, `no tag at ${next}: ${document.slice(next, next + 80)}`)
    const [whole, closing, name, attributes, empty] = match
    if (closing === '/') assert.equal(open.pop(), name)
    else {
      const [parents, allowed, required] = elements[name!]!
      assert.ok(parents.includes(open.at(-1) ?? ''), `${name} in ${open.at(-1)}`)
      const given = [...attributes!.matchAll(/([a-z]+)="([^"]*)"/g)]
      for (const [, , value] of given) assert.doesNotMatch(value!.replace(/&(amp|lt|gt|quot);/g, ''), /&/)
      const names = given.map(([, each]) => each!)
      assert.equal(new Set(names).size, names.length)
      for (const each of names) assert.ok(allowed.includes(each), `${name} has no ${each}`)
      for (const each of required) assert.ok(names.includes(each), `${name} needs ${each}`)
      if (empty !== '/') open.push(name!)
    }
    at = next + whole.length
  }
  assert.deepEqual(open, [])
}
