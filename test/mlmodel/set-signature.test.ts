/** A signature put into MLmodel files of every shape: nothing else changes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MlmodelError } from '../../src/errors/index.ts'
import { setSignature } from '../../src/mlmodel/set-signature.ts'
import { parseMlmodel } from '../../src/mlmodel.ts'
import { type Signature, signatureToJson } from '../../src/signature.ts'

const column = { kind: 'column', name: "it's", type: { kind: 'scalar', dataType: 'double' }, required: true } as const
const signature: Signature = { inputs: { kind: 'columns', columns: [column] } }
const inputs = `'[{"type": "double", "name": "it''s", "required": true}]'`

function set(text: string | Uint8Array, wanted: Signature = signature): string {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const edited = setSignature(bytes, wanted, 'MLmodel')
  const read = parseMlmodel(edited, 'MLmodel', '/nowhere').signature!
  const texts = signatureToJson(wanted)
  for (const part of ['inputs', 'outputs', 'params'] as const)
    if (texts[part] !== null) assert.equal(signatureToJson(read)[part], texts[part])
  return Buffer.from(edited).toString()
}

const outputs = `'[{"type": "long", "required": true}]'`

describe('setSignature', () => {
  for (const [name, before, after] of [
    [
      'replaces a part, keeps comments and order',
      `# top\nsignature: # mine\n  outputs: ${outputs} # keep\n  # above\n  inputs: '[{"type": "long", "name":\n    "b"}]'   # behind\n  params: null\nflavors: {} # end\n`,
      `# top\nsignature: # mine\n  outputs: ${outputs} # keep\n  # above\n  inputs: ${inputs}   # behind\n  params: null\nflavors: {} # end\n`,
    ],
    [
      'fills a null',
      'flavors: {}\nsignature: null\nrun_id: x # y\n',
      `flavors: {}\nsignature:\n  inputs: ${inputs}\n  outputs: null\n  params: null\nrun_id: x # y\n`,
    ],
    [
      'fills nothing at all',
      'flavors: {}\nsignature:\nrun_id: x\n',
      `flavors: {}\nsignature:\n  inputs: ${inputs}\n  outputs: null\n  params: null\nrun_id: x\n`,
    ],
    [
      'replaces braces',
      `flavors: {}\nsignature: {outputs: ${outputs}} # c\nrun_id: x\n`,
      `flavors: {}\nsignature:\n  inputs: ${inputs}\n  outputs: ${outputs}\n  params: null # c\nrun_id: x\n`,
    ],
    [
      'edits within braces where the part stands there',
      `signature: {inputs: '[{"type": "long"}]', outputs: null}\nflavors: {}\n`,
      `signature: {inputs: ${inputs}, outputs: null}\nflavors: {}\n`,
    ],
    [
      'adds the missing part to a block',
      `signature:\n  outputs: ${outputs} # keep\n  # end\nflavors: {}\n`,
      `signature:\n  outputs: ${outputs} # keep\n  inputs: ${inputs}\n  # end\nflavors: {}\n`,
    ],
    ['appends', 'flavors: {}', `flavors: {}\nsignature:\n  inputs: ${inputs}\n  outputs: null\n  params: null\n`],
    [
      'replaces a block text',
      'signature:\n  inputs: |-\n    [{"type": "long"}]\n  params: null\nflavors: {}\n',
      `signature:\n  inputs: ${inputs}\n  params: null\nflavors: {}\n`,
    ],
    [
      'is no type hint any more',
      'flavors: {}\nis_signature_from_type_hint: true # hint\nsignature:\n  inputs: null\n',
      `flavors: {}\nis_signature_from_type_hint: false # hint\nsignature:\n  inputs: ${inputs}\n`,
    ],
  ] as const) {
    test(name, () => {
      assert.equal(set(before), after)
      // The line endings of Windows stay, and are used for what is new.
      const windows = (text: string) => text.replaceAll('\n', '\r\n')
      if (before.includes('\n')) assert.equal(set(windows(before)), windows(after))
    })
  }

  test('a byte order mark and UTF-16 stay', () => {
    const text = 'flavors: {}\nsignature: null\n'
    assert.ok(set(Buffer.from(`\ufeff${text}`)).startsWith('\ufeff'))
    const wide = Buffer.from(`\ufeff${text}`, 'utf16le')
    const edited = Buffer.from(setSignature(wide, signature, 'x'))
    assert.ok(edited.toString('utf16le').startsWith('\ufeffflavors: {}\nsignature:\n  inputs: '))
    const swapped = setSignature(Buffer.from(wide).swap16(), signature, 'x')
    assert.deepEqual(Buffer.from(swapped).swap16(), edited)
  })

  test('long texts are broken as PyYAML breaks them', () => {
    const columns = Array.from({ length: 4 }, (_, index) => ({ ...column, name: `column number ${index}` }))
    const lines = set('flavors: {}\n', { inputs: { kind: 'columns', columns } }).split('\n')
    assert.ok(lines.length > 6 && lines.every((line) => line.length < 100))
  })

  for (const [name, text] of [
    ['an alias', 'flavors: {a: &s {inputs: \'[{"type": "long"}]\'}}\nsignature: *s\n'],
    ['a part that others share', 'signature:\n  inputs: &i \'[{"type": "long"}]\'\n  outputs: *i\nflavors: {}\n'],
    ['a file in braces', '{flavors: {}}\n'],
  ] as const) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => set(text),
        (error) => error instanceof MlmodelError && error.code === 'SIGNATURE_NOT_SET',
      )
    })
  }
})
