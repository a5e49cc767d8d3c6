/** Images on their way to a model: those of one size that follow one another are scored together. */
import type { ArrayBatch, Cell, NamedBatch, NumericTensor } from '../batch.ts'
import { type Image, type ImageSize, readImage } from '../data/image/read.ts'
import { readWhole, type Source } from '../data/source.ts'
import { enforceParams, enforceTyped } from '../enforce/index.ts'
import { MlmodelError, notice } from '../errors/index.ts'
import { defaultLimits } from '../limits.ts'
import type { Model } from '../model.ts'
import type { Signature } from '../signature.ts'
import type { Run } from './run.ts'

export interface ImageScoreOptions {
  readonly params?: Cell | undefined
  readonly outputs?: readonly string[] | undefined
  readonly resize?: ImageSize | undefined
  readonly append?: boolean | undefined
  /** Most images that the model is given at once. */
  readonly batchRows?: number | undefined
}

export interface ImageScorer {
  /** Reads an image; scores those before it when it has another size or they are enough. */
  add(source: Source): Promise<void>
  /** Scores what is left. */
  flush(): Promise<void>
}

/** Of one batch: a model makes several times as much of it. */
const batchBytes = 32 << 20

/** What the model wants of an image. */
interface Wanted {
  /** The name of its array, where the signature has one. */
  readonly name: string | undefined
  readonly height: number | undefined
  readonly width: number | undefined
  readonly channels: 1 | 3 | 4
  /** Whether arrays have a first dimension of images, and how many it must be. */
  readonly batch: 'none' | 'any' | number
  /** Whether arrays have a last dimension of channels. */
  readonly last: boolean
}

/** Opens a scorer; an image that the signature forbids is IMAGE_SIZE or IMAGE_FORM, others are the model's errors. */
export function openImages(model: Model, run: Run, options: ImageScoreOptions): ImageScorer {
  let wanted: Wanted | undefined
  let pending: { readonly file: string; readonly image: Image }[] = []
  const said = new Set<string>()
  const sayOnce = (about: ReturnType<typeof notice>) => {
    if (said.has(about.code)) return
    said.add(about.code)
    model.report([about])
  }

  async function flush(): Promise<void> {
    if (pending.length === 0) return
    const group = pending.slice(0, Math.min(pending.length, run.left))
    pending = []
    const enforced = enforceTyped(
      batchOf(
        group.map(({ image }) => image),
        wanted!,
      ),
      model.signature,
      model.mode,
    )
    const params = enforceParams(options.params, model.signature, model.mode)
    model.report([...enforced.warnings, ...params.warnings])
    const call = { params: params.params, ...(options.outputs !== undefined && { outputs: options.outputs }) }
    const predictions = await model.score(enforced.data, call)
    const values = group.map(({ file }) => file)
    const beside = {
      frame: { kind: 'frame', rows: values.length, columns: [{ name: 'file', dtype: 'string', values, pandas: 'object' }] },
    } as const
    await run.put(predictions, { file: 'images', rows: group.length, ...(options.append === true && { beside }) })
  }

  return {
    flush,
    async add(source) {
      wanted ??= wantedOf(model.signature)
      const bytes = await readWhole(source, defaultLimits.imageBytes)
      const image = await readImage(bytes, { file: source.name }, { channels: wanted.channels, resize: options.resize })
      checkSize(image, wanted, source.name)
      if (image.orientation > 1) sayOnce(notice('IMAGE_ORIENTATION', { file: source.name, orientation: image.orientation }))
      if (image.transparencyLost) sayOnce(notice('IMAGE_ALPHA', { file: source.name }))
      const before = pending[0]?.image
      if (before !== undefined && (before.width !== image.width || before.height !== image.height)) await flush()
      pending.push({ file: source.name, image })
      const most =
        wanted.batch === 'none'
          ? 1
          : wanted.batch !== 'any'
            ? wanted.batch
            : (options.batchRows ?? Math.max(1, Math.floor(batchBytes / image.values.length)))
      if (pending.length >= Math.min(most, run.left)) await flush()
    },
  }
}

function wantedOf(signature: Signature | undefined): Wanted {
  const schema = signature?.inputs
  if (schema === undefined) return { name: undefined, height: undefined, width: undefined, channels: 3, batch: 'any', last: true }
  const [tensor] = schema.kind === 'tensors' ? schema.tensors : []
  if (schema.kind === 'columns' || tensor === undefined || schema.tensors.length > 1)
    throw new MlmodelError('IMAGE_FORM', { found: schema.kind === 'columns' ? 'columns' : `${schema.tensors.length} arrays` })
  const { shape, name } = tensor
  const form = `${tensor.numpyDtype} of (${shape.join(', ')})`
  const last = shape.at(-1)
  // Without a dimension of images, three channels or one; without one of channels, grey images.
  const hasChannels = shape.length === 4 || (shape.length === 3 && [1, 3, 4].includes(last ?? 0))
  if (shape.length !== 4 && shape.length !== 3) throw new MlmodelError('IMAGE_FORM', { found: form })
  const hasBatch = shape.length === 4 || !hasChannels
  const channels = hasChannels ? (last === -1 ? 3 : last) : 1
  if (channels !== 1 && channels !== 3 && channels !== 4) throw new MlmodelError('IMAGE_FORM', { found: form })
  const [height, width] = shape.slice(hasBatch ? 1 : 0)
  const size = (value: number | null | undefined) => (value === -1 || value === null ? undefined : value)
  return {
    name: name === undefined ? undefined : String(name),
    height: size(height),
    width: size(width),
    channels,
    batch: !hasBatch ? 'none' : typeof shape[0] === 'number' && shape[0] > 0 ? shape[0] : 'any',
    last: hasChannels,
  }
}

function checkSize(image: ImageSize, wanted: Wanted, file: string): void {
  const { width, height } = image
  if ((wanted.width ?? width) === width && (wanted.height ?? height) === height) return
  const words =
    wanted.width === undefined
      ? `a height of ${wanted.height}`
      : wanted.height === undefined
        ? `a width of ${wanted.width}`
        : `${wanted.width} × ${wanted.height}`
  throw new MlmodelError('IMAGE_SIZE', { width, height, wanted: words }, { where: { file } })
}

function batchOf(images: readonly Image[], wanted: Wanted): ArrayBatch | NamedBatch {
  const { width, height, channels, values: first } = images[0]!
  let values = first
  if (images.length > 1) {
    values = new Uint8Array(first.length * images.length)
    images.forEach((image, at) => {
      values.set(image.values, at * first.length)
    })
  }
  const shape = [...(wanted.batch === 'none' ? [] : [images.length]), height, width, ...(wanted.last ? [channels] : [])]
  const tensor: NumericTensor = { dtype: 'uint8', shape, values }
  return wanted.name === undefined ? { kind: 'array', tensor } : { kind: 'named', items: new Map([[wanted.name, tensor]]) }
}
