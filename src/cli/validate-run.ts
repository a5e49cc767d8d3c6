/** The options of `mlmodel validate` that say where a model shall run, and that let it score its own example. */
import type { CheckContext, CheckResults } from '../check/check.ts'
import { targetNames } from '../check/target.ts'
import { MlmodelError } from '../errors/index.ts'
import type { Console, OptionTable, OptionValues } from './command.ts'

export const runOptions = {
  target: {
    value: 'platform',
    many: true,
    choices: targetNames,
    group: 'Judgement',
    text: `What this platform would do with the model: ${targetNames.join(', ')}`,
  },
  run: {
    group: 'Run',
    text: 'Score the stored example and what was recorded, in a process of its own; default where the model runs without Python',
  },
  'no-run': { group: 'Run', text: 'Score nothing' },
  record: { group: 'Run', text: 'Record what the model answers to its example, in mlmodel-golden.json of its folder' },
  timeout: {
    value: 'seconds',
    number: { minimum: 0.1, maximum: 86_400 },
    group: 'Run',
    text: 'For opening the model, and again for each request (default 5)',
  },
  memory: {
    value: 'megabytes',
    number: { integer: true, minimum: 64 },
    group: 'Run',
    text: 'What the process may take (Linux; default 2048)',
  },
} as const satisfies OptionTable

/**
 * What `validateModel` calls to run a model; undefined with `--no-run`.
 *
 * @throws OPTIONS_CONTRADICT
 */
export function modelRun(
  options: OptionValues<typeof runOptions>,
  console: Console,
): ((context: CheckContext) => Promise<CheckResults>) | undefined {
  const { run, record, timeout, memory } = options
  if (options['no-run']) {
    const beside = [
      run && '--run',
      record && '--record',
      timeout !== undefined && '--timeout',
      memory !== undefined && '--memory',
    ]
    const contradiction = beside.find((option) => option !== false)
    if (contradiction !== undefined) throw new MlmodelError('OPTIONS_CONTRADICT', { options: ['--no-run', contradiction] })
    return undefined
  }
  const executable = console.terminal.again?.executable
  if (executable === undefined) return undefined
  const limits = {
    executable,
    asked: run || record,
    ...(timeout !== undefined && { milliseconds: timeout * 1000 }),
    ...(memory !== undefined && { memoryBytes: memory * 2 ** 20 }),
  }
  return async (context) => {
    const { recordGolden, selfTest } = await import('../self-test.ts')
    if (record) {
      const path = await recordGolden(context, limits)
      if (!console.quiet) await console.err.write(`recorded: ${path}\n`)
    }
    return selfTest(context, limits)
  }
}
