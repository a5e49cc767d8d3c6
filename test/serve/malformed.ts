/**
 * Requests that are no good HTTP, or that look like two: each with the answers that are right by RFC 9110 and 9112. The server
 * that is asked answers `POST /echo` with 200 and the body's length, `GET /` with 200 and `ok`.
 *
 * @see rfc-editor.org/rfc/rfc9112; the classes of the HTTP Garden and of h1spec
 */

export interface MalformedCase {
  readonly name: string
  readonly bytes: string
  /** Statuses that the first answer may have; 0: the connection is closed without one. */
  readonly first: readonly number[]
  /** Statuses of all answers, where several may come. */
  readonly all?: readonly number[]
}

const refused = [400, 0]
const host = 'Host: localhost\r\n'
const get = (headers: string, target = '/'): string => `GET ${target} HTTP/1.1\r\n${host}${headers}\r\n`
const post = (headers: string, body: string): string => `POST /echo HTTP/1.1\r\n${host}${headers}\r\n${body}`
const chunked = (body: string, coding = 'chunked'): string => post(`Transfer-Encoding: ${coding}\r\n`, body)
/** A second request that must never be answered. */
const smuggled = `GET /smuggled HTTP/1.1\r\n${host}\r\n`

function cases(first: readonly number[], table: Readonly<Record<string, string>>, all?: readonly number[]): MalformedCase[] {
  return Object.entries(table).map(([name, bytes]) => ({ name, bytes, first, ...(all !== undefined && { all }) }))
}

