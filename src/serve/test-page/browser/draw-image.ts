/** A file of an image, drawn at the size that a model takes. */
import { drawnSize, type ImagePlan } from './image.ts'

/** Reads a file as an image and draws it to a canvas, for the person to see and for its pixels. @throws when it is none */
export async function drawImage(file: Blob, plan: ImagePlan): Promise<HTMLCanvasElement> {
  const image = await createImageBitmap(file)
  const [width, height] = drawnSize(plan, image.width, image.height)
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d', { willReadFrequently: true })!
  context.imageSmoothingQuality = 'high'
  context.drawImage(image, 0, 0, width, height)
  image.close()
  return canvas
}
