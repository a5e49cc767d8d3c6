/** An image as the tensor that a model takes. */

export interface ImagePlan {
  readonly order: 'height-width-channels' | 'channels-height-width' | 'height-width'
  readonly hasBatch: boolean
  /** Undefined is any. */
  readonly height: number | undefined
  readonly width: number | undefined
  readonly channels: 1 | 3 | 4
  readonly isFloat: boolean
}

/** What the numbers of a float tensor mean. */
export const scales = {
  unit: '0 to 1',
  byte: '0 to 255',
  signed: '−1 to 1',
  imagenet: 'ImageNet mean and deviation',
} as const
export type Scale = keyof typeof scales

const channelCounts = [1, 3, 4]

/** How an image becomes a tensor of this type and shape; undefined where it looks like none. */
export function imagePlan({
  dtype,
  shape,
}: {
  readonly dtype: string
  readonly shape: readonly number[]
}): ImagePlan | undefined {
  const isFloat = /^float/.test(dtype)
  if (!isFloat && !/^(?:uint8|u?int(?:16|32|64))$/.test(dtype)) return undefined
  const size = (value: number | undefined): number | undefined => (value === undefined || value < 1 ? undefined : value)
  const plan = (order: ImagePlan['order'], hasBatch: boolean, height: number, width: number, channels: number): ImagePlan => ({
    order,
    hasBatch,
    height: size(height),
    width: size(width),
    channels: channels as ImagePlan['channels'],
    isFloat,
  })
  const [a = 0, b = 0, c = 0, d = 0] = shape
  // A side of 3 pixels is no image: where both ends could be the channels, the other sizes say which.
  if (shape.length === 4 && a <= 1) {
    if (channelCounts.includes(d) && isSide(b) && isSide(c)) return plan('height-width-channels', true, b, c, d)
    if (channelCounts.includes(b) && isSide(c) && isSide(d)) return plan('channels-height-width', true, c, d, b)
  }
  if (shape.length === 3) {
    if (channelCounts.includes(c) && isSide(a) && isSide(b)) return plan('height-width-channels', false, a, b, c)
    if (channelCounts.includes(a) && a !== 1 && isSide(b) && isSide(c)) return plan('channels-height-width', false, b, c, a)
    if (a <= 1 && b > 4 && c > 4) return plan('height-width', true, b, c, 1)
  }
  return undefined
}

function isSide(size: number): boolean {
  return size < 0 || size > 4
}

/** Longest side of an image whose size the model leaves open. */
const longestSide = 1024

/** The size an image is drawn at. */
export function drawnSize(plan: ImagePlan, width: number, height: number): readonly [number, number] {
  const shrink = Math.min(1, longestSide / Math.max(width, height))
  const natural = (side: number): number => Math.max(1, Math.round(side * shrink))
  return [plan.width ?? natural(width), plan.height ?? natural(height)]
}

/** The JSON text of the tensor; `pixels` are RGBA, row by row. */
export function tensorText(plan: ImagePlan, pixels: Uint8ClampedArray, width: number, height: number, scale: Scale): string {
  const { channels, order, hasBatch } = plan
  const write = (at: number, channel: number): string => {
    const byte = channels === 1 ? grey(pixels, at) : pixels[at + channel]!
    return plan.isFloat ? floatText(byte, channel, scale) : String(byte)
  }
  const indices = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index)
  const list = (items: readonly string[]): string => `[${items.join(',')}]`
  const [rows, columns, planes] = [indices(height), indices(width), indices(channels)]
  const at = (row: number, column: number): number => (row * width + column) * 4
  const image = {
    'height-width-channels': () =>
      list(rows.map((row) => list(columns.map((column) => list(planes.map((plane) => write(at(row, column), plane))))))),
    'channels-height-width': () =>
      list(planes.map((plane) => list(rows.map((row) => list(columns.map((column) => write(at(row, column), plane))))))),
    'height-width': () => list(rows.map((row) => list(columns.map((column) => write(at(row, column), 0))))),
  }[order]()
  return hasBatch ? `[${image}]` : image
}

/** ITU-R 601-2, as Pillow's `convert('L')`. */
function grey(pixels: Uint8ClampedArray, at: number): number {
  return (pixels[at]! * 19_595 + pixels[at + 1]! * 38_470 + pixels[at + 2]! * 7_471 + 0x8000) >> 16
}

const imagenet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] } as const

function floatText(byte: number, channel: number, scale: Scale): string {
  const value = {
    unit: () => byte / 255,
    byte: () => byte,
    signed: () => byte / 127.5 - 1,
    // Of the alpha channel ImageNet says nothing.
    imagenet: () => (byte / 255 - (imagenet.mean[channel] ?? 0)) / (imagenet.deviation[channel] ?? 1),
  }[scale]()
  return String(Number(value.toFixed(6)))
}