export const malformedCases: readonly MalformedCase[] = [
  // The request line
  ...cases(refused, {
    'nothing but a line end in the middle': '\r\n\r\nGARBAGE\r\n\r\n',
    'a word': 'hello\r\n\r\n',
    binary: '\x00\x01\x02\x03\xff\xfe\r\n\r\n',
    'a TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    'HTTP/2 with prior knowledge': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'HTTP/0.9': 'GET /\r\n',
    'no target': `GET HTTP/1.1\r\n${host}\r\n`,
    'no version': `GET /\r\n${host}\r\n`,
    'a tab before the target': `GET\t/ HTTP/1.1\r\n${host}\r\n`,
    'a tab before the version': `GET /\tHTTP/1.1\r\n${host}\r\n`,
    'a space in the target': `GET /a b HTTP/1.1\r\n${host}\r\n`,
    'a NUL in the target': `GET /a\x00b HTTP/1.1\r\n${host}\r\n`,
    'a CR in the target': `GET /a\rb HTTP/1.1\r\n${host}\r\n`,
    'no slash': `GET a HTTP/1.1\r\n${host}\r\n`,
    'a space before the method': ` GET / HTTP/1.1\r\n${host}\r\n`,
    'a method in lower case': `get / HTTP/1.1\r\n${host}\r\n`,
    'a method nobody knows': `FROBNICATE / HTTP/1.1\r\n${host}\r\n`,
    'a method with a NUL': `GE\x00T / HTTP/1.1\r\n${host}\r\n`,
    'a method with a colon': `GE:T / HTTP/1.1\r\n${host}\r\n`,
    'no method': ` / HTTP/1.1\r\n${host}\r\n`,
    'version in lower case': `GET / http/1.1\r\n${host}\r\n`,
    'version 1': `GET / HTTP/1\r\n${host}\r\n`,
    'version 1.': `GET / HTTP/1.\r\n${host}\r\n`,
    'version .1': `GET / HTTP/.1\r\n${host}\r\n`,
    'version 1,1': `GET / HTTP/1,1\r\n${host}\r\n`,
    'version 1.10': `GET / HTTP/1.10\r\n${host}\r\n`,
    'version 11.1': `GET / HTTP/11.1\r\n${host}\r\n`,
    'version 3.0': `GET / HTTP/3.0\r\n${host}\r\n`,
    'version 1.1x': `GET / HTTP/1.1x\r\n${host}\r\n`,
    'version with spaces': `GET / HTTP / 1.1\r\n${host}\r\n`,
    'bare CR for a line end': `GET / HTTP/1.1\r${'Host: localhost'}\r\r`,
    'a header line first': `${host}\r\n`,
    'nothing after the line': 'GET / HTTP/1.1\r\n',
    'half a line': 'GET / HT',
    'half a header': 'GET / HTTP/1.1\r\nHost: loc',
    CONNECT: `CONNECT localhost:80 HTTP/1.1\r\n${host}\r\n`,
  }),
  ...cases([414, 431, 400, 0], {
    'a target of 20,000 characters': get('', `/${'a'.repeat(20_000)}`),
    'a target of a million characters': `GET /${'a'.repeat(1_000_000)}`,
    'a method of 20,000 characters': `${'G'.repeat(20_000)} / HTTP/1.1\r\n${host}\r\n`,
    'a request line without end': 'GET /'.padEnd(100_000, 'x'),
  }),
  // Headers
  ...cases(refused, {
    'no Host': 'GET / HTTP/1.1\r\n\r\n',
    'no colon': get('Accept\r\n'),
    'an empty name': get(': value\r\n'),
    'a space before the colon': get('X-A : 1\r\n'),
    'a tab before the colon': get('X-A\t: 1\r\n'),
    'a space in a name': get('X A: 1\r\n'),
    'a NUL in a name': get('X\x00A: 1\r\n'),
    'a NUL in a value': get('X-A: 1\x002\r\n'),
    'a bare CR in a value': get('X-A: 1\r2\r\n'),
    'a bare CR before the line feed twice': get('X-A: 1\r\r\n'),
    'a control character in a value': get('X-A: 1\x012\r\n'),
    'DEL in a value': get('X-A: 1\x7f2\r\n'),
    'a bracket in a name': get('X[A]: 1\r\n'),
    'a slash in a name': get('X/A: 1\r\n'),
    'quotes in a name': get('"X": 1\r\n'),
    'a letter that is not ASCII in a name': get('X\xe4: 1\r\n'),
    'a folded first header': 'GET / HTTP/1.1\r\n Host: localhost\r\n\r\n',
    'a space line before the headers': `GET / HTTP/1.1\r\n \r\n${host}\r\n`,
    'a tab line before the headers': `GET / HTTP/1.1\r\n\t\r\n${host}\r\n`,
    'a name without end': get(`${'X'.repeat(50)}`),
  }),
  ...cases([400, 421, 0], {
    'two Hosts': get('Host: localhost\r\n'),
    'two Hosts, the second a stranger': get('Host: evil.example\r\n'),
    'two Hosts, the first a stranger': `GET / HTTP/1.1\r\nHost: evil.example\r\n${host}\r\n`,
    'an empty Host': 'GET / HTTP/1.1\r\nHost:\r\n\r\n',
    'a Host of another': 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    'a Host with a path': 'GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n',
    'a Host with a user': 'GET / HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n',
    'two names in a Host': 'GET / HTTP/1.1\r\nHost: localhost, evil.example\r\n\r\n',
    'a Host with a space': 'GET / HTTP/1.1\r\nHost: local host\r\n\r\n',
    'an absolute target of another host': get('', 'http://evil.example/'),
    'an absolute target without a host': get('', 'http:///'),
  }),
  ...cases([431, 0], {
    '101 headers': get(Array.from({ length: 100 }, (_, index) => `X-${index}: 1\r\n`).join('')),
    '2,000 headers': get('A:\r\n'.repeat(2000)),
    '100,000 headers': get('X-A: 1\r\n'.repeat(100_000)),
    'a header of 20,000 bytes': get(`X-A: ${'a'.repeat(20_000)}\r\n`),
    'a header of a million bytes': get(`X-A: ${'a'.repeat(1_000_000)}\r\n`),
    'a header name of 20,000 bytes': get(`${'X'.repeat(20_000)}: 1\r\n`),
    'a Cookie of 17 kB': get(`Cookie: ${'a=b; '.repeat(3500)}\r\n`),
    'many headers behind which an Origin hides': post(
      `${'A: 1\r\n'.repeat(120)}Origin: http://evil.example\r\nContent-Length: 1\r\n`,
      'x',
    ),
  }),
  ...cases([417, 0], { 'an Expect that nobody knows': post('Content-Length: 1\r\nExpect: 200-ok\r\n', 'x') }),
  // The length of the body
  ...cases(
    refused,
    {
      'two different lengths': post('Content-Length: 1\r\nContent-Length: 2\r\n', 'xy'),
      'two equal lengths': post('Content-Length: 1\r\nContent-Length: 1\r\n', 'x'),
      'a list of lengths': post('Content-Length: 1, 2\r\n', 'xy'),
      'a list of equal lengths': post('Content-Length: 1, 1\r\n', 'x'),
      'a signed length': post('Content-Length: +1\r\n', 'x'),
      'a negative length': post('Content-Length: -1\r\n', 'x'),
      'a hexadecimal length': post('Content-Length: 0x1\r\n', 'x'),
      'an octal length': post('Content-Length: 0o1\r\n', 'x'),
      'a length with a point': post('Content-Length: 1.0\r\n', 'x'),
      'a length with an exponent': post('Content-Length: 1e0\r\n', 'x'),
      'a length with an underscore': post('Content-Length: 1_0\r\n', 'xxxxxxxxxx'),
      'a length with a space inside': post('Content-Length: 1 0\r\n', 'xxxxxxxxxx'),
      'a length in words': post('Content-Length: one\r\n', 'x'),
      'a length in other digits': post('Content-Length: \xd9\xa1\r\n', 'x'),
      'an empty length': post('Content-Length:\r\n', ''),
      'a length beyond 64 bits': post('Content-Length: 18446744073709551617\r\n', 'x'),
      'a length of a hundred digits': post(`Content-Length: ${'9'.repeat(100)}\r\n`, 'x'),
      'a length with a quote': post('Content-Length: "1"\r\n', 'x'),
      'a length and chunks': post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${smuggled}`),
      'chunks and a length': post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `0\r\n\r\n${smuggled}`),
      'a length with a space before the colon, and chunks': post(
        'Content-Length : 4\r\nTransfer-Encoding: chunked\r\n',
        '0\r\n\r\n',
      ),
      'a shorter body than its length': post('Content-Length: 10\r\n', 'x'),
    },
    undefined,
  ),
  ...cases([413, 0], {
    'a length above the limit': post('Content-Length: 1048577\r\n', 'x'),
    'a length of nine petabytes': post('Content-Length: 9007199254740991\r\n', 'x'),
    'chunks above the limit': chunked(`${'10000\r\n'.concat('x'.repeat(65_536), '\r\n').repeat(20)}0\r\n\r\n`),
  }),
  // Chunks
  ...cases(
    [400, 501, 0],
    {
      'another coding': chunked('x', 'gzip'),
      'a coding before chunked': chunked('1\r\nx\r\n0\r\n\r\n', 'gzip, chunked'),
      'a coding after chunked': chunked('1\r\nx\r\n0\r\n\r\n', 'chunked, gzip'),
      'chunked twice': chunked('1\r\nx\r\n0\r\n\r\n', 'chunked, chunked'),
      'chunked in two headers': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '1\r\nx\r\n0\r\n\r\n'),
      'identity and chunked': post('Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
      identity: chunked('x', 'identity'),
      xchunked: chunked('1\r\nx\r\n0\r\n\r\n', 'xchunked'),
      chunkedx: chunked('1\r\nx\r\n0\r\n\r\n', 'chunkedx'),
      'chunked with a NUL': chunked('1\r\nx\r\n0\r\n\r\n', 'chunked\x00'),
      'chunked with a vertical tab': chunked('1\r\nx\r\n0\r\n\r\n', '\x0bchunked'),
      'chunked in quotes': chunked('1\r\nx\r\n0\r\n\r\n', '"chunked"'),
      'chunked with a parameter': chunked('1\r\nx\r\n0\r\n\r\n', 'chunked;q=1'),
      'an empty coding': chunked('x', ''),
      'chunked, folded': post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'),
      'chunked with a space before the colon': post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'),
      'a size that is no number': chunked('z\r\nx\r\n0\r\n\r\n'),
      'a size with 0x': chunked('0x1\r\nx\r\n0\r\n\r\n'),
      'a signed size': chunked('+1\r\nx\r\n0\r\n\r\n'),
      'a negative size': chunked('-1\r\nx\r\n0\r\n\r\n'),
      'an empty size': chunked('\r\nx\r\n0\r\n\r\n'),
      'a size beyond 64 bits': chunked('10000000000000001\r\nx\r\n0\r\n\r\n'),
      'a size of a hundred digits': chunked(`${'f'.repeat(100)}\r\nx\r\n0\r\n\r\n`),
      'a space before a size': chunked(' 1\r\nx\r\n0\r\n\r\n'),
      'a size with an underscore': chunked('1_0\r\nx\r\n0\r\n\r\n'),
      'a bare LF after a size': chunked('1\nx\r\n0\r\n\r\n'),
      'a bare CR after a size': chunked('1\rx\r\n0\r\n\r\n'),
      'no line end after the data': chunked('1\r\nx0\r\n\r\n'),
      'a bare LF after the data': chunked('1\r\nx\n0\r\n\r\n'),
      'more data than the size': chunked('1\r\nxy\r\n0\r\n\r\n'),
      'less data than the size': chunked('5\r\nx\r\n0\r\n\r\n'),
      'no last chunk': chunked('1\r\nx\r\n'),
      'half a last chunk': chunked('1\r\nx\r\n0\r\n'),
      'a NUL in an extension': chunked('1;a=\x00\r\nx\r\n0\r\n\r\n'),
      'a bare LF in an extension': chunked('1;a=b\nx\r\n0\r\n\r\n'),
      'a trailer without a colon': chunked('0\r\ntrailer\r\n\r\n'),
      'a trailer with a NUL': chunked('0\r\nX: \x00\r\n\r\n'),
    },
    undefined,
  ),
  ...cases([400, 413, 431, 0], {
    'an extension of 100,000 bytes': chunked(`1;${'a'.repeat(100_000)}\r\nx\r\n0\r\n\r\n`),
    'trailers of 100,000 bytes': chunked(`0\r\n${'X: 1\r\n'.repeat(20_000)}\r\n`),
  }),
  // Good ones, however odd
  ...cases([200], {
    'line ends before the request': `\r\n\r\n${get('')}`,
    'an absolute target': get('', 'http://localhost/'),
    'an absolute target in upper case': get('', 'HTTP://LOCALHOST/'),
    'an absolute target without a path': get('', 'http://localhost'),
    'a query': get('', '/?a=%00&b'),
    'an empty value': get('X-A:\r\n'),
    'a value with tabs and spaces around': get('X-A: \t 1 \t \r\n'),
    'a value in latin1': get('X-A: \xe4\xf6\xfc\r\n'),
    'HTTP/1.0': 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n',
    'HTTP/1.0 that asks to stay': 'GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n',
    HEAD: `HEAD / HTTP/1.1\r\n${host}\r\n`,
    'an upgrade to HTTP/2': get(
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n',
    ),
    'an upgrade to a WebSocket': get('Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\n'),
    'a body of a GET': get('Content-Length: 1\r\n').concat('x'),
    'a length with zeros in front': post('Content-Length: 00001\r\n', 'x'),
    'a length of 0': post('Content-Length: 0\r\n', ''),
    'no length and no body': post('', ''),
    chunks: chunked('1\r\nx\r\n2\r\nyz\r\n0\r\n\r\n'),
    Chunked: chunked('1\r\nx\r\n0\r\n\r\n', 'Chunked'),
    'a size with zeros in front': chunked('0001\r\nx\r\n0\r\n\r\n'),
    'a size in both cases': chunked(`aA\r\n${'x'.repeat(170)}\r\n0\r\n\r\n`),
    'an extension': chunked('1;name=value\r\nx\r\n0\r\n\r\n'),
    'an extension in quotes': chunked('1;name="va\\"lue"\r\nx\r\n0\r\n\r\n'),
    'a trailer': chunked('1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n'),
    'a thousand chunks of a byte': chunked(`${'1\r\nx\r\n'.repeat(1000)}0\r\n\r\n`),
    'a hundred headers': get(Array.from({ length: 99 }, (_, index) => `X-${index}: 1\r\n`).join('')),
    'a connection header of many': get('Connection: close, x-a, x-b\r\n'),
  }),
  ...cases([100], { 'Expect: 100-continue': post('Expect: 100-continue\r\nContent-Length: 1\r\n', 'x') }, [100, 200]),
  ...cases(
    [413],
    { 'Expect: 100-continue for what is too large': post('Expect: 100-continue\r\nContent-Length: 2000000\r\n', '') },
    [413],
  ),
  ...cases([200], { 'two requests at once': get('') + get('') }, [200, 200]),
  // Both lie in one packet: the second ends the connection before the first is answered.
  ...cases([200, 400], { 'a good request, then none': `${get('')}GARBAGE\r\n\r\n` }),
  ...cases(
    [200],
    { 'ten requests at once, the last closes': get('').repeat(9) + get('Connection: close\r\n') },
    Array<number>(10).fill(200),
  ),
  ...cases([404, 400], {
    'a path that climbs': get('', '/../../etc/passwd'),
    'a path that climbs in disguise': get('', '/%2e%2e/%2e%2e/etc/passwd'),
    'a path with a NUL in disguise': get('', '/%00'),
    'two slashes': get('', '//evil.example/'),
    'a path in UTF-8 that is none': get('', '/%ff%fe'),
    'a fragment': get('', '/x#/'),
    'an asterisk': get('', '*'),
    'an asterisk for all options': `OPTIONS * HTTP/1.1\r\n${host}\r\n`,
    'a name of an object’s own': get('', '/__proto__'),
  }),
  ...cases([405], {
    'a method that the path has not': `DELETE / HTTP/1.1\r\n${host}\r\n`,
    TRACE: `TRACE / HTTP/1.1\r\n${host}\r\n`,
  }),
  // Lenient, where the RFC lets a server be: either is right, and what follows is never taken for another request.
  ...cases([200, 400, 404, 501, 505, 0], {
    'two spaces before the target': `GET  / HTTP/1.1\r\n${host}\r\n`,
    'another protocol': `GET / RTSP/1.0\r\n${host}\r\n`,
    ICY: `SOURCE /x ICE/1.0\r\n${host}\r\n`,
    'a thousand extensions': chunked(`${`1;${'a'.repeat(100)}\r\nx\r\n`.repeat(1000)}0\r\n\r\n`),
    'bare LF for all line ends': `GET / HTTP/1.1\nHost: localhost\n\n`,
    'bare LF after one header': `GET / HTTP/1.1\r\nHost: localhost\nX-A: 1\r\n\r\n`,
    'a folded header': get('X-A: 1\r\n 2\r\n'),
    'a space after the version': `GET / HTTP/1.1 \r\n${host}\r\n`,
    'version 1.2': `GET / HTTP/1.2\r\n${host}\r\n`,
    'version 2.0': `GET / HTTP/2.0\r\n${host}\r\n`,
    'a space after a size': chunked('1 \r\nx\r\n0\r\n\r\n'),
    'chunks in HTTP/1.0': `POST /echo HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    'a body that goes on behind its length': post('Content-Length: 1\r\n', 'xyz'),
    'a target in UTF-8': get('', '/\xc3\xa4').replace('/\xc3\xa4', '/?\xc3\xa4'),
    'a Host with a port out of range': 'GET / HTTP/1.1\r\nHost: localhost:99999\r\n\r\n',
  }),
]
