/** The floor of `bench/serve`: bare node:http, JSON.parse and ONNX Runtime in one process, with nothing checked. */

/** The program; it prints its port. @param runtime - path of the onnxruntime-node package */
export function floorProgram(runtime: string, model: string): string {
  return `process.env.ORT_DISABLE_TELEMETRY = '1'
const ort = require(${JSON.stringify(runtime)})
const http = require('node:http')
ort.InferenceSession.create(${JSON.stringify(model)}, { intraOpNumThreads: 1, logSeverityLevel: 4 }).then((session) => {
  const input = session.inputNames[0]
  const output = session.outputNames[0]
  const server = http.createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      const { columns, data } = JSON.parse(Buffer.concat(chunks)).dataframe_split
      const values = new Float32Array(data.length * columns.length)
      let at = 0
      for (const row of data) for (const value of row) values[at++] = value
      const outputs = await session.run({ [input]: new ort.Tensor('float32', values, [data.length, columns.length]) }, [output])
      const predictions = Array.from(outputs[output].data, (value) => ({ [output]: value }))
      const body = JSON.stringify({ predictions })
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      response.end(body)
    })
  })
  server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port))
})
`
}
