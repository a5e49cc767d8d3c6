/** Images as arrays: uint8, height × width × channels, as `numpy.array(PIL.Image.open(file).convert(…))` gives them. */
import type { Sharp, SharpOptions } from 'sharp'
import { MlmodelError, type Where } from '../../errors/index.ts'
import { defaultLimits, type Limits } from '../../limits.ts'
import { readBmp } from './bmp.ts'
import { type ImageFormat, imageFormat } from './format.ts'
import { readGif } from './gif.ts'
import { hasTransparency, type ImageSize, type Pixels, withChannels } from './pixels.ts'
import { resize as resizePixels } from './resize.ts'

export type { ImageSize } from './pixels.ts'

export interface Image extends Pixels {
  /** As the file has it, when `resize` was asked for. */
  readonly original: ImageSize
  /** The EXIF orientation, 1 (upright) to 8. Not applied. */
  readonly orientation: number
  /** Whether an alpha channel was left out that is not opaque everywhere. */
  readonly transparencyLost: boolean
}

export interface ImageOptions {
  /** 1 grey, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 3 | 4
  /** Brings an image of another size to this one, bicubically as Pillow's `resize`; the shape of the image is not kept. */
  readonly resize?: ImageSize | undefined
  readonly limits?: Limits
}

/**
 * Reads a PNG, JPEG, TIFF (first page), GIF (first frame) or BMP. Pixels are those stored: neither the EXIF orientation nor a
 * colour profile is applied, as in Pillow. Of 16 bits the high 8 are taken.
 *
 * @throws IMAGE_BROKEN, IMAGE_UNSUPPORTED, IMAGE_LIMIT, and IMAGE_LIBRARY where sharp is needed and absent
 */
export async function readImage(bytes: Uint8Array, where: Where, options: ImageOptions): Promise<Image> {
  const format = imageFormat(bytes)
  const limits = options.limits ?? defaultLimits
  try {
    if (format === undefined)
      throw new MlmodelError('IMAGE_BROKEN', { format: 'unknown', why: 'it begins like none that is read here' })
    const { pixels, orientation } = await readPixels(bytes, format, limits)
    const converted = withChannels(pixels, options.channels)
    const { resize } = options
    const sized = resize === undefined ? converted : resizePixels(converted, resize)
    return {
      ...sized,
      original: { width: pixels.width, height: pixels.height },
      orientation,
      transparencyLost: options.channels !== 4 && hasTransparency(pixels),
    }
  } catch (error) {
    if (!(error instanceof MlmodelError)) throw error
    throw new MlmodelError(error.code, error.arguments, { where: { ...where, ...error.where }, cause: error.cause })
  }
}

async function readPixels(
  bytes: Uint8Array,
  format: ImageFormat,
  limits: Limits,
): Promise<{ pixels: Pixels; orientation: number }> {
  if (format === 'BMP') return { pixels: readBmp(bytes, limits.imagePixels), orientation: 1 }
  if (format === 'GIF') return { pixels: readGif(bytes, limits.imagePixels), orientation: 1 }
  return decode(bytes, format, limits)
}

async function decode(bytes: Uint8Array, format: ImageFormat, limits: Limits): Promise<{ pixels: Pixels; orientation: number }> {
  // The size is checked before pixels are read, below. A broken or cut off file is an error, what readers shrug off is not.
  const image = (await loadSharp(`Reading ${format} images`))(bytes, {
    limitInputPixels: false,
    failOn: 'error',
    ignoreIcc: true,
    pages: 1,
  })
  const guard = async <Result>(step: Promise<Result>): Promise<Result> => {
    try {
      return await step
    } catch (cause) {
      const why = (cause instanceof Error ? cause.message : String(cause)).trim().split('\n')[0]!
      throw new MlmodelError('IMAGE_BROKEN', { format, why }, { cause })
    }
  }
  const { width, height, space, depth, orientation = 1 } = await guard(image.metadata())
  if (width * height > limits.imagePixels)
    throw new MlmodelError('IMAGE_LIMIT', { what: 'pixels', found: width * height, limit: limits.imagePixels })
  if (space === 'cmyk') throw new MlmodelError('IMAGE_UNSUPPORTED', { format, what: 'has the colours of print (CMYK)' })
  if (depth !== 'uchar' && depth !== 'ushort')
    throw new MlmodelError('IMAGE_UNSUPPORTED', { format, what: `has values of type ${depth}` })
  const { data, info } = await guard(image.raw().toBuffer({ resolveWithObject: true }))
  return { pixels: { width: info.width, height: info.height, channels: info.channels, values: data }, orientation }
}

/** Optional: it is found where this code is installed, never in the current folder. */
async function loadSharp(wanted: string): Promise<(input: Uint8Array, options: SharpOptions) => Sharp> {
  try {
    return (await import('sharp')).default
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const absent = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
    throw new MlmodelError('IMAGE_LIBRARY', { for: wanted, ...(!absent && { why: message.trim().split('\n')[0]! }) }, { cause })
  }
}
