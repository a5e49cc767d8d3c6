/** R15, R18: a model that never ends, and a clock that jumps. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ask, get, load, pause, post } from './client.ts'
import { answersText, figure, finish, goal, milliseconds, size, title } from './report.ts'
import { linear, linearBody, slow, slowBody, startServer } from './server.ts'

const deadline = size(3, 1)
title('R15', `a request that never ends, deadline ${deadline} s`)
const server = await startServer([`good=${linear}`, `slow=${slow}`, '--timeout', String(deadline), '--workers', '2'])
const { port } = server
const forever = post('/invocations/slow', slowBody(1e15))
const short = post('/invocations/slow', slowBody(10))
const [hanging, other, same] = await Promise.all([
  ask(port, forever),
  load(port, post('/invocations', linearBody()), { connections: 4, seconds: deadline, pause: 5 }),
  load(port, short, { connections: 4, seconds: deadline, pause: 5 }),
])
goal(
  '504 within the deadline and a second',
  `${hanging.status} after ${milliseconds(hanging.milliseconds)}`,
  hanging.status === 504 && hanging.milliseconds <= deadline * 1000 + 1000,
)
goal('the other model goes on', answersText(other.answers), other.answers.size === 1 && other.answers.has(200))
figure('the same model, by its other process', answersText(same.answers))
goal('all of them answered', answersText(same.answers), (same.answers.get(200) ?? 0) > 10 && !same.answers.has(0))
let quiet = 0
const probes = ask(port, forever)
for (let index = 0; index < 40; index++) {
  quiet = Math.max(quiet, (await ask(port, get('/ping'))).milliseconds)
  await pause(10)
}
await probes
goal('/ping meanwhile', `at most ${milliseconds(quiet)}`, quiet <= 20, 'speed')
const after = await ask(port, short)
goal('and then', after.status, after.status === 200)
await server.stop()

title('R18', 'a wall clock that jumps a day to and fro, and stands still')
const folder = mkdtempSync(join(tmpdir(), 'mlmodel-clock-'))
const preload = join(folder, 'clock.cjs')
// Every process of the server has it: only the wall clock is set, as an administrator or NTP does.
writeFileSync(
  preload,
  `const now = Date.now; let ticks = 0; let stood = now()
Date.now = () => { const turn = Math.floor(ticks++ / 3) % 3; return turn === 0 ? now() + 864e5 : turn === 1 ? now() - 864e5 : stood }
const Real = Date; globalThis.Date = class extends Real { constructor(...a) { if (a.length === 0) super(Real.now()); else super(...a) } static now() { return Real.now() } }
`,
)
const log = join(folder, 'log')
const jumping = await startServer([slow, '--timeout', '1', '--access-log', log], {
  environment: { NODE_OPTIONS: `--require=${preload}` },
})
const well = await load(jumping.port, post('/invocations', slowBody(10)), { connections: 4, seconds: size(5, 2), pause: 5 })
goal('all answered', answersText(well.answers), well.answers.size === 1 && well.answers.has(200))
const late = await ask(jumping.port, post('/invocations', slowBody(1e15)))
goal(
  'a deadline of one second',
  `${late.status} after ${milliseconds(late.milliseconds)}`,
  late.status === 504 && late.milliseconds > 900 && late.milliseconds < 2000,
)
await jumping.stop()
const { readFileSync } = await import('node:fs')
const negative = readFileSync(log, 'utf8')
  .trimEnd()
  .split('\n')
  .filter((line) => (JSON.parse(line) as { ms: number }).ms < 0).length
goal('negative durations in the log', negative, negative === 0)
rmSync(folder, { recursive: true })
finish()
