/** The gRPC socket, asked by gRPC's own client: every method, who may ask, limits, deadlines. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as grpc from '@grpc/grpc-js'
import { runnerExecutable } from '../../../src/runner/entry.ts'
import { type Application, openApplication } from '../../../src/serve/application.ts'
import { type GrpcServer, listenGrpc } from '../../../src/serve/grpc.ts'
import { type Message, root, service } from './proto.ts'

const fixture = (name: string): string => join(root, 'test/fixtures/models', name, 'model')
const maxBody = 1 << 20
const warnings: string[] = []
const onWarning = (text: string): void => {
  warnings.push(text)
}

describe('gRPC', { timeout: 120_000 }, () => {
  let application: Application
  let server: GrpcServer
  let client: grpc.Client
  const listenOptions = { host: '127.0.0.1', port: 0, allowedHosts: [], keys: [], origins: [], maxBody, onWarning }
  before(async () => {
    application = await openApplication({
      executable: runnerExecutable(undefined),
      models: [
        { name: 'columns', path: fixture('onnx_linreg_columns_double') },
        { name: 'texts', path: fixture('onnx_strings') },
        { name: 'half', path: fixture('onnx_float16') },
      ],
      mode: 'strict',
      threads: 1,
      workers: 1,
      timeout: 60_000,
      maxWaiting: 100,
      maxBatchRows: 1024,
      maxBatchDelay: 0,
      maxBody,
      mlflowVersion: '3.17.2',
      onWarning,
    })
    server = await listenGrpc(application.state, listenOptions)
    client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure())
  })
  after(async () => {
    client?.close()
    await server?.close()
    await application?.close()
  })

  /** A gRPC call as a promise. */
  function ask(
    name: string,
    message: Message,
    options: grpc.CallOptions = {},
    metadata = new grpc.Metadata(),
    to = client,
  ): Promise<Message> {
    const { path, requestSerialize, responseDeserialize } = service[name]!
    return new Promise((resolve, reject) =>
      to.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, metadata, options, (error, reply) =>
        error === null ? resolve(reply) : reject(error),
      ),
    )
  }
  const codeOf = async (asked: Promise<unknown>): Promise<string> =>
    asked.then(
      () => 'OK',
      (error: grpc.ServiceError) => grpc.status[error.code]!,
    )
  const doubles = (rows: number, names: readonly string[]): Message => ({
    model_name: 'columns',
    inputs: names.map((name) => ({
      name,
      datatype: 'FP64',
      shape: [rows, 1],
      contents: { fp64_contents: Array.from({ length: rows }, (_, row) => row / 3) },
    })),
  })
  const columnNames = async (): Promise<readonly string[]> =>
    (await ask('ModelMetadata', { name: 'columns' })).inputs.map(({ name }: { name: string }) => name)

  test('live, ready, metadata, index, statistics', async () => {
    assert.deepEqual(await ask('ServerLive', {}), { live: true })
    assert.deepEqual(await ask('ServerReady', {}), { ready: true })
    assert.deepEqual(await ask('ModelReady', { name: 'texts', version: '1' }), { ready: true })
    assert.equal((await ask('ServerMetadata', {})).name, 'mlmodel')
    const metadata = await ask('ModelMetadata', { name: 'texts' })
    assert.equal(metadata.inputs[0].datatype, 'BYTES')
    assert.deepEqual(metadata.versions, ['1'])
    const index = (await ask('RepositoryIndex', { ready: true })).models
    assert.deepEqual(
      index.map(({ name, state, version }: Message) => [name, state, version]),
      [
        ['columns', 'READY', '1'],
        ['texts', 'READY', '1'],
        ['half', 'READY', '1'],
      ],
    )
    await ask('ModelInfer', doubles(2, await columnNames()))
    const [statistics] = (await ask('ModelStatistics', { name: 'columns' })).model_stats
    assert.equal(statistics.name, 'columns')
    assert.ok(Number(statistics.inference_stats.success.count) >= 1)
    assert.equal((await ask('ModelStatistics', {})).model_stats.length, 3)
  })

  test('typed elements are answered typed, raw ones raw, both with the same values as REST', async () => {
    const message = doubles(3, await columnNames())
    const typed = await ask('ModelInfer', { ...message, id: 'abc' })
    assert.equal(typed.id, 'abc')
    assert.equal(typed.model_version, '1')
    const raw = await ask('ModelInfer', {
      ...message,
      inputs: message.inputs.map(({ contents: _, ...rest }: Message) => rest),
      raw_input_contents: message.inputs.map(({ contents }: Message) =>
        Buffer.from(new Float64Array(contents.fp64_contents).buffer),
      ),
    })
    const rest = await application.answer({
      method: 'POST',
      path: '/v2/models/columns/infer',
      query: '',
      header: () => undefined,
      body: Buffer.from(
        JSON.stringify({
          inputs: message.inputs.map(({ contents, ...input }: Message) => ({ ...input, data: contents.fp64_contents })),
        }),
      ),
    })
    const [wanted] = JSON.parse(Buffer.from(rest.body as Uint8Array).toString()).outputs
    const [output] = typed.outputs
    assert.deepEqual([output.name, output.datatype, output.shape], [wanted.name, wanted.datatype, wanted.shape.map(String)])
    const field = output.datatype === 'FP32' ? 'fp32_contents' : 'fp64_contents'
    // REST writes a float as its shortest text.
    assert.deepEqual(output.contents[field].map(Math.fround), wanted.data.map(Math.fround))
    const bytes: Buffer = raw.raw_output_contents[0]
    const values =
      output.datatype === 'FP32' ? new Float32Array(new Uint8Array(bytes).buffer) : new Float64Array(new Uint8Array(bytes).buffer)
    assert.deepEqual([...values], output.contents[field])
  })

  test('texts and half floats', async () => {
    const [{ name }] = (await ask('ModelMetadata', { name: 'texts' })).inputs
    const contents = { bytes_contents: [Buffer.from('abc'), Buffer.from('x y')] }
    const reply = await ask('ModelInfer', { model_name: 'texts', inputs: [{ name, datatype: 'BYTES', shape: [2], contents }] })
    assert.equal(reply.outputs[0].datatype, 'BYTES')
    const [half] = (await ask('ModelMetadata', { name: 'half' })).inputs
    assert.equal(half.datatype, 'FP16')
    const shape = half.shape.map((size: string) => (size === '-1' ? 1 : Number(size)))
    const bytes = Buffer.alloc(2 * shape.reduce((product: number, size: number) => product * size, 1))
    const asked = { model_name: 'half', inputs: [{ name: half.name, datatype: 'FP16', shape }], raw_input_contents: [bytes] }
    assert.equal((await ask('ModelInfer', asked)).raw_output_contents.length, 1)
  })

  test('what is wrong has its code, and the words of REST', async () => {
    const names = await columnNames()
    const message = doubles(2, names)
    const short = { ...message, inputs: message.inputs.slice(1) }
    assert.equal(await codeOf(ask('ModelInfer', short)), 'INVALID_ARGUMENT')
    await assert.rejects(ask('ModelInfer', { ...message, inputs: [{ ...message.inputs[0], shape: [7] }] }), {
      code: grpc.status.INVALID_ARGUMENT,
      details: /The shape \[7\] has more elements than the 2 of the data/,
    })
    assert.equal(await codeOf(ask('ModelInfer', { ...message, model_name: 'none' })), 'NOT_FOUND')
    assert.equal(await codeOf(ask('ModelInfer', { ...message, model_version: '9' })), 'NOT_FOUND')
    assert.equal(await codeOf(ask('ModelReady', { name: 'none' })), 'NOT_FOUND')
    assert.equal(await codeOf(ask('ModelMetadata', {})), 'NOT_FOUND')
    assert.equal(await codeOf(ask('ModelInfer', message, { deadline: Date.now() + 0 })), 'DEADLINE_EXCEEDED')
    // Texts with halves of surrogate pairs and of any length do not break the status that tells of them.
    const long = { ...message, inputs: [{ ...message.inputs[0], name: '😀'.repeat(5_000) }] }
    assert.equal(await codeOf(ask('ModelInfer', long)), 'INVALID_ARGUMENT')
  })

  test('bytes that are no message', async () => {
    const send = (bytes: Buffer, path: string): Promise<unknown> =>
      new Promise((resolve, reject) =>
        client.makeUnaryRequest(
          path,
          (given: Buffer) => given,
          (given) => given,
          bytes,
          (error, reply) => (error === null ? resolve(reply) : reject(error)),
        ),
      )
    for (const [name, { path }] of Object.entries(service)) {
      const code = await codeOf(send(Buffer.from([0x0a, 0xff]), path))
      assert.ok(code === 'INVALID_ARGUMENT' || (code === 'OK' && /^Server/.test(name)), `${name}: ${code}`)
    }
    assert.equal(await codeOf(send(Buffer.alloc(0), '/inference.GRPCInferenceService/ModelStreamInfer')), 'UNIMPLEMENTED')
    assert.deepEqual(
      warnings.filter((text) => text.startsWith('bug')),
      [],
    )
  })

  test('Kubernetes asks for its health', async () => {
    const check = (message: Buffer): Promise<Buffer> =>
      new Promise((resolve, reject) =>
        client.makeUnaryRequest(
          '/grpc.health.v1.Health/Check',
          (given: Buffer) => given,
          (given: Buffer) => given,
          message,
          (error, reply) => (error === null ? resolve(reply!) : reject(error)),
        ),
      )
    assert.deepEqual(await check(Buffer.alloc(0)), Buffer.from([8, 1]))
    const named = 'inference.GRPCInferenceService'
    assert.deepEqual(await check(Buffer.concat([Buffer.from([0x0a, named.length]), Buffer.from(named)])), Buffer.from([8, 1]))
    assert.equal(await codeOf(check(Buffer.from([0x0a, 1, 0x78]))), 'NOT_FOUND')
  })

  test('a message larger than a body may be, also when it is small until it is unpacked', async () => {
    const large = {
      model_name: 'columns',
      inputs: [{ name: 'x', datatype: 'FP64', shape: [1] }],
      raw_input_contents: [Buffer.alloc(maxBody)],
    }
    assert.equal(await codeOf(ask('ModelInfer', large)), 'RESOURCE_EXHAUSTED')
    const options = { 'grpc.default_compression_algorithm': grpc.compressionAlgorithms.gzip }
    const packing = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure(), options)
    const asked = ask('ModelInfer', { ...large, raw_input_contents: [Buffer.alloc(50 << 20)] }, {}, new grpc.Metadata(), packing)
    assert.equal(await codeOf(asked), 'RESOURCE_EXHAUSTED')
    const small = await ask('ModelInfer', doubles(2, await columnNames()), {}, new grpc.Metadata(), packing)
    assert.equal(small.outputs.length, 1)
    packing.close()
  })

  test('loads and unloads by the name that Triton gives, or KServe', async () => {
    assert.equal((await ask('RepositoryModelLoad', { model_name: 'texts' })).is_loaded, true)
    assert.deepEqual((await ask('ModelMetadata', { name: 'texts' })).versions, ['2'])
    assert.equal((await ask('RepositoryModelUnload', { repository_name: 'texts' })).is_unloaded, true)
    assert.equal(await codeOf(ask('ModelReady', { name: 'texts' })), 'UNAVAILABLE')
    assert.equal((await ask('RepositoryIndex', {})).models[1].state, 'UNAVAILABLE')
    await ask('RepositoryModelLoad', { repository_name: 'texts' })
    assert.deepEqual(await ask('ModelReady', { name: 'texts' }), { ready: true })
    assert.equal(await codeOf(ask('RepositoryModelLoad', { model_name: 'none' })), 'NOT_FOUND')
  })

  test('a key, where one is set: for everything but probes', async () => {
    const guarded = await listenGrpc(application.state, { ...listenOptions, keys: ['secret'] })
    const own = new grpc.Client(`127.0.0.1:${guarded.port}`, grpc.credentials.createInsecure())
    const withKey = new grpc.Metadata()
    withKey.set('authorization', 'Bearer secret')
    const wrongKey = new grpc.Metadata()
    wrongKey.set('authorization', 'Bearer Secret')
    const open = new Set(['ServerLive', 'ServerReady', 'ModelReady'])
    for (const name of Object.keys(service)) {
      const message = { name: 'columns', model_name: 'none' }
      const wanted = open.has(name) ? 'OK' : 'UNAUTHENTICATED'
      assert.equal(await codeOf(ask(name, message, {}, new grpc.Metadata(), own)), wanted, name)
      assert.equal(await codeOf(ask(name, message, {}, wrongKey, own)), wanted, name)
      assert.notEqual(await codeOf(ask(name, message, {}, withKey, own)), 'UNAUTHENTICATED', name)
    }
    own.close()
    await guarded.close()
  })

  test('on loopback only this machine’s names are answered', async () => {
    const options = { 'grpc.default_authority': 'evil.example' }
    const own = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createInsecure(), options)
    assert.equal(await codeOf(ask('ServerMetadata', {}, {}, new grpc.Metadata(), own)), 'PERMISSION_DENIED')
    own.close()
  })

  test('TLS', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mlmodel-grpc-'))
    try {
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
      const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
      try {
        execFileSync(
          'openssl',
          ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', ...names],
          { stdio: 'ignore' },
        )
      } catch {
        // No openssl here; the certificate is nothing to commit, because it ends.
        return
      }
      const tls = { cert: readFileSync(cert), key: readFileSync(key) }
      const own = await listenGrpc(application.state, { ...listenOptions, tls })
      const secure = new grpc.Client(`127.0.0.1:${own.port}`, grpc.credentials.createSsl(tls.cert), {
        'grpc.ssl_target_name_override': 'localhost',
      })
      assert.deepEqual(await ask('ServerLive', {}, {}, new grpc.Metadata(), secure), { live: true })
      secure.close()
      await own.close()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('what is no gRPC: plain HTTP/2, HTTP/1, noise', async () => {
    const session = connect(`http://127.0.0.1:${server.port}`)
    const status = await new Promise<unknown>((resolve, reject) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/inference.GRPCInferenceService/ServerLive',
        'content-type': 'text/plain',
      })
      stream.on('response', (headers) => resolve(headers[':status']))
      stream.on('error', reject)
      stream.end('x')
    })
    assert.equal(status, 415)
    session.close()
    for (const noise of [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      '\0'.repeat(100),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff',
    ])
      await new Promise<void>((resolve) => {
        const socket = connectSocket(server.port, '127.0.0.1', () => socket.write(noise, 'latin1'))
        socket.on('error', () => {})
        socket.on('data', () => {})
        socket.setTimeout(500, () => socket.destroy())
        socket.on('close', () => resolve())
      })
    assert.deepEqual(await ask('ServerLive', {}), { live: true })
  })

  test('answers what is in progress before it stops', async () => {
    const own = await listenGrpc(application.state, listenOptions)
    const leaving = new grpc.Client(`127.0.0.1:${own.port}`, grpc.credentials.createInsecure())
    const message = doubles(2, await columnNames())
    await ask('ModelInfer', message, {}, new grpc.Metadata(), leaving)
    const asked = Array.from({ length: 20 }, () => ask('ModelInfer', message, {}, new grpc.Metadata(), leaving))
    const counted = (): number => application.state.registry.find('columns')!.served!.statistics.success.count
    const before = counted()
    // The first is answered: all have been sent, and most are in progress.
    while (counted() === before) await new Promise((resolve) => setImmediate(resolve))
    const stopped = own.stop()
    const outcomes = await Promise.allSettled(asked)
    await stopped
    assert.deepEqual(
      outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : [])),
      [],
    )
    leaving.close()
  })

  test('a port that is taken has an error with a code', async () => {
    await assert.rejects(listenGrpc(application.state, { ...listenOptions, port: server.port }), { code: 'SERVE_GRPC_ADDRESS' })
  })
})
