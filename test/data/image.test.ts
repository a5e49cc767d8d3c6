/** Images against Pillow: test/fixtures/images/make.py wrote the files and what Pillow reads of them. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { readBmp } from '../../src/data/image/bmp.ts'
import { imageFormat } from '../../src/data/image/format.ts'
import { readGif } from '../../src/data/image/gif.ts'
import { type Image, readImage } from '../../src/data/image/read.ts'
import { MlmodelError } from '../../src/errors/index.ts'
import { defaultLimits } from '../../src/limits.ts'

const folder = resolve('test/fixtures/images')
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
  size: [number, number]
  images: Record<string, Record<'1' | '3' | '4', string>>
  noise: number
  resized: { width: number; height: number; channels: 1 | 3 | 4; values: string }[]
}
const bytesOf = (name: string) => readFileSync(join(folder, name))
const read = (name: string, channels: 1 | 3 | 4, resize?: { width: number; height: number }): Promise<Image> =>
  readImage(bytesOf(name), { file: name }, { channels, resize })

function largestDifference(image: Image, values: string): number {
  const wanted = Buffer.from(values, 'base64')
  assert.equal(image.values.length, wanted.length)
  return image.values.reduce((most, value, at) => Math.max(most, Math.abs(value - wanted[at]!)), 0)
}

describe('pixels are those of Pillow', () => {
  for (const [name, forms] of Object.entries(expected.images)) {
    test(name, async () => {
      for (const channels of [1, 3, 4] as const) {
        const image = await read(name, channels)
        assert.deepEqual([image.width, image.height, image.channels], [...expected.size, channels])
        // JPEG decoders round their cosines and colours differently, by the standard.
        const tolerance = /\.jpe?g$/.test(name) ? 2 : 0
        const difference = largestDifference(image, forms[channels])
        assert.ok(difference <= tolerance, `${channels} channels differ by ${difference}`)
      }
    })
  }
})

test('resizing is Pillow’s bicubic, to the bit', async () => {
  for (const { width, height, channels, values } of expected.resized) {
    const name = channels === 4 ? 'photo_transparent.png' : 'photo.png'
    const image = await read(name, channels, { width, height })
    assert.deepEqual([image.width, image.height], [width, height])
    assert.deepEqual(image.original, { width: 80, height: 60 })
    assert.equal(largestDifference(image, values), 0, `${width} × ${height}, ${channels} channels`)
  }
})

test('a GIF whose table of codes is full', async () => {
  const { values } = await read('photo_noise.gif', 3)
  assert.equal(crc32(values), expected.noise)
})

test('orientation and lost transparency are told', async () => {
  assert.equal((await read('turned.jpg', 3)).orientation, 6)
  assert.equal((await read('rgb.jpg', 3)).orientation, 1)
  assert.equal((await read('rgba.png', 3)).transparencyLost, true)
  assert.equal((await read('rgba.png', 4)).transparencyLost, false)
  assert.equal((await read('rgb.png', 3)).transparencyLost, false)
})

test('what is no image, or none that is read, is an error of its own', async () => {
  for (const [name, code] of [
    ['refused_cut.png', 'IMAGE_BROKEN'],
    ['refused_cut.bmp', 'IMAGE_BROKEN'],
    ['refused_huge.png', 'IMAGE_LIMIT'],
    ['refused_cmyk.jpg', 'IMAGE_UNSUPPORTED'],
    ['refused_float.tif', 'IMAGE_UNSUPPORTED'],
  ] as const) {
    await assert.rejects(
      read(name, 3),
      (error) => error instanceof MlmodelError && error.code === code && error.where.file === name,
      name,
    )
  }
})

test('text is no image', () => {
  for (const text of ['BMI,age\n21.5,40\n', 'GIF,PNG\n1,2\n', 'MM,II\n1,2\n', 'BM'])
    assert.equal(imageFormat(Buffer.from(text.padEnd(64, '1'))), undefined)
})

test('any change to a GIF is an image or an error, in bounded time and memory', { timeout: 20_000 }, () => {
  const files = ['palette.gif', 'transparent.gif', 'frames.gif'].map(bytesOf)
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.nat(540), fc.nat(255)), { maxLength: 4 }),
      fc.nat(700),
      (file, changes, length) => {
        const bytes = Buffer.from(file.subarray(0, Math.max(10, length)))
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        try {
          const { width, height, channels, values } = readGif(bytes, 1 << 20)
          assert.equal(values.length, width * height * channels)
        } catch (error) {
          assert.ok(error instanceof MlmodelError, String(error))
        }
      },
    ),
    { numRuns: 2000 },
  )
})

test('any change to a BMP is an image or an error, in bounded time and memory', { timeout: 20_000 }, () => {
  const files = ['rgb.bmp', 'palette4.bmp', 'rgb565.bmp', 'rgba.bmp'].map(bytesOf)
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 4 }),
      fc.nat(700),
      (file, changes, length) => {
        const bytes = Buffer.from(file.subarray(0, Math.max(30, length)))
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        try {
          const { width, height, channels, values } = readBmp(bytes, 1 << 20)
          assert.equal(values.length, width * height * channels)
        } catch (error) {
          assert.ok(error instanceof MlmodelError, String(error))
        }
      },
    ),
    { numRuns: 3000 },
  )
})

test('pixels are counted before they are decoded', async () => {
  const limits = { ...defaultLimits, imagePixels: 50 }
  for (const name of ['rgb.png', 'rgb.bmp', 'rgb.jpg'])
    await assert.rejects(readImage(bytesOf(name), {}, { channels: 3, limits }), { code: 'IMAGE_LIMIT' })
})
