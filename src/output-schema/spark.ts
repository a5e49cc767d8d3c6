/** A schema as Spark's DDL, for `mapInArrow`, `mapInPandas` and `from_json`. */
import type { Dtype } from '../dtype.ts'
import { MlmodelError } from '../errors/index.ts'
import type { OutputColumn, OutputType } from './columns.ts'

/** Spark has no unsigned integers: the next larger type holds them. The types of columns are those of `mlflow.pyfunc.spark_udf`. */
const types: Partial<Record<Dtype, string>> = {
  bool: 'BOOLEAN',
  int8: 'TINYINT',
  int16: 'SMALLINT',
  int32: 'INT',
  int64: 'BIGINT',
  uint8: 'SMALLINT',
  uint16: 'INT',
  uint32: 'BIGINT',
  uint64: 'DECIMAL(20,0)',
  float16: 'FLOAT',
  float32: 'FLOAT',
  float64: 'DOUBLE',
  datetime64: 'TIMESTAMP',
  string: 'STRING',
  bytes: 'BINARY',
}

/**
 * Writes the columns as DDL, all nullable, for example `species STRING, probability FLOAT`.
 *
 * @throws OUTPUT_SCHEMA_TYPE
 */
export function sparkSchema(columns: readonly OutputColumn[]): string {
  return columns.map(({ name, type }) => `${quoted(name)} ${typeText(type, name)}`).join(', ')
}

function typeText(type: OutputType, output: string): string {
  switch (type.kind) {
    case 'list':
      return `ARRAY<${typeText(type.items, output)}>`
    case 'map':
      return `MAP<STRING, ${typeText(type.values, output)}>`
    case 'struct':
      return `STRUCT<${type.fields.map((field) => `${quoted(field.name)}: ${typeText(field.type, output)}`).join(', ')}>`
    case 'scalar': {
      const text = types[type.dtype]
      if (text !== undefined) return text
      throw new MlmodelError('OUTPUT_SCHEMA_TYPE', { output, type: type.dtype, schema: 'Spark' })
    }
    case 'any':
      return 'VARIANT'
    case 'other':
      throw new MlmodelError('OUTPUT_SCHEMA_TYPE', { output, type: type.text, schema: 'Spark' })
  }
}

/** Always quoted unless it can be no keyword: Spark has too many of them, and the list grows. */
function quoted(name: string): string {
  const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !keywords.has(name.toUpperCase())
  return plain ? name : `\`${name.replaceAll('`', '``')}\``
}

/** Reserved in ANSI mode. @see https://spark.apache.org/docs/latest/sql-ref-ansi-compliance.html */
const keywords = new Set(
  `ALL AND ANTI ANY ARRAY AS AT AUTHORIZATION BOTH CASE CAST CHECK COLLATE COLLATION COLUMN CONSTRAINT CREATE CROSS CURRENT_DATE
  CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DISTINCT ELSE END ESCAPE EXCEPT EXECUTE EXISTS FALSE FETCH FILTER FOR FOREIGN FROM
  FULL FUNCTION GRANT GROUP GROUPING HAVING IN INNER INTERSECT INTERVAL INTO IS JOIN LATERAL LEADING LEFT LIKE LOCAL MERGE MINUS
  NATURAL NO NOT NULL OF OFFSET ON ONLY OR ORDER OUTER OVERLAPS PRIMARY RECURSIVE REFERENCES RETURN REVOKE RIGHT SELECT
  SEMI SESSION_USER SET SOME SQL STRAIGHT_JOIN TABLE THEN TIME TIMESTAMP TO TRAILING TRUE UNION UNIQUE UNKNOWN USER USING
  VALUES WHEN WHERE WITH WITHIN`.split(/\s+/),
)
