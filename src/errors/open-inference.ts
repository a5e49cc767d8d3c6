/** Errors of requests of the Open Inference Protocol. */
import type { ErrorTable } from './define.ts'

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`

/** Fields of InferTensorContents by their numbers. */
const contentsNames: Readonly<Record<number, string>> = {
  1: 'bool_contents',
  2: 'int_contents',
  3: 'int64_contents',
  4: 'uint_contents',
  5: 'uint64_contents',
  6: 'fp32_contents',
  7: 'fp64_contents',
  8: 'bytes_contents',
}

export const openInferenceErrors = {
  OIP_BODY: {
    kind: 'body',
    message: (a: { found: string }) => `The body must be a JSON object with \`inputs\`, not ${a.found}`,
    hint: () => 'Send `{"inputs": [{"name": …, "shape": […], "datatype": …, "data": […]}]}`',
  },
  OIP_FIELD: {
    kind: 'body',
    message: (a: { field: string; wanted: string }) => `\`${a.field}\` must be ${a.wanted}`,
    hint: () => 'See the Open Inference Protocol v2, `$inference_request`',
  },
  OIP_PROTOBUF: {
    kind: 'body',
    message: (a: { why: string }) => `The message is not a ModelInferRequest: ${a.why}`,
    hint: () => 'Send the messages of the protocol’s open_inference_grpc.proto',
  },
  OIP_RAW_COUNT: {
    kind: 'body',
    message: (a: { raw: number; inputs: number }) => `There are ${a.inputs} inputs and ${a.raw} raw_input_contents`,
    hint: () => 'Send the bytes of every input, or none',
  },
  OIP_RAW_AND_CONTENTS: {
    kind: 'body',
    message: (_: object) => 'The input has `contents`, and there are raw_input_contents as well',
    hint: () => 'Send all inputs in `contents`, or all in raw_input_contents',
  },
  OIP_CONTENTS: {
    kind: 'body',
    message: (a: { field: number; wanted: number; datatype: string }) =>
      `${a.datatype} stands in field ${a.wanted} of InferTensorContents (${contentsNames[a.wanted]}), not in field ${a.field}${contentsNames[a.field] === undefined ? '' : ` (${contentsNames[a.field]})`}`,
    hint: () => 'Send the elements in the field of their datatype',
  },
  OIP_RAW_MODE: {
    kind: 'body',
    message: (a: { why: string }) => `A body without JSON cannot be read: ${a.why}`,
    hint: () => 'Send the JSON that names inputs and shapes, and its length in Inference-Header-Content-Length',
  },
  OIP_HEADER_LENGTH: {
    kind: 'body',
    message: (a: { given: string; bytes: number }) =>
      `Inference-Header-Content-Length is ${JSON.stringify(a.given)}, and the body has ${a.bytes} bytes`,
    hint: () => 'It is the length of the JSON that stands before the binary data',
  },
  OIP_DATATYPE: {
    kind: 'body',
    message: (a: { datatype: string; known: readonly string[] }) => `The datatype ${JSON.stringify(a.datatype)} is not known`,
    hint: (a: { datatype: string; known: readonly string[] }) => `Known are ${a.known.join(', ')}`,
  },
  OIP_SHAPE: {
    kind: 'body',
    message: (_: object) => 'A shape is a list of at most 64 whole numbers of at least 0',
    hint: () => 'A request says the size of every dimension; -1 stands in metadata only',
  },
  OIP_SHAPE_LARGE: {
    kind: 'body',
    message: (a: { shape: readonly number[]; elements: number }) =>
      `The shape ${shapeText(a.shape)} has more elements than the ${a.elements} of the data`,
    hint: () => 'Send as many elements as the shape says',
  },
  OIP_DATA_MISSING: {
    kind: 'body',
    message: (_: object) => 'The input has no list `data`, and no `binary_data_size` among its parameters',
    hint: () => 'Give its elements in `data`, or behind the JSON',
  },
  OIP_DATA_COUNT: {
    kind: 'body',
    message: (a: { found: number; wanted: number; shape: readonly number[] }) =>
      `The shape ${shapeText(a.shape)} has ${a.wanted} elements, the data ${a.found}`,
    hint: () => 'Send as many elements as the shape says',
  },
  OIP_DATA_NESTED: {
    kind: 'body',
    message: (a: { shape: readonly number[] }) => `The lists of the data are not as the shape ${shapeText(a.shape)} says`,
    hint: () => 'Send one flat list in row-major order, or lists in lists of just that shape',
  },
  OIP_DATA_VALUE: {
    kind: 'body',
    message: (a: { found: string; datatype: string }) => `\`${a.found}\` is no ${a.datatype}`,
    hint: (a: { found: string; datatype: string }) =>
      a.datatype === 'BYTES' ? 'Send texts' : `Send values of ${a.datatype}, or name another datatype`,
  },
  OIP_BINARY_ONLY: {
    kind: 'body',
    message: (a: { datatype: string }) => `${a.datatype} has no form in JSON`,
    hint: () => 'Send it as binary data',
  },
  OIP_BINARY_SIZE: {
    kind: 'body',
    message: (a: { found: number; wanted: number; shape: readonly number[] }) =>
      `The shape ${shapeText(a.shape)} takes ${a.wanted} bytes, and there are ${a.found}`,
    hint: () => '`binary_data_size` is the number of bytes behind the JSON, in the order of the inputs',
  },
  OIP_BINARY_TEXT: {
    kind: 'body',
    message: (a: { element: number }) => `The length of element ${a.element} goes beyond the data`,
    hint: () => 'Each element of BYTES is 4 bytes of length, little-endian, and its bytes',
  },
  OIP_BINARY_UTF8: {
    kind: 'body',
    message: (a: { element: number }) => `Element ${a.element} is not UTF-8`,
    hint: () => 'Text is sent in UTF-8',
  },
  OIP_BASE64: {
    kind: 'body',
    message: (a: { element: number }) => `Element ${a.element} is not base64`,
    hint: () => 'Send bytes in base64, or as binary data',
  },
  OIP_TWO_INPUTS: {
    kind: 'body',
    message: (a: { name: string }) => `Two inputs are called \`${a.name}\``,
    hint: () => 'Send each input once',
  },
  OIP_ROWS: {
    kind: 'body',
    message: (a: { name: string; found: number; wanted: number }) =>
      `\`${a.name}\` has ${a.found} rows where the inputs before it have ${a.wanted}`,
    hint: () => 'The columns of a table have one length',
  },
  OIP_COLUMN_SHAPE: {
    kind: 'body',
    message: (a: { name: string; shape: readonly number[] }) =>
      `\`${a.name}\` is a column: its shape is [n] or [n, 1], not ${shapeText(a.shape)}`,
    hint: () => 'Send one input for each column, named as the column',
  },
  OIP_OUTPUT: {
    kind: 'body',
    message: (a: { name: string; known: readonly string[] }) => `The model has no output \`${a.name}\``,
    hint: (a: { name: string; known: readonly string[] }) => `It has ${a.known.join(', ')}`,
  },
  OIP_LOAD_PARAMETER: {
    kind: 'unsupported',
    message: (a: { name: string }) => `A model is loaded as it lies in its folder; the parameter \`${a.name}\` is not taken`,
    hint: () => 'Change the model’s folder, then load it without parameters',
  },
  OIP_NO_FORM: {
    kind: 'evaluation',
    message: (a: { what: string }) => `The protocol has no tensors for ${a.what}`,
    hint: () => 'Ask by MLflow’s protocol, POST /invocations',
  },
} as const satisfies ErrorTable
