/** What the predictions of a model look like as a table, without scoring: from its signature, else from its graph. */
export { arrowSchema } from './output-schema/arrow.ts'
export { type OutputColumn, outputColumns } from './output-schema/columns.ts'
export { outputRowSchema } from './output-schema/json.ts'
export { sparkSchema } from './output-schema/spark.ts'
