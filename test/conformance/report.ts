/** What a runner prints: failures by name, differences by rule, and a last line to read by machine. */

const longest = 600

export interface Report {
  pass(): void
  /** A case where our answer is the one that a rule of the closed list predicts, and not MLflow's. */
  different(rule: string): void
  fail(name: string, expected: string, got: string): void
  skip(reason: string, cases?: number): void
  /** Prints the end of the report; the process's exit code. */
  end(): number
}

export function openReport(print: (line: string) => void): Report {
  let passed = 0
  let failed = 0
  let skipped = 0
  const rules = new Map<string, number>()
  const reasons = new Map<string, number>()
  return {
    pass() {
      passed++
    },
    different(rule) {
      rules.set(rule, (rules.get(rule) ?? 0) + 1)
    },
    fail(name, expected, got) {
      failed++
      print(`FAILED ${name}`)
      print(`  expected ${oneLine(expected)}`)
      print(`  got      ${oneLine(got)}`)
    },
    skip(reason, cases = 1) {
      skipped += cases
      reasons.set(reason, (reasons.get(reason) ?? 0) + cases)
    },
    end() {
      for (const [reason, cases] of [...reasons].sort()) print(`skipped: ${cases} ${oneLine(reason)}`)
      for (const [rule, cases] of [...rules].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })))
        print(`different: ${cases} ${rule}`)
      print(`${passed} passed, ${failed} failed, ${skipped} skipped`)
      return failed > 0 ? 1 : 0
    },
  }
}

/** Names in the cases come from strangers: no control character reaches the terminal. */
function oneLine(text: string): string {
  const plain = text.replace(
    /[\u0000-\u001f\u007f-\u009f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
  return plain.length > longest ? `${plain.slice(0, longest - 1)}…` : plain
}
