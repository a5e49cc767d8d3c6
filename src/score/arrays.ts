/** An array in a file of its own (NPY), scored block by block. */
import type { ArrayBatch, Tensor } from '../batch.ts'
import { inputColumns } from '../data/append.ts'
import { readNpyBlocks } from '../data/npy-blocks.ts'
import type { Source } from '../data/source.ts'
import { enforceTyped } from '../enforce/index.ts'
import { MlmodelError } from '../errors/index.ts'
import type { Model } from '../model.ts'
import type { Run } from './run.ts'
import { type BlockOptions, openWarnings } from './tables.ts'

/**
 * Scores an NPY file. All rows are read first in compat mode, where a row's answer may depend on others, and where the
 * signature fixes their number.
 */
export async function scoreArray(model: Model, source: Source, run: Run, options: BlockOptions): Promise<void> {
  const { append, batchRows, call } = options
  const report = openWarnings(model)
  const score = async (tensor: Tensor): Promise<void> => {
    const batch: ArrayBatch = { kind: 'array', tensor }
    const enforced = enforceTyped(batch, model.signature, model.mode, source.name)
    report(enforced.warnings)
    await run.score(enforced.data, call, {
      file: source.name,
      ...(append === true && { beside: { frame: inputColumns(batch) } }),
    })
  }
  const whole = model.mode === 'compat' || !model.divisible || fixesRows(model)
  let first = true
  try {
    for await (const tensor of readNpyBlocks(source, { whole, batchRows, reuse: append !== true })) {
      await score(tensor)
      first = false
      if (run.done) return
    }
  } catch (error) {
    if (!first || whole || !source.rewindable || !isOfShape(error)) throw error
    // The error is to name the array's shape, not the block's.
    for await (const tensor of allRows(source, error)) await score(tensor)
  }
}

function fixesRows({ signature }: Model): boolean {
  return signature?.inputs?.kind === 'tensors' && signature.inputs.tensors.some(({ shape }) => shape[0] !== -1)
}

function isOfShape(error: unknown): boolean {
  return error instanceof MlmodelError && (error.kind === 'signature' || error.kind === 'evaluation')
}

/** An array too large to be read whole has the error of its first block. */
async function* allRows(source: Source, error: unknown): AsyncGenerator<Tensor, void> {
  try {
    yield* readNpyBlocks(source, { whole: true })
  } catch (other) {
    throw other instanceof MlmodelError && other.code === 'NPY_LIMIT' ? error : other
  }
}
