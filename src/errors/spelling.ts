/** How a value of a type is written: the "what to do" of every value that was none of its type. */

/** Where the value stands; `array`: in typed data, where the whole column has another type. */
export type Form = 'csv' | 'json' | 'array'

const wholeRanges: Readonly<Record<string, string>> = {
  int8: ' from -128 to 127',
  int16: ' from -32768 to 32767',
  int32: ' from -2147483648 to 2147483647',
  integer: ' from -2147483648 to 2147483647',
  uint8: ' from 0 to 255',
  uint16: ' from 0 to 65535',
  uint32: ' from 0 to 4294967295',
  uint64: ' from 0 to 2^64-1',
  int64: '',
  long: '',
}

/** What to write for a value of the type; undefined for types that have no one spelling, such as `Array(long)`. */
export function spelling(wanted: string, form: Form): string | undefined {
  const range = wholeRanges[wanted]
  if (range !== undefined)
    return `Write a whole number${range}; for fractions or missing values the model must be logged with a \`double\` column`
  switch (wanted) {
    case 'float':
    case 'double':
    case 'float16':
    case 'float32':
    case 'float64':
      if (form === 'csv')
        return 'Write a number such as 3.5 or 1e-3 with a decimal point and without units; leave the cell empty where there is none'
      return form === 'json' ? 'Write a number without quotes, or null where there is none' : 'Give the column as numbers'
    case 'boolean':
    case 'bool':
      return form === 'csv'
        ? 'Write True or False'
        : form === 'json'
          ? 'Write true or false, without quotes'
          : 'Give the column as booleans'
    case 'datetime':
    case 'datetime64':
      return 'Write dates as 2026-01-31 or 2026-01-31T12:30:00'
    case 'string':
    case 'str':
      return form === 'json' ? 'Write a text in double quotes' : 'Give the column as text'
    case 'binary':
    case 'bytes':
      return form === 'json' ? 'Write the bytes as base64, in double quotes' : 'Give the column as bytes'
    default:
      return form === 'csv' ? undefined : '`mlmodel inspect` shows the inputs, their types and shapes'
  }
}
