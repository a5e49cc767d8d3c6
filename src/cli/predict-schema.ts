/** `predict --print-schema`: what the predictions will look like, without scoring. */
import { writeIndentedJson } from '../json/indented.ts'
import { locate } from '../locate/index.ts'
import { loadMlmodel } from '../mlmodel.ts'
import { arrowSchema, outputColumns, outputRowSchema, sparkSchema } from '../output-schema.ts'

/**
 * The schema of a model's predictions as text.
 *
 * @throws the errors of loading and of `outputColumns`
 */
export async function printedSchema(
  path: string,
  form: 'spark' | 'arrow' | 'json',
  outputs: readonly string[] | undefined,
): Promise<string> {
  const columns = await outputColumns(await loadMlmodel(await locate(path)), outputs)
  if (form === 'spark') return `${sparkSchema(columns)}\n`
  return `${writeIndentedJson(form === 'arrow' ? arrowSchema(columns) : outputRowSchema(columns))}\n`
}
