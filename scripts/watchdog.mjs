/**
 * The watchdog of all tests: each file runs in a process of its own (`node --test`), which is killed at this deadline, also out of
 * a loop that never ends, and then fails by its name. So no test needs a clock. test/watchdog.test.ts shows it.
 */

/** Milliseconds; the slowest file, which packs and installs the package, takes some 15 s. */
export const deadline = 120_000

/**
 * The arguments of `node` that run test files under the watchdog.
 *
 * @param {readonly string[]} files
 * @param {number} milliseconds
 */
export function testArguments(files, milliseconds = deadline) {
  return ['--test', '--test-reporter=spec', `--test-timeout=${milliseconds}`, ...files]
}
