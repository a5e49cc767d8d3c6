/** What a zip file holds: many model formats are zips with known members. */
import type { Content } from './content.ts'
import { startsWith } from './magic.ts'
import { pickleWarning } from './python-object.ts'
import type { Sample } from './sample.ts'
import { listZip, storedStart, type ZipName } from './zip-names.ts'

/** Recognises a zip and the format that is written as one; undefined for anything else. */
export async function zipContent(sample: Sample): Promise<Content | undefined> {
  if (!startsWith(sample.head, 'PK\x03\x04') && !startsWith(sample.head, 'PK\x05\x06')) return undefined
  const members = await listZip(sample)
  if (members === undefined) return { format: 'zip', title: 'zip file without its directory: it is cut off or broken' }
  const has = (pattern: RegExp) => members.some((member) => pattern.test(member.name))
  const schema = members.find((member) => member.name === 'schema.json')
  if (schema !== undefined) return skopsContent(sample, schema)
  if (members.length > 0 && members.every((member) => member.name.endsWith('.npy'))) {
    const names = members.slice(0, 6).map((member) => member.name.slice(0, -4))
    return {
      format: 'npz',
      title: `NumPy archive of ${count(members.length, 'array')}: ${names.join(', ')}${members.length > 6 ? ', …' : ''}`,
    }
  }
  if (has(/^([^/]+\/)?(archive_format|serialized_exported_program\.json|models\/model\.json)$/)) {
    return { format: 'torch', title: 'PyTorch exported program (.pt2)', flavor: 'pytorch' }
  }
  if (has(/^[^/]+\/code\/.*\.py$/) && has(/^[^/]+\/(data|constants)\.pkl$/)) {
    return { format: 'torch', title: 'TorchScript program', notes: [pickleWarning], flavor: 'pytorch' }
  }
  if (has(/^[^/]+\/data\.pkl$/)) return { format: 'torch', title: 'PyTorch file', notes: [pickleWarning], flavor: 'pytorch' }
  // Its layers are named in config.json, and may be any function or code: also without weights, or with weights in NPZ.
  if (has(/^config\.json$/) && has(/^(metadata\.json|model\.weights\.\w+)$/))
    return { format: 'keras', title: 'Keras 3 model', flavor: 'tensorflow' }
  const inner = members.find((member) => /(^|\/)MLmodel$/.test(member.name))
  if (inner !== undefined)
    return {
      format: 'zip',
      title: `zip file with an MLflow model inside (${inner.name})`,
      notes: ['Unpack it, then inspect the folder'],
    }
  if (has(/^model\.ini$/)) return { format: 'zip', title: 'H2O MOJO model', flavor: 'h2o' }
  if (has(/^bundle\.json$/)) return { format: 'zip', title: 'MLeap bundle' }
  if (has(/^xl\/workbook\.xml$/)) return { format: 'zip', title: 'Excel workbook' }
  if (has(/^word\/document\.xml$/)) return { format: 'zip', title: 'Word document' }
  if (has(/\.dist-info\/WHEEL$/)) return { format: 'zip', title: 'Python wheel' }
  if (has(/^META-INF\/MANIFEST\.MF$/)) return { format: 'zip', title: 'Java archive' }
  return { format: 'zip', title: `zip file of ${count(members.length, 'member')}` }
}

/** The class stands at the start of schema.json, which skops stores uncompressed. */
async function skopsContent(sample: Sample, schema: ZipName): Promise<Content> {
  const start = await storedStart(sample, schema, 4096)
  const text = start === undefined ? '' : Buffer.from(start).toString('utf8')
  const name = /"__class__":\s*"([^"]{1,200})"/.exec(text)?.[1]
  const module = /"__module__":\s*"([^"]{1,200})"/.exec(text)?.[1]
  if (name === undefined || !text.includes('__loader__')) {
    return text === '' || text.includes('"protocol"')
      ? { format: 'skops', title: 'skops file', flavor: 'sklearn' }
      : { format: 'zip', title: 'zip file with a schema.json' }
  }
  const library = module?.split('.', 1)[0]
  return {
    format: 'skops',
    title: `skops file of ${module === undefined ? '' : `${module}.`}${name}`,
    flavor: library === 'lightgbm' || library === 'xgboost' ? library : 'sklearn',
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
